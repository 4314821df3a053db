// Time limits, waiting and races: who ends what, and that nothing is left behind.
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <memory>
#include <stdexcept>

#include "net/condition.hpp"
#include "net/task_group.hpp"
#include "net/with_timeout.hpp"
#include "support/run_task.hpp"

using namespace digester;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using net::Task;

namespace {

SteadyTime in(std::chrono::milliseconds time) {
  return SystemClock().now() + time;
}

// Sleeps, then answers; says in `ended` that its frame is gone, and how it went.
struct Trace {
  bool cancelled = false;
  bool ended = false;
};

Task<int> sleep_then(std::chrono::milliseconds time, int value, Trace* trace = nullptr) {
  const std::shared_ptr<void> ending(nullptr, [trace](void*) {
    if (trace) trace->ended = true;
  });
  const auto executor = co_await asio::this_coro::executor;
  net::Timer timer(executor, time);
  auto [ec] = co_await timer.async_wait(net::use_task);
  if (trace) trace->cancelled = ec == asio::error::operation_aborted;
  co_return value;
}

Task<int> fails(std::chrono::milliseconds time) {
  co_await sleep_then(time, 0);
  throw std::runtime_error("broken");
}

Task<std::unique_ptr<int>> at_once() {
  co_return std::make_unique<int>(7);
}

Task<std::optional<int>> limited(std::chrono::milliseconds limit, std::chrono::milliseconds time,
                                 Trace* trace) {
  auto task = sleep_then(time, 1, trace);
  auto result = co_await net::with_timeout(in(limit), std::move(task));
  // Structured: whatever happened, the task is over by now.
  if (!trace->ended) throw std::logic_error("the task outlived its limit");
  co_return result;
}

}  // namespace

TEST_CASE("a task that ends in time gives its result") {
  asio::io_context io;
  Trace trace;
  CHECK(test::run_task(io, [&] { return limited(1s, 5ms, &trace); }) == 1);
  CHECK_FALSE(trace.cancelled);
  const auto moved = test::run_task(io, [] { return net::with_timeout(in(1s), at_once()); });
  REQUIRE(moved);
  CHECK(**moved == 7);
}

TEST_CASE("a task that takes too long is cancelled and has ended") {
  asio::io_context io;
  Trace trace;
  CHECK(test::run_task(io, [&] { return limited(10ms, 10s, &trace); }) == std::nullopt);
  CHECK(trace.cancelled);
}

TEST_CASE("a limit that has passed already cancels at the first wait") {
  asio::io_context io;
  Trace trace;
  CHECK(test::run_task(io, [&] { return limited(-1s, 10s, &trace); }) == std::nullopt);
}

TEST_CASE("what the task throws comes out, unless the limit passed first") {
  asio::io_context io;
  CHECK_THROWS_WITH(test::run_task(io, [] { return net::with_timeout(in(1s), fails(1ms)); }), "broken");
  // The cancelled sleep is followed by a co_await that throws operation_aborted, which says nothing.
  CHECK(test::run_task(io, [] { return net::with_timeout(in(5ms), fails(10s)); }) == std::nullopt);
}

TEST_CASE("limit and end at the same instant: one of them, never a hang or a second resumption") {
  asio::io_context io;
  int in_time = 0;
  for (int i = 0; i < 300; ++i) {
    Trace trace;
    const auto result = test::run_task(io, [&] { return limited(2ms, 2ms, &trace); });
    in_time += result.has_value() ? 1 : 0;
  }
  CHECK(in_time <= 300);
}

TEST_CASE("the timer's handler that is queued when the task ends does nothing") {
  asio::io_context io;
  Trace trace;
  std::optional<std::optional<int>> result;
  asio::co_spawn(io, limited(5ms, 5ms, &trace),
                 [&](std::exception_ptr, std::optional<int> r) { result = r; });
  io.poll();
  net::Timer pause(io.get_executor(), 20ms);
  pause.wait();
  // Both timers have expired; their handlers run in one go, in either order.
  io.restart();
  io.run();
  REQUIRE(result);
}

TEST_CASE("limits nest, and the inner one ends alone") {
  asio::io_context io;
  const auto nested = [&](std::chrono::milliseconds outer, std::chrono::milliseconds inner) {
    Trace trace;
    return test::run_task(io, [&] { return net::with_timeout(in(outer), limited(inner, 10s, &trace)); });
  };
  const auto by_inner = nested(1s, 5ms);
  REQUIRE(by_inner);
  CHECK_FALSE(*by_inner);
  CHECK_FALSE(nested(5ms, 1s));
}

TEST_CASE("a cancellation from outside reaches the task and is no time-out") {
  asio::io_context io;
  Trace trace;
  asio::cancellation_signal cancel;
  std::optional<std::optional<int>> result;
  asio::co_spawn(io, limited(10s, 10s, &trace),
                 asio::bind_cancellation_slot(cancel.slot(),
                                              [&](std::exception_ptr, std::optional<int> r) { result = r; }));
  asio::post(io, [&] { cancel.emit(asio::cancellation_type::terminal); });
  io.run();
  REQUIRE(result);
  CHECK(*result == 1);  // the task's own answer
  CHECK(trace.cancelled);
}

TEST_CASE("an io_context may be destroyed in the middle of everything") {
  Trace trace;
  {
    asio::io_context io;
    asio::co_spawn(io, limited(10s, 10s, &trace), [](std::exception_ptr, std::optional<int>) {});
    io.poll();
    CHECK_FALSE(trace.ended);
  }
  CHECK(trace.ended);
}

namespace {

Task<bool> wait_for(net::Condition& condition, bool& flag, SteadyTime until) {
  while (!flag) {
    if (SystemClock().now() >= until) co_return false;
    co_await condition.wait(until);
  }
  co_return true;
}

}  // namespace

TEST_CASE("a condition wakes all who wait, or each at its own time") {
  asio::io_context io;
  net::Condition condition(io.get_executor());
  bool flag = false;
  int woken = 0;
  int gave_up = 0;
  const auto count = [&](std::exception_ptr, bool in_time) { ++(in_time ? woken : gave_up); };
  for (int i = 0; i < 3; ++i)
    asio::co_spawn(io, wait_for(condition, flag, in(5s)), count);
  asio::co_spawn(io, wait_for(condition, flag, in(5ms)), count);
  net::Timer later(io.get_executor(), 20ms);
  later.async_wait([&](boost::system::error_code) {
    flag = true;
    condition.notify_all();
  });
  io.run();
  CHECK(woken == 3);
  CHECK(gave_up == 1);
}

namespace {

Task<std::vector<int>> race(std::vector<std::chrono::milliseconds> times, std::size_t take,
                            std::chrono::milliseconds until, std::vector<Trace>* traces) {
  const auto executor = co_await asio::this_coro::executor;
  net::TaskGroup<int> group(executor);
  int number = 0;
  for (const auto time : times) {
    auto task = sleep_then(time, number, &traces->at(static_cast<std::size_t>(number)));
    ++number;
    group.spawn(std::move(task));
  }
  std::vector<int> order;
  for (std::size_t i = 0; i < take; ++i) {
    const auto next = co_await group.next(in(until));
    order.push_back(next.value_or(-1));
  }
  co_return order;
}

}  // namespace

TEST_CASE("a group gives results in the order of ending, and cancels what it leaves behind") {
  asio::io_context io;
  std::vector<Trace> traces(3);
  const auto order = test::run_task(io, [&] { return race({30ms, 10ms, 10s}, 2, 5s, &traces); });
  CHECK(order == std::vector<int>{1, 0});
  io.restart();
  io.run();
  CHECK(traces[2].cancelled);
  CHECK(traces[2].ended);
}

TEST_CASE("a group has nothing when the time is up, and nothing when nobody is left") {
  asio::io_context io;
  std::vector<Trace> traces(1);
  CHECK(test::run_task(io, [&] { return race({10s}, 1, 5ms, &traces); }) == std::vector<int>{-1});
  CHECK(test::run_task(io, [&] { return race({1ms}, 2, 10s, &traces); }) == std::vector<int>{0, -1});
}

namespace {

Task<int> group_of_failing() {
  const auto executor = co_await asio::this_coro::executor;
  net::TaskGroup<int> group(executor);
  group.spawn(fails(1ms));
  const auto next = co_await group.next(in(1s));
  co_return next.value_or(-1);
}

}  // namespace

TEST_CASE("what a child throws comes out of the group") {
  asio::io_context io;
  CHECK_THROWS_WITH(test::run_task(io, [] { return group_of_failing(); }), "broken");
}
