#include "net/server/connection.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "net/server/core.hpp"

namespace digester::net::server {
namespace {

// How long, and for how many bytes, a client may go on sending to a connection that is being closed: closing
// at once would make the kernel throw away the response that tells it why.
constexpr auto kLingerLimit = std::chrono::seconds(2);
constexpr std::size_t kLingerBytes = 16 * 1024 * 1024;

constexpr std::string_view kPlainHttp =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 35\r\nConnection: close\r\n\r\n"
    "this port speaks TLS: use https://\n";

}  // namespace

Connection::Connection(std::shared_ptr<Core> core, Shard& shard, Socket socket, SslHandle ssl)
    : core_(std::move(core)),
      shard_(shard),
      transport_(std::move(socket), std::move(ssl)),
      timer_(shard.io.get_executor()) {
  shard_.connections.push_back(*this);
  core_->metrics.connections.Increment();
  core_->metrics.connections_open.Increment();
}

Connection::~Connection() {
  close();
  if (exchange_) shard_.exchanges.give_back(std::move(exchange_));
  core_->metrics.connections_open.Decrement();
  core_->connections.fetch_sub(1, std::memory_order_release);
}

void Connection::start() {
  // One write is one response: nothing is gained by waiting for more.
  boost::system::error_code ignored;
  transport_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  const auto now = core_->clock.now();
  if (transport_.is_tls()) {
    set_deadline(now + patience(core_->options.handshake_limit));
  } else {
    phase_ = Phase::head;
    set_deadline(now + patience(core_->options.idle_limit));
  }
  drive();
}

// With a client that has sent no request yet; little when the server is stopping.
Duration Connection::patience(Duration limit) const {
  return core_->stopping.load(std::memory_order_relaxed) ? core_->options.stop_limit : limit;
}

void Connection::stop() {
  const bool idle = phase_ == Phase::head && !exchange_;
  if (!idle && phase_ != Phase::handshake) return;
  if (idle && served_ && !transport_.has_pending() && !transport_.has_unread()) return close_if_idle();
  set_deadline(std::min<SteadyTime>(deadline_, core_->clock.now() + core_->options.stop_limit));
}

// Handlers may come back into this through handler_done(): the loop that is running then goes on.
void Connection::drive() {
  if (driving_) return;
  driving_ = true;
  in_a_row_ = 0;
  try {
    while (step()) {
    }
  } catch (const std::exception& error) {
    // No memory, or a bug: it ends this connection and no other.
    core_->log.error("connection failed", {{"listener", core_->options.name}, {"error", error.what()}});
    close();
  }
  driving_ = false;
}

bool Connection::step() {
  switch (phase_) {
    case Phase::handshake:
      return shake_hands();
    case Phase::head:
      return read_head();
    case Phase::body:
      return read_body();
    case Phase::write:
      return write();
    case Phase::linger:
      return linger();
    case Phase::handling:
    case Phase::closed:
      break;
  }
  return false;
}

bool Connection::wait(IoStatus status) {
  if (status == IoStatus::want_write)
    transport_.wait_writable([self = Pointer(this)](bool ready) { self->waited(ready); });
  else
    transport_.wait_readable([self = Pointer(this)](bool ready) { self->waited(ready); });
  return false;
}

void Connection::waited(bool ready) {
  const bool closing = std::exchange(closing_if_idle_, false);
  if (ready) return drive();
  if (!closing || phase_ == Phase::closed) return;
  transport_.shutdown();
  close();
}

// The wait that is outstanding may have received a request whose handler has not run yet: it decides.
void Connection::close_if_idle() {
  closing_if_idle_ = true;
  boost::system::error_code ignored;
  transport_.socket().cancel(ignored);
}

// The peer is gone, or what it sends is no TLS.
bool Connection::lost(IoStatus status) {
  if (status == IoStatus::failed && !served_) count_tls_failure(transport_.tls_failure());
  close();
  return false;
}

void Connection::set_deadline(SteadyTime deadline) {
  deadline_ = deadline;
  if (deadline_ < armed_until_) arm_timer();
}

void Connection::arm_timer() {
  armed_until_ = deadline_;
  timer_.expires_after(deadline_ - core_->clock.now());
  timer_.async_wait([self = Pointer(this)](const boost::system::error_code& error) {
    if (error || self->phase_ == Phase::closed) return;
    // Where the deadline has moved on, or the timer was armed anew with this handler queued already, nothing
    // has passed yet.
    self->armed_until_ = SteadyTime::max();
    if (self->core_->clock.now() >= self->deadline_)
      self->deadline_passed();
    else if (self->deadline_ != SteadyTime::max())
      self->arm_timer();
  });
}

void Connection::deadline_passed() {
  switch (phase_) {
    case Phase::handshake:
      core_->metrics.handshake_timeouts.Increment();
      break;
    case Phase::head:
      if (exchange_) return refuse_timeout();
      // A request came at the last moment: the wait that is outstanding will tell, or waits for something
      // else.
      if (!graced_ && transport_.has_unread()) {
        graced_ = true;
        return set_deadline(core_->clock.now() + core_->options.stop_limit);
      }
      return close_if_idle();
    case Phase::body:
      return refuse_timeout();
    case Phase::write:
      core_->metrics.write_timeouts.Increment();
      break;
    case Phase::handling:
      return;
    case Phase::linger:
    case Phase::closed:
      break;
  }
  close();
}

// The handler of a wait that is outstanding holds the last reference, and lets it go.
void Connection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  release_held();
  boost::system::error_code ignored;
  transport_.socket().close(ignored);
  timer_.cancel();
  shard_.connections.erase(shard_.connections.iterator_to(*this));
}

bool Connection::shake_hands() {
  const IoResult result = transport_.handshake();
  if (result.status == IoStatus::want_read || result.status == IoStatus::want_write)
    return wait(result.status);
  if (result.status != IoStatus::done) {
    if (result.status == IoStatus::closed)
      core_->metrics.handshake_closed.Increment();
    else
      count_tls_failure(transport_.tls_failure());
    if (transport_.tls_failure() == TlsFailure::plain_http) transport_.send_plain(kPlainHttp);
    close();
    return false;
  }
  phase_ = Phase::head;
  set_deadline(core_->clock.now() + patience(core_->options.idle_limit));
  return transport_.has_pending() ? true : wait(IoStatus::want_read);
}

void Connection::count_tls_failure(TlsFailure failure) {
  auto& metrics = core_->metrics;
  switch (failure) {
    case TlsFailure::none:
      return;
    case TlsFailure::plain_http:
      core_->warn_now_and_then("a client spoke plain http to a TLS port", "use https://");
      return metrics.handshake_plain_http.Increment();
    case TlsFailure::certificate_refused:
      core_->warn_now_and_then("a client refused our certificate", "does its CA bundle hold our issuer?");
      return metrics.handshake_certificate_refused.Increment();
    case TlsFailure::no_shared_parameters:
      return metrics.handshake_no_shared_parameters.Increment();
    case TlsFailure::other:
      return metrics.handshake_other.Increment();
  }
}

void Connection::begin_linger() {
  phase_ = Phase::linger;
  discarded_ = 0;
  set_deadline(core_->clock.now() + kLingerLimit);
}

bool Connection::linger() {
  std::array<char, 16 * 1024> dropped;
  while (true) {
    const IoResult result = transport_.read(dropped.data(), dropped.size());
    if (result.status == IoStatus::want_read) return wait(result.status);
    discarded_ += result.size;
    if (result.status != IoStatus::done || discarded_ > kLingerBytes) {
      close();
      return false;
    }
  }
}

}  // namespace digester::net::server
