#include "krm/outcomes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace digester::krm {
namespace {

std::string told(const manifest::Remark& remark) {
  return remark.cure.empty() ? remark.cause : remark.cause + "; " + remark.cure;
}

Finding about(const manifest::Object& object, Severity severity, std::string message) {
  Finding finding = finding_of(severity, std::move(message));
  finding.api_version = object.api_version;
  finding.kind = object.kind;
  finding.name = object.name;
  finding.namespace_ = object.namespace_;
  finding.file_path = object.file_path;
  finding.file_index = object.file_index;
  return finding;
}

// The object that a line is in: the last one that begins before it.
const manifest::Object* object_at(const manifest::Images& images, std::size_t line) {
  const manifest::Object* found = nullptr;
  for (const auto& object : images.objects)
    if (!object.place.empty() && object.line <= line) found = &object;
  return found;
}

}  // namespace

Finding finding_of(Severity severity, std::string message) {
  Finding finding;
  finding.severity = severity;
  finding.message = text::printable(message, 1'024);
  return finding;
}

Finding finding_at(const pin::Page& page, std::size_t line, Severity severity, std::string message) {
  const auto* object = object_at(page.images, line);
  return object ? about(*object, severity, std::move(message)) : finding_of(severity, std::move(message));
}

bool has_error(const pin::Page& page, const Reporting& how) {
  return !how.ignore_errors && std::ranges::any_of(page.outcomes, [](const pin::Outcome& outcome) {
    return outcome.status == pin::Status::failed;
  });
}

std::vector<Finding> findings_of(pin::Page page, const Reporting& how) {
  std::vector<Finding> out;
  out.reserve(page.images.warnings.size() + page.outcomes.size());
  const auto add = [&](Finding finding) {
    if (finding.severity <= how.least) out.push_back(std::move(finding));
  };
  for (const auto& warning : page.images.warnings)
    add(finding_at(page, warning.line, Severity::warning, told(warning)));
  for (std::size_t i = 0; i < page.outcomes.size(); ++i) {
    auto& outcome = page.outcomes[i];
    auto& field = page.images.fields[i];
    const bool changes = outcome.status == pin::Status::pinned || outcome.status == pin::Status::replaced;
    const bool failed = outcome.status == pin::Status::failed;
    if (!failed && (!changes || outcome.proposed == field.value)) continue;
    auto finding = about(
        page.images.objects[field.object],
        changes             ? Severity::info
        : how.ignore_errors ? Severity::warning
                            : Severity::error,
        changes
            ? fmt::format("{} {}", outcome.status == pin::Status::pinned ? "pinned" : "replaced", field.value)
            : outcome.why.message);
    finding.field_path = std::move(field.path);
    finding.current_value = std::move(field.value);
    if (changes) {
      finding.proposed_value = std::move(outcome.proposed);
      finding.replaced_at = field.begin;
    }
    add(std::move(finding));
  }
  return out;
}

}  // namespace digester::krm
