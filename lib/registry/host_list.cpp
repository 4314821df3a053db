#include "registry/host_list.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "net/client/http_client.hpp"

namespace digester::registry {
namespace {

namespace ip = boost::asio::ip;

Result<std::uint16_t> parse_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0 || port > 65535)
    return fail(ErrorKind::invalid, "its port is not between 1 and 65535");
  return static_cast<std::uint16_t>(port);
}

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

// A name whose last part is a number is meant for an address (WHATWG URL), and was none.
bool is_host(std::string_view text) {
  if (text.size() > 253) return false;
  if (text.ends_with('.')) text.remove_suffix(1);
  const auto labels = text::split(text, '.');
  return std::ranges::all_of(labels, is_label) &&
         labels.back().find_first_not_of("0123456789") != std::string_view::npos;
}

template <typename Bytes>
bool same_prefix(const Bytes& a, const Bytes& b, unsigned bits) {
  for (std::size_t i = 0; i < a.size() && bits > 0; ++i) {
    const unsigned here = std::min(bits, 8U);
    const auto mask = static_cast<unsigned char>(0xFF00U >> here);
    if ((a[i] & mask) != (b[i] & mask)) return false;
    bits -= here;
  }
  return true;
}

bool in_network(const ip::address& address, const ip::address& network, unsigned prefix) {
  if (address.is_v4() && network.is_v4())
    return same_prefix(address.to_v4().to_bytes(), network.to_v4().to_bytes(), prefix);
  if (address.is_v6() && network.is_v6())
    return same_prefix(address.to_v6().to_bytes(), network.to_v6().to_bytes(), prefix);
  return false;
}

tl::unexpected<Error> bad_entry(std::string_view entry, std::string_view why) {
  return fail(ErrorKind::invalid, "\"" + text::printable(entry, 128) + "\": " + std::string(why));
}

}  // namespace

std::optional<ip::address> parse_address(std::string_view host) {
  boost::system::error_code error;
  const auto address = ip::make_address(std::string(host), error);
  if (error) return std::nullopt;
  return address;
}

bool is_loopback_host(std::string_view host) {
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  const auto address = parse_address(host);
  return address && net::classify(*address) == net::AddressClass::loopback;
}

Result<HostList::Entry> HostList::parse_entry(std::string_view text, Prefix prefix) {
  Entry entry;
  auto rest = text::to_lower(text::trim(text));
  if (prefix == Prefix::none && rest.find("://") != std::string::npos)
    return bad_entry(text, "write the host alone, without a scheme");
  if (rest.starts_with("http://")) {
    entry.plain_only = true;
    rest.erase(0, 7);
  } else if (rest.find("://") != std::string::npos) {
    return bad_entry(text, "only http:// may stand before a host");
  }
  if (const auto slash = rest.find('/'); slash != std::string::npos) {
    const auto network = parse_address(rest.substr(0, slash));
    const std::string_view bits = std::string_view(rest).substr(slash + 1);
    const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), entry.prefix);
    if (!network || error != std::errc{} || end != bits.data() + bits.size() ||
        entry.prefix > (network->is_v4() ? 32U : 128U))
      return bad_entry(text, "not a CIDR such as 10.0.0.0/8");
    entry.network = *network;
    return entry;
  }
  if (const auto address = parse_address(rest)) {  // bare IPv6 too, whose colons are no port
    entry.host = address->to_string();
    return entry;
  }
  const auto colon = rest.rfind(':');
  const bool has_port = colon != std::string::npos && rest.find(']', colon) == std::string::npos;
  if (has_port) {
    const auto port = parse_port(std::string_view(rest).substr(colon + 1));
    if (!port) return bad_entry(text, port.error().message);
    entry.port = *port;
    rest.erase(colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) {
    const auto address = parse_address(std::string_view(rest).substr(1, rest.size() - 2));
    if (!address || !address->is_v6()) return bad_entry(text, "no IPv6 address stands in the brackets");
    entry.host = address->to_string();
    return entry;
  }
  const auto address = parse_address(rest);
  if (address && address->is_v6())
    return bad_entry(text, "write an IPv6 address with a port as [address]:port");
  if (!address && !is_host(rest)) return bad_entry(text, "neither a host, host:port nor a CIDR");
  entry.host = rest;
  return entry;
}

Result<HostList> HostList::parse(const std::vector<std::string>& entries, Prefix prefix) {
  HostList list;
  for (const auto& text : entries) {
    auto entry = parse_entry(text, prefix);
    if (!entry) return fail(std::move(entry.error()));
    list.entries_.push_back(std::move(*entry));
  }
  return list;
}

bool HostList::Entry::matches(std::string_view other, const std::optional<ip::address>& address,
                              std::uint16_t other_port) const {
  if (host.empty()) return address && in_network(*address, network, prefix);
  if (port && *port != other_port) return false;
  return address ? host == address->to_string() : host == other;
}

std::optional<HostList::Match> HostList::find(std::string_view host, std::uint16_t port) const {
  const auto address = parse_address(host);
  for (const auto& entry : entries_) {
    if (!entry.matches(host, address, port)) continue;
    Match match;
    match.plain_only = entry.plain_only;
    return match;
  }
  return std::nullopt;
}

std::vector<std::string> HostList::names() const {
  std::vector<std::string> names;
  for (const auto& entry : entries_) {
    if (entry.host.empty()) continue;
    auto name = entry.host.find(':') == std::string::npos ? entry.host : "[" + entry.host + "]";
    if (entry.port) name += ":" + std::to_string(*entry.port);
    names.push_back(std::move(name));
  }
  return names;
}

Result<RealmAllow> RealmAllow::parse(const std::vector<std::string>& entries) {
  RealmAllow allow;
  for (const auto& text : entries) {
    const auto parts = text::split(text, '=');
    if (parts.size() != 2 || text::is_blank(parts[0]) || text::is_blank(parts[1]))
      return bad_entry(text, "write REGISTRY=HOST");
    auto name = text::to_lower(text::trim(parts[0]));
    if (name == "docker.io" || name == "index.docker.io") name = "registry-1.docker.io";
    auto registry = HostList::parse({name});
    if (!registry) return bad_entry(text, registry.error().message);
    auto realm = HostList::parse({std::string(parts[1])});
    if (!realm) return bad_entry(text, realm.error().message);
    allow.pairs_.push_back({std::move(*registry), std::move(*realm)});
  }
  return allow;
}

bool RealmAllow::allows(std::string_view registry, std::uint16_t registry_port, std::string_view realm,
                        std::uint16_t realm_port) const {
  return std::ranges::any_of(pairs_, [&](const Pair& pair) {
    return pair.registry.contains(registry, registry_port) && pair.realm.contains(realm, realm_port);
  });
}

}  // namespace digester::registry
