// Keeps somebody informed of a collection, or of one object: lists it, then watches it, for ever.
//
// Kubernetes API concepts, "Efficient detection of changes": the watch goes on from the last resourceVersion
// that an event or a bookmark named, and starts over with a list when the server has forgotten that far back
// (410, as a status or as an event).
#pragma once

#include <memory>

#include "kube/watch_list.hpp"

namespace digester::kube {

// Called on the io_context's thread, never after stop() has returned. Handles and spans live as long as the
// call. Objects that come from a list have no apiVersion and kind of their own. A call may stop or destroy
// the Watch. One that throws makes the Watch list anew, after a pause.
class WatchObserver {
 public:
  virtual ~WatchObserver() = default;
  // A list comes page by page, so that no more than one page is held; an empty one has one page without
  // objects. What came before `first` is void: that list broke off.
  virtual void listed(std::span<const json::Value> objects, bool first) = 0;
  virtual void replaced() = 0;                   // what was listed since `first`, and no others
  virtual void applied(json::Value object) = 0;  // new or changed; may come twice
  virtual void deleted(json::Value object) = 0;  // its last state
  // What was reported is current, or will be at once: after a list, and when a watch works again.
  virtual void synced() {}
  // What was reported may be out of date; each failed try, until synced().
  virtual void failing(const Error&) {}
};

struct WatchOptions {
  ListLimits list;
  std::size_t event_bytes = 4 * 1024 * 1024;  // one event; the API takes objects of up to 3 MiB
  // How long one watch lasts before the server ends it: by chance between these.
  Duration shortest = std::chrono::minutes(5);
  Duration longest = std::chrono::minutes(10);
  // A watch that brings nothing for this long, no bookmark either (they come once a minute), is made anew.
  Duration silence = std::chrono::minutes(3);
  Duration backoff = std::chrono::milliseconds(500);    // after a failure, doubled each time, half by chance
  Duration longest_backoff = std::chrono::seconds(30);  // of a Retry-After as well
  // While nobody answers there is nobody to be spared, and who comes back has news.
  Duration longest_silence = std::chrono::seconds(5);
  // A watch that held for this long was a good one. After one that brought something and did not, the next
  // waits for `backoff`, then twice that, and so on.
  Duration settled = std::chrono::seconds(5);
  Duration repeat_log = std::chrono::minutes(1);  // the first failure is logged, then one in this time
};

class Watch {
 public:
  // References outlive the object and its coroutine (which ends soon after stop()); the observer the object
  // alone.
  Watch(net::asio::io_context& io, ApiClient& api, WatchTarget target, WatchObserver& observer,
        const Clock& clock, const Logger& log, WatchOptions options = {}, ApiHooks hooks = {});
  ~Watch();  // stops
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // Once. From the io_context's thread, or before it runs.
  void start();
  // From the io_context's thread, or when it runs no more; from within a call to the observer, too.
  void stop();

  bool synced() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
  net::asio::io_context& io_;
};

}  // namespace digester::kube
