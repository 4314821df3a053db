// Looking at certificates that anybody may have written: everything here takes text of any content.
//
// PEM is read as Go's crypto/x509 does, because the API server does: text around the blocks is ignored, a
// block that is no certificate is skipped (and remembered as rubbish). Times are whole seconds (RFC 5280), in
// a type that holds the year 9999 as well.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace digester::certificate {

using Time = std::chrono::sys_seconds;
using std::chrono::seconds;

inline Time to_time(WallTime wall) {
  return std::chrono::floor<seconds>(wall);
}

enum class KeyType { p256, other_ec, rsa, ed25519, other };

struct Certificate {
  std::string pem;          // this one alone, as OpenSSL writes it
  std::string fingerprint;  // SHA-256 of the DER form, 64 hex digits
  std::string subject;      // printable, for people
  Time not_before;
  Time not_after;
  KeyType key_type = KeyType::other;
  bool is_ca = false;                  // may sign certificates: basicConstraints and keyUsage
  std::vector<std::string> dns_names;  // subjectAltName, as they are written there

  // RFC 5280 has the last second belong to it; OpenSSL does not.
  bool valid_at(Time at) const { return not_before <= at && at < not_after; }
};

struct Certificates {
  std::vector<Certificate> list;  // in the order of the text
  bool rubbish = false;  // something that is not a certificate, or more than the limits, was left out

  const Certificate* find(std::string_view fingerprint) const;
};

inline constexpr std::size_t kMaxPem = 256 * 1024;  // longer text is rubbish as a whole
inline constexpr std::size_t kMaxCertificates = 16;

Certificates parse_certificates(std::string_view pem);

// True if the first certificate's public key and the private key belong together. Proved by a signature,
// since a private key may carry the right public half and be wrong all the same. False for an encrypted key.
bool key_fits(std::string_view certificate_pem, std::string_view key_pem);

// Would a client that trusts `roots_pem` (any certificate in it is an anchor, as in Go) accept this chain,
// leaf first, from a server called `name` at that time? Only subjectAltName counts; keys below 112 bits of
// strength (RSA 2048) and SHA-1 are refused. Error: ErrorKind::invalid, the message says why in a few words.
Result<void> verify(std::string_view chain_pem, std::string_view roots_pem, const std::string& name, Time at);

}  // namespace digester::certificate
