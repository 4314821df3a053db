#include "registry/client/session.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "registry/protocol/media_type.hpp"
#include "registry/protocol/token_question.hpp"

namespace digester::registry {
namespace {

using credential::Credential;
using protocol::Demand;

// The first from memory, one fetched afresh, and one more if the registry then names another scope.
constexpr unsigned kMaxTokens = 3;

Demand demand_of(const net::Response& response) {
  const auto lines = response.headers.get_all("WWW-Authenticate");
  const auto challenges = protocol::parse_challenges(lines);
  return protocol::choose_demand(challenges);
}

}  // namespace

Session::Session(std::shared_ptr<Services> services, Registry registry, std::string path,
                 Credential credential, SteadyTime deadline, std::string tenant)
    : services_(std::move(services)),
      registry_(std::move(registry)),
      path_(std::move(path)),
      credential_(std::move(credential)),
      deadline_(deadline),
      tenant_(std::move(tenant)),
      budget_(services_->settings.requests),
      first_sequence_(services_->tokens.sequence()) {
  if (registry_.plan != SchemePlan::tls_then_plain) return;
  const auto scheme = services_->knowledge.scheme(registry_.key());
  scheme_open_ = !scheme;
  if (scheme == net::Scheme::http) registry_ = registry_.over_http();
}

net::Task<Result<Answer>> Session::ask(net::Method method, std::string name, std::size_t body_limit) {
  if (!prepared_) {
    prepared_ = true;
    auto ready = co_await prepare();
    if (!ready) co_return fail(std::move(ready.error()));
  }
  const auto target = "/v2/" + path_ + "/manifests/" + name;
  for (;;) {
    const auto plan = make_plan(method, target, body_limit);
    auto answer = co_await services_->exchanger.run(plan, budget_);
    learn_scheme(plan, answer);
    if (!answer) co_return answer;
    auto again = co_await respond(*answer);
    if (!again) co_return fail(std::move(again.error()));
    if (!*again) co_return answer;
  }
}

// What is known is shown at once: it saves a round trip, and some registries answer 400, 403 or 404 to a
// stranger where they would answer 200 to a friend.
net::Task<Result<void>> Session::prepare() {
  if (credential_.kind == Credential::Kind::registry_token) {
    show(Shown::registry_token, "Bearer " + credential_.secret);
    co_return Result<void>();
  }
  const auto demand = services_->knowledge.demand(registry_.key());
  if (!scheme_open_ && demand && demand->kind == Demand::Kind::bearer) {
    auto question = make_question(*demand);
    if (!question) co_return fail(std::move(question.error()));
    auto shown = co_await show_token(std::move(*question));
    co_return shown;
  }
  if (has_basic()) show_basic();
  co_return Result<void>();
}

Plan Session::make_plan(net::Method method, std::string target, std::size_t body_limit) const {
  Plan plan;
  plan.registry = registry_.name;
  plan.tenant = tenant_;
  plan.path = path_;
  plan.method = method;
  plan.url = registry_.url;
  plan.url.target = std::move(target);
  if (scheme_open_) {
    plan.plain_url = registry_.over_http().url;
    plan.plain_url->target = plan.url.target;
  }
  plan.addresses = registry_.addresses;
  plan.accept = protocol::kManifestAccept;
  if (authorization_) plan.authorizations.push_back({registry_.url, *authorization_});
  plan.authorizations.insert(plan.authorizations.end(), strangers_.begin(), strangers_.end());
  plan.body_limit = body_limit;
  plan.next_hop = [registry = registry_, &settings = services_->settings](const net::Url& next) {
    return Result<net::AddressPolicy>(redirect_policy(registry, next, settings));
  };
  plan.fingerprint = credential_.fingerprint;
  plan.repository = registry_.key() + "/" + path_;
  plan.deadline = deadline_;
  return plan;
}

void Session::learn_scheme(const Plan& plan, const Result<Answer>& answer) {
  if (registry_.plan != SchemePlan::tls_then_plain) return;
  auto& knowledge = services_->knowledge;
  if (!answer) return knowledge.forget_plain(registry_.key());
  // 400 is what a TLS port says to plain http.
  if (!plan.plain_url && plan.url.scheme == net::Scheme::http && answer->response.status == 400)
    return knowledge.forget_plain(registry_.key());
  knowledge.learn_scheme(registry_.key(), answer->first.scheme);
  if (!plan.plain_url) return;
  scheme_open_ = false;
  if (answer->first.scheme == net::Scheme::http) registry_ = registry_.over_http();
}

net::Task<Result<bool>> Session::respond(const Answer& answer) {
  const auto status = answer.response.status;
  if (status == 401 && answer.crossed) {
    auto again = co_await meet_strangers_challenge(answer);
    co_return again;
  }
  if (status == 401) {
    auto again = co_await meet_challenge(answer);
    co_return again;
  }
  // ECR answers 403, ECR Public 400 to an expired token.
  const bool perhaps_expired = (status == 400 || status == 403) && !answer.crossed &&
                               shown_ == Shown::token && token_->sequence <= first_sequence_ && !renewed_;
  if (!perhaps_expired) co_return false;
  renewed_ = true;
  services_->tokens.drop(*question_, *token_);
  auto question = *question_;
  auto shown = co_await show_token(std::move(question));
  if (!shown) co_return fail(std::move(shown.error()));
  co_return true;
}

net::Task<Result<bool>> Session::meet_challenge(const Answer& answer) {
  auto& knowledge = services_->knowledge;
  auto demand = demand_of(answer.response);
  if (demand.kind != Demand::Kind::none) {
    knowledge.learn_demand(registry_.key(), demand, answer.response.peer);
  } else if (const auto known = knowledge.demand(registry_.key())) {
    demand = *known;
  } else if (!pinged_) {
    demand = co_await ping();
  }
  if (credential_.kind == Credential::Kind::registry_token || demand.kind == Demand::Kind::none)
    co_return false;

  if (demand.kind == Demand::Kind::basic) {
    if (shown_ == Shown::basic || !has_basic()) co_return false;
    show_basic();
    co_return true;
  }
  if (tokens_shown_ == kMaxTokens) co_return false;
  auto question = make_question(demand);
  if (!question) co_return fail(std::move(question.error()));
  if (shown_ == Shown::token) {
    // Docker Hub says 401 to every repository that does not exist: a token fetched just now is not the cause,
    // unless the registry names another scope than it was fetched for.
    const bool fetched_now = token_->sequence > first_sequence_;
    if (fetched_now && question->key() == question_->key()) co_return false;
    services_->tokens.drop(*question_, *token_);
  }
  auto shown = co_await show_token(std::move(*question));
  if (!shown) co_return fail(std::move(shown.error()));
  co_return true;
}

// A host that a redirect led to gets an anonymous token at most, once.
net::Task<Result<bool>> Session::meet_strangers_challenge(const Answer& answer) {
  const auto& stranger = answer.last;
  const bool met =
      std::ranges::any_of(strangers_, [&](const auto& shown) { return shown.origin.same_origin(stranger); });
  const auto demand = demand_of(answer.response);
  const auto realm = net::Url::parse(demand.realm);
  if (met || demand.kind != Demand::Kind::bearer || !realm) co_return false;

  TokenQuestion question;
  question.rule.registry = registry_;
  question.rule.registry.url = stranger;
  question.rule.registry.addresses = redirect_policy(registry_, stranger, services_->settings);
  question.rule.peer = answer.response.peer;
  question.realm = *realm;
  question.service = demand.service;
  question.scopes = protocol::narrowed_scopes(demand.scope);
  if (question.scopes.empty()) question.scopes = protocol::pull_scopes(path_, "");
  question.tenant = tenant_;
  question.path = path_;
  const auto token = co_await services_->tokens.get(std::move(question), deadline_, budget_, services_);
  if (!token) co_return false;
  auto& authorization = strangers_.emplace_back();
  authorization.origin = stranger;
  authorization.value = "Bearer " + token->value;
  co_return true;
}

// Only for a 401 that names no challenge: pings lie both ways. Its scope is a placeholder.
net::Task<Demand> Session::ping() {
  pinged_ = true;
  auto plan = make_plan(net::Method::get, "/v2/", services_->settings.error_limit);
  plan.purpose = RequestPurpose::ping;
  plan.accept.clear();
  plan.authorizations.clear();
  const auto answer = co_await services_->exchanger.run(plan, budget_);
  Demand demand;
  if (!answer || answer->crossed || answer->response.status != 401) co_return demand;
  demand = demand_of(answer->response);
  demand.scope.clear();
  if (demand.kind != Demand::Kind::none)
    services_->knowledge.learn_demand(registry_.key(), demand, answer->response.peer);
  co_return demand;
}

Result<TokenQuestion> Session::make_question(const Demand& demand) const {
  auto realm = net::Url::parse(demand.realm);
  if (!realm) {
    services_->knowledge.forget_demand(registry_.key());
    return fail(ErrorKind::protocol, "it names a token service that is no http or https address");
  }
  TokenQuestion question;
  question.rule.registry = registry_;
  question.rule.peer = services_->knowledge.peer(registry_.key());
  question.rule.carries_credential = !credential_.is_anonymous();
  question.realm = std::move(*realm);
  question.service = demand.service;
  question.scopes = protocol::pull_scopes(path_, demand.scope);
  question.credential = credential_;
  question.tenant = tenant_;
  question.path = path_;
  return question;
}

net::Task<Result<void>> Session::show_token(TokenQuestion question) {
  ++tokens_shown_;
  question_ = question;
  auto token = co_await services_->tokens.get(std::move(question), deadline_, budget_, services_);
  if (!token) {
    const auto kind = token.error().kind;
    if (kind != ErrorKind::unauthorized && kind != ErrorKind::rate_limited)
      services_->knowledge.forget_demand(registry_.key());
    co_return fail(std::move(token.error()));
  }
  token_ = std::move(*token);
  show(Shown::token, "Bearer " + token_->value);
  co_return Result<void>();
}

bool Session::has_basic() const {
  return credential_.kind == Credential::Kind::basic && !credential_.user.empty() &&
         !credential_.secret.empty();
}

void Session::show_basic() {
  show(Shown::basic, "Basic " + text::base64_encode(credential_.user + ":" + credential_.secret));
}

void Session::show(Shown what, std::string value) {
  shown_ = what;
  authorization_ = std::move(value);
}

}  // namespace digester::registry
