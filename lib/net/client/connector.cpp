#include "net/client/connector.hpp"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "net/task_group.hpp"
#include "net/with_timeout.hpp"

namespace digester::net {
namespace {

struct Attempt {
  asio::ip::address address;
  std::optional<Socket> socket;  // set if it connected
  std::string cause;             // otherwise
  bool timed_out = false;
  bool our_lack = false;  // of descriptors, memory or ports: says nothing about the peer
};

bool is_our_lack(const boost::system::error_code& ec) {
  namespace errc = boost::system::errc;
  return ec == errc::too_many_files_open || ec == errc::too_many_files_open_in_system ||
         ec == errc::no_buffer_space || ec == errc::not_enough_memory || ec == errc::address_not_available;
}

void set_option(Socket& socket, int level, int name, int value) {
  // An option that this kernel lacks is no reason to fail.
  (void)::setsockopt(socket.native_handle(), level, name, &value, sizeof value);
}

Task<boost::system::error_code> connect_one(Socket& socket, Tcp::endpoint endpoint) {
  auto [ec] = co_await socket.async_connect(endpoint, use_task);
  co_return ec;
}

Task<Attempt> attempt(asio::ip::address address, std::uint16_t port, ConnectLimits limits,
                      SteadyTime deadline) {
  Attempt result;
  result.address = address;
  const auto executor = co_await asio::this_coro::executor;
  Socket socket(executor);
  const Tcp::endpoint endpoint(address, port);
  boost::system::error_code ec;
  socket.open(endpoint.protocol(), ec);
  if (ec) {
    result.cause = ec.message();
    result.our_lack = is_our_lack(ec);
    co_return result;
  }
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(
      socket, IPPROTO_TCP, TCP_USER_TIMEOUT,
      static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(limits.user_timeout).count()));
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);

  auto connecting = connect_one(socket, endpoint);
  const auto done = co_await with_timeout(deadline, std::move(connecting));
  if (!done) {
    result.timed_out = true;
    result.cause = "timed out";
  } else if (*done) {
    result.cause = done->message();
    result.our_lack = is_our_lack(*done);
  } else {
    result.socket.emplace(std::move(socket));
  }
  co_return result;
}

std::string lower_first(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

}  // namespace

Addresses interleave(const Addresses& addresses) {
  Addresses six, four, out;
  for (const auto& address : addresses)
    (address.is_v6() ? six : four).push_back(address);
  for (std::size_t i = 0; i < std::max(six.size(), four.size()); ++i) {
    if (i < six.size()) out.push_back(six[i]);
    if (i < four.size()) out.push_back(four[i]);
  }
  return out;
}

Task<Result<Connected>> connect(Addresses addresses, std::uint16_t port, ConnectLimits limits,
                                SteadyTime deadline) {
  addresses = interleave(addresses);
  const auto executor = co_await asio::this_coro::executor;
  const SystemClock clock;
  TaskGroup<Attempt> attempts(executor);
  std::string causes;
  std::string cause;
  std::string our_lack;
  bool all_timed_out = true;
  std::size_t next = 0;
  for (;;) {
    if (next < addresses.size()) {
      const SteadyTime until =
          std::min(deadline, clock.now() + std::chrono::duration_cast<SteadyTime::duration>(limits.each));
      auto task = attempt(addresses[next++], port, limits, until);
      attempts.spawn(std::move(task));
    }
    const SteadyTime look_again =
        next < addresses.size()
            ? std::min(deadline,
                       clock.now() + std::chrono::duration_cast<SteadyTime::duration>(limits.stagger))
            : SteadyTime::max();
    auto ended = co_await attempts.next(look_again);
    if (!ended) {
      const bool give_up = clock.now() >= deadline || (next >= addresses.size() && attempts.running() == 0);
      if (!give_up) continue;
      if (!our_lack.empty())
        co_return fail(ErrorKind::unavailable, "no connection can be opened from here: " + our_lack, causes);
      if (all_timed_out)
        co_return fail(ErrorKind::timed_out, "no connection in time", causes.empty() ? "timed out" : causes);
      co_return fail(ErrorKind::unreachable, cause, causes);
    }
    if (ended->socket) {
      Connected connected{std::move(*ended->socket), ended->address};
      co_return std::move(connected);
    }
    if (!causes.empty()) causes += "; ";
    causes += fmt::format("{}: {}", ended->address.to_string(), lower_first(ended->cause));
    if (ended->our_lack) our_lack = lower_first(ended->cause);
    if (!ended->timed_out) {
      all_timed_out = false;
      cause = lower_first(ended->cause);
    }
  }
}

}  // namespace digester::net
