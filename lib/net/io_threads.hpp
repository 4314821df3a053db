// Threads that each run one io_context of their own, so that what lives on a context needs no locks.
//
// A shared context with strands costs nearly twice the CPU of a request (docs/COMMON_ERRORS.md, 14).
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/task.hpp"

namespace digester::net {

class IoThreads {
 public:
  // Makes the contexts; nothing runs before start(). `name` shows in `top -H`, at most 11 characters of it.
  IoThreads(std::size_t count, std::string name);
  // Stops and joins; what is queued or suspended is dropped on all contexts before any of them ends.
  ~IoThreads();
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  void start();
  // Handlers that are queued or suspended do not run any more. From any thread.
  void stop();
  // Returns when every thread has ended. Call stop() first.
  void join();
  // After join(), once: what is queued or suspended is dropped on all contexts. Nothing may be queued any
  // more.
  void drop();

  // `count` of them, valid as long as this object.
  std::vector<asio::io_context*> contexts() const;

 private:
  using WorkGuard = asio::executor_work_guard<Executor>;

  class Context;

  std::string name_;
  std::vector<std::unique_ptr<Context>> contexts_;
  std::vector<WorkGuard> guards_;
  std::vector<std::thread> threads_;
  bool dropped_ = false;
};

}  // namespace digester::net
