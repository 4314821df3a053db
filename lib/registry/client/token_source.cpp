#include "registry/client/token_source.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>

#include "registry/client/token_request.hpp"

namespace digester::registry {
namespace {

using namespace std::chrono_literals;

void append(std::string& key, std::string_view part) {
  key += std::to_string(part.size());
  key += ':';
  key += part;
}

}  // namespace

std::string TokenQuestion::key() const {
  std::string key;
  append(key, rule.registry.url.origin());
  append(key, realm.origin());
  append(key, realm.target);
  append(key, service);
  auto sorted = scopes;
  std::ranges::sort(sorted);
  for (const auto& scope : sorted)
    append(key, scope);
  append(key, credential.fingerprint);
  return key;
}

// Shared by the fetch and all who wait for it.
struct TokenSource::Flight {
  explicit Flight(unsigned requests, SteadyTime until)
      : budget(requests), allowed(requests), deadline(until) {}

  Budget budget;
  unsigned allowed;
  SteadyTime deadline;
  std::optional<Result<Token>> result;
  std::vector<net::Timer*> waiters;
};

TokenSource::TokenSource(Exchanger& exchanger, const Clock& clock, const RegistrySettings& settings,
                         RegistryMetrics& metrics, const Logger& log)
    : exchanger_(exchanger),
      clock_(clock),
      settings_(settings),
      metrics_(metrics),
      log_(log),
      tokens_(settings.token_bytes) {}

net::Task<Result<Token>> TokenSource::get(TokenQuestion question, SteadyTime deadline, Budget& budget,
                                          std::shared_ptr<void> keep_alive) {
  auto key = question.key();
  if (const auto* kept = tokens_.find(key); kept != nullptr && clock_.now() < kept->renew_at) {
    metrics_.tokens_cached.Increment();
    co_return kept->token;
  }
  if (const auto under_way = flights_.find(key); under_way != flights_.end()) {
    auto flight = under_way->second;
    auto result = co_await wait_for(std::move(flight), deadline);
    co_return result;
  }
  if (budget.left() == 0) co_return fail(ErrorKind::unavailable, "this look-up has used up its requests");
  auto flight = std::make_shared<Flight>(budget.left(), clock_.now() + settings_.token_flight);
  flights_.emplace(key, flight);
  const auto executor = co_await net::asio::this_coro::executor;
  auto ended = [this, keep_alive, flight, key](std::exception_ptr error) {
    if (!error) return;
    log_.error("a token fetch ended with an exception");
    land(key, flight, fail(ErrorKind::internal, "its token could not be fetched"));
  };
  auto fetch = fly(flight, std::move(question), key, std::move(keep_alive));
  net::asio::co_spawn(executor, std::move(fetch), std::move(ended));
  auto result = co_await wait_for(flight, deadline);
  budget.charge(flight->allowed - flight->budget.left());
  co_return result;
}

net::Task<void> TokenSource::fly(std::shared_ptr<Flight> flight, TokenQuestion question, std::string key,
                                 [[maybe_unused]] std::shared_ptr<void> keep_alive) {
  Token token;
  token.sequence = ++sequence_;
  auto answer = co_await request_token(exchanger_, settings_, question, flight->deadline, flight->budget);
  if (!answer) {
    metrics_.tokens_failed.Increment();
    land(key, flight, fail(std::move(answer.error())));
    co_return;
  }
  metrics_.tokens_fetched.Increment();
  token.value = std::move(answer->token);
  keep(key, token, answer->life);
  land(key, flight, std::move(token));
}

net::Task<Result<Token>> TokenSource::wait_for(std::shared_ptr<Flight> flight, SteadyTime deadline) {
  struct Registration {
    Registration(Flight& to, net::Timer& timer) : flight(to), entry(&timer) {
      flight.waiters.push_back(entry);
    }
    ~Registration() { std::erase(flight.waiters, entry); }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    Flight& flight;
    net::Timer* entry;
  };
  const auto executor = co_await net::asio::this_coro::executor;
  if (!flight->result) {
    net::Timer timer(executor, deadline - clock_.now());
    const Registration registration(*flight, timer);
    co_await timer.async_wait(net::use_task);
  }
  if (!flight->result) co_return fail(ErrorKind::timed_out, "its token service has not answered in time");
  co_return *flight->result;
}

void TokenSource::land(const std::string& key, const std::shared_ptr<Flight>& flight, Result<Token> result) {
  flight->result = std::move(result);
  if (const auto found = flights_.find(key); found != flights_.end() && found->second == flight)
    flights_.erase(found);
  for (auto* waiter : flight->waiters)
    waiter->cancel();
}

void TokenSource::keep(const std::string& key, const Token& token, std::chrono::seconds life) {
  const auto early = std::max<Duration>(Duration(life) / 10, 5s);
  tokens_.put(key, Kept{token, clock_.now() + life - early}, key.size() + token.value.size());
}

void TokenSource::drop(const TokenQuestion& question, const Token& refused) {
  const auto key = question.key();
  const auto* kept = tokens_.find(key);
  if (kept != nullptr && kept->token.value == refused.value) tokens_.erase(key);
}

}  // namespace digester::registry
