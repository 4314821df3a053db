// All sources of credentials as one: each is asked in order, every answer is kept, and the caller tries one
// after the other until one works. (Taking the first match alone is why several pull secrets for one registry
// fail elsewhere.)
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "credential/credential.hpp"

namespace digester::credential {

// Equal credentials (by fingerprint) are listed once, at their first place. A source that fails is logged and
// left out: a broken one must not break images that do not need it. Anonymous is not listed; it is the
// caller's last try.
class Chain final : public Provider {
 public:
  // The same failure of the same source is logged once in this time.
  static constexpr std::chrono::minutes kRepeatWarning{1};

  // Clock and logger outlive this.
  Chain(std::vector<std::unique_ptr<Provider>> sources, const Clock& clock, const Logger& logger);

  std::string_view name() const override { return "chain"; }
  // False as soon as one source has to be fetched.
  bool gather(const Context& context, Holdings& into) const override;
  // What fails is a warning in the log; an error only when nothing was found, since then nobody knows whether
  // there is something.
  net::Task<Result<std::vector<Credential>>> fetch(const image::Reference& reference,
                                                   const Context& context) override;
  void refused(const Credential& credential) override;
  void unsatisfied(const Context& context) override;

 private:
  struct Source {
    std::unique_ptr<Provider> provider;
    std::string last_warning;
    SteadyTime warned_at{};
  };
  void warn(Source& source, const Error& error);

  std::vector<Source> sources_;
  const Clock& clock_;
  const Logger& log_;
};

}  // namespace digester::credential
