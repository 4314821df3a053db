// Where an admission thread and the registry thread meet: one batch of questions and its answers. The
// registry thread fills slots; whoever fills the last one wakes the caller.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "net/crossing.hpp"
#include "registry/asker.hpp"
#include "registry/resolver.hpp"

namespace digester::registry {

class Batch final : public net::Crossing {
 public:
  // Made, watched and closed on the thread of `caller`.
  Batch(net::Executor caller, const Clock& clock, std::vector<Query> queries);

  // Constant, so free for any thread.
  std::size_t size() const { return queries_.size(); }
  const Query& query(std::size_t slot) const { return queries_[slot]; }
  SteadyTime arrived() const { return arrived_; }

  // Any thread.
  bool is_open(std::size_t slot) const;  // somebody waits for this one
  // The first answer counts. `took` is measured here.
  void fill(std::size_t slot, Result<image::Digest> digest, Source source, Duration age,
            std::optional<Error> because = std::nullopt);
  void hold(std::size_t slot, std::shared_ptr<const Asker> asker);
  std::shared_ptr<const Asker> asker(std::size_t slot) const;  // null until known

  // The caller's thread.
  bool complete() const;
  // After close(), once: the answers, empty where none came in time.
  std::vector<std::optional<Resolution>> take();

 private:
  const Clock& clock_;
  const std::vector<Query> queries_;
  const SteadyTime arrived_;
  // With the mutex.
  std::vector<std::optional<Resolution>> answers_;
  std::vector<std::shared_ptr<const Asker>> askers_;
  std::size_t missing_;
};

}  // namespace digester::registry
