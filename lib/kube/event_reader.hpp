// The body of a watch, from bytes cut anywhere to events: one JSON object a line. No I/O.
//
// Kubernetes API concepts, "Efficient detection of changes": {"type": …, "object": …}.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "json/value.hpp"

namespace digester::kube {

enum class EventType { applied, deleted, bookmark };

struct Event {
  EventType type = EventType::applied;
  json::Value object;
  std::string_view version;  // the object's resourceVersion; never empty
};

class EventSink {
 public:
  virtual ~EventSink() = default;
  // The event is valid during the call. False: no more of them.
  virtual bool take(const Event& event) = 0;
};

class EventReader {
 public:
  // `line_limit`: bytes of the longest line.
  explicit EventReader(std::size_t line_limit) : limit_(line_limit) {}

  // Every event that these bytes complete. False: the sink wants no more. After an error the reader is of no
  // further use. Errors:
  //   not_found    the history that was asked for is gone (410): list again
  //   too_large    a line over the limit
  //   unavailable, rate_limited and the like   what the server's ERROR event says, printable and shortened
  //   protocol     a line that is no event
  Result<bool> feed(std::string_view bytes, EventSink& sink);

 private:
  Result<bool> line(EventSink& sink);

  std::size_t limit_;
  std::string line_;
  json::Document document_;
};

}  // namespace digester::kube
