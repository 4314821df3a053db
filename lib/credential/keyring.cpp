#include "credential/keyring.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace digester::credential {
namespace {

constexpr std::string_view kHub = "docker.io";
constexpr std::size_t kMaxLabel = 63;  // RFC 1035 §2.3.4

bool is_hub(std::string_view host) {
  return host == kHub || host == "index.docker.io" || host == "registry-1.docker.io";
}

bool strip_prefix(std::string_view& text, std::string_view prefix) {
  if (text.size() < prefix.size() || !text::iequals(text.substr(0, prefix.size()), prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

struct Host {
  std::vector<std::string> labels;
  std::string port;
};

// "[::1]" holds at least two colons, which no set of characters in a host's glob does.
bool is_ip_literal(std::string_view bracketed) {
  return std::count(bracketed.begin(), bracketed.end(), ':') >= 2 &&
         bracketed.find_first_not_of("0123456789abcdef:") == std::string_view::npos;
}

// `authority` is in lower case.
Host split_host(std::string_view authority) {
  Host host;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end != std::string_view::npos && is_ip_literal(authority.substr(1, end - 1))) {
      // Without its brackets, which a glob would take for a set.
      host.labels.emplace_back(authority.substr(1, end - 1));
      if (authority.substr(end + 1).starts_with(':')) host.port = authority.substr(end + 2);
      return host;
    }
  }
  if (const auto colon = authority.rfind(':'); colon != std::string_view::npos) {
    host.port = authority.substr(colon + 1);
    authority = authority.substr(0, colon);
  }
  if (is_hub(authority) && host.port.empty()) authority = kHub;
  for (const auto label : text::split(authority, '.'))
    host.labels.emplace_back(label);
  return host;
}

// A path of "/v1/" or "/v2/" is the API's, not a repository's.
std::string_view without_api_version(std::string_view path) {
  for (const std::string_view version : {"/v1", "/v2"})
    if (path == version || (path.starts_with(version) && path[version.size()] == '/'))
      return path.substr(version.size());
  return path;
}

// The set after '[' at `at`: whether `c` is in it, and `at` moves behind the ']'. Empty when malformed.
std::optional<bool> match_set(std::string_view pattern, std::size_t& at, char c) {
  bool negated = false;
  if (at < pattern.size() && pattern[at] == '^') {
    negated = true;
    ++at;
  }
  const auto take = [&]() -> std::optional<char> {
    if (at >= pattern.size() || pattern[at] == ']' || pattern[at] == '-') return std::nullopt;
    if (pattern[at] == '\\') ++at;
    if (at >= pattern.size()) return std::nullopt;
    return pattern[at++];
  };
  bool found = false;
  for (bool first = true; at < pattern.size() && (first || pattern[at] != ']'); first = false) {
    const auto low = take();
    auto high = low;
    if (low && at < pattern.size() && pattern[at] == '-') {
      ++at;
      high = take();
    }
    if (!low || !high) return std::nullopt;
    if (*low <= c && c <= *high) found = true;
  }
  if (at >= pattern.size()) return std::nullopt;
  ++at;
  return found != negated;
}

enum class Step { matched, missed, malformed };

// One element of the pattern other than '*' against one character.
Step match_one(std::string_view pattern, std::size_t& at, char c) {
  const char p = pattern[at++];
  if (p == '?') return Step::matched;
  if (p == '[') {
    const auto in_set = match_set(pattern, at, c);
    return !in_set ? Step::malformed : *in_set ? Step::matched : Step::missed;
  }
  if (p == '\\') {
    if (at == pattern.size()) return Step::malformed;
    return pattern[at++] == c ? Step::matched : Step::missed;
  }
  return p == c ? Step::matched : Step::missed;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  // Where to go on when the text after the last '*' does not fit: one more character for that star. Earlier
  // stars never need another try, so the whole is at most quadratic in a label's length.
  std::optional<std::size_t> star;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_text = t;
      continue;
    }
    auto step = Step::missed;
    if (p < pattern.size()) step = match_one(pattern, p, text[t]);
    if (step == Step::malformed) return false;
    if (step == Step::matched) {
      ++t;
      continue;
    }
    if (!star) return false;
    p = *star;
    t = ++star_text;
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

bool Keyring::add(std::string_view key, std::size_t value) {
  if (key.size() > kMaxKey) return false;
  if (!strip_prefix(key, "https://")) strip_prefix(key, "http://");
  const auto slash = key.find('/');
  const auto authority = text::to_lower(key.substr(0, slash));
  auto path = slash == std::string_view::npos ? std::string_view() : key.substr(slash);
  // In the host a '?' is a pattern; in the path it begins a query, which no repository has.
  path = without_api_version(path.substr(0, path.find_first_of("?#")));
  if (path == "/") path = {};
  // User information is no part of a host; a key that carries some is somebody's mistake, and secret.
  if (authority.empty() || authority.find('@') != std::string::npos) return false;

  Entry entry;
  auto host = split_host(authority);
  if (host.labels.empty() || host.labels.front().empty()) return false;
  entry.labels = std::move(host.labels);
  entry.port = std::move(host.port);
  entry.path = path;
  entry.value = value;
  entry.key = (is_hub(authority) ? std::string(kHub) : authority) + entry.path;
  entries_.push_back(std::move(entry));
  return true;
}

std::vector<Keyring::Match> Keyring::match(std::span<const Keyring* const> rings,
                                           const image::Reference& reference) {
  if (std::all_of(rings.begin(), rings.end(), [](const Keyring* ring) { return ring->entries_.empty(); }))
    return {};
  const auto host = split_host(text::to_lower(reference.domain()));
  // No such name resolves, and matching against it would only cost time.
  for (const auto& label : host.labels)
    if (label.size() > kMaxLabel) return {};
  const auto path = "/" + reference.path();
  struct Found {
    const Entry* entry;
    std::size_t ring;
  };
  std::vector<Found> found;
  for (std::size_t ring = 0; ring < rings.size(); ++ring) {
    for (const auto& entry : rings[ring]->entries_) {
      if (entry.port != host.port || entry.labels.size() != host.labels.size()) continue;
      // kubelet takes the key's path for a plain prefix: team matches team-b as well.
      if (!std::string_view(path).starts_with(entry.path)) continue;
      if (std::equal(entry.labels.begin(), entry.labels.end(), host.labels.begin(), glob_match))
        found.push_back({&entry, ring});
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Found& a, const Found& b) { return a.entry->key > b.entry->key; });
  std::vector<Match> matches;
  matches.reserve(found.size());
  for (const auto& [entry, ring] : found)
    matches.push_back({ring, entry->value});
  return matches;
}

std::vector<std::size_t> Keyring::match(const image::Reference& reference) const {
  const Keyring* const self = this;
  std::vector<std::size_t> values;
  for (const auto& match : match({&self, 1}, reference))
    values.push_back(match.value);
  return values;
}

}  // namespace digester::credential
