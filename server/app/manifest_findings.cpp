#include "app/manifest_findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "app/shell_word.hpp"
#include "base/text.hpp"
#include "build_info.hpp"
#include "files/replace.hpp"
#include "image/reference.hpp"
#include "pin/policy.hpp"
#include "report/writers.hpp"

namespace digester::app {

using report::Finding;
using report::Rule;
using report::Severity;

namespace {

std::string plural(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

Finding finding_at(const PageSource& source, const pin::Page& page, const manifest::ImageField& field) {
  const auto& object = page.images.objects[field.object];
  Finding finding;
  finding.file = source.path;
  finding.line = source.is_built ? 0 : field.line;
  finding.object = {object.api_version, object.kind, object.name, object.namespace_};
  finding.field = field.path;
  finding.image = field.value;
  return finding;
}

Finding failure_at(const PageSource& source, const pin::Page& page, std::size_t index) {
  const auto& field = page.images.fields[index];
  const auto& outcome = page.outcomes[index];
  auto finding = finding_at(source, page, field);
  const bool is_expression = outcome.status == pin::Status::expression;
  finding.rule = is_expression                                      ? Rule::expression
                 : outcome.why.kind == digester::ErrorKind::invalid ? Rule::refused
                                                                    : Rule::unresolved;
  finding.severity = report::describe(finding.rule).usual;
  if (field.state == manifest::State::open) {
    finding.message = outcome.why.message;
    if (finding.rule == Rule::refused && !pin::is_ko(field.value) && !image::Reference::parse(field.value))
      finding.cure = "correct it, or leave it as it is: --skip-prefix " + shell_word(field.value);
  } else {
    finding.message = field.why.cause;
    finding.cure = field.why.cure;
  }
  return finding;
}

void add_page_findings(const PageSource& source, const pin::Page& page, std::vector<Finding>& findings) {
  if (source.is_left_out) return;
  if (page.problem) {
    auto finding = unreadable(source.path, page.problem->message);
    if (source.is_built) finding.line = 0;
    findings.push_back(std::move(finding));
  }
  // An expression is told with its field.
  std::set<std::pair<std::size_t, std::string_view>> told;
  if (!page.images.warnings.empty())
    for (const auto& field : page.images.fields)
      if (field.state == manifest::State::expression) told.emplace(field.why.line, field.why.cause);
  for (const auto& remark : page.images.warnings) {
    if (told.contains({remark.line, remark.cause})) continue;
    Finding finding{Rule::remark, Severity::warning, source.path};
    finding.line = source.is_built ? 0 : remark.line;
    finding.message = remark.cause;
    finding.cure = remark.cure;
    findings.push_back(std::move(finding));
  }
}

std::vector<EntryImage> entry_images(const KustomizationInput& input) {
  std::vector<EntryImage> images;
  const auto& entries = input.content.images;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    const auto has = [](const auto& scalar) { return scalar && !scalar->value.empty(); };
    const bool is_pinned = has(entry.digest);
    if (!is_pinned && !has(entry.new_tag) && !has(entry.tag_suffix)) continue;
    std::string image(entry.result_name());
    if (has(entry.new_tag)) image += ":" + entry.new_tag->value;
    if (is_pinned)
      image += "@" + entry.digest->value;  // where the suffix vanishes
    else if (has(entry.tag_suffix))
      image += (has(entry.new_tag) ? "" : ":*") + entry.tag_suffix->value;
    Finding place;
    place.file = input.path;
    place.line = is_pinned            ? entry.digest->line
                 : has(entry.new_tag) ? entry.new_tag->line
                                      : entry.tag_suffix->line;
    place.object.api_version =
        input.content.is_component ? "kustomize.config.k8s.io/v1alpha1" : "kustomize.config.k8s.io/v1beta1";
    place.object.kind = input.content.is_component ? "Component" : "Kustomization";
    place.field = fmt::format("images[{}]", i);
    place.image = image;
    images.push_back({std::move(image), std::move(place), is_pinned});
  }
  return images;
}

std::string pinning_command(const KustomizationInput& input) {
  if (input.path == "-") return "digester kustomize DIR";
  if (input.content.is_component) return "digester kustomize -R on a kustomization that has this component";
  const auto directory = std::filesystem::path(input.path).parent_path().string();
  return fmt::format("digester kustomize {}", directory.empty() ? "." : shell_word(directory));
}

void sort_by_place(std::vector<Finding>& findings) {
  // Files in the order in which they were met.
  std::map<std::string, std::size_t> order;
  for (const auto& finding : findings)
    order.try_emplace(finding.file, order.size());
  std::stable_sort(findings.begin(), findings.end(), [&](const Finding& a, const Finding& b) {
    return std::pair(order.at(a.file), a.line) < std::pair(order.at(b.file), b.line);
  });
}

std::string describe_left_out(const ManifestInputs& inputs) {
  std::string out;
  const auto add = [&out](std::size_t count, std::string_view what) {
    if (count != 0) out += fmt::format("; {} {}", count, what);
  };
  const auto add_files = [&](std::size_t count, std::string_view what) {
    if (count != 0) out += fmt::format("; {} {}", plural(count, "file"), what);
  };
  add_files(inputs.without_objects, "without apiVersion and kind left out");
  add_files(inputs.left_out.templates, "of Helm templates left out");
  add(inputs.left_out.hidden, "hidden left out");
  add(inputs.left_out.linked_directories, "linked directories left out");
  return out;
}

std::string summarize(const pin::Batch& batch, const ManifestInputs& inputs, std::string_view verb) {
  std::array<std::size_t, 7> counts{};
  std::size_t changed = 0, files = 0, open = 0;
  for (std::size_t i = 0; i < batch.pages().size(); ++i) {
    const auto& page = batch.pages()[i];
    if (inputs.sources[i].is_left_out) continue;
    ++files;
    if (page.changed) ++changed;
    for (const auto& outcome : page.outcomes) {
      ++counts[static_cast<std::size_t>(outcome.status)];
      if (outcome.status == pin::Status::replaced && outcome.proposed.find('@') == std::string::npos) ++open;
    }
  }
  const auto of = [&counts](pin::Status status) { return counts[static_cast<std::size_t>(status)]; };
  const auto pinned = of(pin::Status::pinned) + of(pin::Status::replaced) - open;
  std::string out = changed == 0
                        ? fmt::format("nothing to pin in {}", plural(files, "file"))
                        : fmt::format("{} {} in {}", verb, plural(pinned, "image"), plural(changed, "file"));
  const auto add = [&out](std::size_t count, std::string_view what) {
    if (count != 0) out += fmt::format("; {} {}", count, what);
  };
  add(open, "replaced without a digest");
  add(of(pin::Status::had_digest), "already pinned");
  add(of(pin::Status::skipped), "skipped");
  add(of(pin::Status::left), "left without a digest");
  add(of(pin::Status::expression), "to be filled in by a template");
  add(of(pin::Status::failed), "failed");
  return out + describe_left_out(inputs);
}

std::string told(std::string_view command, const Finding& finding) {
  std::string place;
  if (!finding.file.empty())
    place = finding.file == "-" ? "standard input" : text::printable(finding.file, 1024);
  if (finding.line != 0) place += fmt::format(":{}", finding.line);
  if (!place.empty()) place += ": ";
  return fmt::format("digester {}: {}{}{}\n", command, place,
                     finding.severity == Severity::warning ? "warning: " : "",
                     text::printable(finding.text(), 2048));
}

Result<void> write_report(const cli::ManifestOptions& options, std::span<const Finding> findings) {
  if (options.report.empty()) return {};
  const auto format = report::parse_format(options.report_format.empty() ? "json" : options.report_format);
  const auto text = report::write(*format, findings, DIGESTER_VERSION);
  if (options.report != "-") return files::write_file(options.report, text);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return {};
}

}  // namespace digester::app
