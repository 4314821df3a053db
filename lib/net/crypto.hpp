// Hashes, a MAC and random bytes from OpenSSL, in one call each, so that no other room includes OpenSSL.
//
// Everything here is safe from any thread. OpenSSL failing at these is an exhausted or broken process:
// std::runtime_error.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace digester::net {

// FIPS 180-4, as lower-case hex: 64 and 128 digits.
std::string sha256_hex(std::string_view bytes);
std::string sha512_hex(std::string_view bytes);

// RFC 2104 over SHA-256: 32 raw bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

// From OpenSSL's cryptographic generator.
std::string random_bytes(std::size_t count);

std::string hex(std::string_view bytes);  // lower case

}  // namespace digester::net
