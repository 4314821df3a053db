#include "kube/api_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/text.hpp"
#include "json/value.hpp"
#include "net/authority.hpp"

namespace digester::kube {
namespace {

constexpr std::size_t kMostStatus = 64 * 1024;  // bytes of a Status object that is read
constexpr std::size_t kMostWords = 300;         // bytes of its message that are repeated
constexpr std::int64_t kMostWait = 3600;        // seconds

std::string plain(std::string_view segment) {
  return text::printable(net::percent_decode(segment).value_or(std::string(segment)), 253);
}

bool is_watch(std::string_view query) {
  for (const auto part : text::split(query, '&'))
    if (part == "watch=true" || part == "watch=1") return true;
  return false;
}

std::string_view verb_of(net::Method method, bool named, bool watch) {
  switch (method) {
    case net::Method::get:
    case net::Method::head:
      return watch ? "watch" : named ? "get" : "list";
    case net::Method::post:
      return "create";
    case net::Method::put:
      return "update";
    case net::Method::patch:
      return "patch";
    case net::Method::delete_:
      return named ? "delete" : "deletecollection";
  }
  return "get";
}

struct Said {
  std::string words;
  std::optional<std::chrono::seconds> retry_after;
};

std::optional<std::chrono::seconds> seconds(std::int64_t value) {
  if (value < 0) return std::nullopt;
  return std::chrono::seconds(std::min(value, kMostWait));
}

Said read_status(const net::Response& response, std::string_view secret) {
  Said said;
  if (response.body.size() <= kMostStatus) {
    json::Document document;
    const auto status = document.parse(std::string(response.body));
    if (status && status->find("kind").string() == "Status") {
      const auto message = status->find("message").string_or("");
      const bool leaks = !secret.empty() && message.find(secret) != std::string_view::npos;
      if (!leaks) said.words = text::printable(message, kMostWords);
      if (const auto wait = status->at({"details", "retryAfterSeconds"}).integer())
        if (*wait > 0) said.retry_after = seconds(*wait);
    }
  }
  if (const auto header = response.headers.get("Retry-After")) {
    std::int64_t value = -1;
    const auto [end, ec] = std::from_chars(header->data(), header->data() + header->size(), value);
    if (ec == std::errc{} && end == header->data() + header->size()) said.retry_after = seconds(value);
  }
  return said;
}

ErrorKind kind_of(unsigned status) {
  switch (status) {
    case 400:
    case 422:
      return ErrorKind::invalid;
    case 401:
      return ErrorKind::unauthorized;
    case 403:
      return ErrorKind::forbidden;
    case 404:
    case 410:
      return ErrorKind::not_found;
    case 405:
    case 406:
    case 415:
    case 501:
    case 505:
      return ErrorKind::unsupported;
    case 408:
      return ErrorKind::unavailable;
    case 409:
    case 412:
      return ErrorKind::conflict;
    case 413:
      return ErrorKind::too_large;
    case 429:
      return ErrorKind::rate_limited;
    default:
      return status >= 500 ? ErrorKind::unavailable : ErrorKind::protocol;
  }
}

std::string what_happened(unsigned status, ErrorKind kind, const Right& right) {
  const auto words = right.words();
  switch (kind) {
    case ErrorKind::unauthorized:
      return fmt::format("the Kubernetes API does not know us, asked to {}: check the token or certificate",
                         words);
    case ErrorKind::forbidden:
      return fmt::format("the Kubernetes API does not let us {}: give this account a Role with that verb",
                         words);
    case ErrorKind::not_found:
      return fmt::format("the Kubernetes API has nothing there, asked to {}", words);
    case ErrorKind::conflict:
      return fmt::format("somebody else was first, and the Kubernetes API did not {}", words);
    case ErrorKind::rate_limited:
      return fmt::format("the Kubernetes API has too much to do to {}", words);
    default:
      return fmt::format("the Kubernetes API answered with status {}, asked to {}", status, words);
  }
}

}  // namespace

std::string Right::words() const {
  if (resource.empty()) return fmt::format("{} {}", verb, path);
  std::string out = fmt::format("{} {}{}{}", verb, resource, group.empty() ? "" : ".", group);
  if (!name.empty()) out += fmt::format(" \"{}\"", name);
  if (!namespace_name.empty()) out += fmt::format(" in namespace \"{}\"", namespace_name);
  return out;
}

Right right_of(net::Method method, std::string_view path) {
  const auto question = std::min(path.find('?'), path.size());
  const auto query = path.substr(std::min(question + 1, path.size()));
  path = path.substr(0, question);
  Right right;
  right.path = text::printable(path, 512);
  auto parts = text::split(path.substr(path.starts_with('/') ? 1 : 0), '/');
  std::size_t at = parts.size();
  if (parts[0] == "api") at = 2;
  if (parts[0] == "apis") at = 3;
  if (at < parts.size() && !parts[at].empty()) {
    if (parts[0] == "apis") right.group = plain(parts[1]);
    // A namespace is also a resource, with two subresources of its own.
    const bool inside = parts[at] == "namespaces" && at + 2 < parts.size() && parts[at + 2] != "status" &&
                        parts[at + 2] != "finalize";
    if (inside) {
      right.namespace_name = plain(parts[at + 1]);
      at += 2;
    }
    right.resource = plain(parts[at]);
    if (at + 1 < parts.size()) right.name = plain(parts[at + 1]);
    if (at + 2 < parts.size()) right.resource += "/" + plain(parts[at + 2]);
  }
  const bool named = !right.name.empty() || right.resource.empty();
  right.verb = verb_of(method, named, is_watch(query));
  return right;
}

Error read_error(const net::Response& response, const Right& right, std::string_view secret) {
  const auto said = read_status(response, secret);
  Error error;
  error.kind = kind_of(response.status);
  error.message = what_happened(response.status, error.kind, right);
  if (!said.words.empty()) error.message += fmt::format(" (it says: {})", said.words);
  error.retry_after = said.retry_after;
  return error;
}

}  // namespace digester::kube
