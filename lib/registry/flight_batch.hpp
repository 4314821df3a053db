// Where an admission thread and the registry thread meet: one batch of questions and its answers.
//
// The caller's coroutine waits on a timer of its own thread. The registry thread fills slots; whoever fills
// the last one wakes the caller with one post. When the caller leaves (all is there, the deadline, a
// cancelled or destroyed coroutine) it closes the batch: what comes later is dropped, and nothing is posted
// to an event loop that may be gone. An event loop that is destroyed with coroutines waiting in it closes
// their batches first of all (a service of ours in it, shut down before its scheduler is), under the mutex
// that is held while posting.
#pragma once

#include <boost/asio/execution_context.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "registry/asker.hpp"
#include "registry/resolver.hpp"

namespace digester::registry {

class Batch;

// The open batches of one event loop. Its thread only; shut down by its destructor.
class OpenBatches final : public net::asio::execution_context::service {
 public:
  // How Asio finds it.
  static net::asio::execution_context::id id;

  explicit OpenBatches(net::asio::execution_context& owner) : service(owner) {}
  void add(Batch& batch);
  void remove(Batch& batch);

 private:
  void shutdown() override;

  std::vector<Batch*> batches_;
};

class Batch : public std::enable_shared_from_this<Batch> {
 public:
  // Made, watched and closed on the thread of `caller`.
  Batch(net::Executor caller, const Clock& clock, std::vector<Query> queries);

  // Constant, so free for any thread.
  std::size_t size() const { return queries_.size(); }
  const Query& query(std::size_t slot) const { return queries_[slot]; }
  SteadyTime arrived() const { return arrived_; }

  // Any thread.
  bool is_open(std::size_t slot) const;  // somebody waits for this one
  // The first answer counts. `took` is measured here.
  void fill(std::size_t slot, Result<image::Digest> digest, Source source, Duration age);
  void hold(std::size_t slot, std::shared_ptr<const Asker> asker);
  std::shared_ptr<const Asker> asker(std::size_t slot) const;  // null until known

  // The caller's thread.
  bool complete() const;
  // Cancelled when the last slot is filled from now on. Call close() before the timer dies.
  void watch(net::Timer& timer);
  // No answer is taken from now on. May be called again.
  void close();
  // After close(), once: the answers, empty where none came in time.
  std::vector<std::optional<Resolution>> take();

 private:
  friend class OpenBatches;
  void wake();

  const net::Executor caller_;
  const Clock& clock_;
  const std::vector<Query> queries_;
  const SteadyTime arrived_;
  // The caller's thread only.
  net::Timer* timer_ = nullptr;
  OpenBatches* home_ = nullptr;
  std::size_t place_ = 0;  // at home

  mutable std::mutex mutex_;
  std::vector<std::optional<Resolution>> answers_;
  std::vector<std::shared_ptr<const Asker>> askers_;
  std::size_t missing_;
  bool watched_ = false;
  bool closed_ = false;
};

}  // namespace digester::registry
