// Credentials that need I/O, fetched once for everybody who asks for the same at the same time.
//
// A source that fails or hangs is a warning and an incomplete list, not an end: public images need none.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/log.hpp"
#include "registry/asker.hpp"
#include "registry/cache_key.hpp"
#include "registry/flight_tasks.hpp"

namespace digester::registry {

// The registry thread only.
class CredentialFetch : public std::enable_shared_from_this<CredentialFetch> {
 public:
  using Then = std::function<void(std::shared_ptr<const Asker>)>;

  CredentialFetch(std::shared_ptr<DetachedTasks> tasks, credential::Provider& provider, const KeyMaker& keys,
                  Duration bound, const Logger& log)
      : tasks_(std::move(tasks)), provider_(provider), keys_(keys), bound_(bound), log_(log) {}

  // `then` is called once; at once if the provider has them ready.
  void get(const image::Reference& reference, const credential::Context& context, Then then);
  // Everybody who waits goes on with an incomplete list.
  void abandon();

 private:
  struct Fetch {
    Key key;
    image::Reference reference;
    credential::Context context;
    std::vector<Then> waiting;
  };

  static net::Task<void> run(std::shared_ptr<CredentialFetch> self, std::shared_ptr<Fetch> fetch);
  void finish(const std::shared_ptr<Fetch>& fetch, Result<std::vector<credential::Credential>> found);

  const std::shared_ptr<DetachedTasks> tasks_;
  credential::Provider& provider_;
  const KeyMaker& keys_;
  const Duration bound_;
  const Logger& log_;
  std::unordered_map<Key, std::shared_ptr<Fetch>, KeyHash> fetches_;
};

}  // namespace digester::registry
