#include "registry/client/permits.hpp"

#include <algorithm>
#include <cstdint>
#include <list>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace digester::registry {

// A tenant, or a repository: there while it holds or waits.
struct Permits::Group {
  std::size_t held = 0;
  std::size_t waiting = 0;
  std::uint64_t served = 0;  // when last, counted in permits
};

struct Permits::Level {
  using Entry = std::unordered_map<std::string, Group>::value_type;

  Entry& of(const std::string& name) { return *groups.try_emplace(name).first; }
  void take(Entry& entry, std::uint64_t now) {
    if (entry.second.held++ == 0) holding.push_back(&entry.second);
    entry.second.served = now;
  }
  void give_back(Entry& entry) {
    if (--entry.second.held == 0) std::erase(holding, &entry.second);
  }
  void forget_idle(Entry& entry) {
    if (entry.second.held == 0 && entry.second.waiting == 0) groups.erase(groups.find(entry.first));
  }

  std::size_t share(std::size_t limit) const { return std::max<std::size_t>(1, limit / groups.size()); }
  // Held beyond the share, by all together.
  std::size_t excess(std::size_t limit) const {
    const auto each = share(limit);
    std::size_t sum = 0;
    for (const auto* group : holding)
      sum += group->held - std::min(group->held, each);
    return sum;
  }

  std::unordered_map<std::string, Group> groups;
  std::vector<Group*> holding;
};

struct Permits::Host {
  Level tenants;
  Level repositories;
  std::size_t used = 0;
  std::uint64_t served = 0;
  std::list<Waiter*> queue;
};

// Where one permit counts. The places stay where they are while somebody sits in them.
struct Permits::Seat {
  std::string key;
  Host& host;
  Level::Entry& tenant;
  Level::Entry& repository;
};

// Lives in the waiting coroutine's frame; leaves the queue when that frame goes, whatever ends it.
struct Permits::Waiter {
  Waiter(State& of, std::shared_ptr<const Seat> where, net::Executor executor);
  ~Waiter();
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  auto turn() const {
    const auto& tenant = seat->tenant.second;
    const auto& repository = seat->repository.second;
    return std::tuple(tenant.held, tenant.served, repository.held, repository.served);
  }

  State& state;
  const std::shared_ptr<const Seat> seat;
  net::Timer timer;
  bool granted = false;                               // a permit was handed over and not yet taken
  std::optional<std::list<Waiter*>::iterator> place;  // in the queue
};

struct Permits::State {
  explicit State(std::size_t limit) : per_host(limit) {}

  static void take(const Seat& seat) {
    auto& host = seat.host;
    ++host.used;
    ++host.served;
    host.tenants.take(seat.tenant, host.served);
    host.repositories.take(seat.repository, host.served);
  }

  void release(const Seat& seat) {
    auto& host = seat.host;
    --host.used;
    host.tenants.give_back(seat.tenant);
    host.repositories.give_back(seat.repository);
    leave(seat);
  }

  void leave(const Seat& seat) {
    auto& host = seat.host;
    host.tenants.forget_idle(seat.tenant);
    host.repositories.forget_idle(seat.repository);
    serve(host);
    if (host.used == 0 && host.queue.empty()) hosts.erase(hosts.find(seat.key));
  }

  void serve(Host& host) {
    while (auto* next = choose(host)) {
      dequeue(*next);
      take(*next->seat);
      next->granted = true;
      next->timer.cancel();
    }
  }

  static void dequeue(Waiter& waiter) {
    waiter.seat->host.queue.erase(*waiter.place);
    waiter.place.reset();
    --waiter.seat->tenant.second.waiting;
    --waiter.seat->repository.second.waiting;
  }

  // The next to be served, if anybody may be.
  Waiter* choose(const Host& host) const {
    if (host.queue.empty()) return nullptr;
    const bool free = host.used < per_host;
    const auto beyond = [&](const Level& level, std::size_t ceiling) {
      return host.used < ceiling && host.used - level.excess(per_host) < per_host ? level.share(per_host) : 0;
    };
    const auto tenants = free ? 0 : beyond(host.tenants, per_host * 2);
    const auto repositories = free ? 0 : beyond(host.repositories, per_host + per_host / 2);
    if (!free && tenants == 0 && repositories == 0) return nullptr;
    Waiter* best = nullptr;
    for (auto* waiter : host.queue) {
      const auto& seat = *waiter->seat;
      const bool may =
          free || seat.tenant.second.held < tenants || seat.repository.second.held < repositories;
      if (may && (best == nullptr || waiter->turn() < best->turn())) best = waiter;
    }
    return best;
  }

  const std::size_t per_host;
  std::unordered_map<std::string, Host> hosts;  // only those with permits out
};

Permits::Waiter::Waiter(State& of, std::shared_ptr<const Seat> where, net::Executor executor)
    : state(of), seat(std::move(where)), timer(executor) {
  auto& queue = seat->host.queue;
  place = queue.insert(queue.end(), this);
  ++seat->tenant.second.waiting;
  ++seat->repository.second.waiting;
}

Permits::Waiter::~Waiter() {
  if (granted) {
    state.release(*seat);
  } else if (place) {
    State::dequeue(*this);
    state.leave(*seat);
  }
}

Permits::Permits(std::size_t per_host) : state_(std::make_shared<State>(per_host)) {}
Permits::~Permits() = default;

Permits::Permit::Permit(std::shared_ptr<State> state, std::shared_ptr<const Seat> seat)
    : state_(std::move(state)), seat_(std::move(seat)) {}

Permits::Permit::~Permit() {
  if (state_) state_->release(*seat_);
}

net::Task<Result<Permits::Permit>> Permits::acquire(std::string key, Party party, Duration at_most) {
  const auto executor = co_await net::asio::this_coro::executor;
  const auto state = state_;
  auto& host = state->hosts[key];
  const std::shared_ptr<const Seat> seat(
      new Seat{std::move(key), host, host.tenants.of(party.tenant), host.repositories.of(party.repository)});
  if (host.used < state->per_host) {
    State::take(*seat);
    co_return Permit(state, seat);
  }
  Waiter waiter(*state, seat, executor);
  waiter.timer.expires_after(at_most);
  state->serve(host);
  if (!waiter.granted) co_await waiter.timer.async_wait(net::use_task);
  if (!waiter.granted)
    co_return fail(ErrorKind::timed_out, "too many requests to this host are waiting already");
  waiter.granted = false;
  co_return Permit(state, seat);
}

std::size_t Permits::hosts() const {
  return state_->hosts.size();
}

}  // namespace digester::registry
