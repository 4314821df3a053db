#include <fmt/format.h>

#include <algorithm>
#include <boost/system/system_error.hpp>

#include "net/client/client_options.hpp"
#include "net/client/core.hpp"
#include "net/client/exchange.hpp"
#include "net/client/tunnel.hpp"
#include "net/task_group.hpp"

namespace digester::net {
namespace {

// One try at the exchange, over a connection from the pool or over a fresh one.
struct Attempt {
  Exchanged exchanged;
  ConnectionPtr connection;
  bool reused = false;
};

Task<Attempt> over_reused(std::shared_ptr<Core> core, std::shared_ptr<const Route> route,
                          ConnectionPtr connection, std::shared_ptr<const Outgoing> outgoing,
                          std::shared_ptr<Progress> progress) {
  Attempt attempt;
  attempt.reused = true;
  attempt.connection = std::move(connection);
  const auto sent = core->clock.now();
  attempt.exchanged = co_await exchange(attempt.connection->stream, outgoing, progress);
  attempt.connection->slowest = std::max<Duration>(attempt.connection->slowest, core->clock.now() - sent);
  auto& response = attempt.exchanged.response;
  if (!response) response = fail(presentable(std::move(response.error()), *route, attempt.connection->peer));
  co_return attempt;
}

Task<Attempt> over_fresh(std::shared_ptr<Core> core, std::shared_ptr<const Route> route,
                         std::shared_ptr<const Outgoing> outgoing) {
  Attempt attempt;
  auto opened = co_await open_connection(core, route, outgoing->deadline);
  if (!opened) {
    attempt.exchanged.response = fail(std::move(opened.error()));
    co_return attempt;
  }
  attempt.connection = std::move(*opened);
  auto progress = std::make_shared<Progress>();
  const auto sent = core->clock.now();
  attempt.exchanged = co_await exchange(attempt.connection->stream, outgoing, progress);
  attempt.connection->slowest = std::max<Duration>(attempt.connection->slowest, core->clock.now() - sent);
  auto& response = attempt.exchanged.response;
  if (!response) response = fail(presentable(std::move(response.error()), *route, attempt.connection->peer));
  co_return attempt;
}

void schedule_sweep(const std::shared_ptr<Core>& core) {
  if (core->sweep_pending || core->closed || core->pool.size() == 0) return;
  core->sweep_pending = true;
  core->sweeping.expires_after(std::chrono::duration_cast<SteadyTime::duration>(core->options.pool.idle) / 2);
  core->sweeping.async_wait([weak = std::weak_ptr(core)](boost::system::error_code) {
    const auto alive = weak.lock();
    if (!alive || alive->closed) return;
    alive->sweep_pending = false;
    alive->pool.sweep(alive->clock.now());
    schedule_sweep(alive);
  });
}

// The reused connection first, a fresh one if that was closed before it answered, both at once if it is
// silent. What is not safe may do something twice, so it gets a connection that has not had time to go stale:
// always a fresh one. So does a stream, whose pieces cannot be taken back when the other one wins.
Task<Attempt> attempt_exchange(std::shared_ptr<Core> core, std::shared_ptr<const Route> route,
                               std::shared_ptr<const Outgoing> outgoing) {
  ConnectionPtr idle;
  if (is_safe(outgoing->method) && !outgoing->on_body) idle = core->pool.take(route->key, core->clock.now());
  if (!idle) co_return co_await over_fresh(core, route, outgoing);

  const auto executor = co_await asio::this_coro::executor;
  TaskGroup<Attempt> race(executor);
  const auto progress = std::make_shared<Progress>();
  auto reusing = over_reused(core, route, std::move(idle), outgoing, progress);
  race.spawn(std::move(reusing));
  auto first = co_await race.next(core->clock.now() +
                                  std::chrono::duration_cast<SteadyTime::duration>(core->options.silence));
  if (!first && progress->first_byte) first = co_await race.next(SteadyTime::max());
  if (first && !first->exchanged.no_answer) co_return std::move(*first);

  auto beginning = over_fresh(core, route, outgoing);
  race.spawn(std::move(beginning));
  std::optional<Attempt> failed;
  for (;;) {
    auto ended = co_await race.next(SteadyTime::max());
    if (ended->exchanged.response) {
      // What drops one silent connection on the way (a NAT, a load balancer) has dropped its neighbours too.
      if (!ended->reused && !first) core->pool.drop(route->key);
      co_return std::move(*ended);
    }
    // The fresh connection's failure says more than that of one which was old.
    if (race.running() == 0) co_return std::move(ended->reused && failed ? *failed : *ended);
    failed = std::move(ended);
  }
}

struct Counted {
  explicit Counted(std::size_t& counter) : counter_(counter) { ++counter_; }
  ~Counted() { --counter_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  std::size_t& counter_;
};

Task<Result<Response>> perform(std::shared_ptr<Core> core, Request request, HttpClient::OnBody on_body) {
  auto made = make_route(*core, request.url, request.addresses);
  if (!made) co_return fail(std::move(made.error()));
  const auto route = std::make_shared<const Route>(std::move(*made));
  if (core->exchanges >= core->options.connections)
    co_return fail(ErrorKind::unavailable,
                   fmt::format("too many requests at once, the one to {} was not sent", route->peer));
  if (core->clock.now() >= request.deadline)
    co_return fail(ErrorKind::timed_out, fmt::format("no time left to ask {}", route->peer));
  const Counted counted(core->exchanges);

  const bool by_proxy = route->proxy && !route->tunnel();
  const std::string target = by_proxy ? request.url.origin() + request.url.target : request.url.target;
  auto text = request_text(request, target, core->options.user_agent,
                           by_proxy ? route->proxy->authorization : std::string());
  if (!text) co_return fail(std::move(text.error()));
  auto outgoing = std::make_shared<Outgoing>();
  outgoing->bytes = std::move(*text);
  outgoing->method = request.method;
  outgoing->peer = route->peer;
  outgoing->limits.head = core->options.head_bytes;
  outgoing->limits.body = request.body_limit;
  outgoing->deadline = request.deadline;
  outgoing->head_limit = core->options.head_limit;
  outgoing->body_limit = core->options.body_limit;
  outgoing->on_body = std::move(on_body);
  outgoing->silence_limit = request.silence_limit;

  auto attempt = co_await attempt_exchange(core, route, outgoing);
  auto& response = attempt.exchanged.response;
  if (!response) co_return std::move(response);
  response->peer = attempt.connection->peer;
  response->reused = attempt.reused;
  if (may_reuse(attempt.exchanged.facts) && !core->closed) {
    const bool settle = request.settle && response->status >= 200 && response->status < 300;
    core->pool.put(route->key, std::move(attempt.connection), core->clock.now(), settle);
    schedule_sweep(core);
  }
  if (by_proxy && response->status == 407) co_return fail(proxy_wants_credentials(*route->proxy));
  co_return std::move(response);
}

// Who cancelled decides what an exchange ended with, not the error that it happened to end with.
Task<Result<Response>> send_cancellable(std::shared_ptr<Core> core, Request request,
                                        HttpClient::OnBody on_body) {
  Result<Response> result = fail(ErrorKind::cancelled, "nobody waits for the answer any more");
  try {
    result = co_await perform(core, std::move(request), std::move(on_body));
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) throw;
  }
  const auto state = co_await asio::this_coro::cancellation_state;
  if (!result && state.cancelled() != asio::cancellation_type::none)
    result = fail(ErrorKind::cancelled, "nobody waits for the answer any more");
  co_return result;
}

class AsioHttpClient final : public HttpClient {
 public:
  AsioHttpClient(asio::io_context& io, ClientOptions options)
      : core_(std::make_shared<Core>(io, std::move(options))) {}
  ~AsioHttpClient() override {
    // Exchanges that still run keep the core, and end by themselves.
    core_->closed = true;
    core_->sweeping.cancel();
    core_->pool.sweep(SteadyTime::max());
  }

  Task<Result<Response>> send(Request request) override {
    return send_cancellable(core_, std::move(request), {});
  }

  Task<Result<Response>> stream(Request request, OnBody on_body) override {
    return send_cancellable(core_, std::move(request), std::move(on_body));
  }

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace

std::unique_ptr<HttpClient> create_http_client(asio::io_context& io, ClientOptions options) {
  return std::make_unique<AsioHttpClient>(io, std::move(options));
}

}  // namespace digester::net
