#include "net/client/proxy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "net/authority.hpp"
#include "net/client/address.hpp"

namespace digester::net {
namespace {

namespace ip = boost::asio::ip;
using Bytes = ip::address_v6::bytes_type;

// One form for comparing: IPv4 as ::ffff:a.b.c.d, as Go's net.IP does.
Bytes wide(const ip::address& address) {
  return address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()).to_bytes()
                         : address.to_v6().to_bytes();
}

bool is_v4(const Bytes& bytes) {
  return ip::address_v6(bytes).is_v4_mapped();
}

bool same_prefix(const Bytes& a, const Bytes& b, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) return false;
  const int rest = bits % 8;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

bool is_loopback(const ip::address& address) {
  if (address.is_loopback()) return true;
  return address.is_v6() && address.to_v6().is_v4_mapped() &&
         ip::make_address_v4(ip::v4_mapped, address.to_v6()).is_loopback();
}

struct HostPort {
  std::string_view host;
  std::string_view port;
};

// Go's net.SplitHostPort: a port must be there, and more than one colon needs brackets.
std::optional<HostPort> split_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return std::nullopt;
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  if (host.find_first_of("[]") != std::string_view::npos) return std::nullopt;
  return HostPort{host, text.substr(colon + 1)};
}

Result<std::optional<ProxyServer>> parse_proxy(std::string_view variable, std::string_view value) {
  const auto unusable = [&](std::string_view why) {
    return fail(ErrorKind::unsupported, fmt::format("the proxy in {} cannot be used: {}", variable, why));
  };
  value = text::trim(value);
  if (value.empty()) return std::optional<ProxyServer>();
  std::string scheme = "http";
  if (const auto end = value.find("://"); end != std::string_view::npos) {
    scheme = text::to_lower(value.substr(0, end));
    value.remove_prefix(end + 3);
  }
  if (scheme == "socks5" || scheme == "socks5h")
    return unusable("SOCKS is not supported, only http proxies are");
  if (scheme == "https") return unusable("a TLS connection to the proxy is not supported, only http:// is");
  if (scheme != "http") return unusable("its scheme is not http");
  const auto authority = parse_authority(value.substr(0, value.find_first_of("/?#")));
  if (!authority) return unusable("it is not a URL with a host");

  ProxyServer proxy;
  proxy.host = authority->host;
  proxy.port = authority->port.value_or(80);
  if (const auto info = authority->userinfo) {
    const auto colon = std::min(info->find(':'), info->size());
    const auto user = percent_decode(info->substr(0, colon));
    const auto password = percent_decode(info->substr(std::min(colon + 1, info->size())));
    if (!user || !password) return unusable("an escape in its user information is broken");
    proxy.authorization = "Basic " + text::base64_encode(fmt::format("{}:{}", *user, *password));
  }
  return proxy;
}

}  // namespace

ProxyOptions ProxyOptions::from_environment(const std::function<const char*(const char*)>& get) {
  const auto either = [&](const char* upper, const char* lower) -> std::string {
    for (const char* name : {upper, lower})
      if (const char* value = get(name); value && *value) return value;
    return {};
  };
  ProxyOptions options;
  options.http_proxy = either("HTTP_PROXY", "http_proxy");
  options.https_proxy = either("HTTPS_PROXY", "https_proxy");
  options.no_proxy = either("NO_PROXY", "no_proxy");
  return options;
}

std::string ProxyServer::name() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

NoProxy::NoProxy(std::string_view list) {
  for (const std::string_view part : text::split(list, ',')) {
    const std::string entry = text::to_lower(text::trim(part));
    if (entry.empty()) continue;
    if (entry == "*") {
      all_ = true;
      continue;
    }
    if (const auto slash = entry.find('/'); slash != std::string::npos) {
      const auto address = parse_literal(std::string_view(entry).substr(0, slash));
      int bits = -1;
      const char* end = entry.data() + entry.size();
      const auto parsed = std::from_chars(entry.data() + slash + 1, end, bits);
      const int most = address && address->is_v4() ? 32 : 128;
      if (address && parsed.ec == std::errc{} && parsed.ptr == end && bits >= 0 && bits <= most) {
        const bool v4 = is_v4(wide(*address));
        networks_.push_back({wide(*address), address->is_v4() ? bits + 96 : v4 ? std::max(bits, 96) : bits});
        continue;
      }
    }
    std::string_view host = entry;
    std::string_view port;
    if (const auto parts = split_host_port(entry)) {
      host = parts->host;
      port = parts->port;
    }
    if (host.empty()) continue;
    if (const auto address = parse_literal(host)) {
      hosts_.push_back({wide(*address), std::string(port)});
      continue;
    }
    if (host.starts_with("*.")) host.remove_prefix(1);
    const bool itself = !host.starts_with('.');
    domains_.push_back({itself ? fmt::format(".{}", host) : std::string(host), std::string(port), itself});
  }
}

bool NoProxy::matches(std::string_view host, std::uint16_t port) const {
  if (all_) return true;
  const std::string port_text = std::to_string(port);
  const auto port_matches = [&](const std::string& wanted) { return wanted.empty() || wanted == port_text; };
  if (const auto address = parse_literal(host)) {
    const Bytes bytes = wide(*address);
    for (const auto& network : networks_)
      if (is_v4(bytes) == is_v4(network.prefix) && same_prefix(bytes, network.prefix, network.bits))
        return true;
    for (const auto& entry : hosts_)
      if (entry.address == bytes && port_matches(entry.port)) return true;
  }
  for (const auto& domain : domains_) {
    const bool hit = host.ends_with(domain.suffix) || (domain.itself && host == domain.suffix.substr(1));
    if (hit && port_matches(domain.port)) return true;
  }
  return false;
}

ProxyRules::ProxyRules(const ProxyOptions& options)
    : http_(parse_proxy("HTTP_PROXY", options.http_proxy)),
      https_(parse_proxy("HTTPS_PROXY", options.https_proxy)),
      no_proxy_(options.no_proxy),
      loopback_(options.loopback) {}

Result<std::optional<ProxyServer>> ProxyRules::select(const Url& target) const {
  const auto& proxy = target.scheme == Scheme::https ? https_ : http_;
  if (proxy && !*proxy) return std::optional<ProxyServer>();
  if (!loopback_ && target.host == "localhost") return std::optional<ProxyServer>();
  if (const auto address = parse_literal(target.host); !loopback_ && address && is_loopback(*address))
    return std::optional<ProxyServer>();
  if (no_proxy_.matches(target.host, target.port)) return std::optional<ProxyServer>();
  return proxy;
}

}  // namespace digester::net
