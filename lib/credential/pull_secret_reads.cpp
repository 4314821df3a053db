#include "credential/pull_secret_reads.hpp"

#include <boost/asio/co_spawn.hpp>

#include <utility>

#include "credential/pull_secret.hpp"

namespace digester::credential {
namespace {

// Names go into warnings: a tenant that makes up many must not fill the log.
constexpr std::size_t kMostWarnings = 64;
constexpr std::size_t kMostForbidden = 16;

SharedContent nothing() {
  static const auto content = std::make_shared<const PullContent>();
  return content;
}

}  // namespace

PullSecretReads::PullSecretReads(std::shared_ptr<SecretReader> reader, const PullSecretOptions& options,
                                 const Clock& clock, const Logger& logger)
    : reader_(std::move(reader)),
      options_(options),
      clock_(clock),
      log_(logger),
      cache_(options.max_entries, options.max_bytes),
      warnings_(PullSecrets::kRepeatWarning, kMostWarnings),
      forbidden_(PullSecrets::kRepeatWarning, kMostForbidden) {}

PullPending PullSecretReads::start(const PullObject& object, net::Executor executor) {
  const auto key = object.path();
  if (auto content = cache_.fresh(key, clock_.now())) return {std::move(content), nullptr};
  if (const auto under_way = flights_.find(key); under_way != flights_.end())
    return {nullptr, under_way->second};
  const auto flight = std::make_shared<PullFlight>(executor);
  flights_.emplace(key, flight);
  auto ended = [self = shared_from_this(), object, flight](std::exception_ptr error) {
    if (error) self->land(object, flight, fail(ErrorKind::internal, "reading a pull secret broke off"));
  };
  auto task = read(shared_from_this(), object, flight);
  net::asio::co_spawn(executor, std::move(task), std::move(ended));
  return {nullptr, flight};
}

net::Task<Result<SharedContent>> PullSecretReads::wait(PullPending pending) {
  if (pending.content) co_return pending.content;
  // A cancelled waiter's second try throws.
  while (!pending.flight->result)
    co_await pending.flight->done.wait(SteadyTime::max());
  co_return *pending.flight->result;
}

net::Task<void> PullSecretReads::read(std::shared_ptr<PullSecretReads> self, PullObject object,
                                      std::shared_ptr<PullFlight> flight) {
  auto answer = co_await self->reader_->get(object.path());
  self->land(object, flight, self->take(object, std::move(answer)));
}

void PullSecretReads::land(const PullObject& object, const std::shared_ptr<PullFlight>& flight,
                           Result<SharedContent> result) {
  flight->result = std::move(result);
  if (const auto found = flights_.find(object.path()); found != flights_.end() && found->second == flight)
    flights_.erase(found);
  flight->done.notify_all();
}

Result<SharedContent> PullSecretReads::take(const PullObject& object, Result<std::string> answer) {
  if (!answer) return take_failure(object, std::move(answer.error()));
  auto content = object.kind == PullObject::Kind::secret ? take_secret(object, std::move(*answer))
                                                         : take_account(object, std::move(*answer));
  cache_.put(object.path(), content, clock_.now(), options_.life);
  return content;
}

SharedContent PullSecretReads::take_secret(const PullObject& object, std::string text) {
  const auto bytes = text.size();
  auto auth = parse_pull_secret(std::move(text));
  if (!auth) {
    warn("a pull secret is left out", object, auth.error().message);
    return nothing();
  }
  for (const auto& warning : auth->warnings)
    warn("a pull secret is used in part", object, warning);
  if (auth->names_helpers)
    warn("a pull secret is used in part", object, "it names credential helpers (credHelpers or credsStore)");
  auto content = std::make_shared<PullContent>();
  content->bytes = bytes;
  content->logins = LoginSet(std::move(*auth));
  return content;
}

SharedContent PullSecretReads::take_account(const PullObject& object, std::string text) {
  const auto bytes = text.size();
  auto names = parse_account_pull_secrets(std::move(text));
  if (!names) {
    warn("a ServiceAccount's pull secrets are left out", object, names.error().message);
    return nothing();
  }
  auto content = std::make_shared<PullContent>();
  content->bytes = bytes;
  content->secrets = std::move(*names);
  return content;
}

Result<SharedContent> PullSecretReads::take_failure(const PullObject& object, Error error) {
  const auto key = object.path();
  const auto now = clock_.now();
  if (error.kind == ErrorKind::not_found) {
    warn("a pull secret or ServiceAccount is not there; going on without it", object, "not found");
    cache_.put(key, nothing(), now, options_.absent_life);
    return nothing();
  }
  if (error.kind == ErrorKind::forbidden) {
    warn_forbidden(object, error);
    // An API server that has just started says so for a moment, until it has read its rules.
    auto known = cache_.not_older_than(key, now, options_.stale_limit);
    if (known && known->bytes > 0) {
      cache_.extend(key, now, options_.absent_life);
      return known;
    }
    cache_.put(key, nothing(), now, options_.life);
    return nothing();
  }
  if (auto stale = cache_.not_older_than(key, now, options_.stale_limit)) {
    warn("a pull secret cannot be read; what was read last is used", object, error.message);
    cache_.extend(key, now, options_.absent_life);
    return stale;
  }
  return fail(std::move(error));
}

void PullSecretReads::warn(std::string_view message, const PullObject& about, std::string_view cause) {
  auto said = about.path();
  said += '\n';
  said += cause;
  if (!warnings_.is_due(said, clock_.now())) return;
  log_.warn(message, {{"namespace", about.namespace_name},
                      {"resource", about.resource()},
                      {"name", about.name},
                      {"cause", cause}});
}

void PullSecretReads::warn_forbidden(const PullObject& object, const Error& error) {
  std::string said(object.resource());
  said += '\n';
  said += object.namespace_name;
  if (!forbidden_.is_due(said, clock_.now())) return;
  log_.warn(
      "no right to read what pull secrets need; going on as if there were none: grant it with a Role in this "
      "namespace or a ClusterRole",
      {{"verb", "get"},
       {"resource", object.resource()},
       {"namespace", object.namespace_name},
       {"cause", error.message},
       {"detail", error.detail}});
}

}  // namespace digester::credential
