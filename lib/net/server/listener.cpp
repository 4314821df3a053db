#include "net/server/listener.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

namespace digester::net::server {
namespace {

using asio::ip::tcp;

constexpr auto kPause = std::chrono::milliseconds(100);
// A burst of connections must not keep the thread from those it has.
constexpr int kMostInARow = 16;
// More than the kernel lets wait by default.
constexpr int kMostAtTheEnd = 8192;

std::string printable_endpoint(const tcp::endpoint& endpoint) {
  const auto host = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", host, endpoint.port())
                                    : fmt::format("{}:{}", host, endpoint.port());
}

std::string_view cure_for(const boost::system::error_code& error) {
  if (error == asio::error::address_in_use)
    return "another process listens there: stop it or choose another port";
  if (error == asio::error::access_denied) return "ports below 1024 need a privilege: choose a higher one";
  if (error == boost::system::errc::address_not_available) return "this host does not have that address";
  return "choose another address or port";
}

// An accepted socket on its way to its shard; closed if it never gets there.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

void take_over(const std::shared_ptr<Core>& core, Shard& shard, const tcp& protocol, Descriptor descriptor) {
  boost::system::error_code error;
  Socket socket(shard.io.get_executor());
  socket.assign(protocol, descriptor.release(), error);
  SslHandle ssl;
  if (!error && core->tls) ssl = core->tls->new_session();
  if (error || (core->tls && !ssl)) {
    core->connections.fetch_sub(1, std::memory_order_relaxed);
    core->warn_now_and_then("cannot take a connection", error ? error.message() : "no memory");
    return;
  }
  const Connection::Pointer connection(new Connection(core, shard, std::move(socket), std::move(ssl)));
  connection->start();
}

}  // namespace

Listener::Listener(std::shared_ptr<Core> core)
    : core_(std::move(core)), acceptor_(core_->shards.at(0)->io), pause_(core_->shards.at(0)->io) {}

Result<void> Listener::start() {
  const auto& options = core_->options;
  if (options.address.empty()) {
    // Every address: one socket for IPv6 and IPv4, or IPv4 alone where the host has no IPv6.
    if (listen({tcp::v6(), options.port})) return {};
    return listen({tcp::v4(), options.port});
  }
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error)
    return fail(ErrorKind::invalid, fmt::format("cannot listen on {}: not an IP address", options.address));
  return listen({address, options.port});
}

Result<void> Listener::listen(const tcp::endpoint& endpoint) {
  boost::system::error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(Acceptor::reuse_address(true), error);
  if (!error && endpoint.address().is_v6() && endpoint.address().is_unspecified())
    acceptor_.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor_.non_blocking(true, error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(Acceptor::max_listen_connections, error);
  if (error) {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    return fail(ErrorKind::unavailable,
                fmt::format("cannot listen on {}: {}; {}", printable_endpoint(endpoint), error.message(),
                            cure_for(error)));
  }
  protocol_ = endpoint.protocol();
  port_ = acceptor_.local_endpoint().port();
  accepting_ = true;
  asio::post(acceptor_.get_executor(), [self = shared_from_this()] { self->wait(); });
  return {};
}

void Listener::wait() {
  if (!acceptor_.is_open()) return;
  acceptor_.async_wait(
      Acceptor::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
        if (error || !self->acceptor_.is_open()) return;
        const int problem = self->accept_some(kMostInARow);
        if (problem == 0 || problem == EAGAIN) return self->wait();
        // No descriptors or no memory: they come back as connections end.
        self->core_->warn_now_and_then("cannot accept connections", std::generic_category().message(problem));
        self->pause();
      });
}

void Listener::pause() {
  pause_.expires_after(kPause);
  pause_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (!cancelled) self->wait();
  });
}

// Gives the error that ended it, or 0 when there may be more.
int Listener::accept_some(int most) {
  for (int i = 0; i < most; ++i) {
    const int descriptor =
        ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0)
      hand_out(descriptor);
    else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM || errno == EAGAIN)
      return errno;
    // Everything else is about the connection that was to be accepted: it is gone.
  }
  return 0;
}

void Listener::hand_out(int descriptor) {
  Descriptor accepted(descriptor);
  if (core_->connections.fetch_add(1, std::memory_order_relaxed) >= core_->options.max_connections) {
    core_->connections.fetch_sub(1, std::memory_order_relaxed);
    core_->metrics.connections_refused.Increment();
    core_->warn_now_and_then("connections are refused", "the limit on connections is reached");
    return;
  }
  Shard& shard = *core_->shards[next_shard_];
  next_shard_ = (next_shard_ + 1) % core_->shards.size();
  asio::dispatch(shard.io,
                 [core = core_, &shard, protocol = protocol_, held = std::move(accepted)]() mutable {
                   take_over(core, shard, protocol, std::move(held));
                 });
}

void Listener::stop() {
  asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
    // Clients whose connection the kernel has made already would be reset.
    if (self->acceptor_.is_open()) self->accept_some(kMostAtTheEnd);
    boost::system::error_code ignored;
    self->acceptor_.close(ignored);
    self->pause_.cancel();
    self->accepting_.store(false, std::memory_order_release);
  });
}

}  // namespace digester::net::server
