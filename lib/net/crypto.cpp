#include "net/crypto.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <stdexcept>

namespace digester::net {
namespace {

using Buffer = std::array<unsigned char, EVP_MAX_MD_SIZE>;

std::string_view view(const Buffer& buffer, unsigned length) {
  return {reinterpret_cast<const char*>(buffer.data()), length};
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string hash_hex(const EVP_MD* algorithm, std::string_view bytes) {
  Buffer buffer;
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), buffer.data(), &length, algorithm, nullptr) != 1)
    throw std::runtime_error("OpenSSL cannot compute a hash");
  return hex(view(buffer, length));
}

}  // namespace

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string sha256_hex(std::string_view bytes) {
  return hash_hex(EVP_sha256(), bytes);
}
std::string sha512_hex(std::string_view bytes) {
  return hash_hex(EVP_sha512(), bytes);
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  Buffer buffer;
  unsigned length = 0;
  // A null key would ask OpenSSL to use an earlier one.
  const char* key_data = key.data() ? key.data() : "";
  if (!HMAC(EVP_sha256(), key_data, static_cast<int>(key.size()), bytes_of(bytes), bytes.size(),
            buffer.data(), &length))
    throw std::runtime_error("OpenSSL cannot compute an HMAC");
  return std::string(view(buffer, length));
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) != 1)
    throw std::runtime_error("OpenSSL has no random bytes");
  return out;
}

}  // namespace digester::net
