// What a server does with a request. The boundary between HTTP and everything that answers over it.
#pragma once

#include "net/server/message.hpp"
#include "net/task.hpp"

namespace digester::net {

// Called on the thread of the connection's io_context; calls for different connections come from different
// threads, also at the same time. It outlives the server. `response` arrives cleared.
class Handler {
 public:
  virtual ~Handler() = default;

  // The fast way, for what can be answered at once: fills `response` and returns true, with no coroutine
  // made. Must not block. Returning false (the request's body may be changed by then) leads to handle().
  virtual bool try_handle(ServerRequest& request, ServerResponse& response) {
    static_cast<void>(request);
    static_cast<void>(response);
    return false;
  }

  // Runs on the connection's executor; both references stay valid until the coroutine ends, even when the
  // client has gone. It must end by its own deadline: the server waits for it. An exception is answered
  // with 500 and logged.
  virtual Task<> handle(ServerRequest& request, ServerResponse& response) = 0;
};

}  // namespace digester::net
