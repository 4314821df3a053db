#include <charconv>

#include "admission/answer.hpp"
#include "base/text.hpp"

namespace digester::admission {
namespace {

// Appends to one string: this runs on every request.
class Text {
 public:
  explicit Text(std::size_t expected) { out_.reserve(expected); }

  Text& raw(std::string_view text) {
    out_ += text;
    return *this;
  }

  Text& string(std::string_view text) {
    text::append_json_string(out_, text);
    return *this;
  }

  Text& pointer(const ImageField& field) {
    append_pointer(out_, field);
    return *this;
  }

  // After what needs no comma before it, or nothing at all.
  Text& comma_unless_after(char opening) {
    if (!out_.empty() && out_.back() != opening) out_ += ',';
    return *this;
  }

  std::string take() && { return std::move(out_); }

 private:
  std::string out_;
};

void annotation(Text& text, std::string_view key, std::string_view images) {
  if (!images.empty()) text.comma_unless_after('{').raw(key).string(images);
}

void status(Text& text, const Answer& answer) {
  char digits[12];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), answer.code).ptr;
  text.raw(R"(,"status":{"code":)").raw({digits, static_cast<std::size_t>(end - digits)});
  if (answer.allowed) {
    text.raw(R"(,"reason":")").raw(to_string(answer.reason)).raw(R"("})");
  } else {
    // What clients of the API compare; kubectl prints it in brackets.
    text.raw(R"(,"status":"Failure","reason":")").raw(answer.code == 403 ? "Forbidden" : "InternalError");
    text.raw(R"(","message":)").string(answer.message).raw("}");
  }
}

}  // namespace

std::string render_patch(const Answer& answer) {
  constexpr std::size_t kExpectedOperation = 256;
  Text text(answer.patch ? answer.images.size() * kExpectedOperation : 2);
  text.raw("[");
  if (answer.patch) {
    for (const auto& image : answer.images) {
      if (image.written.empty()) continue;
      text.comma_unless_after('[').raw(R"({"op":"replace","path":")").pointer(image.field);
      text.raw(R"(","value":)").string(image.written).raw("}");
    }
  }
  text.raw("]");
  return std::move(text).take();
}

std::string render(const Review& review, const Answer& answer) {
  const auto patch = answer.patch ? text::base64_encode(render_patch(answer)) : std::string();
  Text text(512 + patch.size() + answer.warnings.size() * (kMaxWarningBytes + 3) + answer.message.size() +
            answer.pinned.size() + answer.unresolved.size() + answer.stale.size());
  text.raw(R"({"kind":"AdmissionReview","apiVersion":")").raw(to_string(review.api_version));
  text.raw(R"(","response":{"uid":)").string(review.uid);
  text.raw(answer.allowed ? R"(,"allowed":true)" : R"(,"allowed":false)");
  status(text, answer);
  if (!patch.empty()) text.raw(R"(,"patch":")").raw(patch).raw(R"(","patchType":"JSONPatch")");
  if (!answer.warnings.empty()) {
    text.raw(R"(,"warnings":[)");
    for (const auto& warning : answer.warnings)
      text.comma_unless_after('[').string(warning);
    text.raw("]");
  }
  if (!answer.pinned.empty() || !answer.unresolved.empty() || !answer.stale.empty()) {
    text.raw(R"(,"auditAnnotations":{)");
    annotation(text, R"("pinned":)", answer.pinned);
    annotation(text, R"("unresolved":)", answer.unresolved);
    annotation(text, R"("stale":)", answer.stale);
    text.raw("}");
  }
  text.raw("}}");
  return std::move(text).take();
}

}  // namespace digester::admission
