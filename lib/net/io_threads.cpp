#include "net/io_threads.hpp"

#include <pthread.h>

#include <utility>

namespace digester::net {

// What a handler on one context holds may belong to another: all contexts let go before the first one ends.
class IoThreads::Context : public asio::io_context {
 public:
  using asio::io_context::io_context;
  void drop_handlers() { shutdown(); }
};

IoThreads::IoThreads(std::size_t count, std::string name) : name_(std::move(name)) {
  for (std::size_t i = 0; i < count; ++i) {
    // The hint: one thread runs it, so that its scheduler need not wake another.
    contexts_.push_back(std::make_unique<Context>(1));
    guards_.emplace_back(contexts_.back()->get_executor());
  }
}

IoThreads::~IoThreads() {
  stop();
  join();
  drop();
}

void IoThreads::drop() {
  if (std::exchange(dropped_, true)) return;
  guards_.clear();
  for (const auto& context : contexts_)
    context->drop_handlers();
}

void IoThreads::start() {
  for (std::size_t i = 0; i < contexts_.size(); ++i) {
    threads_.emplace_back([context = contexts_[i].get()] { context->run(); });
    // The kernel takes 15 characters.
    const auto name = name_.substr(0, 11) + "-" + std::to_string(i);
    ::pthread_setname_np(threads_.back().native_handle(), name.substr(0, 15).c_str());
  }
}

void IoThreads::stop() {
  for (const auto& context : contexts_)
    context->stop();
}

void IoThreads::join() {
  for (auto& thread : threads_)
    thread.join();
  threads_.clear();
}

std::vector<asio::io_context*> IoThreads::contexts() const {
  std::vector<asio::io_context*> all;
  for (const auto& context : contexts_)
    all.push_back(context.get());
  return all;
}

}  // namespace digester::net
