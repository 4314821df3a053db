// One image, one asker: each credential is tried in turn until one works. No cache, no sharing.
//
// What moves on to the next credential, and what it means:
//   not_found, unauthorized, forbidden   this one sees nothing here: next
//   rate_limited, unavailable            this credential's quota or token service: next, but the sum of the
//                                        answers is then no refusal, whatever the others say
//   unreachable, timed_out               the registry itself: the others would meet the same, stop
//   anything else                        about the image, not about who asks: stop
//
// When none works the answer is, in this order: the first failure that may pass (asking again can help);
// else the most telling refusal: one given to a credential before one given to anonymous (a registry that
// knows the caller says "no such image", to a stranger it says "log in"), and among these forbidden,
// unauthorized, not_found (a private registry says not_found of what it hides).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "registry/asker.hpp"
#include "registry/lookup.hpp"

namespace digester::registry {

struct Asked {
  Result<image::Digest> answer;
  std::optional<std::size_t> worked;  // position in Asker::credentials
  // Positions of those for whom the registry has nothing: what it told them before is void.
  std::vector<std::size_t> refused;
  // Each of the credentials was refused for good: may be remembered for a moment.
  bool is_refusal = false;
};

// True for kinds that say nothing about the image, so that an older answer may stand in.
bool is_transient(ErrorKind kind);

// On the registry thread. `provider` hears of credentials that were refused.
net::Task<Asked> ask_in_order(Lookup& lookup, credential::Provider& provider, image::Reference reference,
                              std::shared_ptr<const Asker> asker, SteadyTime deadline,
                              std::string tenant = {});

}  // namespace digester::registry
