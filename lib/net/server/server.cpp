#include "net/server/server.hpp"

#include "net/server/listener.hpp"

namespace digester::net {
namespace {

// Handlers still running when the rest was cut off get this many looks, 3 ms each, to notice.
constexpr int kLooksAfterAbort = 30;

}  // namespace

Server::Server(std::vector<asio::io_context*> contexts, ServerOptions options, Handler& handler,
               const Clock& clock, const Logger& log, Metrics& metrics, std::shared_ptr<ServerTls> tls)
    : core_(std::make_shared<server::Core>(std::move(contexts), std::move(options), handler, clock, log,
                                           metrics, std::move(tls))),
      listener_(std::make_shared<server::Listener>(core_)) {}

Server::~Server() {
  abort();
}

Result<void> Server::start() {
  return listener_->start();
}

std::uint16_t Server::port() const {
  return listener_->port();
}

std::size_t Server::connections() const {
  return core_->connections.load(std::memory_order_acquire);
}

void Server::begin_drain() {
  core_->draining.store(true, std::memory_order_relaxed);
}

Task<bool> Server::stop(Duration bound) {
  // Both outlive this coroutine even if the server does not.
  const auto core = core_;
  const auto listener = listener_;
  const auto deadline = core->clock.now() + bound;
  core->begin_stop();
  listener->stop();
  Timer timer(co_await asio::this_coro::executor);
  const auto busy = [&core, &listener] {
    return listener->accepting() || core->connections.load(std::memory_order_acquire) > 0;
  };
  // Connections end on their own threads; looking a few hundred times a second is simpler than having each
  // of them tell, and happens once in a process's life.
  bool clean = true;
  for (auto left = kLooksAfterAbort; busy() && left > 0;) {
    if (clean && core->clock.now() >= deadline) {
      clean = false;
      core->abort();
    }
    if (!clean) --left;
    timer.expires_after(std::chrono::milliseconds(3));
    const auto [error] = co_await timer.async_wait(use_task);
    if (error) break;
  }
  co_return clean && !busy();
}

void Server::abort() {
  listener_->stop();
  core_->abort();
}

}  // namespace digester::net
