// The buffers of one request and its response. A connection borrows them when bytes arrive and gives them
// back when it is idle again, so that what is warm in the processor's cache is used first and an idle
// connection holds no buffers. One thread's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/server/input_buffer.hpp"
#include "net/server/message.hpp"
#include "net/server/wire/request_head.hpp"

namespace digester::net::server {

struct Exchange {
  InputBuffer input;
  RequestHead head;
  ServerRequest request;
  ServerResponse response;
  std::string output;
};

class ExchangePool {
 public:
  std::unique_ptr<Exchange> borrow() {
    if (free_.empty()) return std::make_unique<Exchange>();
    auto exchange = std::move(free_.back());
    free_.pop_back();
    return exchange;
  }

  // What a rare large request made grow is freed, not kept.
  void give_back(std::unique_ptr<Exchange> exchange) {
    const std::size_t held = exchange->input.capacity() + exchange->request.body.capacity() +
                             exchange->response.body.capacity() + exchange->output.capacity();
    if (free_.size() >= kKept || held > kKeptBytes) return;
    exchange->input.reset();
    exchange->request.attachment.reset();
    free_.push_back(std::move(exchange));
  }

 private:
  static constexpr std::size_t kKept = 32;
  static constexpr std::size_t kKeptBytes = 256 * 1024;
  std::vector<std::unique_ptr<Exchange>> free_;
};

}  // namespace digester::net::server
