#include "app/package_setters.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "app/package_files.hpp"
#include "base/text.hpp"
#include "setters/pin_setters.hpp"

namespace digester::app {
namespace {

using report::Finding;
using report::Rule;
using report::Severity;

bool is_of_package(const PageSource& source, const pin::Page& page) {
  return !source.is_built && !page.problem;
}

// Reading all scalars once more takes its time, and few packages have setters.
bool have_setters(const pin::Batch& batch, const ManifestInputs& inputs) {
  for (std::size_t i = 0; i < batch.pages().size(); ++i)
    if (const auto& page = batch.pages()[i];
        is_of_package(inputs.sources[i], page) && page.result().find("# kpt-set:") != std::string_view::npos)
      return true;
  return false;
}

// All files of the packages: pages of the batch first, with the texts that they become.
class Work {
 public:
  Work(pin::Batch& batch, const ManifestInputs& inputs) : batch_(batch) {
    for (std::size_t i = 0; i < batch.pages().size(); ++i) {
      const auto& source = inputs.sources[i];
      if (!is_of_package(source, batch.pages()[i])) continue;
      pages_.push_back(i);
      files_.push_back({source.path, std::string(batch.pages()[i].result())});
    }
  }

  Result<SettersDone> run(bool pin) {
    if (auto read = read_rest(); !read) return fail(std::move(read.error()));
    const auto package = as_package(files_);
    const auto pins = setters::find_setter_pins(package);
    if (!pins) return fail(pins.error());
    if (!pin) {
      for (const auto& about : setters::overwrite_warnings(*pins, package))
        add(about, Severity::warning);
      return std::move(out_);
    }
    for (const auto& about : pins->refusals)
      add(about, Severity::error);
    for (const auto& one : pins->pins)
      add_pinned(one);
    for (std::size_t file = 0; file < files_.size(); ++file)
      if (auto written = write(file, *pins); !written) return fail(std::move(written.error()));
    return std::move(out_);
  }

 private:
  Result<void> read_rest() {
    std::vector<std::string> known;
    for (const auto& file : files_)
      known.push_back(file.path);
    auto rest = read_governing(known);
    if (!rest) return fail(std::move(rest.error()));
    for (auto& file : *rest)
      files_.push_back(std::move(file));
    return {};
  }

  void add(const setters::FileRemark& about, Severity severity) {
    Finding finding{Rule::overwritten, severity, files_[about.file].path, about.remark.line};
    finding.message = about.remark.cause;
    finding.cure = about.remark.cure;
    out_.findings.push_back(std::move(finding));
  }

  void add_pinned(const setters::SetterPin& one) {
    Finding finding{Rule::pinned, Severity::note, files_[one.file].path, one.line};
    finding.image = one.before;
    finding.proposed = one.after;
    finding.message = fmt::format("the setter {} becomes {}", text::printable(one.setter, 128),
                                  text::printable(one.after, 512));
    out_.findings.push_back(std::move(finding));
  }

  Result<void> write(std::size_t file, const setters::SetterPins& pins) {
    const auto& path = files_[file].path;
    const auto& text = files_[file].text;
    auto changed = setters::pin_setters(file, text, pins);
    if (!changed)
      return fail(changed.error().kind,
                  fmt::format("{}: {}", digester::text::printable(path), changed.error().message));
    if (*changed == text) return {};
    if (file < pages_.size())
      batch_.pages()[pages_[file]].changed = std::move(*changed);
    else
      out_.changes.push_back({path, text, std::move(*changed)});
    return {};
  }

  pin::Batch& batch_;
  std::vector<std::size_t> pages_;  // of the first files
  std::vector<PackageText> files_;
  SettersDone out_;
};

}  // namespace

Result<SettersDone> look_after_setters(pin::Batch& batch, const ManifestInputs& inputs, bool pin) {
  if (!have_setters(batch, inputs)) return SettersDone{};
  return Work(batch, inputs).run(pin);
}

}  // namespace digester::app
