#include "admission/answer.hpp"
#include "base/text.hpp"
#include "json/writer.hpp"

namespace digester::admission {
namespace {

void audit(json::Writer& writer, const Answer& answer) {
  if (answer.pinned.empty() && answer.unresolved.empty() && answer.stale.empty()) return;
  writer.key("auditAnnotations").begin_object();
  if (!answer.pinned.empty()) writer.member("pinned", answer.pinned);
  if (!answer.unresolved.empty()) writer.member("unresolved", answer.unresolved);
  if (!answer.stale.empty()) writer.member("stale", answer.stale);
  writer.end_object();
}

void status(json::Writer& writer, const Answer& answer) {
  writer.key("status").begin_object().member("code", answer.code);
  if (answer.allowed) {
    writer.member("reason", to_string(answer.reason));
  } else {
    // What clients of the API compare; kubectl prints it in brackets.
    writer.member("status", "Failure").member("reason", answer.code == 403 ? "Forbidden" : "InternalError");
    writer.member("message", answer.message);
  }
  writer.end_object();
}

}  // namespace

std::string render_patch(const Answer& answer) {
  json::Writer writer;
  writer.begin_array();
  if (answer.patch) {
    std::string path;
    for (const auto& image : answer.images) {
      if (image.written.empty()) continue;
      path.clear();
      append_pointer(path, image.field);
      writer.begin_object()
          .member("op", "replace")
          .member("path", path)
          .member("value", image.written)
          .end_object();
    }
  }
  writer.end_array();
  return writer.str();
}

std::string render(const Review& review, const Answer& answer) {
  json::Writer writer;
  writer.begin_object();
  writer.member("kind", "AdmissionReview").member("apiVersion", to_string(review.api_version));
  writer.key("response").begin_object();
  writer.member("uid", review.uid).member("allowed", answer.allowed);
  status(writer, answer);
  if (answer.patch)
    writer.member("patch", text::base64_encode(render_patch(answer))).member("patchType", "JSONPatch");
  if (!answer.warnings.empty()) {
    writer.key("warnings").begin_array();
    for (const auto& warning : answer.warnings)
      writer.string(warning);
    writer.end_array();
  }
  audit(writer, answer);
  writer.end_object().end_object();
  return writer.str();
}

}  // namespace digester::admission
