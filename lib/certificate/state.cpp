#include "certificate/state.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "base/time_text.hpp"
#include "certificate/facts.hpp"
#include "certificate/rotation.hpp"

namespace digester::certificate {
namespace {

// Each one is read by every API server at every connection it makes to us.
constexpr std::size_t kMaxOld = 6;

BundleWish wish_for(const SecretData& secret, const Settings& settings, const Observed& observed,
                    const Facts& facts, Time now) {
  BundleWish wish;
  wish.leaf = secret.tls_crt;
  wish.name = settings.names.front();
  wish.keep_existing = !facts.by_ca;
  for (const auto& one : facts.ca.list)
    if (one.valid_at(now)) wish.content += one.pem;
  if (facts.next_signer) {
    wish.required.push_back(facts.next_signer->certificate.fingerprint);
    if (facts.ca.find(facts.next_signer->certificate.fingerprint) == nullptr)
      wish.content += facts.next_signer->certificate.pem;
  }
  // Between half of the wait and its end an old CA may be there or not: replicas whose clocks differ by less
  // than that do not undo each other's patches.
  const Time since = std::min(secret.old_since.value_or(now), now);
  const bool over = now >= since + settings.overlap && !observed.hold;
  for (const auto& one : facts.old) {
    if (over) {
      wish.forbidden.push_back(one.fingerprint);
      continue;
    }
    if (!one.valid_at(now)) continue;
    wish.content += one.pem;
    if (now < since + settings.overlap / 2) wish.required.push_back(one.fingerprint);
  }
  return wish;
}

Time next_look(const SecretData& secret, const Settings& settings, const Facts& facts, Time now) {
  std::vector<Time> times;
  if (facts.leaf_fault.empty()) {
    times.push_back(two_thirds(facts.tls.list.front()));
    times.push_back(facts.tls.list.front().not_after);
  }
  const auto rotation = rotation_times(settings, facts);
  times.insert(times.end(), {rotation.due, rotation.earliest_switch});
  for (const auto& one : facts.ca.list)
    times.push_back(one.not_after);
  if (secret.next_published) times.push_back(*secret.next_published + settings.overlap);
  if (secret.old_since) {
    times.push_back(*secret.old_since + settings.overlap / 2);
    times.push_back(*secret.old_since + settings.overlap);
  }
  Time earliest = now + std::chrono::days(30);
  for (const Time time : times)
    if (time >= now) earliest = std::min(earliest, time + seconds(1));
  return earliest;
}

std::string warning_for(const SecretData& secret, const Facts& facts) {
  if (facts.uncertain)
    return "ca.crt does not verify tls.crt; the pair is used as it is until the webhook configuration says "
           "more";
  if (facts.can_renew) return {};
  const auto until = format_rfc3339(facts.tls.list.front().not_after);
  if (text::is_blank(secret.ca_key))
    return fmt::format(
        "ca.key is missing: the certificate is used as it is, and replaced together with its CA "
        "shortly before it expires on {}; put a new pair there, or delete the Secret",
        until);
  return fmt::format(
      "ca.crt and ca.key cannot renew the certificate: it is used as it is, and replaced "
      "together with its CA shortly before it expires on {}",
      until);
}

}  // namespace

std::string_view to_string(Change change) {
  switch (change) {
    case Change::none:
      return "none";
    case Change::created:
      return "created";
    case Change::renewed:
      return "renewed";
    case Change::repaired:
      return "repaired";
    case Change::ca_added:
      return "ca_added";
    case Change::ca_published:
      return "ca_published";
    case Change::ca_switched:
      return "ca_switched";
    case Change::ca_dropped:
      return "ca_dropped";
    case Change::tidied:
      return "tidied";
  }
  return "none";
}

Time two_thirds(const Certificate& certificate) {
  return certificate.not_after - (certificate.not_after - certificate.not_before) / 3;
}

Time ca_due(const Certificate& ca, seconds serving_life) {
  const seconds life = ca.not_after - ca.not_before;
  return std::min(two_thirds(ca), std::max(ca.not_after - serving_life, ca.not_before + life / 3));
}

void retire_cas(SecretData& out, const Facts& facts, bool with_bundle, Time now) {
  Certificates keep;
  const auto add = [&keep, &facts, now](const Certificate& one) {
    const bool is_next = facts.next_signer && facts.next_signer->certificate.fingerprint == one.fingerprint;
    if (keep.list.size() < kMaxOld && one.valid_at(now) && !is_next && keep.find(one.fingerprint) == nullptr)
      keep.list.push_back(one);
  };
  std::for_each(facts.ca.list.begin(), facts.ca.list.end(), add);
  std::for_each(facts.old.begin(), facts.old.end(), add);
  if (with_bundle) std::for_each(facts.bundle_cas.begin(), facts.bundle_cas.end(), add);
  out.ca_old_crt = join_pem(keep.list);
  out.old_since.reset();
  if (!keep.list.empty()) out.old_since = now;
}

Result<Decision> decide(const SecretData& secret, const Settings& settings, const Observed& observed,
                        Time now) {
  if (settings.names.empty()) return fail(ErrorKind::invalid, "a certificate needs at least one DNS name");
  const Facts facts(secret, settings, observed, now);
  Result<Decision> decision = Decision{};
  if (!facts.leaf_fault.empty()) {
    decision = repair(secret, settings, facts, now);
  } else {
    if (!facts.uncertain) decision = rotate(secret, settings, observed, facts, now);
    if (!decision) return decision;
    decision->serve = KeyPair{secret.tls_crt, secret.tls_key};
    decision->warning = warning_for(secret, facts);
    if (!facts.uncertain) decision->bundle = wish_for(secret, settings, observed, facts, now);
  }
  if (decision) decision->look_again = decision->write ? now : next_look(secret, settings, facts, now);
  return decision;
}

}  // namespace digester::certificate
