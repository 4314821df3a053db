#include "cluster/namespaces.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "base/object_name.hpp"
#include "cluster/api_paths.hpp"
#include "net/condition.hpp"
#include "net/crossing.hpp"

namespace digester::cluster {

using webhook::NamespaceState;

namespace {

constexpr std::size_t kMostReads = 1024;

std::string name_of(json::Value object) {
  return std::string(object.at({"metadata", "name"}).string_or(""));
}

}  // namespace

// One live read, for all who ask meanwhile and soon after. The registry thread's.
struct WatchedNamespaces::Read {
  explicit Read(net::Executor executor) : landed(executor) {}
  bool done = false;
  std::optional<NamespaceFacts> facts;  // nothing: the API did not tell
  SteadyTime at{};                      // of its end, unless that came with the event loop's
  net::Condition landed;
};

// Written on the registry thread, read on every admission thread.
struct WatchedNamespaces::State {
  State(const Logger& logger, const Clock& the_clock) : log(logger), clock(the_clock) {}

  // Said once in a minute.
  void trusting(const Error& error) {
    const auto now = clock.now();
    if (told && now - *told < std::chrono::minutes(1)) return;
    told = now;
    log.warn("namespaces cannot be read: whatever the API server sends is taken for switched on",
             {{"cause", error.message}, {"detail", error.detail}});
  }

  const Logger& log;
  const Clock& clock;
  mutable std::shared_mutex mutex;
  std::map<std::string, NamespaceFacts, std::less<>> namespaces;
  Selectors selectors;
  // The registry thread's.
  std::optional<SteadyTime> told;
  std::map<std::string, std::shared_ptr<Read>, std::less<>> reads;
};

// Puts a read where others find it; they get what it holds when this ends, however it does.
struct WatchedNamespaces::Landing {
  Landing(State& state, std::shared_ptr<Read> its_read, const std::string& name, Duration remember)
      : read(std::move(its_read)) {
    const auto now = state.clock.now();
    std::erase_if(state.reads, [&](const auto& entry) {
      return entry.second->done && now - entry.second->at >= remember;
    });
    // Another one may have begun since: that one is not found any more, and answers those who wait for it.
    if (state.reads.size() < kMostReads) state.reads.insert_or_assign(name, read);
  }
  ~Landing() {
    read->done = true;
    read->landed.notify_all();
  }
  Landing(const Landing&) = delete;
  Landing& operator=(const Landing&) = delete;
  const std::shared_ptr<Read> read;
};

class WatchedNamespaces::NamespaceObserver final : public kube::WatchObserver {
 public:
  explicit NamespaceObserver(State& state) : state_(state) {}

  void listed(std::span<const json::Value> objects, bool first) override {
    if (first) listed_.clear();
    for (const auto object : objects)
      listed_[name_of(object)] = read_facts(object);
  }
  void replaced() override {
    {
      const std::unique_lock lock(state_.mutex);
      state_.namespaces.swap(listed_);
    }
    listed_.clear();
  }
  void applied(json::Value object) override {
    auto known = read_facts(object);
    const std::unique_lock lock(state_.mutex);
    state_.namespaces[name_of(object)] = std::move(known);
  }
  void deleted(json::Value object) override {
    const std::unique_lock lock(state_.mutex);
    state_.namespaces.erase(name_of(object));
  }

 private:
  State& state_;
  std::map<std::string, NamespaceFacts, std::less<>> listed_;
};

class WatchedNamespaces::ConfigurationObserver final : public kube::WatchObserver {
 public:
  ConfigurationObserver(State& state, certificate::ServiceName service)
      : state_(state), service_(std::move(service)) {}

  // One object by its name, so one page.
  void listed(std::span<const json::Value> objects, bool first) override {
    if (first) listed_.reset();
    if (!listed_ && !objects.empty()) listed_ = read_selectors(objects.front(), service_);
  }
  void replaced() override { hear(std::exchange(listed_, std::nullopt).value_or(Selectors{})); }
  void applied(json::Value object) override { hear(read_selectors(object, service_)); }
  // The emergency brake: nobody calls us any more, and nothing is to be remembered of it.
  void deleted(json::Value) override { take(default_selectors()); }

 private:
  void hear(Result<Selectors> selectors) {
    if (!selectors)
      state_.log.warn("the webhook configuration's namespaceSelector cannot be read: the one before stays",
                      {{"cause", selectors.error().message}});
    else
      take(selectors->empty() ? default_selectors() : std::move(*selectors));
  }
  void take(Selectors selectors) {
    std::string words;
    for (const auto& selector : selectors)
      words.append(words.empty() ? "" : " or ").append(selector.to_string());
    {
      const std::unique_lock lock(state_.mutex);
      state_.selectors = std::move(selectors);
    }
    if (words == words_) return;
    words_ = words;
    state_.log.info("namespaces are selected by the webhook configuration",
                    {{"selector", words.empty() ? "everything" : words}});
  }

  State& state_;
  const certificate::ServiceName service_;
  std::optional<Result<Selectors>> listed_;
  std::string words_;
};

WatchedNamespaces::WatchedNamespaces(net::asio::io_context& io, kube::ApiClient& api, const Clock& clock,
                                     const Logger& log, NamespaceOptions options)
    : io_(io),
      api_(api),
      clock_(clock),
      options_(std::move(options)),
      state_(std::make_shared<State>(log, clock)),
      namespace_observer_(std::make_unique<NamespaceObserver>(*state_)),
      namespace_watch_(io, api, kube::WatchTarget{"/api/v1/namespaces"}, *namespace_observer_, clock, log) {
  state_->selectors = options_.selector ? Selectors{*options_.selector} : default_selectors();
  if (options_.selector) return;
  configuration_observer_ = std::make_unique<ConfigurationObserver>(*state_, options_.service);
  configuration_watch_ = std::make_unique<kube::Watch>(
      io, api, kube::WatchTarget{std::string(kConfigurations), options_.configuration},
      *configuration_observer_, clock, log);
}

WatchedNamespaces::~WatchedNamespaces() = default;

void WatchedNamespaces::start() {
  namespace_watch_.start();
  if (configuration_watch_) configuration_watch_->start();
}

void WatchedNamespaces::stop() {
  namespace_watch_.stop();
  if (configuration_watch_) configuration_watch_->stop();
}

std::optional<NamespaceState> WatchedNamespaces::look(std::string_view name) const {
  const std::shared_lock lock(state_->mutex);
  const auto found = state_->namespaces.find(name);
  if (found == state_->namespaces.end()) return std::nullopt;
  return judge(found->second, state_->selectors);
}

net::Task<NamespaceState> WatchedNamespaces::read(kube::ApiClient& api, std::shared_ptr<State> state,
                                                  std::string name, Duration limit, Duration remember) {
  const auto judged = [&state](const Read& read) {
    if (!read.facts) return NamespaceState{};
    const std::shared_lock lock(state->mutex);
    return judge(*read.facts, state->selectors);
  };
  const auto until = state->clock.now() + std::chrono::duration_cast<SteadyTime::duration>(limit);
  if (const auto known = state->reads.find(name); known != state->reads.end()) {
    const auto read = known->second;
    const bool joined = !read->done;
    while (!read->done && state->clock.now() < until)
      co_await read->landed.wait(until);
    if (joined || state->clock.now() - read->at < remember) co_return judged(*read);
  }
  const auto executor = co_await net::asio::this_coro::executor;
  const auto read = std::make_shared<Read>(executor);
  const Landing landing(*state, read, name, remember);
  kube::ApiRequest request;
  request.path = "/api/v1/namespaces/" + name;
  request.limit = limit;
  auto answer = co_await api.call(std::move(request));
  json::Document document;
  Result<json::Value> object = fail(ErrorKind::internal, "");
  if (answer)
    object = document.parse(answer->body);
  else
    object = fail(answer.error());
  // Anything else is no word about this namespace, whatever it holds.
  if (object && name_of(*object) != name)
    object = fail(ErrorKind::protocol, "the API server answered with another object");
  if (object)
    read->facts = read_facts(*object);
  else
    state->trusting(object.error());
  read->at = state->clock.now();
  co_return judged(*read);
}

net::Task<NamespaceState> WatchedNamespaces::confirm(std::string name, SteadyTime deadline) {
  if (!is_namespace_name(name)) co_return NamespaceState{};
  const auto until = std::min(
      deadline, clock_.now() + std::chrono::duration_cast<SteadyTime::duration>(options_.read_limit));
  std::function<net::Task<NamespaceState>()> work = [&api = api_, state = state_, name = std::move(name),
                                                     options = options_] {
    return read(api, state, name, options.read_limit, options.remember);
  };
  auto answered = co_await net::run_on<NamespaceState>(io_, std::move(work), until);
  co_return answered ? std::move(*answered) : NamespaceState{};
}

}  // namespace digester::cluster
