#include "certificate/issue.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "certificate/foreign.hpp"

using namespace digester;
using namespace digester::certificate;
using namespace std::chrono_literals;
using std::chrono::days;

namespace {

const Time kNow = Time(1'800'000'000s);
const std::string kName = "digester-webhook-service.digester-system.svc";
const std::vector<std::string> kNames = {kName, kName + ".cluster.local"};

}  // namespace

TEST_CASE("what is issued is P-256, verifies for its names within its life, and nowhere else") {
  const auto ca = make_ca("digester CA", days(3650), kNow).value();
  const auto pair = make_serving(ca, kNames, days(365), kNow).value();
  const auto& pem = pair.certificate_pem;
  for (const auto& name : kNames)
    CHECK(verify(pem, ca.certificate_pem, name, kNow));
  CHECK(verify(pem, ca.certificate_pem, kName, kNow - 59min));
  CHECK(verify(pem, ca.certificate_pem, kName, kNow + days(365) - 1s));
  CHECK(verify(pem, ca.certificate_pem, kName, kNow - 61min).error().message ==
        "certificate is not yet valid");
  CHECK(verify(pem, ca.certificate_pem, kName, kNow + days(365)).error().message ==
        "certificate has expired");
  CHECK(verify(pem, ca.certificate_pem, "elsewhere.svc", kNow).error().message == "hostname mismatch");
  const auto other = make_ca("digester CA", days(3650), kNow).value();
  CHECK_FALSE(verify(pem, other.certificate_pem, kName, kNow));
  CHECK(verify(pem, other.certificate_pem + ca.certificate_pem, kName, kNow));
  // A CA does not serve, and a leaf signs nothing.
  CHECK_FALSE(verify(ca.certificate_pem, ca.certificate_pem, kName, kNow));
  const auto below = make_serving(pair, kNames, days(1), kNow).value();
  CHECK_FALSE(verify(below.certificate_pem + pem, ca.certificate_pem, kName, kNow));

  CHECK(key_fits(pem, pair.key_pem));
  CHECK(key_fits(ca.certificate_pem, ca.key_pem));
  CHECK_FALSE(key_fits(pem, ca.key_pem));
}

TEST_CASE("the extensions say what the certificates are for") {
  const auto ca = make_ca("digester CA", days(3650), kNow).value();
  const auto pair = make_serving(ca, kNames, days(365), kNow).value();
  const auto seen = parse_certificates(ca.certificate_pem + pair.certificate_pem);
  REQUIRE(seen.list.size() == 2);
  CHECK_FALSE(seen.rubbish);
  CHECK(seen.list[0].is_ca);
  CHECK(seen.list[0].key_type == KeyType::p256);
  CHECK(seen.list[0].subject.starts_with("CN=digester CA "));
  CHECK(seen.list[0].not_before == kNow - 1h);
  CHECK(seen.list[0].not_after == kNow + days(3650));
  CHECK(seen.list[0].pem == ca.certificate_pem);
  CHECK_FALSE(seen.list[1].is_ca);
  CHECK(seen.list[1].dns_names == kNames);
  CHECK(seen.find(seen.list[1].fingerprint) == &seen.list[1]);

  BIO* bio = BIO_new_mem_buf(pair.certificate_pem.data(), -1);
  X509* leaf = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  CHECK(X509_get_key_usage(leaf) == KU_DIGITAL_SIGNATURE);
  CHECK(X509_get_extended_key_usage(leaf) == XKU_SSL_SERVER);
  CHECK(X509_get0_subject_key_id(leaf) != nullptr);
  CHECK(X509_get0_authority_key_id(leaf) != nullptr);
  CHECK(X509_get_signature_nid(leaf) == NID_ecdsa_with_SHA256);
  X509_free(leaf);
  BIO_free(bio);
}

TEST_CASE("serial numbers and subjects of CAs are all different") {
  std::set<std::string> subjects;
  for (int i = 0; i < 20; ++i)
    subjects.insert(parse_certificates(make_ca("x", days(1), kNow)->certificate_pem).list.at(0).subject);
  CHECK(subjects.size() == 20);
}

TEST_CASE("a serving certificate ends with its CA") {
  const auto ca = make_ca("digester CA", days(100), kNow).value();
  const auto pair = make_serving(ca, kNames, days(365), kNow).value();
  CHECK(parse_certificates(pair.certificate_pem).list.at(0).not_after == kNow + days(100));
}

TEST_CASE("an RSA CA of k8s-digester verifies and signs") {
  const test::ForeignRsa foreign(kNow);
  const auto secret = foreign.secret(kName);
  CHECK(verify(secret.tls_crt, secret.ca_crt, kName, kNow + days(3000)));
  CHECK(key_fits(secret.tls_crt, secret.tls_key));
  const auto pair = make_serving({secret.ca_crt, secret.ca_key}, kNames, days(365), kNow).value();
  CHECK(verify(pair.certificate_pem, secret.ca_crt, kName, kNow));
  CHECK(parse_certificates(secret.ca_crt).list.at(0).key_type == KeyType::rsa);
  // 1024 bits are refused by the TLS library too: useless is as bad as broken.
  const test::ForeignRsa weak(kNow, days(3650), 1024);
  CHECK_FALSE(verify(weak.secret(kName).tls_crt, weak.ca_pem(), kName, kNow));
}

TEST_CASE("names that are none are refused") {
  const auto ca = make_ca("digester CA", days(100), kNow).value();
  CHECK_FALSE(make_serving(ca, {}, days(1), kNow));
  CHECK_FALSE(make_serving(ca, {"a,IP:1.2.3.4"}, days(1), kNow));
  CHECK_FALSE(make_serving(ca, {std::string("a\0b", 3)}, days(1), kNow));
  CHECK_FALSE(make_serving({"", ""}, kNames, days(1), kNow));
}

TEST_CASE("PEM of any content is read as far as it is any") {
  const auto ca = make_ca("digester CA", days(100), kNow).value();
  const auto& pem = ca.certificate_pem;
  CHECK(parse_certificates("").list.empty());
  CHECK_FALSE(parse_certificates(" \n").rubbish);
  CHECK(parse_certificates("nonsense").rubbish);
  CHECK(parse_certificates(ca.key_pem).rubbish);
  auto around = parse_certificates("# ours\n" + pem + "trailing text\n");
  CHECK(around.list.size() == 1);
  CHECK_FALSE(around.rubbish);
  const auto cut = parse_certificates(pem.substr(0, pem.size() / 2) + "\n" + pem);
  CHECK(cut.rubbish);
  std::string damaged = pem;
  damaged[60] = damaged[60] == 'A' ? 'B' : 'A';
  CHECK(parse_certificates(damaged + pem).list.size() >= 1);
  std::string many;
  for (int i = 0; i < 20; ++i)
    many += pem;
  CHECK(parse_certificates(many).list.size() == kMaxCertificates);
  CHECK(parse_certificates(many).rubbish);
  CHECK(parse_certificates(std::string(kMaxPem + 1, 'x')).rubbish);
  CHECK_FALSE(key_fits(pem, "nonsense"));
  CHECK_FALSE(key_fits("nonsense", ca.key_pem));
}

TEST_CASE("what the Secret says is written and read back, and a time that is none is missing") {
  SecretData secret;
  secret.ca_crt = "a";
  secret.next_published = kNow;
  CHECK(to_secret_keys(secret).at("ca-next-published") == "2027-01-15T08:00:00Z");
  CHECK(from_secret_keys(to_secret_keys(secret)) == secret);
  CHECK(from_secret_keys({{"ca-next-published", "2027-01-15T09:00:00.5+01:00"}}).next_published == kNow);
  CHECK_FALSE(from_secret_keys({{"ca-next-published", "yesterday"}}).next_published);
}
