// Any text as manifests. Whatever is pinned, the output less the digests is the input, and a second run finds
// nothing.
#include <set>

#include "check.hpp"
#include "manifest/edit.hpp"
#include "manifest/images.hpp"
#include "yaml/reader.hpp"

using namespace digester;
using namespace digester::manifest;

namespace {

const Rules& rules() {
  static const auto made = [] {
    const FieldSpec more[] = {{"spec/steps[]/image"}, {"a/b[]", "K"}, {"image", "", "g", "v1"}};
    return Rules::make(more).value();
  }();
  return made;
}

const image::Digest& digest() {
  static const auto made =
      image::Digest::parse("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a").value();
  return made;
}

void check_json(std::string_view text) {
  const auto reader = yaml::read_json(text);
  std::size_t at = 0;
  while (true) {
    const auto event = reader->next();
    if (!event) {
      FUZZ_CHECK(fuzz::is_printable_line(event.error().message, 512));
      return;
    }
    FUZZ_CHECK(event->begin >= at && event->end >= event->begin && event->end <= text.size());
    FUZZ_CHECK(text::is_valid_utf8(event->value));
    at = event->end;
    if (event->kind == yaml::EventKind::stream_end) return;
  }
}

void check_remark(const Remark& remark) {
  FUZZ_CHECK(remark.line > 0 && fuzz::is_printable_line(remark.text(), 1'024));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_json(text);
  const auto images = find_images(text, rules());
  if (!images) {
    FUZZ_CHECK(fuzz::is_printable_line(images.error().message, 1'024));
    FUZZ_CHECK(images.error().message.starts_with("line "));
    return 0;
  }
  for (const auto& warning : images->warnings)
    check_remark(warning);
  std::vector<Edit> edits;
  for (const auto& field : images->fields) {
    FUZZ_CHECK(field.object < images->objects.size() && !field.path.empty() && !field.value.empty());
    FUZZ_CHECK(field.begin <= field.end && field.end <= text.size());
    if (field.state == State::refused || field.state == State::expression) check_remark(field.why);
    const auto edit = pinning(field, digest());
    FUZZ_CHECK(edit.has_value() == (field.state == State::open));
    if (edit) edits.push_back(*edit);
  }
  const auto changed = apply_edits(text, edits, images->sum);
  FUZZ_CHECK(changed.has_value() == apply_edits(text, edits).has_value());
  if (!changed) {
    FUZZ_CHECK(fuzz::is_printable_line(changed.error().message, 1'024));
    return 0;
  }
  const auto again = find_images(*changed, rules());
  FUZZ_CHECK(again && again->fields.size() == images->fields.size());
  for (std::size_t i = 0; i < again->fields.size(); ++i) {
    const auto& before = images->fields[i];
    const auto& after = again->fields[i];
    FUZZ_CHECK(after.path == before.path && after.container == before.container);
    FUZZ_CHECK(after.state == (before.state == State::open ? State::pinned : before.state));
    FUZZ_CHECK(after.value == before.value + (before.state == State::open ? "@" + digest().str() : ""));
  }
  auto taken_back = *changed;
  std::set<std::size_t> places;
  for (const auto& edit : edits) {
    FUZZ_CHECK(edit.begin == edit.end && edit.text == "@" + digest().str());
    places.insert(edit.begin);
  }
  // In ascending order each is where it was put in, once those before it are gone.
  for (const auto place : places)
    taken_back.erase(place, 1 + digest().str().size());
  FUZZ_CHECK(taken_back == text);
  return 0;
}
