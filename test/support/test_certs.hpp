// A certificate authority for tests, made in memory at run time, so that no key lives in the repository and
// no certificate of a test ever expires.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace digester::test {

struct TestCertificate {
  std::string certificate_pem;  // the leaf alone
  std::string key_pem;          // P-256
};

// What a leaf says. Names and addresses become subjectAltName entries; the subject is CN=test.
struct CertificateSpec {
  std::vector<std::string> dns_names = {"localhost", "registry.test", "*.wild.test"};
  std::vector<std::string> addresses = {"127.0.0.1", "::1"};
  std::chrono::seconds starts{-3600};  // relative to now
  std::chrono::seconds ends{3600};
};

class TestCa {
 public:
  TestCa();
  ~TestCa();
  TestCa(const TestCa&) = delete;
  TestCa& operator=(const TestCa&) = delete;

  const std::string& certificate_pem() const { return pem_; }
  TestCertificate issue(const CertificateSpec& spec = {}) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string pem_;
};

}  // namespace digester::test
