#include "certificate/issue.hpp"

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "certificate/openssl_handles.hpp"

namespace digester::certificate {
namespace {

using std::chrono::hours;

tl::unexpected<Error> broken(std::string_view step) {
  return fail(ErrorKind::internal, fmt::format("OpenSSL cannot {}: {}", step, openssl_reason()));
}

bool set_time(ASN1_TIME* field, Time time) {
  return ASN1_TIME_set(field, static_cast<std::time_t>(time.time_since_epoch().count())) != nullptr;
}

bool set_serial(X509* certificate, const std::array<unsigned char, 16>& bytes) {
  const Owned<BIGNUM> number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool add_name(X509_NAME* name, const char* field, std::string_view value) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

// `value` is a constant of ours: OpenSSL's little language has no quoting.
bool extend(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_dns_names(X509* certificate, const std::vector<std::string>& names) {
  const Owned<GENERAL_NAMES> all(sk_GENERAL_NAME_new_null());
  for (const auto& name : names) {
    GENERAL_NAME* entry = GENERAL_NAME_new();
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    if (entry == nullptr || text == nullptr ||
        ASN1_STRING_set(text, name.data(), static_cast<int>(name.size())) != 1) {
      GENERAL_NAME_free(entry);
      ASN1_IA5STRING_free(text);
      return false;
    }
    GENERAL_NAME_set0_value(entry, GEN_DNS, text);
    if (sk_GENERAL_NAME_push(all.get(), entry) <= 0) {
      GENERAL_NAME_free(entry);
      return false;
    }
  }
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, all.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

// A certificate with everything but issuer, extensions and signature.
Owned<X509> blank(EVP_PKEY* key, std::string_view name, bool name_it_apart, seconds life, Time now) {
  Owned<X509> certificate(X509_new());
  std::array<unsigned char, 16> serial{};
  if (!certificate || RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) return nullptr;
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  const auto apart =
      name_it_apart ? fmt::format(" {:02x}", fmt::join(serial.data(), serial.data() + 4, "")) : std::string();
  const auto backdate = std::min<seconds>(hours(1), life / 10);
  // commonName holds 64 characters at most (RFC 5280, A.1); nobody reads it where there are other names.
  const bool done =
      X509_set_version(certificate.get(), X509_VERSION_3) == 1 && set_serial(certificate.get(), serial) &&
      set_time(X509_getm_notBefore(certificate.get()), now - backdate) &&
      set_time(X509_getm_notAfter(certificate.get()), now + life) && add_name(subject, "O", "digester") &&
      add_name(subject, "CN", std::string(name.substr(0, 48)) + apart) &&
      X509_set_pubkey(certificate.get(), key) == 1;
  return done ? std::move(certificate) : nullptr;
}

Result<KeyPair> to_pem(X509* certificate, EVP_PKEY* key) {
  const Owned<BIO> certificate_text(BIO_new(BIO_s_mem()));
  const Owned<BIO> key_text(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(certificate_text.get(), certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return broken("write PEM");
  KeyPair pair;
  pair.certificate_pem = collected(certificate_text.get());
  pair.key_pem = collected(key_text.get());
  return pair;
}

// Edwards curves bring their own digest and refuse every other.
const EVP_MD* digest_for(EVP_PKEY* key) {
  const int id = EVP_PKEY_get_base_id(key);
  return id == EVP_PKEY_ED25519 || id == EVP_PKEY_ED448 ? nullptr : EVP_sha256();
}

bool is_dns_name(std::string_view name) {
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '*';
  });
}

}  // namespace

Result<KeyPair> make_ca(std::string_view name, seconds life, Time now) {
  ERR_clear_error();
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  if (!key) return broken("make a key");
  const auto certificate = blank(key.get(), name, true, life, now);
  if (!certificate) return broken("make a certificate");
  X509* const self = certificate.get();
  const bool done = X509_set_issuer_name(self, X509_get_subject_name(self)) == 1 &&
                    extend(self, self, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    extend(self, self, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    extend(self, self, NID_subject_key_identifier, "hash") &&
                    X509_sign(self, key.get(), EVP_sha256()) > 0;
  if (!done) return broken("sign a CA");
  return to_pem(self, key.get());
}

Result<KeyPair> make_serving(const KeyPair& ca, const std::vector<std::string>& names, seconds life,
                             Time now) {
  ERR_clear_error();
  if (names.empty() || !std::all_of(names.begin(), names.end(), is_dns_name))
    return fail(ErrorKind::invalid, "a serving certificate needs DNS names");
  const auto issuer = read_certificate(ca.certificate_pem);
  const auto issuer_key = read_private_key(ca.key_pem);
  if (!issuer || !issuer_key) return fail(ErrorKind::invalid, "the CA is not a certificate with its key");
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  if (!key) return broken("make a key");
  const auto certificate = blank(key.get(), names.front(), false, life, now);
  if (!certificate) return broken("make a certificate");
  X509* const leaf = certificate.get();
  bool done = X509_set_issuer_name(leaf, X509_get_subject_name(issuer.get())) == 1 &&
              extend(leaf, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") &&
              extend(leaf, issuer.get(), NID_key_usage, "critical,digitalSignature") &&
              extend(leaf, issuer.get(), NID_ext_key_usage, "serverAuth") &&
              extend(leaf, issuer.get(), NID_subject_key_identifier, "hash") && add_dns_names(leaf, names);
  if (ASN1_TIME_compare(X509_get0_notAfter(issuer.get()), X509_get0_notAfter(leaf)) < 0)
    done = done && X509_set1_notAfter(leaf, X509_get0_notAfter(issuer.get())) == 1;
  // Other people's CAs may do without an identifier of their key.
  if (X509_get0_subject_key_id(issuer.get()) != nullptr)
    done = done && extend(leaf, issuer.get(), NID_authority_key_identifier, "keyid:always");
  if (!done || X509_sign(leaf, issuer_key.get(), digest_for(issuer_key.get())) <= 0)
    return broken("sign a certificate");
  return to_pem(leaf, key.get());
}

}  // namespace digester::certificate
