#include "image/digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "image/fault.hpp"

namespace digester::image {
namespace {

struct Known {
  Digest::Algorithm algorithm;
  std::string_view name;
  std::size_t digits;
};
constexpr std::array<Known, 3> kKnown{{{Digest::Algorithm::sha256, "sha256", 64},
                                       {Digest::Algorithm::sha384, "sha384", 96},
                                       {Digest::Algorithm::sha512, "sha512", 128}}};

const Known* find_known(std::string_view name) {
  const auto it = std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& k) { return k.name == name; });
  return it == kKnown.end() ? nullptr : &*it;
}

constexpr auto kHexPairs = [] {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i)
    pairs[i] = {kDigits[i >> 4], kDigits[i & 15]};
  return pairs;
}();

bool is_lower_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

// Bytes of the UTF-8 sequence that starts at `at`, so that a message shows a character and not its first
// byte.
std::size_t character_length(std::string_view text, std::size_t at) {
  for (std::size_t length = 1; length <= 4 && at + length <= text.size(); ++length)
    if (text::is_valid_utf8(text.substr(at, length))) return length;
  return 1;
}

}  // namespace

std::string describe_character(std::string_view text, std::size_t at) {
  switch (text[at]) {
    case ' ':
      return "a space";
    case '\t':
      return "a tab";
    case '\n':
    case '\r':
      return "a line break";
    case '\'':
      return "a quote";
    default:
      return fmt::format("'{}'", text::printable(text.substr(at, character_length(text, at))));
  }
}

tl::unexpected<Error> fail_at(std::string_view what, std::string_view text, const Fault& fault) {
  return fail(ErrorKind::invalid, fmt::format("\"{}\" is not {}: {} (byte {})", text::printable(text, 160),
                                              what, fault.cause, fault.at + 1));
}

std::optional<Fault> fault_in_digest(std::string_view text) {
  if (text.empty()) return Fault{0, "the digest is missing"};
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return Fault{text.size(), "a digest is written sha256:…"};
  const auto name = text.substr(0, colon);
  const auto* known = find_known(name);
  if (!known)
    return Fault{0, fmt::format("the digest's algorithm is \"{}\", not sha256, sha384 or sha512",
                                text::printable(name, 32))};
  const auto hex = text.substr(colon + 1);
  for (std::size_t i = 0; i < std::min(hex.size(), known->digits + 1); ++i) {
    if (i == known->digits)
      return Fault{colon + 1 + i, fmt::format("a {} digest ends after {} hex digits", name, known->digits)};
    if (!is_lower_hex(hex[i]))
      return Fault{colon + 1 + i, describe_character(hex, i) + " is not a lower-case hex digit"};
  }
  if (hex.size() < known->digits)
    return Fault{text.size(),
                 fmt::format("a {} digest has {} hex digits, not {}", name, known->digits, hex.size())};
  return std::nullopt;
}

Result<Digest> Digest::parse(std::string_view text) {
  if (const auto fault = fault_in_digest(text)) return fail_at("a digest", text, *fault);
  return Digest(find_known(text.substr(0, text.find(':')))->algorithm, std::string(text));
}

Result<Digest> Digest::from_hex(Algorithm algorithm, std::string_view hex) {
  for (const auto& known : kKnown)
    if (known.algorithm == algorithm) return parse(fmt::format("{}:{}", known.name, hex));
  return fail(ErrorKind::internal, "unknown digest algorithm");
}

Digest Digest::from_sha256(const std::array<unsigned char, 32>& hash) {
  constexpr std::string_view kPrefix = "sha256:";
  std::array<char, kPrefix.size() + 64> text;
  auto* to = std::copy(kPrefix.begin(), kPrefix.end(), text.data());
  for (const auto byte : hash)
    to = std::copy_n(kHexPairs[byte].data(), 2, to);
  return Digest(Algorithm::sha256, std::string(text.data(), text.size()));
}

std::string_view Digest::hex() const {
  return std::string_view(text_).substr(text_.find(':') + 1);
}

std::string_view to_string(Source source) {
  switch (source) {
    case Source::cache:
      return "cache";
    case Source::registry:
      return "registry";
    case Source::stale:
      return "stale";
  }
  return "registry";
}

}  // namespace digester::image
