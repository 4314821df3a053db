// Idle connections, by everything that makes them exchangeable. One thread; the time comes in, so that tests
// own it.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"
#include "net/client/client_options.hpp"
#include "net/client/stream.hpp"

namespace digester::net {

// An established connection to a target, TLS and tunnel included.
struct Connection {
  Connection(Socket socket, AddressClass peer_class, SteadyTime now)
      : stream(std::move(socket)), peer(peer_class), opened(now) {}
  Stream stream;
  AddressClass peer;
  SteadyTime opened;
  SteadyTime idle_since{};
  SteadyTime rested_at{};  // not to be used before
  Duration slowest{};      // of its answers
};
using ConnectionPtr = std::unique_ptr<Connection>;

class Pool {
 public:
  explicit Pool(PoolOptions options) : options_(options) {}

  // The one that has rested longest of those that are neither too old nor idle for too long and on which
  // nothing has arrived (an end, an unsolicited answer); those that are found to be are closed. Null: there
  // is none.
  ConnectionPtr take(const std::string& key, SteadyTime now);
  // For a connection that may_reuse() let pass. `settle`: it rests first, by PoolOptions::rest. Over the
  // limits the one that idles longest is closed.
  void put(const std::string& key, ConnectionPtr connection, SteadyTime now, bool settle = false);
  // Closes all of this key: one of them was silent, and what dropped it dropped the others too.
  void drop(const std::string& key);
  // Closes what has idled or lived too long.
  void sweep(SteadyTime now);

  std::size_t size() const { return size_; }

 private:
  bool is_stale(const Connection& connection, SteadyTime now) const;

  PoolOptions options_;
  std::unordered_map<std::string, std::deque<ConnectionPtr>> idle_;  // oldest first
  std::size_t size_ = 0;
};

}  // namespace digester::net
