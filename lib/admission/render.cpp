#include <charconv>

#include "admission/answer.hpp"
#include "base/text.hpp"

namespace digester::admission {
namespace {

// Appends to one string: this runs on every request.
class Text {
 public:
  explicit Text(std::string& out) : out_(out) {}

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

 private:
  std::string& out_;
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

void patch(std::string& out, const Answer& answer) {
  Text text(out);
  text.raw("[");
  for (const auto& image : answer.images) {
    if (image.written.empty()) continue;
    text.comma_unless_after('[').raw(R"({"op":"replace","path":")").pointer(image.field);
    text.raw(R"(","value":)").string(image.written).raw("}");
  }
  text.raw("]");
}

}  // namespace

std::string render_patch(const Answer& answer) {
  if (!answer.patch) return "[]";
  std::string out;
  patch(out, answer);
  return out;
}

std::string render(const Review& review, const Answer& answer) {
  std::string out;
  render(review, answer, out);
  return out;
}

void render(const Review& review, const Answer& answer, std::string& out) {
  constexpr std::size_t kKeptPatch = 64 * 1024;
  thread_local std::string patch_text;  // its memory is kept
  out.clear();
  Text text(out);
  text.raw(R"({"kind":"AdmissionReview","apiVersion":")").raw(to_string(review.api_version));
  text.raw(R"(","response":{"uid":)").string(review.uid);
  text.raw(answer.allowed ? R"(,"allowed":true)" : R"(,"allowed":false)");
  status(text, answer);
  if (answer.patch) {
    patch_text.clear();
    patch(patch_text, answer);
    text.raw(R"(,"patch":")").raw(text::base64_encode(patch_text)).raw(R"(","patchType":"JSONPatch")");
    if (patch_text.capacity() > kKeptPatch) patch_text = {};
  }
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
}

}  // namespace digester::admission
