#include "registry/protocol/token_answer.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/text.hpp"
#include "json/value.hpp"

namespace digester::registry::protocol {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kShortest = 60s;
constexpr std::chrono::seconds kLongest = 24h;
constexpr double kAbsurd = 10.0 * 365 * 24 * 3600;
constexpr std::size_t kMaxToken = 48 * 1024;  // with the other headers it must stay below 64 KiB

std::optional<double> number_of(json::Value value) {
  if (const auto number = value.number()) return number;
  const auto digits = value.string();
  if (!digits) return std::nullopt;
  const auto trimmed = text::trim(*digits);
  double number = 0;
  const auto [end, error] = std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), number);
  if (error != std::errc{} || end != trimmed.data() + trimmed.size()) return std::nullopt;
  return number;
}

std::chrono::seconds life_of(json::Value expires_in) {
  const auto seconds = number_of(expires_in);
  if (!seconds || !std::isfinite(*seconds) || *seconds <= 0 || *seconds > kAbsurd) return kShortest;
  return std::clamp(std::chrono::seconds(static_cast<std::int64_t>(*seconds)), kShortest, kLongest);
}

bool fits_a_header(std::string_view token) {
  return token.size() <= kMaxToken && std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

Result<TokenAnswer> read_token_answer(std::string body) {
  json::Document document;
  const auto root = document.parse(body);
  if (!root || !root->is_object())
    return fail(ErrorKind::protocol, "its token service answered without a JSON object");
  auto token = root->find("token").string_or("");
  if (token.empty()) token = root->find("access_token").string_or("");
  if (token.empty()) return fail(ErrorKind::protocol, "its token service answered without a token");
  if (!fits_a_header(token))
    return fail(ErrorKind::protocol, "its token service answered with an unusable token");
  TokenAnswer answer;
  answer.token = token;
  answer.life = life_of(root->find("expires_in"));
  return answer;
}

}  // namespace digester::registry::protocol
