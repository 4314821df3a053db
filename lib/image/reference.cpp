#include "image/reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>

#include "base/text.hpp"
#include "image/fault.hpp"

// Every scanner reads its part once, from left to right: the text is an attacker's input.
namespace digester::image {
namespace {

constexpr std::string_view kDefaultDomain = "docker.io";
constexpr std::string_view kLegacyDomain = "index.docker.io";
constexpr std::string_view kDefaultApiHost = "registry-1.docker.io";
constexpr std::string_view kOfficialPrefix = "library/";
constexpr std::size_t kMaxPath = 255;
constexpr std::size_t kMaxTag = 128;
constexpr std::size_t kMaxHost = 253;  // of any DNS name, RFC 1035 §2.3.4 in its text form
constexpr unsigned kMaxPort = 65535;

// What a character may be, so that one look tells.
enum Class : unsigned char { kDigit = 1, kLower = 2, kUpper = 4, kHexLetter = 8, kSeparator = 16 };
constexpr auto kClasses = [] {
  std::array<unsigned char, 256> classes{};
  for (std::size_t c = '0'; c <= '9'; ++c)
    classes[c] = kDigit;
  for (std::size_t c = 'a'; c <= 'z'; ++c)
    classes[c] = kLower | (c <= 'f' ? kHexLetter : 0);
  for (std::size_t c = 'A'; c <= 'Z'; ++c)
    classes[c] = kUpper | (c <= 'F' ? kHexLetter : 0);
  for (const unsigned char c : {'.', '_', '-'})
    classes[c] = kSeparator;
  return classes;
}();
bool is(char c, unsigned classes) {
  return (kClasses[static_cast<unsigned char>(c)] & classes) != 0;
}
bool is_digit(char c) {
  return is(c, kDigit);
}
bool is_upper(char c) {
  return is(c, kUpper);
}
bool is_alnum(char c) {
  return is(c, kDigit | kLower | kUpper);
}
bool is_hex(char c) {
  return is(c, kDigit | kHexLetter);
}
bool is_separator(char c) {
  return is(c, kSeparator);
}

// A part of the whole text, so that faults name their place in the whole.
struct Part {
  std::string_view whole;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view text() const { return whole.substr(begin, end - begin); }
  Fault unexpected(std::size_t at, std::string_view place) const {
    return Fault{at, fmt::format("{} cannot stand in {}", describe_character(whole, at), place)};
  }
};

std::optional<Fault> fault_in_port(const Part& port) {
  if (port.begin == port.end) return Fault{port.end, "the port after ':' is missing"};
  unsigned value = 0;
  for (std::size_t i = port.begin; i < port.end; ++i) {
    if (!is_digit(port.whole[i])) return port.unexpected(i, "a port");
    value = std::min(value * 10 + static_cast<unsigned>(port.whole[i] - '0'), kMaxPort + 1);
  }
  if (value == 0 || value > kMaxPort) return Fault{port.begin, "the port is not between 1 and 65535"};
  return std::nullopt;
}

// "[" 1*( HEXDIG | ":" ) "]"; whether it is an address is found out when it is connected to.
std::optional<Fault> fault_in_ip_literal(const Part& host) {
  if (host.begin + 2 == host.end) return Fault{host.begin + 1, "there is no address between the brackets"};
  for (std::size_t i = host.begin + 1; i + 1 < host.end; ++i)
    if (!is_hex(host.whole[i]) && host.whole[i] != ':') return host.unexpected(i, "an IPv6 address");
  return std::nullopt;
}

std::optional<Fault> fault_in_host_name(const Part& host) {
  if (host.begin == host.end) return Fault{host.begin, "the host is missing"};
  if (host.end - host.begin > kMaxHost)
    return Fault{host.begin + kMaxHost, fmt::format("the host is longer than {} bytes", kMaxHost)};
  for (std::size_t i = host.begin; i < host.end; ++i) {
    const char c = host.whole[i];
    if (is_alnum(c)) continue;
    if (c != '.' && c != '-') return host.unexpected(i, "a host name");
    const bool after_label =
        i > host.begin && (is_alnum(host.whole[i - 1]) || (c == '-' && host.whole[i - 1] == '-'));
    const bool ends_here = i + 1 == host.end || host.whole[i + 1] == '.';
    if (!after_label || ends_here)
      return Fault{i, fmt::format("each label of a host name begins and ends with a letter or digit, not {}",
                                  describe_character(host.whole, i))};
  }
  return std::nullopt;
}

std::optional<Fault> fault_in_domain(const Part& domain) {
  const auto text = domain.text();
  std::size_t host_end = domain.end;
  if (text.starts_with('[')) {
    const auto bracket = text.find(']');
    if (bracket == std::string_view::npos) return Fault{domain.end, "the ']' of the address is missing"};
    host_end = domain.begin + bracket + 1;
    if (auto fault = fault_in_ip_literal({domain.whole, domain.begin, host_end})) return fault;
    if (host_end != domain.end && domain.whole[host_end] != ':') return domain.unexpected(host_end, "a port");
  } else {
    if (const auto colon = text.find(':'); colon != std::string_view::npos) host_end = domain.begin + colon;
    if (auto fault = fault_in_host_name({domain.whole, domain.begin, host_end})) return fault;
  }
  if (host_end == domain.end) return std::nullopt;
  return fault_in_port({domain.whole, host_end + 1, domain.end});
}

std::optional<Fault> fault_in_path(const Part& path) {
  if (path.begin == path.end) return Fault{path.end, "the repository name is missing"};
  bool component_open = false;  // the component so far ends with a letter or digit
  for (std::size_t i = path.begin; i < path.end; ++i) {
    const char c = path.whole[i];
    if (is(c, kLower | kDigit)) {
      component_open = true;
    } else if (c == '/') {
      if (!component_open) return Fault{i, "a part of the repository name is empty"};
      if (i + 1 == path.end) return Fault{i, "the repository name ends with '/'"};
      component_open = false;
    } else if (is_separator(c)) {
      // One separator: ".", "_", "__" or any number of "-".
      if (!component_open) return Fault{i, fmt::format("a part of the repository name begins with '{}'", c)};
      std::size_t last = i;
      while (last + 1 < path.end && path.whole[last + 1] == c)
        ++last;
      const auto length = last - i + 1;
      if ((c == '.' && length > 1) || (c == '_' && length > 2))
        return Fault{i, fmt::format("too many '{}' in a row in the repository name", c)};
      if (last + 1 == path.end || path.whole[last + 1] == '/')
        return Fault{last, fmt::format("a part of the repository name ends with '{}'", c)};
      if (is_separator(path.whole[last + 1]))
        return Fault{last + 1, "two different separators in a row in the repository name"};
      i = last;
    } else if (is_upper(c)) {
      return Fault{i, fmt::format("repository names are lower case, and '{}' is not", c)};
    } else {
      return path.unexpected(i, "a repository name");
    }
  }
  return std::nullopt;
}

std::optional<Fault> fault_in_tag(const Part& tag) {
  if (tag.begin == tag.end) return Fault{tag.end, "the tag after ':' is missing"};
  for (std::size_t i = tag.begin; i < tag.end; ++i) {
    const char c = tag.whole[i];
    if (is_alnum(c) || c == '_') continue;
    if (c != '.' && c != '-') return tag.unexpected(i, "a tag");
    if (i == tag.begin) return Fault{i, fmt::format("a tag cannot begin with '{}'", c)};
    if (i - tag.begin >= kMaxTag) break;
  }
  if (tag.end - tag.begin > kMaxTag)
    return Fault{tag.begin + kMaxTag, fmt::format("the tag is longer than {} bytes", kMaxTag)};
  return std::nullopt;
}

bool is_domain(std::string_view first_segment) {
  return first_segment == "localhost" || std::any_of(first_segment.begin(), first_segment.end(), [](char c) {
           return c == '.' || c == ':' || is_upper(c);
         });
}

// 64 hex digits alone may be an image's id, and runtimes refuse them.
bool is_identifier(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_hex(c) && !is_upper(c); });
}

// Where each part lies in the text, without a look at its content.
struct Layout {
  std::optional<Part> domain;
  Part path;
  std::optional<Part> tag;
  std::optional<Part> digest;
};

Layout lay_out(std::string_view text) {
  Layout layout;
  std::size_t end = text.size();
  if (const auto at = text.find('@'); at != std::string_view::npos) {
    layout.digest = Part{text, at + 1, text.size()};
    end = at;
  }
  const auto name = text.substr(0, end);
  std::size_t path_begin = 0;
  // Without a slash there is no domain: the colon of registry:5000 is a tag's.
  if (const auto slash = name.find('/');
      slash != std::string_view::npos && is_domain(name.substr(0, slash))) {
    layout.domain = Part{text, 0, slash};
    path_begin = slash + 1;
  }
  std::size_t path_end = end;
  if (const auto colon = name.find(':', path_begin); colon != std::string_view::npos) {
    layout.tag = Part{text, colon + 1, end};
    path_end = colon;
  }
  layout.path = Part{text, path_begin, path_end};
  return layout;
}

std::optional<Fault> find_fault(std::string_view text, const Layout& layout) {
  if (text.empty()) return Fault{0, "it is empty"};
  if (is_identifier(text)) return Fault{0, "64 hex digits alone are an image's id; give it a tag"};
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos)
    return Fault{scheme, "it has a scheme; write the registry's name alone"};
  if (layout.domain)
    if (auto fault = fault_in_domain(*layout.domain)) return fault;
  if (auto fault = fault_in_path(layout.path)) return fault;
  if (layout.tag)
    if (auto fault = fault_in_tag(*layout.tag)) return fault;
  if (layout.digest) {
    const auto digest = layout.digest->text();
    if (const auto second = digest.find('@'); second != std::string_view::npos)
      return Fault{layout.digest->begin + second, "there is more than one '@'"};
    if (auto fault = fault_in_digest(digest))
      return Fault{layout.digest->begin + fault->at, std::move(fault->cause)};
  }
  return std::nullopt;
}

std::string join(std::string_view name, const Digest& digest) {
  std::string joined;
  joined.reserve(name.size() + 1 + digest.str().size());
  joined.append(name).append(1, '@').append(digest.str());
  return joined;
}

}  // namespace

Result<Reference> Reference::parse(std::string_view text) {
  constexpr std::string_view kWhat = "an image reference";
  const Layout layout = lay_out(text);
  if (const auto fault = find_fault(text, layout)) return fail_at(kWhat, text, *fault);

  auto parts = std::make_shared<Parts>();
  parts->original = std::string(text);
  parts->name_length = layout.path.end;
  const auto domain = layout.domain ? layout.domain->text() : kDefaultDomain;
  parts->domain = domain == kLegacyDomain ? kDefaultDomain : domain;
  const bool on_hub = parts->domain == kDefaultDomain;
  parts->api_host = on_hub ? std::string(kDefaultApiHost) : parts->domain;
  for (char& c : parts->api_host)
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  const auto path = layout.path.text();
  if (on_hub && path.find('/') == std::string_view::npos) parts->path = kOfficialPrefix;
  parts->path += path;
  if (parts->path.size() > kMaxPath)
    return fail_at(kWhat, text,
                   {layout.path.begin + kMaxPath - (parts->path.size() - path.size()),
                    fmt::format("the repository name is longer than {} bytes", kMaxPath)});
  if (layout.tag) {
    parts->tag = std::string(layout.tag->text());
    parts->explicit_tag = true;
  }
  if (layout.digest) {
    auto digest = Digest::parse(layout.digest->text());
    if (!digest) return fail(std::move(digest.error()));
    parts->digest = std::move(*digest);
  } else if (!layout.tag) {
    parts->tag = "latest";
  }
  return Reference(std::move(parts));
}

std::string Reference::pinned(const Digest& digest) const {
  assert(!this->digest());
  return join(original(), digest);
}

std::string Reference::pinned_without_tag(const Digest& digest) const {
  return join(name_as_written(), digest);
}

std::string_view Reference::name_as_written() const {
  return std::string_view(original()).substr(0, parts_->name_length);
}

}  // namespace digester::image
