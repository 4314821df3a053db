#include "registry/cache_key.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "net/crypto.hpp"

namespace digester::registry {
namespace {

static_assert(std::endian::native == std::endian::little, "load() reads words as SipHash defines them");

std::uint64_t load(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

void add_number(SipHash128& hash, std::uint32_t number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  hash.update({bytes, sizeof bytes});
}

void add_field(SipHash128& hash, std::string_view field) {
  add_number(hash, static_cast<std::uint32_t>(field.size()));
  hash.update(field);
}

// Told apart by their first bytes, so that a key of one purpose is never a key of another.
constexpr std::string_view kImage = "i", kShown = "s", kRefused = "r", kContext = "c", kTenant = "t";

}  // namespace

SipHash128::SipHash128(const Secret& secret) {
  char bytes[16];
  std::memcpy(bytes, secret.data(), sizeof bytes);
  const auto k0 = load(bytes);
  const auto k1 = load(bytes + 8);
  v0_ = k0 ^ 0x736f6d6570736575ULL;
  v1_ = k1 ^ 0x646f72616e646f6dULL ^ 0xee;
  v2_ = k0 ^ 0x6c7967656e657261ULL;
  v3_ = k1 ^ 0x7465646279746573ULL;
}

void SipHash128::rounds(int count) {
  for (; count > 0; --count) {
    v0_ += v1_;
    v2_ += v3_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v1_;
    v0_ += v3_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ = std::rotl(v2_, 32);
  }
}

void SipHash128::compress(std::uint64_t word) {
  v3_ ^= word;
  rounds(2);
  v0_ ^= word;
}

void SipHash128::update(std::string_view bytes) {
  auto filled = length_ % 8;
  length_ += bytes.size();
  if (filled) {
    for (; filled < 8 && !bytes.empty(); ++filled, bytes.remove_prefix(1))
      pending_ |= std::uint64_t{static_cast<unsigned char>(bytes.front())} << (8 * filled);
    if (filled < 8) return;
    compress(pending_);
    pending_ = 0;
  }
  for (; bytes.size() >= 8; bytes.remove_prefix(8))
    compress(load(bytes.data()));
  for (std::size_t i = 0; i < bytes.size(); ++i)
    pending_ |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
}

Key SipHash128::finish() {
  compress(pending_ | (length_ << 56));
  v2_ ^= 0xee;
  rounds(4);
  Key key;
  key.low = v0_ ^ v1_ ^ v2_ ^ v3_;
  v1_ ^= 0xdd;
  rounds(4);
  key.high = v0_ ^ v1_ ^ v2_ ^ v3_;
  return key;
}

KeyMaker::KeyMaker() {
  const auto random = net::random_bytes(secret_.size());
  std::copy_n(random.begin(), secret_.size(), secret_.begin());
}

// The most frequent key: its lengths go first, so that the texts lie in a row and are hashed in whole words.
KeyMaker::Image KeyMaker::image(const image::Reference& reference) const {
  // A digest holds a colon, which no tag does.
  const std::string_view name = reference.digest() ? reference.digest()->str() : reference.tag();
  const std::array<std::string_view, 3> fields{reference.api_host(), reference.path(), name};
  std::array<std::uint32_t, 4> head{};
  static_assert(kImage.size() <= sizeof head[0]);
  std::memcpy(head.data(), kImage.data(), kImage.size());
  std::size_t size = sizeof head;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    head[i + 1] = static_cast<std::uint32_t>(fields[i].size());
    size += fields[i].size();
  }
  SipHash128 hash(secret_);
  // A host name, a repository and a tag are not longer: see image::Reference.
  std::array<char, 768> row;
  if (size > row.size()) {
    hash.update({reinterpret_cast<const char*>(head.data()), sizeof head});
    for (const auto field : fields)
      hash.update(field);
    return Image(hash);
  }
  std::memcpy(row.data(), head.data(), sizeof head);
  auto* to = row.data() + sizeof head;
  for (const auto field : fields)
    to = std::copy(field.begin(), field.end(), to);
  hash.update({row.data(), size});
  return Image(hash);
}

Key KeyMaker::Image::shown_to(std::string_view fingerprint) const {
  SipHash128 hash = name_;
  const auto size = static_cast<std::uint32_t>(fingerprint.size());
  std::array<char, kShown.size() + sizeof size + 64> row;
  if (fingerprint.size() > 64) {
    hash.update(kShown);
    add_field(hash, fingerprint);
    return hash.finish();
  }
  // The same in one piece: this runs for every image of every review.
  auto* to = std::copy(kShown.begin(), kShown.end(), row.data());
  std::memcpy(to, &size, sizeof size);
  to = std::copy(fingerprint.begin(), fingerprint.end(), to + sizeof size);
  hash.update({row.data(), static_cast<std::size_t>(to - row.data())});
  return hash.finish();
}

Key KeyMaker::Image::refused_to(std::span<const credential::Credential* const> credentials,
                                bool complete) const {
  SipHash128 hash = name_;
  hash.update(kRefused);
  add_number(hash, complete ? 1 : 0);
  add_number(hash, static_cast<std::uint32_t>(credentials.size()));
  for (const auto* credential : credentials)
    add_field(hash, credential->fingerprint);
  return hash.finish();
}

Key KeyMaker::context(const image::Reference& reference, const credential::Context& context) const {
  SipHash128 hash(secret_);
  hash.update(kContext);
  // As written: credentials are matched with docker.io, not with the host behind it.
  add_field(hash, reference.domain());
  add_field(hash, reference.path());
  add_field(hash, context.namespace_name);
  add_field(hash, context.service_account);
  add_number(hash, static_cast<std::uint32_t>(context.pull_secrets.size()));
  for (const auto& secret : context.pull_secrets)
    add_field(hash, secret);
  return hash.finish();
}

std::uint32_t KeyMaker::tenant(std::string_view namespace_name) const {
  SipHash128 hash(secret_);
  hash.update(kTenant);
  add_field(hash, namespace_name);
  return static_cast<std::uint32_t>(hash.finish().low);
}

}  // namespace digester::registry
