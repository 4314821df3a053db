#include "registry/flight_ask.hpp"

#include <fmt/format.h>

namespace digester::registry {
namespace {

bool is_refused_credential(ErrorKind kind) {
  return kind == ErrorKind::unauthorized || kind == ErrorKind::forbidden;
}

bool next_may_differ(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
    case ErrorKind::unauthorized:
    case ErrorKind::forbidden:
    case ErrorKind::rate_limited:
    case ErrorKind::unavailable:
      return true;
    default:
      return false;
  }
}

int telling(ErrorKind kind, bool anonymous) {
  const int rank = kind == ErrorKind::forbidden ? 3 : kind == ErrorKind::unauthorized ? 2 : 1;
  return anonymous ? rank : rank + 3;
}

class Verdict {
 public:
  void hear(Error error, bool anonymous) {
    if (is_transient(error.kind)) {
      if (!transient_) transient_ = std::move(error);
      return;
    }
    const auto rank = telling(error.kind, anonymous);
    if (rank <= rank_) return;
    rank_ = rank;
    refusal_ = std::move(error);
  }

  void speak(const Asker& asker, Asked& asked) {
    if (transient_) {
      asked.answer = fail(std::move(*transient_));
      return;
    }
    if (!asker.complete) {
      refusal_.message += " (asked without credentials that could not be read)";
      refusal_.kind = ErrorKind::unavailable;
    } else {
      asked.is_refusal = true;
    }
    asked.answer = fail(std::move(refusal_));
  }

 private:
  std::optional<Error> transient_;
  Error refusal_;
  int rank_ = 0;
};

}  // namespace

bool is_transient(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::rate_limited:
    case ErrorKind::unavailable:
    case ErrorKind::unreachable:
    case ErrorKind::timed_out:
      return true;
    default:
      return false;
  }
}

net::Task<Asked> ask_in_order(Lookup& lookup, credential::Provider& provider, image::Reference reference,
                              std::shared_ptr<const Asker> asker, SteadyTime deadline, std::string tenant) {
  Asked asked{fail(ErrorKind::internal, "no credential was tried"), std::nullopt, {}, false};
  Verdict verdict;
  for (std::size_t i = 0; i < asker->credentials.size(); ++i) {
    auto copy = reference;
    auto credential = asker->credentials[i];
    auto found = co_await lookup.find(std::move(copy), std::move(credential), deadline, tenant);
    if (found) {
      asked.answer = std::move(found);
      asked.worked = i;
      co_return asked;
    }
    auto& error = found.error();
    const auto kind = error.kind;
    if (is_permanent(kind)) asked.refused.push_back(i);
    const bool anonymous = asker->credentials[i].is_anonymous();
    if (is_refused_credential(kind) && !anonymous) provider.refused(asker->credentials[i]);
    if (!next_may_differ(kind) && !is_transient(kind)) {
      if (is_permanent(kind))
        for (auto rest = i + 1; rest < asker->credentials.size(); ++rest)
          asked.refused.push_back(rest);
      // A malformed name stays one; what is unsupported may be mended at the peer at any moment.
      asked.is_refusal = kind == ErrorKind::invalid;
      asked.answer = std::move(found);
      co_return asked;
    }
    verdict.hear(std::move(error), anonymous);
    if (!next_may_differ(kind)) break;
  }
  verdict.speak(*asker, asked);
  co_return asked;
}

}  // namespace digester::registry
