#include "krm/kpt_setters.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "krm/outcomes.hpp"
#include "setters/pin_setters.hpp"

namespace digester::krm {
namespace {

// Lines mean nothing in what a host hands over: the file that the object is from, as its annotation says.
std::string file_of(const pin::Page& page, std::size_t line) {
  std::string path;
  for (const auto& object : page.images.objects)
    if (object.line <= line) path = object.file_path;
  return path.empty() ? "a Kptfile or ConfigMap" : text::printable(path, 256);
}

}  // namespace

Result<SettersDone> look_after_setters(const pin::Page& page, bool pin) {
  const auto text = page.result();
  SettersDone out;
  // Reading all scalars once more takes its time, and few packages have setters.
  if (text.find("# kpt-set:") == std::string_view::npos) return out;
  const setters::PackageFile package{"ResourceList", text};
  const setters::PlaceOf place = [&](std::size_t, std::size_t line) { return file_of(page, line); };
  const auto pins = setters::find_setter_pins({&package, 1}, place);
  if (!pins) return fail(pins.error());
  const auto remark = [&](const setters::FileRemark& about, Severity severity) {
    const auto& [line, cause, cure] = about.remark;
    out.findings.push_back(finding_at(page, line, severity, cure.empty() ? cause : cause + "; " + cure));
  };
  if (!pin) {
    for (const auto& about : setters::overwrite_warnings(*pins, {&package, 1}, place))
      remark(about, Severity::warning);
    return out;
  }
  for (const auto& about : pins->refusals)
    remark(about, Severity::error);
  for (const auto& one : pins->pins)
    out.findings.push_back(
        finding_at(page, one.line, Severity::info,
                   fmt::format("pinned the setter {}: it is {} now", text::printable(one.setter, 128),
                               text::printable(one.after, 512))));
  if (pins->pins.empty()) return out;
  auto changed = setters::pin_setters(0, text, *pins);
  if (!changed) return fail(std::move(changed.error()));
  out.changed = std::move(*changed);
  return out;
}

}  // namespace digester::krm
