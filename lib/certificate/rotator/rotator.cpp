#include "certificate/rotator/rotator.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/time_text.hpp"

namespace digester::certificate {
namespace {

using Configuration = Observed::Configuration;
using std::chrono::minutes;

// More rounds in one pass mean that others change everything under our hands: later, then.
constexpr int kMaxRounds = 16;
constexpr minutes kMaxBackOff(5);

bool all_verify(const std::vector<std::string>& bundles, const std::string& leaf, const std::string& name,
                Time now) {
  return !bundles.empty() && std::all_of(bundles.begin(), bundles.end(), [&](const std::string& bundle) {
    return verify(leaf, bundle, name, now).has_value();
  });
}

bool same_wish(const BundleWish& a, const BundleWish& b) {
  return a.leaf == b.leaf && a.required == b.required && a.forbidden == b.forbidden;
}

}  // namespace

struct Rotator::Look {
  SecretSnapshot secret;
  WebhookConfiguration configuration;
  Observed observed;
  Time now;
  Decision decision;
};

Rotator::Rotator(Store& store, const Clock& clock, const Logger& log, Metrics& metrics, Options options,
                 Hooks hooks)
    : store_(store),
      clock_(clock),
      log_(log),
      metrics_(metrics),
      options_(std::move(options)),
      hooks_(std::move(hooks)),
      time_(clock, log, options_.settings.overlap),
      random_(std::random_device{}()) {}

net::Task<> Rotator::run() {
  for (;;) {
    const SteadyTime until = co_await pass();
    co_await store_.changed(until);
  }
}

net::Task<SteadyTime> Rotator::pass() {
  SteadyTime look_again = clock_.now() + options_.poll;
  Next next = Next::again;
  for (int rounds = 0; next == Next::again && rounds < kMaxRounds; ++rounds)
    next = co_await round(look_again);
  if (next == Next::done) {
    failures_ = 0;
    last_error_.clear();
    metrics_.failing.Set(0);
    co_return std::min(look_again, in(options_.poll, 0.8));
  }
  if (next == Next::again) {
    Error error;
    error.kind = ErrorKind::conflict;
    error.message = "others change it all the time";
    failed("cannot come to rest", error);
  }
  const Duration wait = std::min<Duration>(std::chrono::seconds(1LL << std::min(failures_, 20)), kMaxBackOff);
  ++failures_;
  co_return in(std::min(wait, options_.poll), 0.5);
}

net::Task<Rotator::Next> Rotator::round(SteadyTime& look_again) {
  Look look;
  const auto read_result = co_await read(look);
  if (!read_result) co_return Next::failed;
  auto decided = decide(look.secret.data, options_.settings, look.observed, look.now);
  if (!decided) {
    failed("cannot make a certificate", decided.error());
    co_return Next::failed;
  }
  look.decision = std::move(*decided);
  warn_once(look.decision.warning);

  Next outcome = Next::done;
  if (look.decision.write)
    outcome = co_await write(look);
  else
    secret_rivalry_.observe(true, clock_.now());
  if (outcome == Next::again) co_return Next::again;
  if (look.decision.bundle && look.observed.configuration == Configuration::present) {
    const Next patched = co_await patch(look);
    if (patched == Next::again) co_return Next::again;
    if (patched == Next::failed) outcome = Next::failed;
  }
  use(look);
  if (look.observed.configuration == Configuration::unknown) outcome = Next::failed;

  const SteadyTime now = clock_.now();
  const auto wait =
      std::clamp<seconds>(look.decision.look_again - look.now, seconds(1), std::chrono::hours(24));
  look_again = now + wait;
  for (const auto* rivalry : {&secret_rivalry_, &bundle_rivalry_})
    for (const bool needed : {true, false})
      if (rivalry->not_before(needed) > now) look_again = std::min(look_again, rivalry->not_before(needed));
  co_return outcome;
}

net::Task<Result<void>> Rotator::read(Look& look) {
  auto secret = co_await store_.read_secret();
  if (!secret && secret.error().kind != ErrorKind::not_found) {
    failed("cannot read the certificate Secret", secret.error());
    co_return fail(std::move(secret.error()));
  }
  if (secret) look.secret = std::move(*secret);
  auto text = co_await store_.read_configuration();
  look.now = time_.now(look.secret.server_time);
  look.observed.hold = time_.jumped(look.now);
  if (!text && text.error().kind == ErrorKind::not_found) {
    look.observed.configuration = Configuration::absent;
  } else if (!text && text.error().kind == ErrorKind::forbidden) {
    look.observed.configuration = Configuration::absent;
    warn_once("the webhook configuration may not be read: its caBundle has to be kept by somebody else");
  } else if (!text) {
    failed("cannot read the webhook configuration", text.error());
  } else if (auto parsed = read_webhook_configuration(*text, options_.service); !parsed) {
    failed("cannot read the webhook configuration", parsed.error());
  } else {
    look.configuration = std::move(*parsed);
    look.observed.configuration =
        look.configuration.ours.empty() ? Configuration::absent : Configuration::present;
    for (const auto& entry : look.configuration.ours)
      look.observed.bundles.push_back(entry.bundle);
    last_bundles_ = look.observed.bundles;
  }
  co_return Result<void>{};
}

net::Task<Rotator::Next> Rotator::write(Look& look) {
  const Change change = look.decision.change;
  const bool repair = change == Change::repaired || change == Change::created;
  secret_rivalry_.observe(!repair, clock_.now());
  if (repair && !secret_rivalry_.may_act(true, clock_.now())) {
    if (secret_rivalry_.take_news())
      log_.warn("somebody else keeps breaking the certificate Secret: it is repaired less and less often",
                {{"why", look.decision.why}});
    co_return Next::done;
  }
  SecretData data = *look.decision.write;
  std::string version = look.secret.resource_version;
  const auto written = co_await store_.write_secret(std::move(data), std::move(version));
  if (!written && written.error().kind == ErrorKind::conflict) {
    log_.debug("another replica wrote the certificate Secret first", {{"change", to_string(change)}});
    co_return Next::again;
  }
  if (!written) {
    failed("cannot write the certificate Secret", written.error());
    co_return Next::failed;
  }
  secret_rivalry_.observe(true, clock_.now());
  metrics_.changed(change);
  log_.info("certificate Secret written", {{"change", to_string(change)}, {"why", look.decision.why}});
  co_return Next::again;
}

net::Task<Rotator::Next> Rotator::patch(Look& look) {
  const auto& wish = *look.decision.bundle;
  std::string patch = bundle_patch(look.configuration, wish, look.now);
  // With short lives our own rotation changes the bundle within a minute, which is nobody's undoing.
  if (!last_wish_ || !same_wish(*last_wish_, wish)) bundle_rivalry_.wish_changed(clock_.now());
  last_wish_ = wish;
  bundle_rivalry_.observe(patch.empty(), clock_.now());
  if (patch.empty()) co_return Next::done;
  // What only a rotation wants can wait; what API servers refuse cannot.
  const bool needed = !all_verify(look.observed.bundles, wish.leaf, wish.name, look.now);
  if (!bundle_rivalry_.may_act(needed, clock_.now())) {
    if (bundle_rivalry_.take_news())
      log_.warn(
          "somebody else keeps changing the webhook configuration's caBundle: theirs is left alone as long "
          "as it works, and the rotation of the CA waits");
    co_return Next::done;
  }
  std::string why;
  for (const auto& entry : look.configuration.ours)
    if (why.empty()) why = bundle_fault(wish, entry.bundle, look.now).value_or("");
  const auto patched = co_await store_.patch_configuration(std::move(patch));
  if (!patched && patched.error().kind == ErrorKind::conflict) co_return Next::again;
  if (!patched) {
    failed("cannot write the webhook configuration's caBundle", patched.error());
    co_return Next::failed;
  }
  bundle_rivalry_.observe(true, clock_.now());
  metrics_.patches.Increment();
  log_.info("webhook configuration's caBundle written", {{"why", why}});
  co_return Next::again;
}

bool Rotator::should_serve(const Look& look, const KeyPair& wanted) const {
  if (!served_ || last_bundles_.empty() || look.observed.configuration == Configuration::absent) return true;
  const auto& name = options_.settings.names.front();
  return all_verify(last_bundles_, wanted.certificate_pem, name, look.now) ||
         !all_verify(last_bundles_, served_->certificate_pem, name, look.now);
}

void Rotator::use(const Look& look) {
  const auto& wanted = look.decision.serve;
  if (wanted && served_ != wanted && should_serve(look, *wanted)) {
    const auto leaf = parse_certificates(wanted->certificate_pem).list.front();
    if (auto taken = hooks_.serve(wanted->certificate_pem, wanted->key_pem); !taken) {
      failed("the certificate in the Secret cannot be served", taken.error());
    } else {
      served_ = wanted;
      metrics_.serving(wanted->certificate_pem, look.secret.data.ca_crt);
      log_.info("certificate in use",
                {{"not_after", format_rfc3339(leaf.not_after)}, {"subject", leaf.subject}});
    }
  }
  if (!served_ || look.observed.configuration == Configuration::unknown) return;
  const bool verified =
      look.observed.configuration == Configuration::absent ||
      all_verify(look.observed.bundles, served_->certificate_pem, options_.settings.names.front(), look.now);
  metrics_.verified.Set(verified ? 1 : 0);
  if (ready_ || !verified) return;
  ready_ = true;
  hooks_.ready(true);
}

void Rotator::failed(std::string_view what, const Error& error) {
  metrics_.errors.Increment();
  metrics_.failing.Set(1);
  const auto text = fmt::format("{}: {}", what, error.message);
  const bool known = std::exchange(last_error_, text) == text;
  log_.log(known ? Level::debug : Level::error, what,
           {{"error", error.message}, {"detail", error.detail}, {"kind", to_string(error.kind)}});
}

void Rotator::warn_once(const std::string& warning) {
  if (warning.empty() || std::exchange(last_warning_, warning) == warning) return;
  log_.warn(warning);
}

SteadyTime Rotator::in(Duration wait, double least) {
  std::uniform_real_distribution<double> part(least, 1.0);
  return clock_.now() + std::chrono::duration_cast<Duration>(wait * part(random_));
}

}  // namespace digester::certificate
