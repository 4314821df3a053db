#include "net/crossing.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "base/units.hpp"
#include "net/io_threads.hpp"
#include "support/run_task.hpp"

using namespace digester;
using namespace std::chrono_literals;

namespace {

SteadyTime in(Duration time) {
  return SystemClock().now() + std::chrono::duration_cast<SteadyTime::duration>(time);
}

net::Task<int> wait_and_answer(Duration time, int answer) {
  net::Timer timer(co_await net::asio::this_coro::executor, in(time));
  co_await timer.async_wait(net::use_task);
  co_return answer;
}

net::Task<int> fail_at_once() {
  throw std::runtime_error("no");
  co_return 0;
}

struct OtherThread {
  net::IoThreads threads{1, "other"};
  net::asio::io_context& io = *threads.contexts().front();
  OtherThread() { threads.start(); }
};

std::optional<int> ask(OtherThread& other, std::function<net::Task<int>()> work, Duration limit) {
  net::asio::io_context mine(1);
  return test::run_task(mine, [&] { return net::run_on<int>(other.io, std::move(work), in(limit)); });
}

}  // namespace

TEST_CASE("work on another loop runs on that loop's thread, and its result comes back") {
  OtherThread other;
  std::thread::id worker;
  const auto answer = ask(
      other,
      [&worker] {
        worker = std::this_thread::get_id();
        return wait_and_answer(5ms, 7);
      },
      5s);
  CHECK(answer == 7);
  CHECK(worker != std::this_thread::get_id());
}

TEST_CASE("who waits for another loop leaves at the deadline, and the work goes on") {
  OtherThread other;
  auto done = std::make_shared<std::atomic<bool>>(false);
  const auto started = SystemClock().now();
  const auto answer = ask(
      other,
      [done]() -> net::Task<int> {
        net::Timer timer(co_await net::asio::this_coro::executor, in(100ms));
        co_await timer.async_wait(net::use_task);
        *done = true;
        co_return 1;
      },
      10ms);
  CHECK_FALSE(answer);
  CHECK(SystemClock().now() - started < 90ms);
  for (int i = 0; i < 200 && !*done; ++i)
    std::this_thread::sleep_for(5ms);
  CHECK(*done);
}

TEST_CASE("work that throws is no result, at once") {
  OtherThread other;
  const auto started = SystemClock().now();
  CHECK_FALSE(ask(other, fail_at_once, 5s));
  CHECK(SystemClock().now() - started < 2s);
}

TEST_CASE("a loop may be destroyed while it waits for another one, which then answers nobody") {
  OtherThread other;
  auto done = std::make_shared<std::atomic<bool>>(false);
  {
    net::asio::io_context mine(1);
    std::function<net::Task<int>()> work = [done]() -> net::Task<int> {
      net::Timer timer(co_await net::asio::this_coro::executor, in(50ms));
      co_await timer.async_wait(net::use_task);
      *done = true;
      co_return 1;
    };
    net::asio::co_spawn(mine, net::run_on<int>(other.io, std::move(work), in(5s)),
                        [](std::exception_ptr, std::optional<int>) {});
    mine.run_for(10ms);
  }
  for (int i = 0; i < 200 && !*done; ++i)
    std::this_thread::sleep_for(5ms);
  CHECK(*done);
}

TEST_CASE("the loop that works may end first: who waits learns of it at the deadline") {
  auto other = std::make_unique<OtherThread>();
  net::asio::io_context mine(1);
  std::optional<int> answer = 5;
  std::function<net::Task<int>()> work = [] { return wait_and_answer(1h, 1); };
  net::asio::co_spawn(mine, net::run_on<int>(other->io, std::move(work), in(60ms)),
                      [&answer](std::exception_ptr, std::optional<int> result) { answer = result; });
  mine.run_for(20ms);
  other.reset();
  mine.run();
  CHECK_FALSE(answer);
}
