#include "kube/event_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace digester::kube {
namespace {

// A buffer that one huge object made large is not kept.
constexpr std::size_t kKept = 256 * 1024;

tl::unexpected<Error> no_event(std::string_view why) {
  return fail(ErrorKind::protocol, fmt::format("the Kubernetes API sent an event that is none: {}", why));
}

Error read_problem(json::Value status) {
  Error error;
  const auto code = status.find("code").integer().value_or(0);
  error.kind = code == 410   ? ErrorKind::not_found
               : code == 429 ? ErrorKind::rate_limited
               : code >= 500 ? ErrorKind::unavailable
                             : ErrorKind::protocol;
  error.message = fmt::format("the Kubernetes API ended the watch with status {} (it says: {})", code,
                              text::printable(status.find("message").string_or("nothing"), 300));
  return error;
}

}  // namespace

Result<bool> EventReader::feed(std::string_view bytes, EventSink& sink) {
  while (!bytes.empty()) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    if (end > limit_ - line_.size())
      return fail(ErrorKind::too_large,
                  fmt::format("the Kubernetes API sent an event of more than {} bytes", limit_));
    line_.append(bytes.substr(0, end));
    if (end == bytes.size()) break;
    bytes.remove_prefix(end + 1);
    const auto more = line(sink);
    line_.clear();
    if (line_.capacity() > kKept) line_.shrink_to_fit();
    if (!more || !*more) return more;
  }
  return true;
}

Result<bool> EventReader::line(EventSink& sink) {
  if (text::is_blank(line_)) return true;
  const auto root = document_.parse(line_);
  if (!root && root.error().kind == ErrorKind::unavailable) return fail(root.error());
  if (!root) return no_event(root.error().message);
  const auto type = root->find("type").string_or("");
  Event event;
  event.object = root->find("object");
  if (!event.object.is_object()) return no_event("it has no object");
  if (type == "ERROR") return fail(read_problem(event.object));
  if (type == "ADDED" || type == "MODIFIED")
    event.type = EventType::applied;
  else if (type == "DELETED")
    event.type = EventType::deleted;
  else if (type == "BOOKMARK")
    event.type = EventType::bookmark;
  else
    return no_event(fmt::format("its type is \"{}\"", text::printable(type, 32)));
  event.version = event.object.at({"metadata", "resourceVersion"}).string_or("");
  if (event.version.empty()) return no_event("its object has no resourceVersion");
  return sink.take(event);
}

}  // namespace digester::kube
