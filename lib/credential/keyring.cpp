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

// "[::1]" holds at least two colons, which no set of characters in a host's glob does.
bool is_ip_literal(std::string_view bracketed) {
  return std::count(bracketed.begin(), bracketed.end(), ':') >= 2 &&
         bracketed.find_first_not_of("0123456789abcdef:") == std::string_view::npos;
}

bool is_pattern(std::string_view host) {
  return host.find_first_of("*?[\\") != std::string_view::npos;
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

HostName::HostName(std::string_view authority) {
  if (authority.starts_with('[')) {
    auto lower = text::to_lower(authority);
    const auto end = lower.find(']');
    if (end != std::string::npos && is_ip_literal(std::string_view(lower).substr(1, end - 1))) {
      // Without its brackets, which a glob would take for a set.
      if (lower.size() > end + 1 && lower[end + 1] == ':') port = lower.substr(end + 2);
      name = lower.substr(1, end - 1);
      return;
    }
  }
  if (const auto colon = authority.rfind(':'); colon != std::string_view::npos) {
    port = text::to_lower(authority.substr(colon + 1));
    authority = authority.substr(0, colon);
  }
  name = text::to_lower(authority);
  if (port.empty() && is_hub(name)) name = kHub;
}

bool HostName::may_exist() const {
  std::size_t length = 0;
  for (const char c : name)
    if ((length = c == '.' ? 0 : length + 1) > kMaxLabel) return false;
  return true;
}

KeyList::Added KeyList::add(std::string_view key, std::size_t value) {
  if (key.size() > kMaxKey) return Added::no_host;
  if (!strip_prefix(key, "https://")) strip_prefix(key, "http://");
  const auto slash = key.find('/');
  const auto authority = text::to_lower(key.substr(0, slash));
  auto path = slash == std::string_view::npos ? std::string_view() : key.substr(slash);
  // In the host a '?' is a pattern; in the path it begins a query, which no repository has.
  path = without_api_version(path.substr(0, path.find_first_of("?#")));
  if (path == "/") path = {};
  // User information is no part of a host; a key that carries some is somebody's mistake, and secret.
  if (authority.empty() || authority.find('@') != std::string::npos) return Added::no_host;

  Entry entry;
  entry.host = HostName(authority);
  const auto& name = entry.host.name;
  if (name.empty() || name.front() == '.') return Added::no_host;
  if (is_pattern(name) && !patterns_.contains(authority)) {
    if (pattern_bytes_ + authority.size() > kMaxPatternBytes) return Added::too_many_patterns;
    pattern_bytes_ += authority.size();
    patterns_.insert(authority);
  }
  entry.key = is_hub(authority) ? std::string(kHub) : authority;
  entry.host_end = entry.key.size();
  entry.key += path;
  entry.value = value;
  entries_.push_back(std::move(entry));
  return Added::yes;
}

Keyring::Keyring(KeyList list) : size_(list.entries_.size()) {
  auto& entries = list.entries_;
  // By host, then by its spelling: "reg.io:" is "reg.io" as well. The longest path first, else as added.
  const auto spelling = [](const KeyList::Entry& entry) {
    return std::string_view(entry.key).substr(0, entry.host_end);
  };
  const auto less = [&](const KeyList::Entry& a, const KeyList::Entry& b) {
    if (const auto order = a.host <=> b.host; order != 0) return order < 0;
    if (const auto order = spelling(a) <=> spelling(b); order != 0) return order < 0;
    return a.key > b.key;
  };
  std::stable_sort(entries.begin(), entries.end(), less);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    auto& entry = entries[i];
    const auto value = static_cast<std::uint32_t>(entry.value);
    const bool same_site =
        i > 0 && entries[i - 1].host == entry.host && spelling(entries[i - 1]) == spelling(entry);
    if (same_site && nodes_.back().key == entry.key) {
      nodes_.back().values.push_back(value);
      continue;
    }
    const auto at = static_cast<std::uint32_t>(nodes_.size());
    if (!same_site) {
      Site site{entry.host, {}, {at, at}};
      const bool pattern = is_pattern(entry.host.name);
      if (pattern)
        for (const auto label : text::split(entry.host.name, '.'))
          site.labels.emplace_back(label);
      (pattern ? patterns_ : names_).push_back(std::move(site));
    }
    auto& site = (is_pattern(entry.host.name) ? patterns_ : names_).back();
    site.keys.last = at + 1;
    // Copied: the next entry is compared with this one.
    nodes_.push_back(Node{entry.key, entry.host_end, {value}, kNone});
  }
  for (const auto* sites : {&names_, &patterns_})
    for (const auto& site : *sites)
      hang(site.keys);
}

// From the least path up, those that the current one begins with lie on a stack.
void Keyring::hang(const Keys& keys) {
  std::vector<std::uint32_t> prefixes;
  for (auto at = keys.last; at-- > keys.first;) {
    const auto path = nodes_[at].path();
    while (!prefixes.empty() && !path.starts_with(nodes_[prefixes.back()].path()))
      prefixes.pop_back();
    if (!prefixes.empty()) nodes_[at].parent = prefixes.back();
    prefixes.push_back(at);
  }
}

// The greatest path up to this one. Whatever in the list is a prefix of `path` is one of that as well,
// because all that lies between a prefix and `path` begins with the prefix: so its chain holds every match.
std::uint32_t Keyring::nearest(const Keys& keys, std::string_view path) const {
  const auto first = nodes_.begin() + keys.first;
  const auto last = nodes_.begin() + keys.last;
  const auto found = std::partition_point(first, last, [&](const Node& node) { return node.path() > path; });
  return found == last ? kNone : static_cast<std::uint32_t>(found - nodes_.begin());
}

void Keyring::find_host(const HostName& host, std::vector<Keys>& into) const {
  const auto before = [](const Site& site, const HostName& wanted) { return site.host < wanted; };
  for (auto site = std::lower_bound(names_.begin(), names_.end(), host, before);
       site != names_.end() && site->host == host; ++site)
    into.push_back(site->keys);
  if (patterns_.empty()) return;
  const auto labels = text::split(host.name, '.');
  for (const auto& site : patterns_)
    if (site.host.port == host.port && site.labels.size() == labels.size() &&
        std::equal(site.labels.begin(), site.labels.end(), labels.begin(), glob_match))
      into.push_back(site.keys);
}

void Keyring::renumber(std::span<const std::uint32_t> values, std::size_t most) {
  for (auto& node : nodes_) {
    std::vector<std::uint32_t> kept;
    for (const auto old : node.values)
      if (const auto value = values[old];
          kept.size() < most && std::find(kept.begin(), kept.end(), value) == kept.end())
        kept.push_back(value);
    node.values = std::move(kept);
  }
}

std::vector<Keyring::Match> Keyring::match(std::span<const Keyring* const> rings,
                                           const image::Reference& reference) {
  const HostName host(reference.domain());
  if (!host.may_exist()) return {};
  struct Found {
    std::string_view key;
    Match match;
  };
  std::vector<Found> found;
  for (std::size_t ring = 0; ring < rings.size(); ++ring) {
    std::vector<Keys> all;
    rings[ring]->find_host(host, all);
    for (const auto& keys : all)
      rings[ring]->find_path(keys, reference.path(), [&](std::string_view key, auto values) {
        for (const auto value : values)
          found.push_back({key, {ring, value}});
        return true;
      });
  }
  std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.key > b.key; });
  std::vector<Match> matches;
  matches.reserve(found.size());
  for (const auto& one : found)
    matches.push_back(one.match);
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
