#include "net/client/core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/text.hpp"
#include "net/authority.hpp"
#include "net/client/address.hpp"
#include "net/client/tunnel.hpp"
#include "net/with_timeout.hpp"

namespace digester::net {
namespace {

std::string canonical_name(std::string_view host) {
  while (host.ends_with('.'))
    host.remove_suffix(1);
  return text::to_lower(host);
}

constexpr std::string_view kNever = "link-local, metadata and reserved addresses never are";
constexpr std::string_view kCluster = "the Kubernetes API is no registry";
constexpr std::string_view kListed =
    "are where they are listed: a registry with --insecure-registries, where it redirects to with "
    "--redirect-allow";

Error not_allowed(const Route& route, std::string_view why, std::string detail) {
  return {ErrorKind::forbidden, fmt::format("{} may not be reached: {}", route.peer, why), std::move(detail)};
}

// A name does not tell what it resolves to; a literal hides nothing.
std::string why_not_allowed(const Route& route) {
  const auto literal = parse_literal(route.target.host);
  if (canonical_name(route.target.host) == "localhost") return fmt::format("loopback addresses {}", kListed);
  if (!literal)
    return fmt::format("its address is not an allowed one (loopback and private ones {}; {})", kListed,
                       kNever);
  switch (classify(*literal)) {
    case AddressClass::loopback:
      return fmt::format("loopback addresses {}", kListed);
    case AddressClass::private_address:
      return fmt::format("private addresses {}", kListed);
    default:
      return std::string(kNever);
  }
}

std::string_view name_of(AddressClass value) {
  switch (value) {
    case AddressClass::public_address:
      return "public";
    case AddressClass::private_address:
      return "private";
    case AddressClass::loopback:
      return "loopback";
    case AddressClass::denied:
      return "never allowed";
  }
  return "unknown";
}

bool is_denied(const Core& core, const asio::ip::address& address, std::uint16_t port) {
  return std::ranges::any_of(core.denied_hosts, [&](const DeniedHost& never) {
    return never.name.empty() && never.address == address && never.port.value_or(port) == port;
  });
}

bool is_denied(const Core& core, const std::string& name, std::uint16_t port) {
  return std::ranges::any_of(core.denied_hosts, [&](const DeniedHost& never) {
    return never.name == name && never.port.value_or(port) == port;
  });
}

struct Checked {
  Addresses allowed;
  AddressClass least_public = AddressClass::public_address;
  std::string refused;  // for the log
};

Checked check(const Core& core, const Addresses& addresses, std::uint16_t port, const AddressPolicy& policy) {
  Checked checked;
  for (const auto& address : addresses) {
    const AddressClass is = classify(address);
    if (permits(policy, is) && !is_denied(core, address, port)) {
      checked.allowed.push_back(address);
      checked.least_public = std::max(checked.least_public, is);
    } else {
      checked.refused +=
          fmt::format("{}{} ({})", checked.refused.empty() ? "" : ", ", address.to_string(), name_of(is));
    }
  }
  return checked;
}

bool is_local(std::string_view host) {
  const auto literal = parse_literal(host);
  return literal ? classify(*literal) == AddressClass::loopback : canonical_name(host) == "localhost";
}

Task<Result<void>> start_tls(Core& core, Stream& stream, const Route& route, SteadyTime deadline) {
  auto session = core.tls.session(route.target.host);
  if (!session) co_return fail(std::move(session.error()));
  const SteadyTime until = std::min(
      deadline, core.clock.now() + std::chrono::duration_cast<SteadyTime::duration>(core.options.tls_limit));
  auto handshake = stream.start_tls(std::move(*session), core.tls, route.peer, until);
  auto done = co_await with_timeout(until, std::move(handshake));
  if (!done)
    co_return fail(ErrorKind::timed_out, fmt::format("no TLS session with {}: it took too long", route.peer));
  co_return std::move(*done);
}

}  // namespace

Core::Core(asio::io_context& context, ClientOptions client_options)
    : io(context),
      options(std::move(client_options)),
      dns(context, options.dns),
      tls(context, options.trust, options.tls, options.wording),
      proxies(options.proxy),
      pool(options.pool),
      sweeping(context.get_executor()) {
  for (const auto& text : options.denied_hosts) {
    const auto authority = parse_authority(text);
    if (!authority) throw std::invalid_argument("denied_hosts: " + text);
    if (const auto address = parse_literal(authority->host))
      denied_hosts.push_back({*address, {}, authority->port});
    else
      denied_hosts.push_back({{}, canonical_name(authority->host), authority->port});
  }
}

Result<Route> make_route(const Core& core, const Url& target, const AddressPolicy& policy) {
  Route route{target, policy, std::nullopt, {}, target.authority()};
  const std::string name = canonical_name(target.host);
  if (name.empty()) return fail(ErrorKind::invalid, "the URL names no host");
  if (is_metadata_name(name) && !policy.allow_metadata)
    return fail(not_allowed(route, kNever, "a metadata service"));
  if (is_odd_ipv4(target.host))
    return fail(ErrorKind::forbidden,
                fmt::format("{} is an IPv4 address in an unusual spelling; write it as four decimal numbers",
                            route.peer));
  if (is_denied(core, name, target.port)) return fail(not_allowed(route, kCluster, "a denied host"));

  // Metadata services are asked without a proxy: elsewhere they are somebody else's.
  if (!policy.allow_metadata) {
    auto proxy = core.proxies.select(target);
    if (!proxy) return fail(std::move(proxy.error()));
    route.proxy = std::move(*proxy);
  }
  if (const auto literal = parse_literal(target.host)) {
    const auto checked = check(core, {*literal}, target.port, policy);
    if (checked.allowed.empty()) {
      const auto why =
          is_denied(core, *literal, target.port) ? std::string(kCluster) : why_not_allowed(route);
      return fail(not_allowed(route, why, checked.refused));
    }
  }
  route.key = fmt::format("{}|{}|{}{}{}{}", target.origin(), route.proxy ? route.proxy->name() : "",
                          policy.allow_loopback ? 'l' : '-', policy.allow_private ? 'p' : '-',
                          policy.allow_metadata ? 'm' : '-', policy.listed ? 'n' : '-');
  return route;
}

Error presentable(Error error, const Route& route, AddressClass peer) {
  if (route.policy.listed || peer == AddressClass::public_address) return error;
  switch (error.kind) {
    case ErrorKind::unreachable:
    case ErrorKind::timed_out:
    case ErrorKind::protocol:
    case ErrorKind::unsupported:
      break;
    default:
      return error;
  }
  std::string detail = std::move(error.message);
  if (!error.detail.empty()) detail += " (" + error.detail + ")";
  Error hidden{ErrorKind::unreachable, fmt::format("{} is not reachable", route.peer), std::move(detail)};
  hidden.settled = error.settled;
  return hidden;
}

Task<Result<ConnectionPtr>> open_connection(std::shared_ptr<Core> core, std::shared_ptr<const Route> route,
                                            SteadyTime deadline) {
  // What listens here is mostly plain http, tried over TLS first: its certificate, if it has one, can wait.
  if (route->target.scheme == Scheme::https && !is_local(route->target.host)) core->tls.prepare();
  // The proxy is the operator's own choice; the target behind it was checked as far as its name goes.
  AddressPolicy policy = route->policy;
  if (route->proxy)
    policy = {.allow_loopback = true, .allow_private = true, .allow_metadata = false, .listed = true};
  const std::string host = route->proxy ? route->proxy->host : route->target.host;
  const std::uint16_t port = route->proxy ? route->proxy->port : route->target.port;
  const std::string whom = route->proxy ? "the proxy " + route->proxy->name() : route->peer;

  auto addresses = co_await core->dns.resolve(host, deadline);
  if (!addresses) {
    Error error = std::move(addresses.error());
    if (route->proxy) error.message = "the proxy cannot be used: " + error.message;
    co_return fail(std::move(error));
  }
  const Checked checked = check(*core, *addresses, port, policy);
  if (checked.allowed.empty()) co_return fail(not_allowed(*route, why_not_allowed(*route), checked.refused));
  AddressClass peer = checked.least_public;
  if (route->proxy) {
    const auto literal = parse_literal(route->target.host);
    peer = literal ? classify(*literal) : AddressClass::public_address;
  }

  const ConnectLimits limits{core->options.connect_limit, core->options.connect_stagger,
                             core->options.user_timeout};
  auto connected = co_await connect(checked.allowed, port, limits, deadline);
  if (!connected) {
    Error error = std::move(connected.error());
    error.message = fmt::format("cannot connect to {}: {}", whom, error.message);
    if (error.kind == ErrorKind::unreachable)
      error.message +=
          route->proxy ? " (is the proxy of the environment the right one, and up?)"
                       : fmt::format(" (are host and port right, and is {} up?)", core->options.wording.peer);
    co_return fail(presentable(std::move(error), *route, peer));
  }
  if (!route->proxy) peer = classify(connected->address);
  auto connection = std::make_unique<Connection>(std::move(connected->socket), peer, core->clock.now());
  if (route->tunnel()) {
    auto opened =
        co_await open_tunnel(connection->stream, *route->proxy, route->target, core->options, deadline);
    if (!opened) co_return fail(presentable(std::move(opened.error()), *route, peer));
  }
  if (route->target.scheme == Scheme::https) {
    auto secured = co_await start_tls(*core, connection->stream, *route, deadline);
    if (!secured) co_return fail(presentable(std::move(secured.error()), *route, peer));
  }
  co_return connection;
}

}  // namespace digester::net
