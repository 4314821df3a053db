#include "registry/flight_credentials.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"

namespace digester::registry {

using credential::Credential;

void CredentialFetch::get(const image::Reference& reference, const credential::Context& context, Then then) {
  if (auto ready = provider_.ready(reference, context)) {
    then(std::make_shared<const Asker>(make_asker(std::move(*ready))));
    return;
  }
  const auto key = keys_.context(reference, context);
  if (const auto under_way = fetches_.find(key); under_way != fetches_.end()) {
    under_way->second->waiting.push_back(std::move(then));
    return;
  }
  auto fetch = std::make_shared<Fetch>(Fetch{key, reference, context, {}});
  fetch->waiting.push_back(std::move(then));
  fetches_.emplace(key, fetch);
  const auto task = tasks_->make();
  task->after(bound_, [self = shared_from_this(), fetch, task] {
    self->finish(
        fetch, fail(ErrorKind::timed_out, fmt::format("no answer within {}", format_duration(self->bound_))));
    task->cancel();
  });
  tasks_->run(task, run(shared_from_this(), fetch),
              [self = shared_from_this(), fetch](std::exception_ptr error) {
                // Nothing more to do where the coroutine or the bound has finished it.
                if (error)
                  self->finish(fetch, fail(ErrorKind::internal, "the look-up of credentials broke off"));
              });
}

net::Task<void> CredentialFetch::run(std::shared_ptr<CredentialFetch> self, std::shared_ptr<Fetch> fetch) {
  auto found = co_await self->provider_.fetch(fetch->reference, fetch->context);
  self->finish(fetch, std::move(found));
}

void CredentialFetch::finish(const std::shared_ptr<Fetch>& fetch, Result<std::vector<Credential>> found) {
  const auto under_way = fetches_.find(fetch->key);
  if (under_way == fetches_.end() || under_way->second != fetch) return;
  fetches_.erase(under_way);
  auto asker = make_asker(found ? std::move(*found) : std::vector<Credential>());
  if (!found) {
    asker.complete = false;
    log_.warn("credentials could not be read; going on without them",
              {{"image", text::printable(fetch->reference.original())},
               {"namespace", text::printable(fetch->context.namespace_name)},
               {"error", found.error().message},
               {"detail", found.error().detail}});
  }
  const auto shared = std::make_shared<const Asker>(std::move(asker));
  for (auto& then : std::exchange(fetch->waiting, {}))
    then(shared);
}

void CredentialFetch::abandon() {
  while (!fetches_.empty()) {
    const auto fetch = fetches_.begin()->second;
    finish(fetch, fail(ErrorKind::cancelled, "the server is shutting down"));
  }
}

}  // namespace digester::registry
