#include "registry/protocol/error_answer.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "json/value.hpp"
#include "registry/protocol/retry_after.hpp"

namespace digester::registry::protocol {
namespace {

struct Name {
  ErrorCode code;
  std::string_view text;
};
constexpr std::array kNames = {
    Name{ErrorCode::manifest_unknown, "MANIFEST_UNKNOWN"},
    Name{ErrorCode::name_unknown, "NAME_UNKNOWN"},
    Name{ErrorCode::not_found, "NOT_FOUND"},
    Name{ErrorCode::unauthorized, "UNAUTHORIZED"},
    Name{ErrorCode::denied, "DENIED"},
    Name{ErrorCode::too_many_requests, "TOOMANYREQUESTS"},
    Name{ErrorCode::name_invalid, "NAME_INVALID"},
    Name{ErrorCode::tag_invalid, "TAG_INVALID"},
    Name{ErrorCode::manifest_invalid, "MANIFEST_INVALID"},
    Name{ErrorCode::unsupported, "UNSUPPORTED"},
    Name{ErrorCode::unknown, "UNKNOWN"},
    Name{ErrorCode::unavailable, "UNAVAILABLE"},
};

ErrorCode parse_code(std::string_view text) {
  const auto found = std::ranges::find(kNames, text, &Name::text);
  return found == kNames.end() ? ErrorCode::none : found->code;
}

std::optional<Duration> retry_hint(std::string_view message, WallTime now) {
  constexpr std::string_view kLabel = "retry-after:";
  const auto lower = text::to_lower(message);
  const auto at = lower.find(kLabel);
  if (at == std::string::npos) return std::nullopt;
  auto value = text::trim(std::string_view(lower).substr(at + kLabel.size()));
  return parse_retry_after(value.substr(0, value.find_first_of(", ;")), now);
}

ErrorKind kind_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::manifest_unknown:
    case ErrorCode::name_unknown:
    case ErrorCode::not_found:
      return ErrorKind::not_found;
    case ErrorCode::unauthorized:
      return ErrorKind::unauthorized;
    case ErrorCode::denied:
      return ErrorKind::forbidden;
    case ErrorCode::too_many_requests:
      return ErrorKind::rate_limited;
    case ErrorCode::name_invalid:
    case ErrorCode::tag_invalid:
    case ErrorCode::manifest_invalid:
      return ErrorKind::invalid;
    case ErrorCode::unsupported:
      return ErrorKind::unsupported;
    case ErrorCode::unknown:
    case ErrorCode::unavailable:
      return ErrorKind::unavailable;
    case ErrorCode::none:
      return ErrorKind::protocol;
  }
  return ErrorKind::protocol;
}

}  // namespace

std::string_view to_string(ErrorCode code) {
  const auto found = std::ranges::find(kNames, code, &Name::code);
  return found == kNames.end() ? std::string_view() : found->text;
}

ErrorAnswer read_error_answer(std::string body, WallTime now) {
  ErrorAnswer answer;
  json::Document document;
  const auto root = document.parse(body);
  if (!root) {
    answer.retry_after = retry_hint(body, now);
    return answer;
  }
  for (const auto error : root->find("errors").elements()) {
    if (answer.code == ErrorCode::none) answer.code = parse_code(error.find("code").string_or(""));
    if (!answer.retry_after) answer.retry_after = retry_hint(error.find("message").string_or(""), now);
  }
  return answer;
}

ErrorKind classify(unsigned status, ErrorCode code) {
  switch (status) {
    case 401:
      return ErrorKind::unauthorized;
    case 403:
      return ErrorKind::forbidden;
    case 404:
      return ErrorKind::not_found;
    case 405:
    case 406:
    case 415:
      return ErrorKind::unsupported;
    case 408:
      return ErrorKind::unavailable;
    case 429:
      return ErrorKind::rate_limited;
    default:
      break;
  }
  if (status >= 500) return ErrorKind::unavailable;
  return status >= 400 ? kind_of(code) : ErrorKind::protocol;
}

}  // namespace digester::registry::protocol
