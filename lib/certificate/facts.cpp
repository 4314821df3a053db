#include "certificate/facts.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/time_text.hpp"

namespace digester::certificate {
namespace {

// Of a CA file with more certificates than this nobody keeps the key further down.
constexpr std::size_t kMaxSigners = 4;

bool add_once(std::vector<Certificate>& to, const Certificate& one) {
  const bool there = std::any_of(
      to.begin(), to.end(), [&](const Certificate& other) { return other.fingerprint == one.fingerprint; });
  if (!there) to.push_back(one);
  return !there;
}

bool all_verify(const std::vector<std::string>& bundles, const std::string& leaf, const std::string& name,
                Time now) {
  return !bundles.empty() && std::all_of(bundles.begin(), bundles.end(), [&](const std::string& bundle) {
    return verify(leaf, bundle, name, now).has_value();
  });
}

}  // namespace

std::optional<Signer> find_signer(const Certificates& certificates, const std::string& key_pem, Time now) {
  if (text::is_blank(key_pem)) return std::nullopt;
  for (std::size_t i = 0; i < std::min(certificates.list.size(), kMaxSigners); ++i) {
    const auto& one = certificates.list[i];
    if (!one.is_ca || !one.valid_at(now) || !key_fits(one.pem, key_pem)) continue;
    Signer signer;
    signer.pair.certificate_pem = one.pem;
    signer.pair.key_pem = key_pem;
    signer.certificate = one;
    return signer;
  }
  return std::nullopt;
}

std::string join_pem(const std::vector<Certificate>& certificates) {
  std::string out;
  for (const auto& one : certificates)
    out += one.pem;
  return out;
}

Facts::Facts(const SecretData& secret, const Settings& settings, const Observed& observed, Time now)
    : tls(parse_certificates(secret.tls_crt)),
      ca(parse_certificates(secret.ca_crt)),
      next(parse_certificates(secret.ca_next_crt)),
      signer(find_signer(ca, secret.ca_key, now)),
      next_signer(find_signer(next, secret.ca_next_key, now)) {
  for (const auto& one : parse_certificates(secret.ca_old_crt).list) {
    const bool is_next = next_signer && next_signer->certificate.fingerprint == one.fingerprint;
    if (!is_next && ca.find(one.fingerprint) == nullptr) add_once(old, one);
  }
  if (observed.configuration == Observed::Configuration::present) {
    bundles_hold_next = next_signer.has_value() && !observed.bundles.empty();
    for (const auto& bundle : observed.bundles) {
      const auto there = parse_certificates(bundle);
      if (next_signer && there.find(next_signer->certificate.fingerprint) == nullptr)
        bundles_hold_next = false;
      for (const auto& one : old)
        if (there.find(one.fingerprint) != nullptr) bundles_hold_old = true;
      for (const auto& one : there.list)
        if (one.is_ca && one.valid_at(now)) add_once(bundle_cas, one);
    }
  }
  leaf_fault = find_leaf_fault(secret, settings, observed, now);
  can_renew = leaf_fault.empty() && by_ca && signer &&
              verify(secret.tls_crt, signer->certificate.pem, settings.names.front(), now).has_value();
}

std::string Facts::find_leaf_fault(const SecretData& secret, const Settings& settings,
                                   const Observed& observed, Time now) {
  using Configuration = Observed::Configuration;
  if (text::is_blank(secret.tls_crt) && text::is_blank(secret.tls_key)) return "there is no certificate";
  if (tls.list.empty()) return "tls.crt is no certificate";
  const auto& leaf = tls.list.front();
  if (!key_fits(leaf.pem, secret.tls_key)) return "tls.key is not the key of tls.crt";
  if (now >= leaf.not_after) return "tls.crt has expired on " + format_rfc3339(leaf.not_after);
  if (now < leaf.not_before) return "tls.crt is not valid before " + format_rfc3339(leaf.not_before);
  const auto& name = settings.names.front();
  // Its own anchor, so that what is wrong with the certificate itself is told apart from a CA that is.
  if (const auto alone = verify(secret.tls_crt, leaf.pem, name, now); !alone)
    return "tls.crt cannot serve " + name + ": " + alone.error().message;
  const auto verified = verify(secret.tls_crt, secret.ca_crt, name, now);
  by_ca = verified.has_value();
  if (by_ca) return {};
  // A pair that an old CA has signed came back from somewhere; its days are counted.
  const bool by_old = !old.empty() && verify(secret.tls_crt, join_pem(old), name, now).has_value();
  if (!by_old) {
    if (observed.configuration == Configuration::present &&
        all_verify(observed.bundles, secret.tls_crt, name, now))
      return {};
    uncertain = observed.configuration == Configuration::unknown ||
                (observed.configuration == Configuration::absent && text::is_blank(secret.ca_crt));
    if (uncertain) return {};
  }
  return "ca.crt does not verify tls.crt: " + verified.error().message;
}

}  // namespace digester::certificate
