#include "registry/client/token_request.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "registry/client/explain.hpp"
#include "registry/protocol/error_answer.hpp"
#include "registry/protocol/inflate.hpp"
#include "registry/protocol/token_question.hpp"

namespace digester::registry {
namespace {

using credential::Credential;

Plan base_plan(const RegistrySettings& settings, const TokenQuestion& question,
               const net::AddressPolicy& addresses, SteadyTime deadline) {
  Plan plan;
  plan.purpose = RequestPurpose::token;
  plan.registry = question.rule.registry.name;
  plan.tenant = question.tenant;
  plan.path = question.path;
  plan.method = net::Method::get;
  plan.url = question.realm;
  plan.addresses = addresses;
  plan.accept = "application/json";
  plan.body_limit = settings.token_limit;
  plan.fingerprint = question.credential.fingerprint;
  plan.deadline = deadline;
  plan.next_hop = [rule = question.rule, &settings](const net::Url& next) {
    return rule.check(next, settings);
  };
  return plan;
}

Plan get_plan(Plan plan, const TokenQuestion& question) {
  plan.url.target = protocol::token_target(plan.url.target, question.service, question.scopes);
  const auto& [kind, user, secret, fingerprint] = question.credential;
  // "<token>" is what docker's helpers write where an identity token has no user.
  if (kind != Credential::Kind::anonymous && !user.empty() && !secret.empty() && user != "<token>") {
    auto& authorization = plan.authorizations.emplace_back();
    authorization.origin = plan.url;
    authorization.value = "Basic " + text::base64_encode(user + ":" + secret);
  }
  return plan;
}

Plan post_plan(Plan plan, const TokenQuestion& question) {
  plan.method = net::Method::post;
  plan.follow_redirects = false;
  plan.form = protocol::refresh_form(question.credential.secret, question.service, question.scopes);
  return plan;
}

// A failed connection to the token service says nothing about the registry itself.
tl::unexpected<Error> unreachable_service(Error error) {
  if (error.kind == ErrorKind::unreachable || error.kind == ErrorKind::timed_out)
    error.kind = ErrorKind::unavailable;
  error.message = "its token service: " + error.message;
  return fail(std::move(error));
}

tl::unexpected<Error> refusal(const Answer& answer, const TokenQuestion& question,
                              const RegistrySettings& settings) {
  const auto status = answer.response.status;
  Error error;
  error.detail = fmt::format("token service answered {}", status);
  if (answer.retry_after) error.retry_after = std::chrono::ceil<std::chrono::seconds>(*answer.retry_after);
  if (status == 429) {
    error.kind = ErrorKind::rate_limited;
    error.message = "its token service limits the rate of requests";
  } else if (status >= 500 || status == 408) {
    error.kind = ErrorKind::unavailable;
    error.message = fmt::format("its token service answered {}", status);
  } else if (status >= 400) {
    error.kind = ErrorKind::unauthorized;
    error.message =
        question.credential.is_anonymous()
            ? fmt::format("its token service wants credentials; {}", where_credentials_go(settings))
            : "its token service refused the credentials; check that they are current";
  } else {
    error.kind = ErrorKind::protocol;
    error.message = fmt::format("its token service answered {} where a token was expected", status);
  }
  return fail(std::move(error));
}

Result<protocol::TokenAnswer> read(Answer answer, const TokenQuestion& question,
                                   const RegistrySettings& settings) {
  if (answer.response.status != 200) return refusal(answer, question, settings);
  const auto encoding = std::string(answer.response.headers.get("Content-Encoding").value_or(""));
  auto body = protocol::decode_body(std::move(answer.response.body), encoding, settings.token_limit);
  if (!body) return unreachable_service(std::move(body.error()));
  return protocol::read_token_answer(std::move(*body));
}

// Services that know only the GET form, and those that refuse this token by POST alone.
bool try_get_instead(unsigned status) {
  return status == 400 || status == 401 || status == 404 || status == 405;
}

}  // namespace

net::Task<Result<protocol::TokenAnswer>> request_token(Exchanger& exchanger, const RegistrySettings& settings,
                                                       const TokenQuestion& question, SteadyTime deadline,
                                                       Budget& budget) {
  const auto addresses = question.rule.check(question.realm, settings);
  if (!addresses) co_return fail(addresses.error());
  const auto base = base_plan(settings, question, *addresses, deadline);
  if (question.credential.kind == Credential::Kind::identity_token) {
    const auto post = post_plan(base, question);
    auto answer = co_await exchanger.run(post, budget);
    if (!answer) co_return unreachable_service(std::move(answer.error()));
    if (!try_get_instead(answer->response.status)) co_return read(std::move(*answer), question, settings);
  }
  const auto get = get_plan(base, question);
  auto answer = co_await exchanger.run(get, budget);
  if (!answer && answer.error().kind == ErrorKind::forbidden) co_return fail(std::move(answer.error()));
  if (!answer) co_return unreachable_service(std::move(answer.error()));
  co_return read(std::move(*answer), question, settings);
}

}  // namespace digester::registry
