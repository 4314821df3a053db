#include "registry/client/exchange.hpp"

#include <fmt/format.h>
#include "base/text.hpp"

#include <algorithm>

#include "registry/client/scheme_race.hpp"
#include "registry/protocol/error_answer.hpp"
#include "registry/protocol/retry_after.hpp"

namespace digester::registry {
namespace {

bool is_redirect(unsigned status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// 501 and 505 stay what they are.
bool may_pass(unsigned status) {
  return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

std::chrono::seconds whole_seconds(Duration duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration);
}

std::string throttle_key(const Plan& plan) {
  return plan.url.authority() + '\n' + plan.fingerprint;
}

}  // namespace

Exchanger::Exchanger(Tools tools, const RegistrySettings& settings)
    : tools_(std::move(tools)),
      settings_(settings),
      throttle_(tools_.clock, tools_.random, settings.longest_retry_after, settings.remembered),
      hosts_(tools_.clock, settings.breaker, settings.remembered),
      repositories_(tools_.clock, settings.breaker, settings.remembered),
      permits_(settings.concurrency) {}

net::Task<Result<Answer>> Exchanger::run(const Plan& plan, Budget& budget) {
  if (auto later = told_later(plan)) co_return fail(std::move(*later));
  for (unsigned number = 1;; ++number) {
    auto outcome = co_await attempt(plan, budget);
    const bool last = number >= settings_.attempts || budget.left() == 0;
    const auto wait = wait_before_retry(plan, outcome, number, last);
    if (!wait) co_return outcome;
    co_await tools_.sleep(*wait);
  }
}

std::optional<Error> Exchanger::told_later(const Plan& plan) {
  const auto closed = throttle_.closed(throttle_key(plan), plan.path);
  if (!closed) return std::nullopt;
  Error error;
  error.kind = closed->kind;
  error.message =
      fmt::format("{}; it asked to be left alone for another {} s",
                  closed->kind == ErrorKind::rate_limited ? "too many requests" : "it failed just now",
                  whole_seconds(closed->wait).count());
  error.retry_after = whole_seconds(closed->wait);
  return error;
}

net::Task<Result<Answer>> Exchanger::attempt(const Plan& plan, Budget& budget) {
  auto repository = plan.repository.empty() ? std::nullopt : repositories_.enter(plan.repository);
  if (!repository && !plan.repository.empty())
    co_return left_alone(repositories_, plan.repository, "asking it about this repository");
  const auto started = tools_.clock.now();
  auto* const judged = repository ? &*repository : nullptr;
  Hop hop{plan.url, plan.url, plan.addresses, false, true};
  for (unsigned redirects = 0;; ++redirects) {
    auto response = co_await send(plan, hop, budget, judged);
    if (!response) co_return fail(std::move(response.error()));

    const auto locations = response->headers.get_all("Location");
    if (plan.follow_redirects && is_redirect(response->status) && !locations.empty()) {
      if (redirects == settings_.redirects)
        co_return fail(ErrorKind::protocol,
                       fmt::format("it redirects more than {} times", settings_.redirects));
      if (locations.size() > 1) co_return fail(ErrorKind::protocol, "it redirects to several places at once");
      auto next = next_hop(plan, hop, locations.front());
      if (!next) co_return fail(std::move(next.error()));
      hop = std::move(*next);
      continue;
    }
    if (repository && response->status >= 500 && may_pass(response->status))
      repository->failed(fmt::format("status {}", response->status));
    else if (repository)
      repository->succeeded();
    if (response->status == 200) throttle_.answered(throttle_key(plan), plan.path, started);
    Answer answer{std::move(*response), hop.first, hop.url, hop.crossed, std::nullopt};
    co_return answer;
  }
}

net::Task<Result<net::Response>> Exchanger::send(const Plan& plan, Hop& hop, Budget& budget,
                                                 Breakers::Pass* repository) {
  const auto key = hop.url.authority();
  Permits::Party party{plan.tenant, plan.path};
  const auto permit = co_await permits_.acquire(key, std::move(party), plan.deadline - tools_.clock.now());
  if (!permit) co_return fail(permit.error());
  // Others may have been told so while this one waited.
  if (hop.opening)
    if (auto later = told_later(plan)) co_return fail(std::move(*later));
  auto pass = hosts_.enter(key);
  if (!pass) co_return left_alone(hosts_, key, "reaching it");
  if (!budget.take()) co_return fail(ErrorKind::unavailable, "this look-up has used up its requests");

  const auto started = tools_.clock.now();
  auto response = co_await transmit(plan, hop, budget);
  const Duration took = tools_.clock.now() - started;
  judge(*pass, repository, plan, response, took);
  tools_.metrics.exchanged(plan.registry, plan.purpose, response ? response->status : 0, took);
  if (response)
    if (const auto left = response->headers.get("RateLimit-Remaining"))
      tools_.metrics.quota_left(plan.registry, *left);
  co_return response;
}

net::Task<Result<net::Response>> Exchanger::transmit(const Plan& plan, Hop& hop, Budget& budget) {
  auto request = make_request(plan, hop);
  const auto started = tools_.clock.now();
  if (!plan.plain_url || !hop.opening) {
    auto response = co_await tools_.http.send(std::move(request));
    tell(plan, hop.url, response, tools_.clock.now() - started);
    co_return response;
  }
  auto plain_hop = hop;
  plain_hop.first = plain_hop.url = *plan.plain_url;
  auto plain_request = make_request(plan, plain_hop);
  Told told;
  if (tools_.log.enabled(Level::debug))
    told = [this, &plan, &hop, &plain_hop, started](bool plain, const Result<net::Response>& response) {
      tell(plan, plain ? plain_hop.url : hop.url, response, tools_.clock.now() - started);
    };
  auto outcome = co_await race_schemes(tools_.http, std::move(request), std::move(plain_request),
                                       settings_.http_fallback, budget, std::move(told));
  if (outcome.plain) hop = plain_hop;
  co_return std::move(outcome.response);
}

net::Request Exchanger::make_request(const Plan& plan, const Hop& hop) const {
  net::Request request;
  request.method = plan.method;
  request.url = hop.url;
  request.addresses = hop.addresses;
  request.body_limit = plan.body_limit;
  request.deadline = plan.deadline;
  request.settle = plan.purpose == RequestPurpose::manifest;
  if (!plan.accept.empty()) request.headers.add("Accept", plan.accept);
  if (!hop.crossed && plan.purpose == RequestPurpose::manifest)
    request.headers.add("Accept-Encoding", "identity");

  // Over plain http the insecure registry is still the one whose https origin the value was meant for.
  const bool plain = plan.plain_url && hop.first.same_origin(*plan.plain_url);
  for (const auto& [origin, value] : plan.authorizations) {
    const bool own = origin.same_origin(plan.url);
    const bool here = own && plain ? hop.url.same_origin(*plan.plain_url) : hop.url.same_origin(origin);
    if (!here || (own && hop.crossed)) continue;
    request.headers.add("Authorization", value);
    break;
  }
  if (plan.method == net::Method::post) {
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.body = plan.form;
  }
  return request;
}

Result<Exchanger::Hop> Exchanger::next_hop(const Plan& plan, const Hop& hop,
                                           std::string_view location) const {
  auto next = hop.url.resolve(location);
  if (!next) return fail(ErrorKind::protocol, "it redirects to something that is no http or https address");
  if (hop.url.scheme == net::Scheme::https && next->scheme == net::Scheme::http)
    return fail(ErrorKind::protocol, "it redirects from https to http");
  auto addresses = plan.next_hop(*next);
  if (!addresses) return fail(std::move(addresses.error()));
  Hop after{hop.first, std::move(*next), *addresses, hop.crossed, false};
  if (!after.url.same_origin(after.first)) after.crossed = true;
  return after;
}

void Exchanger::judge(Breakers::Pass& pass, Breakers::Pass* repository, const Plan& plan,
                      const Result<net::Response>& response, Duration waited) const {
  if (response) return pass.succeeded();
  switch (response.error().kind) {
    case ErrorKind::unreachable:
      return pass.failed(response.error().message);
    case ErrorKind::timed_out:
    case ErrorKind::cancelled: {  // to make room for others: as good as a time-out
      // A manifest that drips in slowly has a first byte.
      const bool may_be_body = plan.method == net::Method::get && plan.purpose == RequestPurpose::manifest;
      if (may_be_body || waited < settings_.breaker.least_wait) return;
      const bool cut = response.error().kind == ErrorKind::cancelled;
      const auto why = cut ? std::string("no answer in time") : response.error().message;
      // One repository may hang where all others answer.
      pass.failed(why, plan.repository);
      if (repository != nullptr) repository->failed(why);
      return;
    }
    case ErrorKind::too_large:
    case ErrorKind::protocol:
    case ErrorKind::unsupported:
      return pass.succeeded();  // it answered, however badly
    default:
      return;
  }
}

// A query may hold a signature, and goes unsaid.
void Exchanger::tell(const Plan& plan, const net::Url& asked, const Result<net::Response>& response,
                     Duration took) const {
  // Who asked a server for a private address that nobody listed reads only that it is not reachable: here is
  // why. On the command line it is the same person, who is told by the error.
  const bool told = !settings_.command_line && !response && !response.error().detail.empty();
  if (!tools_.log.enabled(told ? Level::warn : Level::debug)) return;
  const auto url = text::printable(asked.origin() + asked.target.substr(0, asked.target.find('?')), 512);
  const Field method("method", to_string(plan.method));
  const Field ms("took_ms", std::chrono::duration<double, std::milli>(took).count());
  if (response)
    tools_.log.debug("asked", {method, {"url", url}, {"status", response->status}, ms});
  else if (told)
    tools_.log.warn(
        "a registry cannot be asked",
        {method, {"url", url}, {"error", response.error().message}, {"cause", response.error().detail}, ms});
  else
    tools_.log.debug(
        "asked in vain",
        {method, {"url", url}, {"error", response.error().message}, {"detail", response.error().detail}, ms});
}

tl::unexpected<Error> Exchanger::left_alone(Breakers& breakers, const std::string& key,
                                            std::string_view what) const {
  const auto refusal = breakers.refusal(key);
  const auto wait = std::max(whole_seconds(refusal.wait), std::chrono::seconds(1));
  Error error;
  error.kind = ErrorKind::unavailable;
  error.message = fmt::format("{} failed several times just now ({}); next attempt in {} s", what,
                              refusal.last_failure, wait.count());
  error.retry_after = wait;
  return fail(std::move(error));
}

std::optional<Duration> Exchanger::wait_before_retry(const Plan& plan, Result<Answer>& outcome,
                                                     unsigned number, bool last) {
  Duration wait = backoff(number);
  ErrorKind remember = ErrorKind::internal;  // what to remember if we cannot wait; internal: nothing
  if (outcome) {
    const auto status = outcome->response.status;
    if (!may_pass(status)) return std::nullopt;
    outcome->retry_after = asked_wait(outcome->response);
    if (status == 429) remember = ErrorKind::rate_limited;
    if (status >= 500 && outcome->retry_after) remember = ErrorKind::unavailable;
    if (outcome->retry_after) wait = std::max(wait, *outcome->retry_after);
  } else {
    const auto kind = outcome.error().kind;
    const bool passing = kind == ErrorKind::unreachable || kind == ErrorKind::timed_out;
    if (!passing || outcome.error().settled) return std::nullopt;
  }
  if (!last && tools_.clock.now() + std::min(wait, settings_.longest_retry_after) < plan.deadline)
    return wait;
  if (outcome && remember != ErrorKind::internal)
    throttle_.close(throttle_key(plan), plan.path, remember,
                    outcome->retry_after.value_or(settings_.rate_limit_pause));
  return std::nullopt;
}

std::optional<Duration> Exchanger::asked_wait(const net::Response& response) const {
  const auto now = tools_.clock.wall();
  if (const auto header = response.headers.get("Retry-After"))
    if (const auto wait = protocol::parse_retry_after(*header, now)) return wait;
  if (response.status != 429 || response.body.size() > settings_.error_limit) return std::nullopt;
  return protocol::read_error_answer(response.body, now).retry_after;
}

Duration Exchanger::backoff(unsigned number) {
  auto wait = settings_.backoff;
  for (unsigned i = 1; i < number && wait < settings_.longest_backoff; ++i)
    wait *= 2;
  wait = std::min(wait, settings_.longest_backoff);
  return Duration(
      static_cast<Duration::rep>(static_cast<double>(wait.count()) * (0.5 + 0.5 * tools_.random())));
}

}  // namespace digester::registry
