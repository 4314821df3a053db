#include "credential/pull_secrets.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "base/object_name.hpp"
#include "credential/pull_secret.hpp"
#include "credential/pull_secret_reads.hpp"

namespace digester::credential {
namespace {

// What a context asks for, names that cannot be left out.
struct Needs {
  std::vector<PullObject> secrets;
  std::optional<PullObject> account;
  bool too_many = false;
};

std::vector<PullObject> secrets_of(const std::string& namespace_name, const std::vector<std::string>& names) {
  std::vector<PullObject> objects;
  for (const auto& name : names) {
    if (!is_object_name(name)) continue;
    const bool known = std::any_of(objects.begin(), objects.end(),
                                   [&](const PullObject& object) { return object.name == name; });
    if (!known) objects.push_back({PullObject::Kind::secret, namespace_name, name});
    if (objects.size() == kMaxPullSecretNames) break;
  }
  return objects;
}

Needs needs_of(const Context& context, PullSecretMode mode) {
  Needs needs;
  // The namespace is the review's, checked all the same: it becomes a part of a path.
  if (!is_namespace_name(context.namespace_name)) return needs;
  needs.secrets = secrets_of(context.namespace_name, context.pull_secrets);
  needs.too_many = context.pull_secrets.size() > kMaxPullSecretNames;
  // An entry without a usable name is listed all the same, as the kubelet has it.
  if (mode == PullSecretMode::both || context.pull_secrets.empty()) {
    auto account = context.service_account.empty() ? std::string("default") : context.service_account;
    if (is_object_name(account))
      needs.account = PullObject{PullObject::Kind::account, context.namespace_name, std::move(account)};
  }
  return needs;
}

// Every match of all secrets as one keyring, each credential at its first place.
std::vector<Credential> match(const std::vector<SharedContent>& contents, const image::Reference& reference) {
  std::vector<const Keyring*> rings;
  rings.reserve(contents.size());
  for (const auto& content : contents)
    rings.push_back(&content->keyring);
  const auto matches = Keyring::match(rings, reference);
  std::vector<Credential> found;
  if (matches.empty()) return found;
  found.reserve(matches.size());
  std::unordered_set<std::string_view> seen;
  for (const auto& [ring, value] : matches) {
    const auto& credential = contents[ring]->credentials[value];
    if (matches.size() == 1) {
      found.push_back(credential);
      break;
    }
    if (seen.insert(credential.fingerprint).second) found.push_back(credential);
  }
  return found;
}

// Those that `names` adds to what the Pod lists itself.
std::vector<PullObject> further(const Needs& needs, const std::vector<std::string>& names) {
  auto objects = secrets_of(needs.account->namespace_name, names);
  std::erase_if(objects, [&](const PullObject& object) {
    return std::any_of(needs.secrets.begin(), needs.secrets.end(),
                       [&](const PullObject& listed) { return listed.name == object.name; });
  });
  return objects;
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
  bool collect(const std::vector<PullObject>& objects, std::vector<SharedContent>& into) const {
    for (const auto& object : objects) {
      auto content = reads->cache().fresh(object.path(), clock.now());
      if (!content) return false;
      into.push_back(std::move(content));
    }
    return true;
  }

  std::vector<PullPending> start(const std::vector<PullObject>& objects, net::Executor executor) const {
    std::vector<PullPending> pending;
    for (const auto& object : objects)
      pending.push_back(reads->start(object, executor));
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

std::optional<std::vector<Credential>> PullSecrets::ready(const image::Reference& reference,
                                                          const Context& context) const {
  const auto needs = needs_of(context, state_->mode);
  std::vector<SharedContent> contents;
  if (!state_->collect(needs.secrets, contents)) return std::nullopt;
  if (needs.account) {
    const auto account = state_->reads->cache().fresh(needs.account->path(), state_->clock.now());
    if (!account || !state_->collect(further(needs, account->secrets), contents)) return std::nullopt;
  }
  return match(contents, reference);
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
  auto pending = state->start(needs.secrets, executor);
  std::optional<Error> fault;
  if (needs.account) {
    auto reading = state->reads->start(*needs.account, executor);
    auto account = co_await PullSecretReads::wait(std::move(reading));
    if (account) {
      auto more = state->start(further(needs, (*account)->secrets), executor);
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
  auto needs = needs_of(context, state_->mode);
  auto& cache = state_->reads->cache();
  const auto now = state_->clock.now();
  if (needs.account) {
    const auto path = needs.account->path();
    if (const auto account = cache.fresh(path, now)) {
      auto more = further(needs, account->secrets);
      std::move(more.begin(), more.end(), std::back_inserter(needs.secrets));
    }
    cache.expire(path, now, state_->reread_after);
  }
  for (const auto& secret : needs.secrets)
    cache.expire(secret.path(), now, state_->reread_after);
}

}  // namespace digester::credential
