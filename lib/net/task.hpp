// The coroutine type of the whole program.
//
// The executor is the concrete io_context one: any_io_executor costs 5-15 % of a request. One io_context
// belongs to exactly one thread, so that what runs on it needs no locks.
//
// Read docs/COMMON_ERRORS.md before writing `co_await`: g++ 12 miscompiles some ordinary patterns.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace digester::net {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

template <typename T = void>
using Task = asio::awaitable<T, Executor>;

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

// Completion token of every asynchronous operation here: errors come back as values.
inline constexpr auto use_task = asio::as_tuple(asio::use_awaitable_t<Executor>{});

}  // namespace digester::net
