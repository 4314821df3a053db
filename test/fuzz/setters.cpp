// Any text as a file of a kpt package, whose first scalar is what is looked for. Comments alone are created;
// what is applied reads as it should; what is pinned in a Kptfile needs no pinning again.
#include "check.hpp"
#include "setters/apply.hpp"
#include "setters/create.hpp"
#include "setters/list.hpp"
#include "setters/pin_setters.hpp"

using namespace digester;
using namespace digester::setters;

namespace {

void check_error(const Error& error) {
  FUZZ_CHECK(fuzz::is_printable_line(error.message, 4'096));
}

void check_remarks(const std::vector<Remark>& remarks) {
  for (const auto& remark : remarks)
    FUZZ_CHECK(remark.line > 0 && fuzz::is_printable_line(remark.text(), 4'096));
}

void check_create(const std::string& text, const Fields& fields, const std::vector<Setter>& setters) {
  const auto made = create_setters(text, setters);
  if (!made) return check_error(made.error());
  check_remarks(made->warnings);
  const auto now = find_fields(made->text);
  FUZZ_CHECK(now && now->fields.size() == fields.fields.size());
  std::size_t changed = 0;
  for (std::size_t i = 0; i < fields.fields.size(); ++i) {
    const auto& a = fields.fields[i];
    const auto& b = now->fields[i];
    FUZZ_CHECK(a.value == b.value && a.path == b.path && a.style == b.style);
    changed += a.comment_text(text) == b.comment_text(made->text) ? 0U : 1U;
  }
  FUZZ_CHECK(changed == made->changes.size());
  const auto again = create_setters(made->text, setters);
  FUZZ_CHECK(again && again->text == made->text);
}

void check_apply(const std::string& text, const Fields& fields) {
  const auto uses = list_setters(text);
  FUZZ_CHECK(uses);
  if (uses->empty()) return;
  const std::vector<Setter> setters{{uses->front().name, "r/e:2@sha256:ab # {x}"}};
  const auto set = apply_setters(text, setters);
  if (!set) return check_error(set.error());
  check_remarks(set->warnings);
  const auto now = find_fields(set->text);
  FUZZ_CHECK(now && now->fields.size() == fields.fields.size());
  std::size_t changed = 0;
  for (std::size_t i = 0; i < fields.fields.size(); ++i) {
    FUZZ_CHECK(fields.fields[i].comment_text(text) == now->fields[i].comment_text(set->text));
    changed += fields.fields[i].value == now->fields[i].value ? 0U : 1U;
  }
  FUZZ_CHECK(changed == set->changes.size());
}

void check_pin(const std::string& text) {
  const PackageFile files[] = {{"a.yaml", text}, {"Kptfile", text}};
  const auto pins = find_setter_pins(files);
  if (!pins) return check_error(pins.error());
  for (const auto& remark : overwrite_warnings(*pins, files))
    check_remarks({remark.remark});
  const auto pinned = pin_setters(0, text, *pins);
  if (!pinned) return check_error(pinned.error());
  FUZZ_CHECK(find_fields(*pinned));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto fields = find_fields(text);
  if (!fields) {
    check_error(fields.error());
    return 0;
  }
  for (const auto& field : fields->fields) {
    FUZZ_CHECK(field.begin <= field.content && field.content < field.end && field.end <= text.size());
    FUZZ_CHECK(field.comment_text(text).empty() || field.comment_text(text).front() == '#');
  }
  if (!fields->fields.empty())
    check_create(text, *fields, {{"it", fields->fields.front().value}, {"1", "1"}});
  check_apply(text, *fields);
  check_pin(text);
  return 0;
}
