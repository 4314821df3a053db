#include "registry/client/scheme_race.hpp"

#include <fmt/format.h>
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
    bool told = false;
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
  if (!race.plain.result) return fail(std::move(error));
  if (race.plain.result->has_value()) {
    error.message =
        fmt::format("over https: {}; over http: it answered {}", error.message, (*race.plain.result)->status);
    return fail(std::move(error));
  }
  const auto& plain = race.plain.result->error();
  error.message = plain.message == error.message
                      ? fmt::format("over https and over http: {}", error.message)
                      : fmt::format("over https: {}; over http: {}", error.message, plain.message);
  error.detail += "; over http: " + plain.detail;
  return fail(std::move(error));
}

// What has ended and was not told yet. The caller may be gone when a request ends that was given up: such a
// one is told here and now.
void tell(Race& race, const Told& told) {
  if (!told) return;
  for (auto* runner : {&race.tls, &race.plain}) {
    if (runner->told || !runner->result) continue;
    runner->told = true;
    told(runner == &race.plain, *runner->result);
  }
}

void tell_given_up(Race& race, Race::Runner& runner, const Told& told) {
  if (!told || !runner.started || runner.result) return;
  runner.told = true;
  told(&runner == &race.plain,
       fail(ErrorKind::cancelled,
            &runner == &race.plain ? "given up: https answered" : "given up: http answered"));
}

}  // namespace

net::Task<RaceOutcome> race_schemes(net::HttpClient& http, net::Request tls, net::Request plain,
                                    Duration head_start, Budget& budget, Told told) {
  const auto executor = co_await net::asio::this_coro::executor;
  const auto race = std::make_shared<Race>(executor);
  start(race, race->tls, http, std::move(tls));
  race->wake.expires_after(head_start);
  co_await race->wake.async_wait(net::use_task);
  const bool settled = race->tls.result && is_final(*race->tls.result);
  if (!settled && budget.take()) start(race, race->plain, http, std::move(plain));

  for (;;) {
    tell(*race, told);
    if (answered(race->tls) || (race->tls.result && is_final(*race->tls.result))) {
      tell_given_up(*race, race->plain, told);
      stop(race->plain);
      RaceOutcome outcome{std::move(*race->tls.result), false};
      co_return outcome;
    }
    if (answered_as_registry(race->plain)) {
      tell_given_up(*race, race->tls, told);
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
