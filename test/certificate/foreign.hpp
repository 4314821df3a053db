// Certificates as other people make them: k8s-digester's rotator (RSA 2048, PKCS #1, serial numbers 0 and 1),
// and pairs with one thing wrong.
#pragma once

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "certificate/issue.hpp"
#include "certificate/secret_data.hpp"

namespace digester::test {

class ForeignRsa {
 public:
  using Time = certificate::Time;

  explicit ForeignRsa(Time now, certificate::seconds ca_life = std::chrono::days(3650), unsigned bits = 2048)
      : bits_(bits), now_(now), key_(new_key()), ca_(new_certificate("digester-ca", ca_life, key_, 0)) {
    X509_set_issuer_name(ca_, X509_get_subject_name(ca_));
    extend(ca_, "critical,CA:TRUE", NID_basic_constraints);
    extend(ca_, "critical,digitalSignature,keyEncipherment,keyCertSign", NID_key_usage);
    extend(ca_, "hash", NID_subject_key_identifier);
    extend(ca_, "DNS:digester-ca", NID_subject_alt_name);
    X509_sign(ca_, key_, EVP_sha256());
  }
  ~ForeignRsa() {
    X509_free(ca_);
    EVP_PKEY_free(key_);
  }
  ForeignRsa(const ForeignRsa&) = delete;
  ForeignRsa& operator=(const ForeignRsa&) = delete;

  std::string ca_pem() const { return pem(ca_); }
  std::string ca_key_pem() const { return pem(key_); }

  certificate::KeyPair leaf(const std::string& name, certificate::seconds life) const {
    EVP_PKEY* key = new_key();
    X509* leaf = new_certificate(name, life, key, 1);
    X509_set_issuer_name(leaf, X509_get_subject_name(ca_));
    extend(leaf, "critical,digitalSignature,keyEncipherment", NID_key_usage);
    extend(leaf, "serverAuth", NID_ext_key_usage);
    extend(leaf, ("DNS:" + name).c_str(), NID_subject_alt_name);
    X509_sign(leaf, key_, EVP_sha256());
    certificate::KeyPair pair{pem(leaf), pem(key)};
    X509_free(leaf);
    EVP_PKEY_free(key);
    return pair;
  }

  certificate::SecretData secret(const std::string& name,
                                 certificate::seconds life = std::chrono::days(3650)) const {
    const auto pair = leaf(name, life);
    certificate::SecretData out;
    out.ca_crt = ca_pem();
    out.ca_key = ca_key_pem();
    out.tls_crt = pair.certificate_pem;
    out.tls_key = pair.key_pem;
    return out;
  }

 private:
  EVP_PKEY* new_key() const { return EVP_RSA_gen(bits_); }

  X509* new_certificate(const std::string& name, certificate::seconds life, EVP_PKEY* key,
                        long serial) const {
    X509* out = X509_new();
    X509_set_version(out, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(out), serial);
    ASN1_TIME_set(X509_getm_notBefore(out), (now_ - std::chrono::hours(1)).time_since_epoch().count());
    ASN1_TIME_set(X509_getm_notAfter(out), (now_ + life).time_since_epoch().count());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(out), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_pubkey(out, key);
    return out;
  }

  void extend(X509* certificate, const char* value, int nid) const {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, ca_ == nullptr ? certificate : ca_, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    if (extension == nullptr) throw std::runtime_error("extension");
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  template <typename T>
  static std::string pem(T* what) {
    BIO* bio = BIO_new(BIO_s_mem());
    if constexpr (std::is_same_v<T, X509>)
      PEM_write_bio_X509(bio, what);
    else
      PEM_write_bio_PrivateKey_traditional(bio, what, nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string out(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return out;
  }

  unsigned bits_;
  Time now_;
  EVP_PKEY* key_;
  X509* ca_ = nullptr;
};

}  // namespace digester::test
