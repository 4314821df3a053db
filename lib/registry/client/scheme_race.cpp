#include "registry/client/scheme_race.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <memory>
#include <optional>

namespace digester::registry {
namespace {

// Shared by the coroutine that waits and the two requests, whichever ends last.
struct Race {
  explicit Race(net::Executor executor) : wake(executor) {}

  struct Runner {
    std::optional<Result<net::Response>> result;
    net::asio::cancellation_signal stop;
    bool started = false;
  };
  Runner tls;
  Runner plain;
  net::Timer wake;
};

void start(const std::shared_ptr<Race>& race, Race::Runner& runner, net::HttpClient& http,
           net::Request request) {
  runner.started = true;
  auto end = [race, &runner](std::exception_ptr error, Result<net::Response> response) {
    if (error)
      runner.result = fail(ErrorKind::cancelled, "the request was given up");
    else
      runner.result = std::move(response);
    race->wake.cancel();
  };
  net::asio::co_spawn(race->wake.get_executor(), http.send(std::move(request)),
                      net::asio::bind_cancellation_slot(runner.stop.slot(), std::move(end)));
}

void stop(Race::Runner& runner) {
  if (runner.started && !runner.result) runner.stop.emit(net::asio::cancellation_type::terminal);
}

bool answered(const Race::Runner& runner) {
  return runner.result && runner.result->has_value();
}

// Go, nginx and others answer 400 when a TLS port hears plain http.
bool answered_as_registry(const Race::Runner& runner) {
  if (!answered(runner)) return false;
  const auto& response = **runner.result;
  return response.status != 400 || response.headers.get("Docker-Distribution-Api-Version").has_value();
}

// Our own rules and limits say the same about both.
bool is_final(const Result<net::Response>& result) {
  if (result) return true;
  const auto kind = result.error().kind;
  return kind == ErrorKind::forbidden || kind == ErrorKind::too_large || kind == ErrorKind::cancelled;
}

// It may be a TLS registry or a plain one: what each attempt met is named.
Result<net::Response> both_failed(Race& race) {
  auto error = std::move(race.tls.result->error());
  if (race.plain.result && !race.plain.result->has_value()) {
    const auto& plain = race.plain.result->error();
    if (plain.message != error.message) error.message += "; without TLS: " + plain.message;
    error.detail += "; without TLS: " + plain.detail;
  }
  return fail(std::move(error));
}

}  // namespace

net::Task<RaceOutcome> race_schemes(net::HttpClient& http, net::Request tls, net::Request plain,
                                    Duration head_start, Budget& budget) {
  const auto executor = co_await net::asio::this_coro::executor;
  const auto race = std::make_shared<Race>(executor);
  start(race, race->tls, http, std::move(tls));
  race->wake.expires_after(head_start);
  co_await race->wake.async_wait(net::use_task);
  const bool settled = race->tls.result && is_final(*race->tls.result);
  if (!settled && budget.take()) start(race, race->plain, http, std::move(plain));

  for (;;) {
    if (answered(race->tls) || (race->tls.result && is_final(*race->tls.result))) {
      stop(race->plain);
      RaceOutcome outcome{std::move(*race->tls.result), false};
      co_return outcome;
    }
    if (answered_as_registry(race->plain)) {
      stop(race->tls);
      RaceOutcome outcome{std::move(*race->plain.result), true};
      co_return outcome;
    }
    if (race->tls.result && (!race->plain.started || race->plain.result)) {
      RaceOutcome outcome{both_failed(*race), false};
      co_return outcome;
    }
    race->wake.expires_at(net::Timer::time_point::max());
    co_await race->wake.async_wait(net::use_task);
  }
}

}  // namespace digester::registry
