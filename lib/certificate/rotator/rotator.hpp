// Keeps the webhook's own certificates: reads Secret and configuration, does what decide() says, and serves
// what the Secret holds, straight from the API.
//
// Every replica runs one; there is no leader. What two do at once the API's optimistic concurrency decides:
// the loser reads again and decides anew. While the API cannot be reached, what is served stays.
//
// The bundle comes before the certificate: a new pair is served once the configuration's bundle verifies it,
// unless what is served now is not verified either.
#pragma once

#include <functional>
#include <optional>
#include <random>
#include <string>

#include "base/log.hpp"
#include "base/units.hpp"
#include "certificate/rivalry.hpp"
#include "certificate/rotator/api_time.hpp"
#include "certificate/rotator/rotator_metrics.hpp"
#include "certificate/rotator/store.hpp"

namespace digester::certificate {

class Rotator {
 public:
  struct Options {
    Settings settings;
    ServiceName service;  // whose entries in the configuration are ours
    // At the latest after this long everything is looked at again. Less than settings.overlap: a replica that
    // has not looked for longer than that may serve what is not verified any more.
    Duration poll = std::chrono::minutes(5);
  };
  struct Hooks {
    // A pair to be served from now on (PEM). An error leaves the one before in use, and is tried again.
    std::function<Result<void>(const std::string& certificate, const std::string& key)> serve;
    // Called once, with true: a certificate is served and, if there is a configuration with an entry of ours,
    // its bundle verifies it. Never taken back: an API server that cannot be reached must not end admission.
    std::function<void(bool)> ready;
  };

  // All references outlive the object, which belongs to the thread of run().
  Rotator(Store& store, const Clock& clock, const Logger& log, Metrics& metrics, Options options,
          Hooks hooks);
  Rotator(const Rotator&) = delete;
  Rotator& operator=(const Rotator&) = delete;

  // Until it is cancelled.
  net::Task<> run();
  // Looks once and does all that is to be done now. When to look again, if nothing changes before.
  net::Task<SteadyTime> pass();

  bool is_ready() const { return ready_; }

 private:
  enum class Next { done, again, failed };
  struct Look;  // what one reading has found

  net::Task<Next> round(SteadyTime& look_again);
  net::Task<Result<void>> read(Look& look);
  net::Task<Next> write(Look& look);
  net::Task<Next> patch(Look& look);
  void use(const Look& look);
  bool should_serve(const Look& look, const KeyPair& wanted) const;
  void failed(std::string_view what, const Error& error);
  void warn_once(const std::string& warning);
  SteadyTime in(Duration wait, double least);

  Store& store_;
  const Clock& clock_;
  const Logger& log_;
  RotatorMetrics metrics_;
  const Options options_;
  const Hooks hooks_;
  ApiTime time_;

  std::optional<KeyPair> served_;
  bool ready_ = false;
  Rivalry secret_rivalry_;
  Rivalry bundle_rivalry_;
  std::vector<std::string> last_bundles_;  // of the last configuration that could be read
  std::optional<BundleWish> last_wish_;    // for it
  std::string last_warning_;
  std::string last_error_;
  int failures_ = 0;
  std::minstd_rand random_;
};

}  // namespace digester::certificate
