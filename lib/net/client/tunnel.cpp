#include "net/client/tunnel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "net/client/response_reader.hpp"
#include "net/with_timeout.hpp"

namespace digester::net {
namespace {

// 5xx may be the target's failure, and pass.
Error refused(const ProxyServer& proxy, unsigned status) {
  Error error;
  error.kind = ErrorKind::unreachable;
  error.settled = status < 500;
  error.message = fmt::format("the proxy {} refused to connect (status {}): {}", proxy.name(), status,
                              error.settled ? "allow this host and port there, or list the host in NO_PROXY"
                                            : "is the host right, and can the proxy reach it?");
  return error;
}

Task<Result<void>> ask(Stream& stream, std::string request, ProxyServer proxy, ReaderLimits limits) {
  const bool written = co_await stream.write(request);
  const std::string name = "the proxy " + proxy.name();
  if (!written) co_return fail(ErrorKind::unreachable, fmt::format("{} closed the connection", name));
  ResponseReader reader = ResponseReader::for_connect(limits, name);
  std::array<char, 4096> block;
  bool surplus = false;
  while (!reader.head_done()) {
    const StreamRead read = co_await stream.read_some(block.data(), block.size());
    if (read.size > 0) {
      const auto used = reader.feed({block.data(), read.size});
      if (!used) co_return fail(ErrorKind::unreachable, used.error().message);
      surplus = *used < read.size;
    }
    if (read.end != StreamEnd::open && !reader.head_done())
      co_return fail(ErrorKind::unreachable, fmt::format("{} closed the connection", name), read.cause);
  }
  const unsigned status = reader.response().status;
  if (status == 407) co_return fail(proxy_wants_credentials(proxy));
  if (status / 100 != 2) co_return fail(refused(proxy, status));
  // In TLS the client speaks first: whatever came along is not the target's.
  if (surplus) co_return fail(ErrorKind::unreachable, fmt::format("{} sent more than its answer", name));
  co_return Result<void>();
}

}  // namespace

Error proxy_wants_credentials(const ProxyServer& proxy) {
  Error error;
  error.kind = ErrorKind::unreachable;
  error.message =
      proxy.authorization.empty()
          ? fmt::format(
                "the proxy {} asks for credentials (407): give them as user:password@ in the proxy's URL",
                proxy.name())
          : fmt::format("the proxy {} refused the credentials of its URL (407); correct them", proxy.name());
  error.settled = true;
  return error;
}

Task<Result<void>> open_tunnel(Stream& stream, ProxyServer proxy, Url target, const ClientOptions& options,
                               SteadyTime deadline) {
  const std::string host = target.host.find(':') == std::string::npos ? target.host : "[" + target.host + "]";
  std::string request = fmt::format("CONNECT {0}:{1} HTTP/1.1\r\nHost: {0}:{1}\r\nUser-Agent: {2}\r\n", host,
                                    target.port, options.user_agent);
  if (!proxy.authorization.empty())
    request += fmt::format("Proxy-Authorization: {}\r\n", proxy.authorization);
  request += "\r\n";
  ReaderLimits limits;
  limits.head = options.head_bytes;
  const SteadyTime until = std::min(
      deadline, SystemClock().now() + std::chrono::duration_cast<SteadyTime::duration>(options.proxy_limit));
  auto asking = ask(stream, std::move(request), proxy, limits);
  auto done = co_await with_timeout(until, std::move(asking));
  if (!done)
    co_return fail(ErrorKind::timed_out, fmt::format("the proxy {} did not answer in time", proxy.name()));
  co_return std::move(*done);
}

}  // namespace digester::net
