#include "credential/pull_secrets.hpp"

#include <algorithm>
#include <utility>

#include "base/object_name.hpp"
#include "credential/pull_secret.hpp"
#include "credential/pull_secret_reads.hpp"

namespace digester::credential {
namespace {

// What a context asks for, names that cannot be left out. Points into the context.
struct Needs {
  std::string_view namespace_name;
  std::vector<std::string_view> secrets;
  std::string_view account;  // empty: none
  bool too_many = false;
};

bool is_among(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string_view> usable(const std::vector<std::string>& names) {
  std::vector<std::string_view> usable;
  usable.reserve(std::min(names.size(), kMaxPullSecretNames));
  for (const auto& name : names) {
    if (is_object_name(name) && !is_among(usable, name)) usable.push_back(name);
    if (usable.size() == kMaxPullSecretNames) break;
  }
  return usable;
}

Needs needs_of(const Context& context, PullSecretMode mode) {
  Needs needs;
  // The namespace is the review's, checked all the same: it becomes a part of a path.
  if (!is_namespace_name(context.namespace_name)) return needs;
  needs.namespace_name = context.namespace_name;
  needs.secrets = usable(context.pull_secrets);
  needs.too_many = context.pull_secrets.size() > kMaxPullSecretNames;
  // An entry without a usable name is listed all the same, as the kubelet has it.
  if (mode == PullSecretMode::both || context.pull_secrets.empty()) {
    const auto account = context.service_account.empty() ? std::string_view("default")
                                                         : std::string_view(context.service_account);
    if (is_object_name(account)) needs.account = account;
  }
  return needs;
}

// Those that an account's `names` add to what the Pod lists itself.
std::vector<std::string_view> further(const Needs& needs, const std::vector<std::string>& names) {
  auto more = usable(names);
  std::erase_if(more, [&](std::string_view name) { return is_among(needs.secrets, name); });
  return more;
}

// Every match of all secrets as one keyring, each credential at its first place.
std::vector<Credential> match(const std::vector<SharedContent>& contents, const image::Reference& reference) {
  Holdings holdings;
  for (const auto& content : contents)
    holdings.add(SharedLogins(content, &content->logins));
  return holdings.copies(reference);
}

}  // namespace

class PullSecrets::State {
 public:
  State(std::shared_ptr<SecretReader> reader, const PullSecretOptions& options, const Clock& its_clock,
        const Logger& logger)
      : mode(options.mode),
        reread_after(options.reread_after),
        clock(its_clock),
        reads(std::make_shared<PullSecretReads>(std::move(reader), options, its_clock, logger)) {}

  // False as soon as one is missing.
  bool collect(PullPaths& paths, const std::vector<std::string_view>& names, SteadyTime now,
               Holdings& into) const {
    for (const auto name : names) {
      auto content = reads->cache().fresh(paths.of(name), now);
      if (!content) return false;
      const auto* logins = &content->logins;
      into.add(SharedLogins(std::move(content), logins));
    }
    return true;
  }

  std::vector<PullPending> start(std::string_view namespace_name, const std::vector<std::string_view>& names,
                                 net::Executor executor) const {
    std::vector<PullPending> pending;
    for (const auto name : names) {
      const PullObject object{PullObject::Kind::secret, std::string(namespace_name), std::string(name)};
      pending.push_back(reads->start(object, executor));
    }
    return pending;
  }

  const PullSecretMode mode;
  const std::chrono::seconds reread_after;
  const Clock& clock;
  const std::shared_ptr<PullSecretReads> reads;
};

PullSecrets::PullSecrets(std::shared_ptr<SecretReader> reader, const PullSecretOptions& options,
                         const Clock& clock, const Logger& logger)
    : state_(std::make_shared<State>(std::move(reader), options, clock, logger)) {}

PullSecrets::~PullSecrets() = default;

bool PullSecrets::gather(const Context& context, Holdings& into) const {
  const auto needs = needs_of(context, state_->mode);
  into.next_ring();
  if (needs.secrets.empty() && needs.account.empty()) return true;
  const auto now = state_->clock.now();
  PullPaths secrets(PullObject::Kind::secret, needs.namespace_name);
  if (!state_->collect(secrets, needs.secrets, now, into)) return false;
  if (needs.account.empty()) return true;
  const auto account = state_->reads->cache().fresh(
      PullPaths(PullObject::Kind::account, needs.namespace_name).of(needs.account), now);
  return account && state_->collect(secrets, further(needs, account->secrets), now, into);
}

net::Task<Result<std::vector<Credential>>> PullSecrets::fetch(const image::Reference& reference,
                                                              const Context& context) {
  const auto state = state_;
  const auto executor = co_await net::asio::this_coro::executor;
  const auto needs = needs_of(context, state->mode);
  if (needs.too_many) {
    const PullObject about{PullObject::Kind::secret, context.namespace_name, {}};
    state->reads->warn("a Pod names more than 64 pull secrets; the rest is left out", about, "too many");
  }
  auto pending = state->start(needs.namespace_name, needs.secrets, executor);
  std::optional<Error> fault;
  if (!needs.account.empty()) {
    const PullObject object{PullObject::Kind::account, context.namespace_name, std::string(needs.account)};
    auto reading = state->reads->start(object, executor);
    auto account = co_await PullSecretReads::wait(std::move(reading));
    if (account) {
      auto more = state->start(needs.namespace_name, further(needs, (*account)->secrets), executor);
      pending.insert(pending.end(), more.begin(), more.end());
    } else {
      fault = std::move(account.error());
    }
  }
  std::vector<SharedContent> contents;
  for (auto& one : pending) {
    auto content = co_await PullSecretReads::wait(std::move(one));
    if (content)
      contents.push_back(std::move(*content));
    else
      fault = std::move(content.error());
  }
  auto found = match(contents, reference);
  if (found.empty() && fault) co_return fail(std::move(*fault));
  co_return found;
}

void PullSecrets::refused(const Credential& credential) {
  if (credential.fingerprint.empty()) return;
  state_->reads->cache().expire_holders(credential.fingerprint, state_->clock.now(), state_->reread_after);
}

void PullSecrets::unsatisfied(const Context& context) {
  const auto needs = needs_of(context, state_->mode);
  auto& cache = state_->reads->cache();
  const auto now = state_->clock.now();
  PullPaths secrets(PullObject::Kind::secret, needs.namespace_name);
  const auto expire = [&](const std::vector<std::string_view>& names) {
    for (const auto name : names)
      cache.expire(secrets.of(name), now, state_->reread_after);
  };
  expire(needs.secrets);
  if (needs.account.empty()) return;
  PullPaths accounts(PullObject::Kind::account, needs.namespace_name);
  const auto path = accounts.of(needs.account);
  if (const auto account = cache.fresh(path, now)) expire(further(needs, account->secrets));
  cache.expire(path, now, state_->reread_after);
}

}  // namespace digester::credential
