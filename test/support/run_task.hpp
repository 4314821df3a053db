// Runs a coroutine to its end inside a test case, on a fresh io_context unless one is given.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <optional>

#include "net/task.hpp"

namespace digester::test {

// `start` is called on `io` and returns the Task. Rethrows what the task throws.
template <typename F>
auto run_task(net::asio::io_context& io, F start) {
  using T = typename decltype(start())::value_type;
  std::exception_ptr error;
  io.restart();
  if constexpr (std::is_void_v<T>) {
    net::asio::co_spawn(io, start(), [&](std::exception_ptr e) {
      error = e;
      io.stop();
    });
    io.run();
    if (error) std::rethrow_exception(error);
  } else {
    std::optional<T> result;
    net::asio::co_spawn(io, start(), [&](std::exception_ptr e, T value) {
      error = e;
      if (!e) result.emplace(std::move(value));
      io.stop();
    });
    io.run();
    if (error) std::rethrow_exception(error);
    return std::move(*result);
  }
}

}  // namespace digester::test
