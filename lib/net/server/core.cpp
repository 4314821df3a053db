#include "net/server/core.hpp"

#include <fmt/format.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>

namespace digester::net::server {
namespace {

using asio::ip::tcp;

constexpr auto kAcceptPause = std::chrono::milliseconds(100);
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

std::string printable_endpoint(const tcp::endpoint& endpoint) {
  const auto host = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", host, endpoint.port())
                                    : fmt::format("{}:{}", host, endpoint.port());
}

std::string_view cure_for(const boost::system::error_code& error) {
  if (error == asio::error::address_in_use)
    return "another process listens there: stop it or choose another port";
  if (error == asio::error::access_denied) return "ports below 1024 need a privilege: choose a higher one";
  if (error == boost::system::errc::address_not_available) return "this host does not have that address";
  return "choose another address or port";
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
      metrics(metrics_registry, options.name),
      acceptor_(contexts.at(0)->get_executor()),
      accept_pause_(contexts.at(0)->get_executor()) {
  for (auto* context : contexts)
    shards_.push_back(std::make_unique<Shard>(*context, clock));
}

Result<void> Core::start() {
  if (options.address.empty()) {
    // Every address: one socket for IPv6 and IPv4, or IPv4 alone where the host has no IPv6.
    if (listen({tcp::v6(), options.port})) return {};
    return listen({tcp::v4(), options.port});
  }
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error)
    return fail(ErrorKind::invalid, fmt::format("cannot listen on {}: not an IP address", options.address));
  return listen({address, options.port});
}

Result<void> Core::listen(const tcp::endpoint& endpoint) {
  boost::system::error_code error;
  boost::system::error_code ignored;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(Acceptor::reuse_address(true), error);
  if (!error && endpoint.address().is_v6() && endpoint.address().is_unspecified())
    acceptor_.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(Acceptor::max_listen_connections, error);
  if (error) {
    acceptor_.close(ignored);
    return fail(ErrorKind::unavailable,
                fmt::format("cannot listen on {}: {}; {}", printable_endpoint(endpoint), error.message(),
                            cure_for(error)));
  }
  port_ = acceptor_.local_endpoint().port();
  accepting_ = true;
  asio::post(acceptor_.get_executor(), [self = shared_from_this()] { self->accept(); });
  return {};
}

void Core::accept() {
  if (!accepting()) return;
  Shard& shard = *shards_[next_shard_];
  next_shard_ = (next_shard_ + 1) % shards_.size();
  // The socket belongs to its shard's io_context from the beginning.
  acceptor_.async_accept(shard.io.get_executor(), [self = shared_from_this(), &shard](
                                                      const boost::system::error_code& error, Socket socket) {
    if (!error) {
      self->accepted(shard, std::move(socket));
      return self->accept();
    }
    if (error == asio::error::operation_aborted || !self->accepting()) return;
    if (error == asio::error::connection_aborted) return self->accept();
    // No descriptors or no memory: they come back as connections end.
    self->warn_now_and_then("cannot accept connections", error.message());
    self->accept_pause_.expires_after(kAcceptPause);
    self->accept_pause_.async_wait([self](const boost::system::error_code& cancelled) {
      if (!cancelled) self->accept();
    });
  });
}

void Core::accepted(Shard& shard, Socket socket) {
  if (connections.fetch_add(1, std::memory_order_relaxed) >= options.max_connections) {
    connections.fetch_sub(1, std::memory_order_relaxed);
    metrics.connections_refused.Increment();
    warn_now_and_then("connections are refused", "the limit on connections is reached");
    return;
  }
  asio::dispatch(shard.io, [self = shared_from_this(), &shard, client = std::move(socket)]() mutable {
    SslHandle ssl;
    if (self->tls) {
      ssl = self->tls->new_session();
      if (!ssl) {
        self->connections.fetch_sub(1, std::memory_order_relaxed);
        return;
      }
    }
    const Connection::Pointer connection(new Connection(self, shard, std::move(client), std::move(ssl)));
    connection->start();
  });
}

void Core::begin_stop() {
  draining = true;
  stopping = true;
  asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
    self->accept_what_waits();
    self->close_acceptor();
  });
  for (const auto& shard : shards_)
    asio::post(shard->io, [self = shared_from_this(), &home = *shard] {
      for (auto at = home.connections.begin(); at != home.connections.end();) {
        const Connection::Pointer connection(&*at++);
        connection->stop();
      }
    });
}

// Clients whose connection the kernel has made but that were not accepted yet would be reset.
void Core::accept_what_waits() {
  if (!acceptor_.is_open()) return;
  boost::system::error_code error;
  acceptor_.non_blocking(true, error);
  while (!error) {
    Shard& shard = *shards_[next_shard_];
    next_shard_ = (next_shard_ + 1) % shards_.size();
    Socket socket(shard.io.get_executor());
    acceptor_.accept(socket, error);
    if (!error) accepted(shard, std::move(socket));
  }
}

void Core::close_acceptor() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  accept_pause_.cancel();
  accepting_.store(false, std::memory_order_release);
}

void Core::abort() {
  draining = true;
  stopping = true;
  asio::post(acceptor_.get_executor(), [self = shared_from_this()] { self->close_acceptor(); });
  for (const auto& shard : shards_)
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
