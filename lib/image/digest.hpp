// A content digest, OCI image-spec "descriptor" §digests. A Digest cannot exist unvalidated.
#pragma once

#include <array>
#include <compare>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digester::image {

class Digest {
 public:
  enum class Algorithm { sha256, sha384, sha512 };

  // `algorithm:hex` with lower-case hex of exactly 64, 96 or 128 digits. The error says what is wrong.
  static Result<Digest> parse(std::string_view text);

  // As parse(), for hex that we computed ourselves.
  static Result<Digest> from_hex(Algorithm algorithm, std::string_view hex);

  // From the hash itself.
  static Digest from_sha256(const std::array<unsigned char, 32>& hash);

  Algorithm algorithm() const { return algorithm_; }
  std::string_view hex() const;                     // without the algorithm
  const std::string& str() const { return text_; }  // "sha256:…"

  friend bool operator==(const Digest&, const Digest&) = default;
  friend auto operator<=>(const Digest& a, const Digest& b) { return a.text_ <=> b.text_; }

 private:
  Digest(Algorithm algorithm, std::string text) : algorithm_(algorithm), text_(std::move(text)) {}
  Algorithm algorithm_;
  std::string text_;
};

// Where a digest was found out.
enum class Source {
  cache,     // remembered, and new enough for who asked
  registry,  // its own answer, just now
  stale,     // remembered, given because the registry failed or was slow
};
std::string_view to_string(Source source);  // "cache"

}  // namespace digester::image
