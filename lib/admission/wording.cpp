#include "admission/wording.hpp"

#include <fmt/format.h>

#include "admission/answer.hpp"
#include "base/text.hpp"

namespace digester::admission::wording {
namespace {

constexpr std::string_view kWho = "digester: ";
constexpr std::size_t kMaxRegistry = 40;

// The end of an image says more than its beginning, which is the registry.
std::string tail(std::string_view image, std::size_t max_bytes) {
  // Far more than is shown, and bounded: an image may be a megabyte of text.
  constexpr std::size_t kLooked = 4 * kMaxWarningBytes;
  const bool cut = image.size() > kLooked;
  if (cut) image.remove_prefix(image.size() - kLooked);
  auto shown = text::printable(image, 8 * kLooked);
  if (!cut && shown.size() <= max_bytes) return shown;
  constexpr std::string_view kEllipsis = "…";
  std::size_t from = shown.size() - std::min(shown.size(), max_bytes - kEllipsis.size());
  while (from < shown.size() && (static_cast<unsigned char>(shown[from]) & 0xC0) == 0x80)
    ++from;
  return std::string(kEllipsis).append(shown, from);
}

// `before` image `after`, the image cut so that all of it fits.
std::string around(std::string_view before, std::string_view image, std::string_view after) {
  const auto room = kMaxWarningBytes - kWho.size() - before.size() - after.size();
  return fmt::format("{}{}{}{}", kWho, before, tail(image, room), after);
}

std::string registry_and_cause(const Subject& subject, std::string_view why) {
  if (subject.registry.empty()) return std::string(why);
  return fmt::format("{}: {}", text::printable(subject.registry, kMaxRegistry), why);
}

// "sha256:" and twelve digits: enough to recognise it.
std::string short_digest(std::string_view written) {
  const auto at = written.rfind('@');
  const auto digest = at == std::string_view::npos ? written : written.substr(at + 1);
  return std::string(digest.substr(0, digest.find(':') + 13));
}

std::string rounded(Duration age) {
  return format_duration(std::chrono::duration_cast<Duration>(std::chrono::ceil<std::chrono::seconds>(age)));
}

}  // namespace

std::string_view cause(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return "not a valid reference";
    case ErrorKind::not_found:
      return "no such image";
    case ErrorKind::unauthorized:
      return "credentials missing or refused";
    case ErrorKind::forbidden:
      return "access denied";
    case ErrorKind::conflict:
      return "changed meanwhile";
    case ErrorKind::rate_limited:
      return "rate limited";
    case ErrorKind::unsupported:
      return "format not supported";
    case ErrorKind::too_large:
      return "too large";
    case ErrorKind::timed_out:
      return "timed out";
    case ErrorKind::unreachable:
      return "unreachable";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::protocol:
      return "broke the protocol";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::internal:
      return "internal error";
  }
  return "internal error";
}

std::string not_pinned(const Subject& subject, ErrorKind kind) {
  return around("", subject.image, " not pinned: " + registry_and_cause(subject, cause(kind)));
}

std::string would_refuse(const Subject& subject, ErrorKind kind) {
  return around("would refuse ", subject.image, ": " + registry_and_cause(subject, cause(kind)));
}

std::string would_write(std::string_view image, std::string_view written) {
  return around("would pin ", image, " to " + short_digest(written));
}

std::string stale(const Subject& subject, Duration age, std::string_view why) {
  return around("", subject.image,
                " pinned as known for " + rounded(age) + ": " + registry_and_cause(subject, why));
}

std::string kept(const Subject& subject, std::string_view why) {
  return around("", subject.image, " keeps its digest: " + registry_and_cause(subject, why));
}

std::string plain(std::string_view text) {
  return text::printable(fmt::format("{}{}", kWho, text), kMaxWarningBytes);
}

std::string reason(const ImageField& field, const Error& error) {
  auto message = text::printable(error.message, 400);
  const auto image = text::printable(field.image, 200);
  if (message.find(image) == std::string::npos) message = fmt::format("{}: {}", image, message);
  const std::string_view holder = field.list == List::volumes ? "volume" : "container";
  return field.name.empty() ? message
                            : fmt::format("{} {}: {}", holder, text::printable(field.name, 64), message);
}

}  // namespace digester::admission::wording
