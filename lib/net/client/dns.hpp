// Names to addresses, through c-ares on our own io_context: asio's resolver blocks one hidden thread for all
// names and cannot be cancelled. Addresses are not judged here; whoever connects checks each of them.
//
// One question at a time for a name, whoever waits; a waiter that gives up takes nobody with it. One thread,
// the io_context's; not thread-safe.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/client/client_options.hpp"
#include "net/task.hpp"

namespace digester::net {

using Addresses = std::vector<boost::asio::ip::address>;

class Dns {
 public:
  Dns(asio::io_context& io, DnsOptions options);
  ~Dns();
  Dns(const Dns&) = delete;
  Dns& operator=(const Dns&) = delete;

  // IPv6 first where both are known, then in the order of the answer; never empty. A literal is its own
  // answer. Errors: `unreachable` (no such name, no usable answer; `detail` says which), `timed_out` (the
  // limit or `deadline`), `unavailable` (too many names at once). A coroutine: the Dns must outlive it.
  Task<Result<Addresses>> resolve(std::string name, SteadyTime deadline);

  std::size_t cached() const { return cache_.size(); }

 private:
  class Flight;
  struct Entry {
    Result<Addresses> result;
    SteadyTime expires;
  };
  void keep(const std::string& name, const Result<Addresses>& result, Duration ttl);

  asio::io_context& io_;
  DnsOptions options_;
  std::unordered_map<std::string, Entry> cache_;
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace digester::net
