// What the cache and the flights call a question: 128 bits under a key that only this process knows.
//
// An entry's full key (registry, repository, tag, fingerprint) is some 120 bytes of text. SipHash-2-4 with
// 128 bits of output (Aumasson and Bernstein, 2012) stands for it in 16. Nobody can make two questions
// collide without the secret key, and by accident it happens among a million entries with a probability of
// 10^-27, so the texts themselves are not kept. Every field goes in behind its length.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "credential/credential.hpp"
#include "image/reference.hpp"

namespace digester::registry {

struct Key {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const Key&, const Key&) = default;
};

struct KeyHash {
  std::size_t operator()(const Key& key) const noexcept { return key.low; }
};

// A value: a copy continues where the original stood.
class SipHash128 {
 public:
  using Secret = std::array<unsigned char, 16>;

  explicit SipHash128(const Secret& secret);
  void update(std::string_view bytes);
  Key finish();  // once, at the end

 private:
  void compress(std::uint64_t word);
  void rounds(int count);

  std::uint64_t v0_, v1_, v2_, v3_;
  std::uint64_t pending_ = 0;  // up to seven bytes that do not fill a word yet, lowest first
  std::uint64_t length_ = 0;
};

// Immutable, so usable from any thread.
class KeyMaker {
 public:
  KeyMaker();  // a fresh secret from OpenSSL's generator

  // The keys of one image, its name hashed once.
  class Image {
   public:
    // What this one credential was shown; an empty fingerprint is anonymous.
    Key shown_to(std::string_view fingerprint) const;
    // What all of these together were refused, in this order.
    Key refused_to(std::span<const credential::Credential* const> credentials, bool complete) const;

   private:
    friend class KeyMaker;
    explicit Image(SipHash128 name) : name_(name) {}
    SipHash128 name_;
  };
  Image image(const image::Reference& reference) const;

  // Who asks for the credentials of which repository.
  Key context(const image::Reference& reference, const credential::Context& context) const;
  // For counting only: two namespaces may share a number, and then share their part of the cache.
  std::uint32_t tenant(std::string_view namespace_name) const;

 private:
  SipHash128::Secret secret_;
};

}  // namespace digester::registry
