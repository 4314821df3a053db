#include "certificate/rotation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "base/time_text.hpp"

namespace digester::certificate {
namespace {

using Configuration = Observed::Configuration;
constexpr std::string_view kCaName = "digester CA";

Decision step(Change change, SecretData write, std::string why) {
  Decision decision;
  decision.change = change;
  decision.write = std::move(write);
  decision.why = std::move(why);
  return decision;
}

void forget_next(SecretData& out) {
  out.ca_next_crt.clear();
  out.ca_next_key.clear();
  out.next_published.reset();
}

void put_leaf(SecretData& out, KeyPair leaf) {
  out.tls_crt = std::move(leaf.certificate_pem);
  out.tls_key = std::move(leaf.key_pem);
}

// A key can have the right public half and sign nonsense: what was signed is looked at.
Result<KeyPair> leaf_by(const KeyPair& ca, const Settings& settings, Time now) {
  auto leaf = make_serving(ca, settings.names, settings.serving_life, now);
  if (!leaf) return leaf;
  if (auto good = verify(leaf->certificate_pem, ca.certificate_pem, settings.names.front(), now); !good)
    return fail(ErrorKind::invalid, "the CA cannot sign: " + good.error().message);
  return leaf;
}

Result<Decision> add_next(const SecretData& secret, const Settings& settings, Time now, std::string why) {
  auto ca = make_ca(kCaName, settings.ca_life, now);
  if (!ca) return fail(std::move(ca.error()));
  SecretData out = secret;
  forget_next(out);
  out.ca_next_crt = std::move(ca->certificate_pem);
  out.ca_next_key = std::move(ca->key_pem);
  return step(Change::ca_added, std::move(out), std::move(why));
}

// ca-next signs from now on; its first certificate is written with it, so that no replica sees one without.
Result<SecretData> promote_next(const SecretData& secret, const Settings& settings, const Facts& facts,
                                bool with_bundle, Time now) {
  const auto& next = facts.next_signer->pair;
  auto leaf = leaf_by(next, settings, now);
  if (!leaf) return fail(std::move(leaf.error()));
  SecretData out = secret;
  retire_cas(out, facts, with_bundle, now);
  out.ca_crt = next.certificate_pem;
  out.ca_key = next.key_pem;
  forget_next(out);
  put_leaf(out, std::move(*leaf));
  return out;
}

std::optional<Decision> tidy_old(const SecretData& secret, const Facts& facts, Time now) {
  SecretData out = secret;
  const bool any = !secret.ca_old_crt.empty();
  if ((any && facts.old.empty()) || (!any && secret.old_since)) {
    out.ca_old_crt.clear();
    out.old_since.reset();
    return step(Change::tidied, std::move(out), "ca-old.crt holds no CA that is still needed");
  }
  if (any && (!secret.old_since || *secret.old_since > now + kClockSkew)) {
    out.old_since = now;
    return step(Change::tidied, std::move(out),
                "ca-old-since is missing or in the future: the wait starts again");
  }
  return std::nullopt;
}

// Why ca-next cannot become the CA; empty if it can.
std::string next_fault(const Settings& settings, const Facts& facts, Time now) {
  if (!facts.next_signer) return "ca-next.crt and ca-next.key are no CA that can sign";
  if (facts.signer && facts.signer->certificate.fingerprint == facts.next_signer->certificate.fingerprint)
    return "ca-next.crt is the CA already";
  if (ca_due(facts.next_signer->certificate, settings.serving_life) <= now) return "ca-next.crt is too old";
  return {};
}

Result<Decision> rotate_next(const SecretData& secret, const Settings& settings, const Observed& observed,
                             const Facts& facts, const RotationTimes& times, Time now) {
  const bool due = now >= times.due;
  auto fault = next_fault(settings, facts, now);
  if (!fault.empty() && due) return add_next(secret, settings, now, fault + ": a new one takes its place");
  if (fault.empty() && now < times.keep) fault = "the CA is not due for rotation";
  SecretData out = secret;
  if (!fault.empty()) {
    forget_next(out);
    return step(Change::tidied, std::move(out), fault + ": ca-next is removed");
  }
  const bool known = observed.configuration != Configuration::unknown;
  const bool published = observed.configuration == Configuration::absent || facts.bundles_hold_next;
  if (secret.next_published && *secret.next_published > now + kClockSkew) {
    out.next_published = now;
    return step(Change::tidied, std::move(out), "ca-next-published is in the future: the wait starts again");
  }
  if (secret.next_published && known && !published) {
    out.next_published.reset();
    return step(Change::tidied, std::move(out),
                "the bundle does not hold the next CA any more: the wait starts again");
  }
  if (!secret.next_published && known && published) {
    out.next_published = now;
    return step(Change::ca_published, std::move(out),
                fmt::format("the bundle holds the next CA: it signs after {} s", settings.overlap.count()));
  }
  const bool waited = secret.next_published && now >= *secret.next_published + settings.overlap;
  if (!waited || !known || !published || observed.hold || now < times.earliest_switch) return Decision{};
  auto promoted = promote_next(secret, settings, facts, !facts.by_ca, now);
  if (!promoted) return fail(std::move(promoted.error()));
  return step(
      Change::ca_switched, std::move(*promoted),
      fmt::format("the next CA has been in the bundle for {} s: it signs, the one before stays in the "
                  "bundle as long",
                  settings.overlap.count()));
}

bool leaf_is_due(const Settings& settings, const Facts& facts, Time now) {
  const auto& leaf = facts.tls.list.front();
  if (!facts.can_renew || now < two_thirds(leaf)) return false;
  // A CA near its end gives no more life than the certificate has.
  const Time ca_end = facts.signer->certificate.not_after;
  return ca_end > now + settings.serving_life || ca_end > leaf.not_after;
}

}  // namespace

RotationTimes rotation_times(const Settings& settings, const Facts& facts) {
  RotationTimes times{Time::max(), Time::max(), Time::max()};
  if (!facts.leaf_fault.empty()) return times;
  const auto& leaf = facts.tls.list.front();
  const auto& one = facts.can_renew ? facts.signer->certificate : leaf;
  if (facts.can_renew) {
    times.due = ca_due(one, settings.serving_life);
    times.earliest_switch = times.due;
  } else {
    times.due = leaf.not_after - 3 * settings.overlap;
    times.earliest_switch = leaf.not_after - settings.overlap;
  }
  times.keep = times.due - (one.not_after - one.not_before) / 20;
  return times;
}

Result<Decision> repair(const SecretData& secret, const Settings& settings, const Facts& facts, Time now) {
  std::string why = facts.leaf_fault;
  SecretData out = secret;
  if (facts.signer) {
    if (auto leaf = leaf_by(facts.signer->pair, settings, now); leaf) {
      put_leaf(out, std::move(*leaf));
      return step(Change::repaired, std::move(out), why + ": a new certificate by the CA that is there");
    }
  }
  const bool has_ca = !text::is_blank(secret.ca_crt);
  if (has_ca) {
    const bool expired =
        !facts.ca.list.empty() && std::all_of(facts.ca.list.begin(), facts.ca.list.end(),
                                              [now](const Certificate& one) { return one.not_after <= now; });
    why += facts.ca.list.empty() ? "; ca.crt is no certificate"
           : expired             ? "; the CA has expired"
                                 : "; ca.crt and ca.key cannot sign";
  }
  if (facts.next_signer) {
    if (auto promoted = promote_next(secret, settings, facts, true, now); promoted)
      return step(Change::repaired, std::move(*promoted), why + ": ca-next becomes the CA at once");
  }
  auto ca = make_ca(kCaName, settings.ca_life, now);
  if (!ca) return fail(std::move(ca.error()));
  auto leaf = leaf_by(*ca, settings, now);
  if (!leaf) return fail(std::move(leaf.error()));
  const bool empty = secret == SecretData{};
  forget_next(out);
  retire_cas(out, facts, true, now);
  out.ca_crt = std::move(ca->certificate_pem);
  out.ca_key = std::move(ca->key_pem);
  put_leaf(out, std::move(*leaf));
  return step(empty ? Change::created : Change::repaired, std::move(out), why + ": a new CA and certificate");
}

Result<Decision> rotate(const SecretData& secret, const Settings& settings, const Observed& observed,
                        const Facts& facts, Time now) {
  if (auto tidied = tidy_old(secret, facts, now)) return std::move(*tidied);
  if (leaf_is_due(settings, facts, now)) {
    auto leaf = leaf_by(facts.signer->pair, settings, now);
    if (!leaf) return fail(std::move(leaf.error()));
    SecretData out = secret;
    // Whoever trusts a root above the signer needs the certificates between them, as before.
    for (std::size_t i = 1; i < facts.tls.list.size(); ++i)
      leaf->certificate_pem += facts.tls.list[i].pem;
    put_leaf(out, std::move(*leaf));
    return step(Change::renewed, std::move(out),
                "the certificate is past two thirds of its life, until " +
                    format_rfc3339(facts.tls.list.front().not_after));
  }
  const auto times = rotation_times(settings, facts);
  if (!secret.ca_next_crt.empty() || !secret.ca_next_key.empty() || secret.next_published) {
    auto next = rotate_next(secret, settings, observed, facts, times, now);
    if (!next || next->write) return next;
  } else if (now >= times.due && secret.ca_old_crt.empty()) {
    return add_next(secret, settings, now, "the CA's time has come: a new one is added to the bundle");
  }
  const bool waited = secret.old_since && now >= *secret.old_since + settings.overlap;
  if (!secret.ca_old_crt.empty() && waited && !observed.hold &&
      observed.configuration != Configuration::unknown && !facts.bundles_hold_old) {
    SecretData out = secret;
    out.ca_old_crt.clear();
    out.old_since.reset();
    return step(Change::ca_dropped, std::move(out), "the old CA has left the bundle");
  }
  return Decision{};
}

}  // namespace digester::certificate
