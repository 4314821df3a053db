#include "certificate/inspect.hpp"

#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/text.hpp"
#include "certificate/openssl_handles.hpp"

namespace digester::certificate {
namespace {

constexpr int kMaxKeyBits = 8192;

// An encrypted key must fail instead of asking a terminal that nobody sits at.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

Time to_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return Time{};
  return Time(seconds(::timegm(&parts)));
}

std::string hex(const unsigned char* bytes, std::size_t count) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    out += kDigits[bytes[i] >> 4];
    out += kDigits[bytes[i] & 15];
  }
  return out;
}

KeyType key_type_of(EVP_PKEY* key) {
  if (key == nullptr) return KeyType::other;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return KeyType::rsa;
    case EVP_PKEY_ED25519:
      return KeyType::ed25519;
    case EVP_PKEY_EC: {
      std::array<char, 64> group{};
      std::size_t size = 0;
      const bool named = EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1;
      const std::string_view curve(group.data(), named ? size : 0);
      return curve == "prime256v1" || curve == "P-256" ? KeyType::p256 : KeyType::other_ec;
    }
    default:
      return KeyType::other;
  }
}

std::vector<std::string> dns_names_of(X509* certificate) {
  std::vector<std::string> names;
  const Owned<GENERAL_NAMES> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    int type = 0;
    const auto* value =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all.get(), i), &type));
    if (type == GEN_DNS)
      names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                         static_cast<std::size_t>(ASN1_STRING_length(value)));
  }
  return names;
}

Certificate describe(X509* certificate) {
  Certificate out;
  const Owned<BIO> pem(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(pem.get(), certificate);
  out.pem = collected(pem.get());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1)
    out.fingerprint = hex(digest.data(), size);
  const Owned<BIO> subject(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(subject.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  out.subject = text::printable(collected(subject.get()), 200);
  out.not_before = to_time(X509_get0_notBefore(certificate));
  out.not_after = to_time(X509_get0_notAfter(certificate));
  out.key_type = key_type_of(X509_get0_pubkey(certificate));
  out.is_ca = X509_check_ca(certificate) == 1 && (X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN) != 0;
  out.dns_names = dns_names_of(certificate);
  ERR_clear_error();
  return out;
}

// Calls `take` with each certificate, until it says false; true if something else was there too.
template <typename Take>
bool each_certificate(std::string_view pem, Take take) {
  if (pem.size() > kMaxPem) return true;
  const auto bio = reader(pem);
  bool rubbish = false;
  std::size_t taken = 0;
  for (std::size_t blocks = 0;; ++blocks) {
    if (blocks == 4 * kMaxCertificates) return true;
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    ERR_clear_error();
    if (PEM_read_bio(bio.get(), &name, &header, &data, &size) != 1) {
      const bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
      ERR_clear_error();
      if (end) return rubbish || (blocks == 0 && !text::is_blank(pem));
      rubbish = true;
      continue;
    }
    const unsigned char* at = data;
    const bool plain = std::string_view(name) == "CERTIFICATE" && std::string_view(header).empty();
    Owned<X509> certificate(plain ? d2i_X509(nullptr, &at, size) : nullptr);
    if (certificate && at != data + size) certificate.reset();
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
    if (!certificate) rubbish = true;
    if (certificate && taken++ == kMaxCertificates) return true;
    if (certificate && !take(std::move(certificate))) return rubbish;
  }
}

Owned<STACK_OF(X509)> read_stack(std::string_view pem) {
  Owned<STACK_OF(X509)> stack(sk_X509_new_null());
  each_certificate(pem, [&stack](Owned<X509> certificate) {
    if (sk_X509_push(stack.get(), certificate.get()) > 0) certificate.release();
    return true;
  });
  return stack;
}

// Not every type of key takes a digest, so that a null one lets each use its own.
bool signs_for(EVP_PKEY* own, EVP_PKEY* claimed) {
  static constexpr unsigned char kText[] = "digester: does this key belong to this certificate?";
  std::string signature(static_cast<std::size_t>(std::max(EVP_PKEY_get_size(own), 0)), '\0');
  std::size_t size = signature.size();
  auto* bytes = reinterpret_cast<unsigned char*>(signature.data());
  const Owned<EVP_MD_CTX> sign(EVP_MD_CTX_new());
  const Owned<EVP_MD_CTX> check(EVP_MD_CTX_new());
  const int id = EVP_PKEY_get_base_id(own);
  const EVP_MD* digest = id == EVP_PKEY_RSA || id == EVP_PKEY_EC ? EVP_sha256() : nullptr;
  return EVP_DigestSignInit(sign.get(), nullptr, digest, nullptr, own) == 1 &&
         EVP_DigestSign(sign.get(), bytes, &size, kText, sizeof kText) == 1 &&
         EVP_DigestVerifyInit(check.get(), nullptr, digest, nullptr, claimed) == 1 &&
         EVP_DigestVerify(check.get(), bytes, size, kText, sizeof kText) == 1;
}

}  // namespace

Owned<EVP_PKEY> read_private_key(std::string_view pem) {
  if (pem.size() > kMaxPem) return nullptr;
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (key && EVP_PKEY_get_bits(key.get()) > kMaxKeyBits) return nullptr;
  return key;
}

Owned<X509> read_certificate(std::string_view pem) {
  Owned<X509> first;
  each_certificate(pem, [&first](Owned<X509> certificate) {
    first = std::move(certificate);
    return false;
  });
  return first;
}

const Certificate* Certificates::find(std::string_view fingerprint) const {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const Certificate& one) { return one.fingerprint == fingerprint; });
  return found == list.end() ? nullptr : &*found;
}

Certificates parse_certificates(std::string_view pem) {
  Certificates out;
  out.rubbish = each_certificate(pem, [&out](Owned<X509> certificate) {
    out.list.push_back(describe(certificate.get()));
    return true;
  });
  return out;
}

bool key_fits(std::string_view certificate_pem, std::string_view key_pem) {
  const auto certificate = read_certificate(certificate_pem);
  const auto key = read_private_key(key_pem);
  EVP_PKEY* const claimed = certificate ? X509_get0_pubkey(certificate.get()) : nullptr;
  const bool fits = claimed != nullptr && key && EVP_PKEY_get_bits(claimed) <= kMaxKeyBits &&
                    EVP_PKEY_eq(claimed, key.get()) == 1 && signs_for(key.get(), claimed);
  ERR_clear_error();
  return fits;
}

Result<void> verify(std::string_view chain_pem, std::string_view roots_pem, const std::string& name,
                    Time at) {
  const auto chain = read_stack(chain_pem);
  const auto roots = read_stack(roots_pem);
  if (sk_X509_num(chain.get()) <= 0) return fail(ErrorKind::invalid, "there is no certificate");
  if (sk_X509_num(roots.get()) <= 0) return fail(ErrorKind::invalid, "there is no CA");
  const Owned<X509_STORE> store(X509_STORE_new());
  const Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
  if (!store || !context ||
      X509_STORE_CTX_init(context.get(), store.get(), sk_X509_value(chain.get(), 0), chain.get()) != 1)
    return fail(ErrorKind::internal, "OpenSSL cannot verify: " + openssl_reason());
  X509_STORE_CTX_set0_trusted_stack(context.get(), roots.get());
  X509_VERIFY_PARAM* const param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_time(param, static_cast<std::time_t>(at.time_since_epoch().count()));
  X509_VERIFY_PARAM_set_auth_level(param, 2);
  X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (name.empty() || X509_VERIFY_PARAM_set1_host(param, name.data(), name.size()) != 1)
    return fail(ErrorKind::internal, "there is no name to verify");
  const bool good = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  if (good) return {};
  return fail(ErrorKind::invalid, X509_verify_cert_error_string(error));
}

}  // namespace digester::certificate
