#include "kube/watch.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "kube/event_reader.hpp"

namespace digester::kube {
namespace {

Duration scaled(Duration duration, double by) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(duration.count()) * by));
}

// The same question may be answered another time, from where we were.
bool is_transient(ErrorKind kind) {
  return kind == ErrorKind::unreachable || kind == ErrorKind::timed_out || kind == ErrorKind::unavailable ||
         kind == ErrorKind::rate_limited;
}

}  // namespace

// Shared by the object and its coroutine, which may end later.
struct Watch::State final : EventSink {
  State(ApiClient& client, WatchTarget what, WatchObserver& whom, const Clock& time, const Logger& logger,
        WatchOptions with, ApiHooks chance)
      : api(client),
        target(std::move(what)),
        observer(whom),
        clock(time),
        log(logger),
        options(std::move(with)),
        hooks(complete(std::move(chance))) {}

  static net::Task<> run(std::shared_ptr<State> state);
  static net::Task<Result<void>> round(std::shared_ptr<State> state);
  static net::Task<Result<void>> list(std::shared_ptr<State> state);
  static net::Task<Result<void>> watch(std::shared_ptr<State> state);

  bool take(const Event& event) override;
  void works();
  Result<void> judge(Result<void> ended, bool live, Duration lasted);
  Duration failed(const Error& error);
  Duration haste();

  ApiClient& api;
  const WatchTarget target;
  WatchObserver& observer;
  const Clock& clock;
  const Logger& log;
  WatchOptions options;
  ApiHooks hooks;
  net::asio::cancellation_signal cancel;
  bool stopped = false;

  std::string version;     // where to go on from; empty: a list is needed
  bool proven = false;     // an event or bookmark came since the list: its version was still known
  std::size_t events = 0;  // of this watch
  bool synced = false;
  unsigned failures = 0;  // in a row
  unsigned hasty = 0;     // watches in a row that brought something and ended too soon
  bool in_haste = false;  // the last round had one
  bool silence = false;   // the last one was that nobody answered
  bool told = false;      // of the failure in the log
  SteadyTime told_at{};
  std::optional<SteadyTime> told_hasty;
};

bool Watch::State::take(const Event& event) {
  ++events;
  proven = true;
  if (event.type == EventType::applied) observer.applied(event.object);
  if (event.type == EventType::deleted) observer.deleted(event.object);
  if (stopped) return false;
  version = event.version;
  return true;
}

void Watch::State::works() {
  if (synced) return;
  synced = true;
  if (told) log.info("the watch of the Kubernetes API works again", {{"path", target.path}});
  told = false;
  observer.synced();
}

// How long to wait.
Duration Watch::State::failed(const Error& error) {
  // A server that has just started refuses for a moment: that is another trouble than the one before.
  const bool silent = error.kind == ErrorKind::unreachable || error.kind == ErrorKind::timed_out;
  if (std::exchange(silence, silent) && !silent) failures = 0;
  const auto longest =
      silent ? std::min(options.longest_silence, options.longest_backoff) : options.longest_backoff;
  Duration wait = options.backoff;
  for (unsigned i = 0; i < failures && wait < longest; ++i)
    wait *= 2;
  wait = scaled(std::min(wait, longest), 0.5 + 0.5 * hooks.random());
  // Nobody's word makes us deaf for an hour.
  if (error.retry_after) {
    const auto asked = std::min<Duration>(*error.retry_after, options.longest_backoff);
    wait = std::max(wait, scaled(asked, 1 + 0.1 * hooks.random()));
  }
  ++failures;
  synced = false;
  const auto now = clock.now();
  if (!told || now - told_at >= options.repeat_log) {
    told = true;
    told_at = now;
    log.warn("a watch of the Kubernetes API fails, and is tried again",
             {{"path", target.path},
              {"kind", to_string(error.kind)},
              {"error", error.message},
              {"detail", error.detail},
              {"failures", failures},
              {"wait_ms", std::chrono::duration_cast<std::chrono::milliseconds>(wait).count()}});
  }
  observer.failing(error);
  return wait;
}

// How long to wait in any case. A watch that ends soon after it brought something is no failure, but one
// after the other would be as many requests as the server can answer.
Duration Watch::State::haste() {
  if (!std::exchange(in_haste, false)) return Duration{0};
  Duration wait = options.backoff;
  for (unsigned i = 1; i < hasty && wait < options.longest_backoff; ++i)
    wait *= 2;
  wait = std::min(wait, options.longest_backoff);
  const auto now = clock.now();
  if (hasty > 3 && (!told_hasty || now - *told_hasty >= options.repeat_log)) {
    told_hasty = now;
    log.warn("watches of the Kubernetes API end soon after they began",
             {{"path", target.path},
              {"in_a_row", hasty},
              {"wait_ms", std::chrono::duration_cast<std::chrono::milliseconds>(wait).count()}});
  }
  return scaled(wait, 1 + 0.1 * hooks.random());
}

net::Task<Result<void>> Watch::State::list(std::shared_ptr<State> state) {
  bool first = true;
  OnPage on_page = [state, &first](std::span<const json::Value> objects) {
    if (!state->stopped) state->observer.listed(objects, std::exchange(first, false));
    return !state->stopped;
  };
  auto version = co_await list_all(state->api, state->target, state->options.list, std::move(on_page));
  if (state->stopped) co_return Result<void>();
  if (!version) co_return fail(std::move(version.error()));
  state->observer.replaced();
  if (state->stopped) co_return Result<void>();
  state->version = std::move(*version);
  state->proven = false;
  state->works();
  co_return Result<void>();
}

net::Task<Result<void>> Watch::State::watch(std::shared_ptr<State> state) {
  const auto& options = state->options;
  const Duration length =
      options.shortest + scaled(options.longest - options.shortest, state->hooks.random());
  const auto seconds = std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(length).count());
  ApiStream request;
  request.path = target_path(state->target, {{"watch", "true"},
                                             {"allowWatchBookmarks", "true"},
                                             {"resourceVersion", state->version},
                                             {"timeoutSeconds", std::to_string(seconds)}});
  request.limit = length + std::chrono::seconds(30);
  request.silence_limit = options.silence;

  struct Reading {
    EventReader reader;
    bool live = false;
    Result<void> problem;
  };
  const auto reading = std::make_shared<Reading>(Reading{EventReader(options.event_bytes), false, {}});
  state->events = 0;
  net::HttpClient::OnBody on_body = [state, reading](std::string_view piece) {
    if (!state->stopped && !reading->live) {
      reading->live = true;
      state->works();
    }
    if (state->stopped) return false;
    const auto more = reading->reader.feed(piece, *state);
    if (!more) reading->problem = fail(more.error());
    return more && *more;
  };
  const auto started = state->clock.now();
  auto ended = co_await state->api.stream(std::move(request), std::move(on_body));
  if (state->stopped) co_return Result<void>();
  if (!reading->problem) ended = std::move(reading->problem);
  co_return state->judge(std::move(ended), reading->live, state->clock.now() - started);
}

// What the end of a watch means: success is to go on at once.
Result<void> Watch::State::judge(Result<void> ended, bool live, Duration lasted) {
  const bool held = lasted >= options.settled;
  const bool good = live && (events > 0 || held);
  if (good) failures = 0;
  if (good && held) hasty = 0;
  in_haste = good && !held;
  if (in_haste) ++hasty;
  if (ended) {
    if (good || held) return {};
    return fail(ErrorKind::unavailable, "the Kubernetes API ended a watch as soon as it had begun");
  }
  const auto kind = ended.error().kind;
  if (is_transient(kind)) {
    // Servers restart and balancers cut what is quiet: of a watch that held, nobody needs to know.
    const bool usual = kind == ErrorKind::unreachable || kind == ErrorKind::timed_out;
    if (usual && live && held) return {};
    return ended;
  }
  version.clear();
  if (kind == ErrorKind::not_found && proven) return {};
  return ended;
}

net::Task<Result<void>> Watch::State::round(std::shared_ptr<State> state) {
  Result<void> result = fail(ErrorKind::internal, "a report of the watch was not taken; this is a bug");
  try {
    if (state->version.empty()) {
      result = co_await list(state);
      if (!result) co_return result;
      if (state->stopped) co_return result;
    }
    result = co_await watch(state);
  } catch (const boost::system::system_error&) {
    throw;
  } catch (const std::exception& error) {
    state->version.clear();
    result = fail(ErrorKind::internal, "a report of the watch was not taken; this is a bug",
                  text::printable(error.what()));
  }
  co_return result;
}

net::Task<> Watch::State::run(std::shared_ptr<State> state) {
  while (!state->stopped) {
    const auto ended = co_await round(state);
    if (state->stopped) co_return;
    auto wait = state->haste();
    if (!ended) wait = std::max(wait, state->failed(ended.error()));
    if (state->stopped) co_return;
    if (wait.count() > 0) co_await state->hooks.sleep(wait);
  }
}

Watch::Watch(net::asio::io_context& io, ApiClient& api, WatchTarget target, WatchObserver& observer,
             const Clock& clock, const Logger& log, WatchOptions options, ApiHooks hooks)
    : state_(std::make_shared<State>(api, std::move(target), observer, clock, log, std::move(options),
                                     std::move(hooks))),
      io_(io) {}

Watch::~Watch() {
  stop();
}

void Watch::start() {
  auto task = State::run(state_);
  auto finish = [state = state_](std::exception_ptr error) {
    if (!error || state->stopped) return;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& thrown) {
      state->log.error("a watch of the Kubernetes API broke off; this is a bug",
                       {{"path", state->target.path}, {"error", thrown.what()}});
    }
  };
  net::asio::co_spawn(io_, std::move(task),
                      net::asio::bind_cancellation_slot(state_->cancel.slot(), std::move(finish)));
}

void Watch::stop() {
  if (std::exchange(state_->stopped, true)) return;
  const auto state = state_;
  state->cancel.emit(net::asio::cancellation_type::terminal);
}

bool Watch::synced() const {
  return state_->synced;
}

}  // namespace digester::kube
