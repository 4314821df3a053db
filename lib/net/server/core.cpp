#include "net/server/core.hpp"

#include <boost/asio/post.hpp>

namespace digester::net::server {
namespace {

constexpr auto kQuiet = std::chrono::seconds(10);

prometheus::Counter& rejected(Metrics& metrics, const std::string& listener, const char* reason) {
  return metrics.counter("digester_http_rejected_requests_total",
                         "Requests refused before a handler saw them, or cut off.",
                         {{"listener", listener}, {"reason", reason}});
}

prometheus::Counter& failed_handshake(Metrics& metrics, const std::string& listener, const char* reason) {
  return metrics.counter("digester_tls_handshake_failures_total",
                         "TLS handshakes that did not end in a connection.",
                         {{"listener", listener}, {"reason", reason}});
}

}  // namespace

Counters::Counters(Metrics& metrics, const std::string& listener)
    : requests(metrics.counter("digester_http_requests_total", "Requests received whole.",
                               {{"listener", listener}})),
      connections(metrics.counter("digester_http_connections_total", "Connections accepted.",
                                  {{"listener", listener}})),
      connections_refused(metrics.counter("digester_http_connections_refused_total",
                                          "Connections closed at once because of the limit on connections.",
                                          {{"listener", listener}})),
      connections_open(metrics.gauge("digester_http_connections_open", "Connections that are open.",
                                     {{"listener", listener}})),
      bad_requests(rejected(metrics, listener, "malformed")),
      head_too_large(rejected(metrics, listener, "head_too_large")),
      body_too_large(rejected(metrics, listener, "body_too_large")),
      overloaded(rejected(metrics, listener, "overloaded")),
      request_timeouts(rejected(metrics, listener, "slow_request")),
      write_timeouts(rejected(metrics, listener, "slow_reader")),
      handler_failures(metrics.counter("digester_http_handler_failures_total",
                                       "Requests answered with 500 because their handler threw.",
                                       {{"listener", listener}})),
      handshake_timeouts(failed_handshake(metrics, listener, "timeout")),
      handshake_plain_http(failed_handshake(metrics, listener, "plain_http")),
      handshake_certificate_refused(failed_handshake(metrics, listener, "certificate_refused")),
      handshake_no_shared_parameters(failed_handshake(metrics, listener, "no_shared_parameters")),
      handshake_closed(failed_handshake(metrics, listener, "closed")),
      handshake_other(failed_handshake(metrics, listener, "other")) {}

Core::Core(std::vector<asio::io_context*> contexts, ServerOptions server_options, Handler& request_handler,
           const Clock& the_clock, const Logger& logger, Metrics& metrics_registry,
           std::shared_ptr<ServerTls> server_tls)
    : options(std::move(server_options)),
      handler(request_handler),
      clock(the_clock),
      log(logger),
      tls(std::move(server_tls)),
      metrics(metrics_registry, options.name) {
  for (auto* context : contexts)
    shards.push_back(std::make_unique<Shard>(*context, clock));
}

void Core::begin_stop() {
  draining = true;
  stopping = true;
  for (const auto& shard : shards)
    asio::post(shard->io, [self = shared_from_this(), &home = *shard] {
      for (auto at = home.connections.begin(); at != home.connections.end();) {
        const Connection::Pointer connection(&*at++);
        connection->stop();
      }
    });
}

void Core::abort() {
  draining = true;
  stopping = true;
  for (const auto& shard : shards)
    asio::post(shard->io, [self = shared_from_this(), &home = *shard] {
      while (!home.connections.empty()) {
        const Connection::Pointer connection(&home.connections.front());
        connection->abort();
      }
    });
}

void Core::warn_now_and_then(std::string_view message, std::string_view cause) {
  const auto now = clock.now();
  auto quiet_until = quiet_until_.load(std::memory_order_relaxed);
  if (now < quiet_until || !quiet_until_.compare_exchange_strong(quiet_until, now + kQuiet)) return;
  log.warn(message, {{"listener", options.name}, {"cause", cause}});
}

}  // namespace digester::net::server
