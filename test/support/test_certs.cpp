#include "support/test_certs.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace digester::test {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Cert = std::unique_ptr<X509, decltype(&X509_free)>;

void must(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("test certificate: ") + what);
}

std::uint64_t random_number() {
  std::uint64_t number = 0;
  must(RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) == 1, "random number");
  return number;
}

Key make_key() {
  Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  must(key != nullptr, "key");
  return key;
}

template <typename Write>
std::string to_pem(Write write) {
  std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  must(write(bio.get()) == 1, "PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), &X509_EXTENSION_free);
  must(extension != nullptr, "extension");
  must(X509_add_ext(certificate, extension.get(), -1) == 1, "add extension");
}

Cert blank(EVP_PKEY* key, const char* name, std::chrono::seconds starts, std::chrono::seconds ends) {
  Cert certificate(X509_new(), &X509_free);
  must(certificate != nullptr, "certificate");
  X509_set_version(certificate.get(), 2);
  const std::uint64_t serial = random_number();
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), static_cast<long>(starts.count()));
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), static_cast<long>(ends.count()));
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1,
                             -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

}  // namespace

struct TestCa::Impl {
  Key key = make_key();
  Cert certificate{nullptr, &X509_free};
};

TestCa::TestCa() : impl_(std::make_unique<Impl>()) {
  // Two authorities of one name would be confused when a chain is built.
  const std::string name = "test authority " + std::to_string(random_number());
  impl_->certificate = blank(impl_->key.get(), name.c_str(), std::chrono::hours(-1), std::chrono::hours(24));
  X509* self = impl_->certificate.get();
  must(X509_set_issuer_name(self, X509_get_subject_name(self)) == 1, "issuer");
  extend(self, self, NID_basic_constraints, "critical,CA:TRUE");
  extend(self, self, NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(self, self, NID_subject_key_identifier, "hash");
  must(X509_sign(self, impl_->key.get(), EVP_sha256()) > 0, "sign");
  pem_ = to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, self); });
}

TestCa::~TestCa() = default;

TestCertificate TestCa::issue(const CertificateSpec& spec) const {
  const Key key = make_key();
  const Cert leaf = blank(key.get(), "test", spec.starts, spec.ends);
  X509* issuer = impl_->certificate.get();
  must(X509_set_issuer_name(leaf.get(), X509_get_subject_name(issuer)) == 1, "issuer");
  std::string names;
  for (const auto& name : spec.dns_names)
    names += (names.empty() ? "DNS:" : ",DNS:") + name;
  for (const auto& address : spec.addresses)
    names += (names.empty() ? "IP:" : ",IP:") + address;
  if (!names.empty()) extend(leaf.get(), issuer, NID_subject_alt_name, names);
  extend(leaf.get(), issuer, NID_ext_key_usage, "serverAuth,clientAuth");
  must(X509_sign(leaf.get(), impl_->key.get(), EVP_sha256()) > 0, "sign");

  TestCertificate out;
  out.certificate_pem = to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, leaf.get()); });
  out.key_pem = to_pem([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return out;
}

}  // namespace digester::test
