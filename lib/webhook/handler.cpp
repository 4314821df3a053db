#include "webhook/handler.hpp"

#include <fmt/format.h>
#include <boost/asio/this_coro.hpp>

#include <utility>
#include <vector>

#include "admission/answer.hpp"
#include "admission/plan.hpp"
#include "admission/pull_context.hpp"
#include "admission/review.hpp"
#include "base/text.hpp"
#include "json/value.hpp"
#include "webhook/deadline.hpp"
#include "webhook/observer.hpp"

namespace digester::webhook {
namespace {

constexpr std::size_t kKeptBody = 256 * 1024;
// What the JSON reader holds for a byte of text: 8 of tree, 4 of index, 5/3 of strings.
constexpr std::size_t kTreeBytes = 14;

void refuse(net::ServerResponse& response, unsigned status, std::string_view why) {
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body.assign(why).push_back('\n');
}

admission::Outcome to_outcome(registry::Resolution resolution) {
  return {std::move(resolution.digest), resolution.source, resolution.age, resolution.took,
          std::move(resolution.because)};
}

registry::Freshness to_freshness(admission::Freshness freshness) {
  return freshness == admission::Freshness::cached ? registry::Freshness::cached
                                                   : registry::Freshness::current;
}

registry::Query to_query(const admission::Lookup& lookup, const credential::Context& context) {
  registry::Query query{lookup.reference, context};
  query.freshness = to_freshness(lookup.freshness);
  query.stale_allowed = lookup.stale_allowed;
  query.stale_when_slow = query.freshness == registry::Freshness::cached && lookup.stale_allowed;
  return query;
}

}  // namespace

// One review under way. Review and plan point into the document.
struct Handler::Work {
  json::Document document;
  admission::Review review;
  bool confirm = false;                   // the namespace first
  std::optional<std::string> on_reapply;  // the namespace's
  admission::Plan plan;
  credential::Context context;
  std::vector<admission::Outcome> outcomes;     // slot i answers plan.lookups[i]
  std::vector<registry::Query> queries;         // what the cache does not know
  std::vector<std::size_t> slots;               // whose answers they will be
  std::atomic<std::size_t>* account = nullptr;  // what `charged` is taken off again from
  std::size_t charged = 0;

  Work() = default;
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  ~Work() {
    if (account) *account -= charged;
  }

  void reset() {
    plan = {};
    outcomes.clear();
    queries.clear();
    slots.clear();
  }
};

Handler::Handler(HandlerOptions options, admission::Policy policy, registry::Resolver& resolver,
                 const Clock& clock, const Logger& log, Metrics& metrics, Namespaces* namespaces)
    : options_(std::move(options)),
      policy_(std::move(policy)),
      resolver_(&resolver),
      namespaces_(namespaces),
      clock_(&clock),
      observer_(std::make_unique<Observer>(log, metrics)) {}

Handler::~Handler() = default;

bool Handler::accept(const net::ServerRequest& request, net::ServerResponse& response) const {
  if (request.path != options_.path) {
    refuse(response, 404, "not found: admission reviews are answered at " + options_.path);
  } else if (request.method != "POST") {
    refuse(response, 405, "method not allowed: admission reviews are POSTed");
    response.add_field("Allow", "POST");
  } else if (const auto type = request.content_type();
             type != "application/json" && !text::iequals(type, "application/json")) {
    refuse(response, 415, "unsupported media type: an admission review is application/json");
  } else {
    return true;
  }
  observer_->refused(
      response.status,
      fmt::format("{} {}, Content-Type \"{}\"", text::printable(request.method, 32),
                  text::printable(request.path, 128), text::printable(request.content_type(), 64)));
  return false;
}

bool Handler::parse(Work& work, net::ServerRequest& request, net::ServerResponse& response) const {
  const auto root = work.document.parse(request.body);
  auto review = root ? admission::parse_review(*root) : Result<admission::Review>(fail(root.error()));
  if (!review) {
    const bool may_pass = review.error().kind == ErrorKind::unavailable;
    refuse(response, may_pass ? 503 : 400, review.error().message);
    if (may_pass) response.add_field("Retry-After", "1");
    observer_->refused(response.status, review.error().message);
    return false;
  }
  work.review = *review;
  return true;
}

// True where memory does not say that the namespace is switched on: an object passes unpinned for that reason
// only after a look at the API.
bool Handler::must_confirm(Work& work) const {
  work.on_reapply.reset();
  if (!namespaces_ || work.review.namespace_name.empty()) return false;
  auto state = namespaces_->look(work.review.namespace_name);
  if (!state || !state->selected) return true;
  work.on_reapply = std::move(state->on_reapply);
  return false;
}

void Handler::plan(Work& work) const {
  thread_local image::ReferenceMemo memo;
  work.plan = admission::make_plan(work.review, policy_, work.on_reapply, &memo);
}

void Handler::peek(Work& work) const {
  const auto& lookups = work.plan.lookups;
  if (lookups.empty()) return;
  work.context.namespace_name = work.review.namespace_name;
  if (options_.pull_secrets) {
    const auto identity = admission::pull_context(work.review).merged();
    work.context.service_account = identity.service_account;
    work.context.pull_secrets.assign(identity.pull_secrets.begin(), identity.pull_secrets.end());
  }
  std::vector<registry::Question> questions;
  questions.reserve(lookups.size());
  for (const auto& lookup : lookups)
    questions.emplace_back(lookup.reference, work.context, to_freshness(lookup.freshness),
                           lookup.stale_allowed);
  auto answers = resolver_->peek_all(questions);
  work.outcomes.reserve(lookups.size());
  for (std::size_t i = 0; i < lookups.size(); ++i) {
    if (answers[i]) {
      work.outcomes.push_back(to_outcome(std::move(*answers[i])));
      continue;
    }
    work.outcomes.push_back({fail(ErrorKind::timed_out, "no answer in time")});
    work.queries.push_back(to_query(lookups[i], work.context));
    work.slots.push_back(i);
  }
}

void Handler::answer(Work& work, net::ServerRequest& request, net::ServerResponse& response) const {
  const auto answer = admission::decide(work.plan, work.outcomes);
  admission::render(work.review, answer, response.body);
  observer_->answered(work.review, work.plan, answer, clock_->now() - request.received);
}

// Charges the tree until the work ends; false after a 429 was put into `response`.
bool Handler::may_wait(Work& work, std::size_t body_bytes, net::ServerResponse& response) {
  const auto bytes = body_bytes * kTreeBytes;
  const auto before = waiting_.fetch_add(bytes);
  work.account = &waiting_;
  work.charged = bytes;
  if (before == 0 || before + bytes <= options_.waiting_bytes) return true;
  refuse(response, 429, "too many large reviews wait for registries");
  response.add_field("Retry-After", "1");
  observer_->refused(response.status, "too many large reviews wait for registries");
  return false;
}

bool Handler::try_handle(net::ServerRequest& request, net::ServerResponse& response) {
  if (!accept(request, response)) return true;
  // One review at a time is between here and its answer on a thread; those that must wait take theirs along.
  thread_local WorkPtr spare;
  auto work = spare ? std::exchange(spare, nullptr) : std::make_shared<Work>();
  work->reset();
  if (parse(*work, request, response)) {
    work->confirm = must_confirm(*work);
    if (!work->confirm) {
      plan(*work);
      peek(*work);
    }
    if (work->confirm || !work->queries.empty()) {
      if (!may_wait(*work, request.body.size(), response)) return true;
      request.attachment = std::move(work);
      return false;
    }
    answer(*work, request, response);
  }
  // The tree of a giant would stay in memory for ever.
  if (request.body.size() <= kKeptBody) spare = std::move(work);
  return true;
}

net::Task<> Handler::handle(net::ServerRequest& request, net::ServerResponse& response) {
  const auto work = std::static_pointer_cast<Work>(std::exchange(request.attachment, nullptr));
  const auto until = deadline(request.received, request.query, options_.admission_budget);
  if (work->confirm) {
    std::string name(work->review.namespace_name);
    auto state = co_await namespaces_->confirm(std::move(name), until);
    if (state.selected) {
      work->on_reapply = std::move(state.on_reapply);
      plan(*work);
      peek(*work);
    } else {
      work->plan.pass = admission::Reason::not_patched;
      work->plan.why = "the namespace is not selected";
      observer_->not_selected(work->review);
    }
  }
  if (!work->queries.empty()) {
    auto resolutions = co_await resolver_->resolve(std::move(work->queries), until);
    for (std::size_t i = 0; i < resolutions.size(); ++i)
      work->outcomes[work->slots[i]] = to_outcome(std::move(resolutions[i]));
  }
  answer(*work, request, response);
}

}  // namespace digester::webhook
