// What the connections of one server share, and their home on each io_context. Internal to this room.
#pragma once

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <memory>
#include <vector>

#include "net/server/connection.hpp"
#include "net/server/exchange.hpp"
#include "net/server/response_head.hpp"
#include "net/server/server.hpp"

namespace digester::net::server {

// Resolved once; label values are all fixed.
struct Counters {
  Counters(Metrics& metrics, const std::string& listener);

  prometheus::Counter& requests;
  prometheus::Counter& connections;
  prometheus::Counter& connections_refused;
  prometheus::Gauge& connections_open;
  prometheus::Counter& bad_requests;
  prometheus::Counter& head_too_large;
  prometheus::Counter& body_too_large;
  prometheus::Counter& overloaded;
  prometheus::Counter& request_timeouts;
  prometheus::Counter& write_timeouts;
  prometheus::Counter& handler_failures;
  prometheus::Counter& handshake_timeouts;
  prometheus::Counter& handshake_plain_http;
  prometheus::Counter& handshake_certificate_refused;
  prometheus::Counter& handshake_no_shared_parameters;
  prometheus::Counter& handshake_closed;
  prometheus::Counter& handshake_other;
};

// One io_context's share: everything here belongs to its thread.
struct Shard {
  Shard(asio::io_context& context, const Clock& clock) : io(context), date(clock) {}

  asio::io_context& io;
  DateField date;
  ExchangePool exchanges;
  // Open ones. They keep themselves alive by what they wait for.
  boost::intrusive::list<Connection, boost::intrusive::constant_time_size<false>> connections;
};

class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(std::vector<asio::io_context*> contexts, ServerOptions server_options, Handler& request_handler,
       const Clock& the_clock, const Logger& logger, Metrics& metrics_registry,
       std::shared_ptr<ServerTls> server_tls);

  // All connections end by and by, or now. From any thread.
  void begin_stop();
  void abort();
  // Tells the operator, at most every ten seconds, of what anybody could repeat without end. From any thread.
  void warn_now_and_then(std::string_view message, std::string_view cause);

  const ServerOptions options;
  Handler& handler;
  const Clock& clock;
  const Logger& log;
  const std::shared_ptr<ServerTls> tls;
  Counters metrics;

  // Counted from accept until the last trace is gone.
  std::atomic<std::size_t> connections{0};
  std::atomic<bool> draining{false};
  std::atomic<bool> stopping{false};
  // Touched twice by every request with a body: on a cache line of its own.
  alignas(64) std::atomic<std::size_t> bytes_in_flight{0};

  // One for each io_context. The core itself holds nothing of Asio's, because it goes with whatever
  // connection goes last, on whichever io_context.
  std::vector<std::unique_ptr<Shard>> shards;

 private:
  std::atomic<SteadyTime> quiet_until_{SteadyTime::min()};
};

}  // namespace digester::net::server
