// What is to be done about the Secret and the bundle: a pure function of what is there and of the time.
//
// Any replica may ask, at any time and as often as it likes: the same state gives the same answer, and what
// several write at once the API's optimistic concurrency decides (the losers read again). One call takes one
// step; the caller reads again after each and calls until there is nothing to write.
//
//   nothing, rubbish, expired    → a leaf by ca.key; else ca-next is made the CA; else a new CA and leaf
//   leaf at 2/3 of its life      → a new leaf by ca.key
//   CA at 2/3 of its life        → ca-next added → (bundle holds it) ca-next-published → (overlap) ca-next
//                                  becomes the CA with a new leaf, the CA becomes ca-old → (overlap) out of
//                                  the bundle → out of the Secret
//   a pair without ca.key        → used as it is, the same way round starts three overlaps before it expires
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "certificate/bundle.hpp"
#include "certificate/issue.hpp"
#include "certificate/secret_data.hpp"

namespace digester::certificate {

struct Settings {
  // DNS names for new certificates. The first is what the API server asks for: service.namespace.svc; a
  // certificate without that one is replaced.
  std::vector<std::string> names;
  // k8s-digester beside us replaces what ends within 90 days: a third of serving_life is more.
  seconds serving_life = std::chrono::days(365);
  seconds ca_life = std::chrono::days(3650);
  // How long an API server, or a replica of ours, may go on with what it read before. Nobody can see what
  // each API server has read.
  seconds overlap = std::chrono::hours(1);
};

// What the API servers are told.
struct Observed {
  enum class Configuration {
    unknown,  // could not be read just now: nothing is done that depends on it
    absent,   // there is none with an entry of ours, or it is none of our business: nobody to wait for
    present,
  };
  Configuration configuration = Configuration::unknown;
  std::vector<std::string> bundles;  // PEM, one for each entry of ours
  // The clock cannot be trusted to say that an overlap has passed: neither switch nor drop a CA now.
  bool hold = false;
};

enum class Change {
  none,
  created,
  renewed,
  repaired,
  ca_added,
  ca_published,
  ca_switched,
  ca_dropped,
  tidied
};
std::string_view to_string(Change change);

struct Decision {
  Change change = Change::none;
  std::optional<SecretData> write;  // set unless `change` is none
  std::string why;                  // one line for the log; empty if nothing is to be written
  std::string warning;              // what an operator should know, written or not; usually empty
  // What the Secret, as it was given, has to serve; nothing while that is not usable.
  std::optional<KeyPair> serve;
  // What the bundle must do; nothing while there is nothing to serve.
  std::optional<BundleWish> bundle;
  // Nothing will change by itself before this time.
  Time look_again;
};

// `secret` is empty if there is none. Errors: ErrorKind::internal, a certificate could not be made.
Result<Decision> decide(const SecretData& secret, const Settings& settings, const Observed& observed,
                        Time now);

// When a certificate's time has come: at two thirds of its life.
Time two_thirds(const Certificate& certificate);
// The same for a CA, earlier where serving certificates would outlive it (but not in its first third).
Time ca_due(const Certificate& ca, seconds serving_life);

}  // namespace digester::certificate
