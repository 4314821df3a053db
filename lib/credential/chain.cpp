#include "credential/chain.hpp"

#include <iterator>
#include <unordered_set>
#include <utility>

namespace digester::credential {
namespace {

void append(std::vector<Credential>& all, std::vector<Credential> more) {
  if (all.empty()) {
    all = std::move(more);
    return;
  }
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::vector<Credential> distinct(std::vector<Credential> all) {
  if (all.empty() || (all.size() == 1 && !all.front().is_anonymous())) return all;
  std::unordered_set<std::string> seen;
  std::erase_if(all,
                [&](const Credential& c) { return c.is_anonymous() || !seen.insert(c.fingerprint).second; });
  return all;
}

}  // namespace

Chain::Chain(std::vector<std::unique_ptr<Provider>> sources, const Clock& clock, const Logger& logger)
    : clock_(clock), log_(logger) {
  for (auto& provider : sources)
    sources_.push_back(Source{std::move(provider), {}, {}});
}

bool Chain::gather(const Context& context, Holdings& into) const {
  for (const auto& source : sources_) {
    into.next_ring();
    if (!source.provider->gather(context, into)) return false;
  }
  return true;
}

net::Task<Result<std::vector<Credential>>> Chain::fetch(const image::Reference& reference,
                                                        const Context& context) {
  std::vector<Credential> all;
  std::optional<Error> fault;
  for (auto& source : sources_) {
    if (auto some = source.provider->ready(reference, context)) {
      append(all, std::move(*some));
      continue;
    }
    auto fetched = co_await source.provider->fetch(reference, context);
    if (fetched) {
      append(all, std::move(*fetched));
    } else {
      warn(source, fetched.error());
      fault = std::move(fetched.error());
    }
  }
  all = distinct(std::move(all));
  // That there are none is known only when every source has answered.
  if (all.empty() && fault) co_return fail(std::move(*fault));
  co_return all;
}

void Chain::refused(const Credential& credential) {
  for (auto& source : sources_)
    source.provider->refused(credential);
}

void Chain::unsatisfied(const Context& context) {
  for (auto& source : sources_)
    source.provider->unsatisfied(context);
}

void Chain::warn(Source& source, const Error& error) {
  const auto now = clock_.now();
  if (source.last_warning == error.message && now - source.warned_at < kRepeatWarning) return;
  source.last_warning = error.message;
  source.warned_at = now;
  log_.warn("a source of credentials failed and is left out",
            {{"source", source.provider->name()}, {"cause", error.message}, {"detail", error.detail}});
}

}  // namespace digester::credential
