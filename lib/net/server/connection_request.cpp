// Connection, second part: one request after the other.
#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>

#include "net/server/connection.hpp"
#include "net/server/core.hpp"

namespace digester::net::server {
namespace {

// A TLS record holds this much at most, so more is never read at once.
constexpr std::size_t kReadSize = 16 * 1024;
constexpr std::size_t kSmallestRead = 4 * 1024;
// Memory for a body is taken in advance up to here; a longer one must arrive before it gets more.
constexpr std::size_t kTrustedLength = 64 * 1024;
// Requests that one client may have answered before others get their turn.
constexpr unsigned kMostInARow = 32;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

bool Connection::read_head() {
  if (!exchange_) exchange_ = shard_.exchanges.borrow();
  auto& input = exchange_->input;
  while (true) {
    if (!input.empty() && parse_input()) return true;
    input.reserve(input.empty() ? kReadSize : kSmallestRead);
    const IoResult result = transport_.read(input.space(), input.space_size());
    switch (result.status) {
      case IoStatus::done:
        if (input.empty()) exchange_->request.received = now_ = core_->clock.now();
        input.commit(result.size);
        break;
      case IoStatus::want_read:
      case IoStatus::want_write:
        if (input.empty())
          shard_.exchanges.give_back(std::move(exchange_));
        else
          set_deadline(exchange_->request.received + core_->options.head_limit);
        return wait(result.status);
      case IoStatus::closed:
      case IoStatus::failed:
        return lost(result.status);
    }
  }
}

// True when the phase has changed: the head is complete, or refused.
bool Connection::parse_input() {
  auto& [input, head, request, response, output] = *exchange_;
  const auto unread = input.unread();
  const auto end = find_head_end(unread, scanned_);
  scanned_ = unread.size();
  if (end == std::string_view::npos ? unread.size() > core_->options.max_head
                                    : end > core_->options.max_head) {
    head = RequestHead{};
    request.method = {};
    refuse({431, "the request's head is larger than the limit"});
    return true;
  }
  Refusal refusal;
  if (end == std::string_view::npos) {
    refusal = check_beginning(unread);
    if (refusal.status == 0) return false;
    head = RequestHead{};
  } else {
    refusal = parse_head(unread.substr(0, end), head, request.fields);
    if (refusal.status == 0 && head.chunked && input.space_size() < kSmallestRead) {
      // Chunks are read behind the head, which must not move any more.
      input.reserve(kSmallestRead);
      refusal = parse_head(input.unread().substr(0, end), head, request.fields);
    }
  }
  request.method = head.method;
  if (refusal.status != 0) {
    refuse(refusal);
    return true;
  }
  request.path = head.path;
  request.query = head.query;
  input.consume(end);
  scanned_ = 0;
  begin_body();
  return true;
}

void Connection::begin_body() {
  auto& [input, head, request, response, output] = *exchange_;
  overloaded_ = false;
  discarded_ = 0;
  request.body.clear();
  if (head.length > core_->options.max_body)
    return refuse({413, "the request's body is larger than the limit"});
  if (head.chunked) {
    chunked_.emplace(core_->options.max_body);
    body_start_ = input.position();
  } else {
    const auto here = input.unread().substr(0, head.length);
    if (head.length > 0) {
      request.body.reserve(std::min<std::size_t>(head.length, kTrustedLength) + ServerRequest::kBodyPadding);
      request.body.append(here);
      input.consume(here.size());
      hold(here.size());
    }
    if (here.size() == head.length) return body_complete();
  }
  phase_ = Phase::body;
  set_deadline(core_->clock.now() + core_->options.body_limit);
  if (head.expects_continue && input.empty() && request.body.empty()) {
    output = kContinue;
    written_ = 0;
    write_blocked_ = false;
    after_write_ = AfterWrite::read_body;
    phase_ = Phase::write;
  }
}

bool Connection::read_body() {
  return chunked_ ? read_chunked_body() : read_sized_body();
}

bool Connection::read_sized_body() {
  auto& body = exchange_->request.body;
  std::array<char, kReadSize> dropped;
  while (true) {
    const std::size_t have = overloaded_ ? discarded_ : body.size();
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(exchange_->head.length - have, kReadSize));
    if (size == 0) {
      body_complete();
      return true;
    }
    if (!overloaded_) body.resize(have + size);
    const IoResult result = transport_.read(overloaded_ ? dropped.data() : body.data() + have, size);
    if (overloaded_) {
      discarded_ += result.size;
    } else {
      body.resize(have + result.size);
      hold(result.size);
    }
    if (result.status == IoStatus::want_read || result.status == IoStatus::want_write)
      return wait(result.status);
    if (result.status != IoStatus::done) return lost(result.status);
  }
}

bool Connection::read_chunked_body() {
  auto& [input, head, request, response, output] = *exchange_;
  while (true) {
    if (!input.empty()) {
      auto text = input.unread();
      const std::size_t before = request.body.size();
      const auto status = chunked_->feed(text, overloaded_ ? nullptr : &request.body);
      input.consume(input.unread().size() - text.size());
      hold(request.body.size() - before);
      switch (status) {
        case ChunkedDecoder::Status::done:
          body_complete();
          return true;
        case ChunkedDecoder::Status::malformed:
          refuse({400, "the chunked body is malformed"});
          return true;
        case ChunkedDecoder::Status::too_large:
          refuse({413, "the request's body is larger than the limit"});
          return true;
        case ChunkedDecoder::Status::more:
          break;
      }
    }
    input.reuse_from(body_start_);
    const IoResult result = transport_.read(input.space(), input.space_size());
    if (result.status == IoStatus::want_read || result.status == IoStatus::want_write)
      return wait(result.status);
    if (result.status != IoStatus::done) return lost(result.status);
    input.commit(result.size);
  }
}

// Counts bytes of a body that have come, as opposed to those announced: a client must send them to take room
// from others. Over the limit the body is given up, and what follows of it is dropped.
void Connection::hold(std::size_t bytes) {
  if (bytes == 0) return;
  held_ += bytes;
  const auto before = core_->bytes_in_flight.fetch_add(bytes, std::memory_order_relaxed);
  if (before + bytes <= core_->options.max_bytes_in_flight) return;
  overloaded_ = true;
  discarded_ = exchange_->request.body.size();
  exchange_->request.body = std::string();
  release_held();
}

void Connection::release_held() {
  if (held_ == 0) return;
  core_->bytes_in_flight.fetch_sub(held_, std::memory_order_relaxed);
  held_ = 0;
}

void Connection::body_complete() {
  chunked_.reset();
  served_ = true;
  core_->metrics.requests.Increment();
  auto& body = exchange_->request.body;
  body.reserve(body.size() + ServerRequest::kBodyPadding);
  call_handler();
}

void Connection::call_handler() {
  auto& [input, head, request, response, output] = *exchange_;
  response.clear();
  if (overloaded_) {
    core_->metrics.overloaded.Increment();
    core_->warn_now_and_then("requests are answered with 429", "the limit on bytes in flight is reached");
    make_error(429, "too many bytes in flight, try again");
    response.add_field("Retry-After", "1");
    return respond(false, false);
  }
  try {
    if (core_->handler.try_handle(request, response)) return respond(response.close, false);
    phase_ = Phase::handling;
    deadline_ = SteadyTime::max();
    auto task = core_->handler.handle(request, response);
    // May be done before co_spawn returns.
    asio::co_spawn(shard_.io.get_executor(), std::move(task),
                   [self = Pointer(this)](std::exception_ptr failure) { self->handler_done(failure); });
  } catch (...) {
    handler_done(std::current_exception());
  }
}

void Connection::handler_done(std::exception_ptr failure) {
  if (phase_ == Phase::closed) return;
  now_ = core_->clock.now();
  auto& response = exchange_->response;
  if (failure) {
    core_->metrics.handler_failures.Increment();
    std::string what = "not a standard exception";
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      what = error.what();
    } catch (...) {
    }
    core_->log.error("request handler failed", {{"listener", core_->options.name}, {"error", what}});
    make_error(500, "internal error");
  }
  respond(response.close, false);
  drive();
}

void Connection::make_error(unsigned status, std::string_view line) {
  auto& response = exchange_->response;
  response.clear();
  response.status = status;
  response.content_type = "text/plain";
  response.body.append(line).append("\n");
}

void Connection::refuse(Refusal refusal) {
  auto& metrics = core_->metrics;
  (refusal.status == 413   ? metrics.body_too_large
   : refusal.status == 431 ? metrics.head_too_large
                           : metrics.bad_requests)
      .Increment();
  core_->log.debug("request refused",
                   {{"listener", core_->options.name}, {"status", refusal.status}, {"why", refusal.why}});
  if (refusal.status == 413) core_->warn_now_and_then("requests are refused with 413", refusal.why);
  served_ = true;
  chunked_.reset();
  make_error(refusal.status, refusal.why);
  respond(true, true);
}

// One attempt to tell the client, then it is over: it has had its time.
void Connection::refuse_timeout() {
  core_->metrics.request_timeouts.Increment();
  if (phase_ == Phase::head) {
    exchange_->head = RequestHead{};
    exchange_->request.method = {};
  }
  make_error(408, "the request took too long to arrive");
  respond(true, true);
  static_cast<void>(transport_.write(exchange_->output.data(), exchange_->output.size()));
  transport_.shutdown();
  close();
}

void Connection::respond(bool close_after, bool unread_input) {
  auto& [input, head, request, response, output] = *exchange_;
  const bool closes = close_after || !head.keep_alive || core_->draining.load(std::memory_order_relaxed);
  const auto persistence = closes          ? Persistence::close
                           : head.http_1_0 ? Persistence::keep_1_0
                                           : Persistence::keep;
  write_response(output, response, shard_.date.line(now_), persistence, request.method == "HEAD");
  // The body has done its work: a client that has the answer may send as much again at once.
  release_held();
  written_ = 0;
  write_blocked_ = false;
  after_write_ = !closes ? AfterWrite::next_request : unread_input ? AfterWrite::linger : AfterWrite::close;
  phase_ = Phase::write;
}

bool Connection::write() {
  const auto& output = exchange_->output;
  while (written_ < output.size()) {
    const IoResult result = transport_.write(output.data() + written_, output.size() - written_);
    switch (result.status) {
      case IoStatus::done:
        written_ += result.size;
        break;
      case IoStatus::want_read:
      case IoStatus::want_write:
        if (!write_blocked_) {
          write_blocked_ = true;
          set_deadline(core_->clock.now() + core_->options.write_limit);
          // A client that does not read holds what it has to read and no more.
          if (after_write_ != AfterWrite::read_body) exchange_->request.body = std::string();
          exchange_->response.body = std::string();
        }
        return wait(result.status);
      case IoStatus::closed:
      case IoStatus::failed:
        return lost(result.status);
    }
  }
  return written();
}

bool Connection::written() {
  switch (after_write_) {
    case AfterWrite::next_request:
      return next_request();
    case AfterWrite::read_body:
      phase_ = Phase::body;
      set_deadline(core_->clock.now() + core_->options.body_limit);
      return true;
    case AfterWrite::close:
    case AfterWrite::linger:
      break;
  }
  const bool more_comes = after_write_ == AfterWrite::linger || !exchange_->input.empty() ||
                          transport_.has_pending() || transport_.has_unread();
  transport_.shutdown();
  if (!more_comes) {
    close();
    return false;
  }
  begin_linger();
  return true;
}

bool Connection::next_request() {
  exchange_->request.attachment.reset();
  phase_ = Phase::head;
  graced_ = false;
  if (!exchange_->input.empty()) exchange_->request.received = now_ = core_->clock.now();
  set_deadline(now_ + core_->options.idle_limit);
  if (!exchange_->input.empty()) return go_on();
  if (transport_.has_pending()) return go_on();
  shard_.exchanges.give_back(std::move(exchange_));
  wait(IoStatus::want_read);
  // The server may have begun to stop when the response had been made.
  if (core_->stopping.load(std::memory_order_relaxed)) stop();
  return false;
}

// Whether to take up the next request at once; otherwise others get their turn first.
bool Connection::go_on() {
  if (++in_a_row_ < kMostInARow) return true;
  asio::post(shard_.io, [self = Pointer(this)] { self->drive(); });
  return false;
}

}  // namespace digester::net::server
