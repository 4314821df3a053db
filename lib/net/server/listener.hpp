// The listening socket: hands accepted connections out to the shards in turn. Internal to this room.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "net/server/core.hpp"

namespace digester::net::server {

// Lives on the first shard's io_context.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  explicit Listener(std::shared_ptr<Core> core);

  // Binds, listens, and accepts from the next turn of the io_context on.
  Result<void> start();
  std::uint16_t port() const { return port_; }
  // Whether connections may still be accepted, those included that wait in the kernel when stop() is called.
  bool accepting() const { return accepting_.load(std::memory_order_acquire); }
  // From any thread.
  void stop();

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

  Result<void> listen(const asio::ip::tcp::endpoint& endpoint);
  void wait();
  int accept_some(int most);
  void pause();
  void hand_out(int descriptor);

  const std::shared_ptr<Core> core_;
  Acceptor acceptor_;
  Timer pause_;
  asio::ip::tcp protocol_ = asio::ip::tcp::v4();
  std::size_t next_shard_ = 0;
  std::uint16_t port_ = 0;
  std::atomic<bool> accepting_{false};
};

}  // namespace digester::net::server
