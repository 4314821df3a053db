#include "registry/client/permits.hpp"

#include <optional>

namespace digester::registry {

// Lives in the waiting coroutine's frame; leaves the queue when that frame goes, whatever ends it.
struct Permits::Waiter {
  Waiter(State& state, const std::string& key, net::Executor executor);
  ~Waiter();
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  State& state;
  const std::string& key;
  net::Timer timer;
  bool granted = false;                               // a permit was handed over and not yet taken
  std::optional<std::list<Waiter*>::iterator> place;  // in the queue
};

struct Permits::Host {
  std::size_t used = 0;
  std::list<Waiter*> queue;
};

struct Permits::State {
  explicit State(std::size_t limit) : per_host(limit) {}

  void release(const std::string& key) {
    const auto found = hosts.find(key);
    auto& host = found->second;
    if (!host.queue.empty()) {
      auto* next = host.queue.front();
      host.queue.pop_front();
      next->place.reset();
      next->granted = true;
      next->timer.cancel();
      return;
    }
    if (--host.used == 0) hosts.erase(found);
  }

  std::size_t per_host;
  std::unordered_map<std::string, Host> hosts;  // only those with permits out
};

Permits::Waiter::Waiter(State& s, const std::string& k, net::Executor executor)
    : state(s), key(k), timer(executor) {
  auto& queue = state.hosts.at(key).queue;
  place = queue.insert(queue.end(), this);
}

Permits::Waiter::~Waiter() {
  if (granted)
    state.release(key);
  else if (place)
    state.hosts.at(key).queue.erase(*place);
}

Permits::Permits(std::size_t per_host) : state_(std::make_shared<State>(per_host)) {}
Permits::~Permits() = default;

Permits::Permit::~Permit() {
  if (state_) state_->release(key_);
}

net::Task<Result<Permits::Permit>> Permits::acquire(std::string key, Duration at_most) {
  auto state = state_;
  auto& host = state->hosts[key];
  if (host.used < state->per_host) {
    ++host.used;
    co_return Permit(std::move(state), std::move(key));
  }
  const auto executor = co_await net::asio::this_coro::executor;
  Waiter waiter(*state, key, executor);
  waiter.timer.expires_after(at_most);
  co_await waiter.timer.async_wait(net::use_task);
  if (!waiter.granted)
    co_return fail(ErrorKind::timed_out, "too many requests to this host are waiting already");
  waiter.granted = false;
  co_return Permit(state, key);
}

std::size_t Permits::hosts() const {
  return state_->hosts.size();
}

}  // namespace digester::registry
