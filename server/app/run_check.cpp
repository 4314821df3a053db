#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "app/image_rules.hpp"
#include "app/look_up.hpp"
#include "app/manifest_findings.hpp"
#include "app/manifest_inputs.hpp"
#include "app/once.hpp"
#include "app/run.hpp"
#include "app/terminal.hpp"
#include "base/text.hpp"
#include "build_info.hpp"
#include "report/writers.hpp"

namespace digester::app {
namespace {

constexpr int kFound = 1, kFailed = 3;

using report::Finding;
using report::Rule;
using report::Severity;

// Distinct references, asked once and together.
class Questions {
 public:
  void add(const std::string& text) {
    if (slots_.contains(text)) return;
    if (auto reference = image::Reference::parse(text)) {
      slots_.emplace(text, references_.size());
      references_.push_back(std::move(*reference));
    }
  }

  Result<void> ask(const LookUp& how, const cli::Environment& environment, const Clock& clock,
                   const Logger& log) {
    if (references_.empty()) return {};
    auto answers = look_up(references_, how, environment, clock, log);
    if (!answers) return fail(std::move(answers.error()));
    answers_ = std::move(*answers);
    return {};
  }

  // Null where it was not asked.
  const Result<image::Digest>* answer(const std::string& text) const {
    const auto slot = slots_.find(text);
    return slot == slots_.end() ? nullptr : &answers_[slot->second];
  }

 private:
  std::vector<image::Reference> references_;
  std::vector<Result<image::Digest>> answers_;
  std::unordered_map<std::string, std::size_t> slots_;
};

// "name:tag@digest" → "name:tag"; nothing where no tag is written.
std::optional<std::string> tagged(const image::Reference& reference) {
  if (!reference.has_explicit_tag() || !reference.digest()) return std::nullopt;
  return fmt::format("{}:{}", reference.name_as_written(), reference.tag());
}

class Checking {
 public:
  Checking(const cli::CheckOptions& options, const pin::Batch& batch, const ManifestInputs& inputs)
      : options_(options), batch_(batch), inputs_(inputs) {}

  // Tags first: where one still stands for its digest, that is there.
  Result<void> ask(const LookUp& how, const cli::Environment& environment, const Clock& clock,
                   const Logger& log) {
    if (options_.offline) return {};
    if (options_.fresh) {
      for_each_pinned([this](const std::string&, const image::Reference& reference) {
        if (const auto tag = tagged(reference)) tags_.add(*tag);
      });
      if (auto asked = tags_.ask(how, environment, clock, log); !asked) return asked;
    }
    for_each_pinned([this](const std::string& text, const image::Reference& reference) {
      if (!is_current(reference)) digests_.add(text);
    });
    auto existence = how;
    existence.platform.reset();
    return digests_.ask(existence, environment, clock, log);
  }

  std::vector<Finding> find() {
    auto findings = inputs_.problems;
    for (std::size_t i = 0; i < batch_.pages().size(); ++i) {
      const auto& page = batch_.pages()[i];
      const auto& source = inputs_.sources[i];
      add_page_findings(source, page, findings);
      for (std::size_t field = 0; field < page.outcomes.size(); ++field) {
        ++images_;
        find_at(source, page, field, findings);
      }
    }
    sort_by_place(findings);
    return findings;
  }

  std::size_t images() const { return images_; }

 private:
  template <typename Take>
  void for_each_pinned(Take take) const {
    for (const auto& page : batch_.pages())
      for (std::size_t i = 0; i < page.outcomes.size(); ++i) {
        if (page.outcomes[i].status != pin::Status::had_digest) continue;
        if (const auto reference = image::Reference::parse(page.images.fields[i].value))
          take(page.images.fields[i].value, *reference);
      }
  }

  // Its tag was asked for, and stands for the digest.
  bool is_current(const image::Reference& reference) const {
    const auto tag = tagged(reference);
    const auto* now = tag ? tags_.answer(*tag) : nullptr;
    return now != nullptr && *now && **now == *reference.digest();
  }

  void find_at(const PageSource& source, const pin::Page& page, std::size_t index,
               std::vector<Finding>& findings) const {
    const auto& field = page.images.fields[index];
    const auto status = page.outcomes[index].status;
    if (status == pin::Status::failed || status == pin::Status::expression) {
      findings.push_back(failure_at(source, page, index));
    } else if (status == pin::Status::left) {
      auto finding = finding_at(source, page, field);
      finding.rule = Rule::unpinned;
      finding.message = fmt::format("{} has no digest", text::printable(field.value, 512));
      finding.cure = source.is_built || source.path == "-"
                         ? "pin it: digester resolve"
                         : fmt::format("pin it: digester resolve -i {}", text::printable(source.path, 512));
      findings.push_back(std::move(finding));
    } else if (status == pin::Status::had_digest) {
      check_pinned(source, page, field, findings);
    }
  }

  void check_pinned(const PageSource& source, const pin::Page& page, const manifest::ImageField& field,
                    std::vector<Finding>& findings) const {
    const auto reference = image::Reference::parse(field.value);
    if (!reference) {
      auto finding = finding_at(source, page, field);
      finding.rule = Rule::refused;
      finding.message = reference.error().message;
      findings.push_back(std::move(finding));
      return;
    }
    const auto tag = tagged(*reference);
    const auto* now = tag ? tags_.answer(*tag) : nullptr;
    const auto* there = digests_.answer(field.value);
    if (there == nullptr || *there) {
      if (now != nullptr) check_tag(source, page, field, *reference, *now, findings);
      return;
    }
    auto finding = finding_at(source, page, field);
    const bool is_missing = there->error().kind == ErrorKind::not_found;
    finding.rule = is_missing ? Rule::missing : Rule::unresolved;
    finding.message = there->error().message;
    if (is_missing) {
      if (now != nullptr && *now) finding.proposed = fmt::format("{}@{}", *tag, (*now)->str());
      finding.message =
          fmt::format("{}: the registry does not have this digest{}", text::printable(field.value, 512),
                      reference->has_explicit_tag() ? " any more" : "");
      finding.cure = "push the image again, or remove the digest and pin what its tag stands for now";
    }
    findings.push_back(std::move(finding));
  }

  void check_tag(const PageSource& source, const pin::Page& page, const manifest::ImageField& field,
                 const image::Reference& reference, const Result<image::Digest>& now,
                 std::vector<Finding>& findings) const {
    if (now && *now == *reference.digest()) return;
    auto finding = finding_at(source, page, field);
    if (now) {
      finding.rule = Rule::moved;
      finding.proposed = fmt::format("{}@{}", *tagged(reference), now->str());
      finding.message =
          fmt::format("{}: the tag stands for {} by now", text::printable(field.value, 512), now->str());
      finding.cure = "take it over on purpose: remove the digest and run digester resolve -i";
    } else if (now.error().kind == ErrorKind::not_found) {
      finding.rule = Rule::moved;
      finding.message = fmt::format("{}: the tag is not there any more", text::printable(field.value, 512));
      finding.cure = "push it again, or name one that is there";
    } else {
      finding.rule = Rule::unresolved;
      finding.message = now.error().message;
    }
    findings.push_back(std::move(finding));
  }

  const cli::CheckOptions& options_;
  const pin::Batch& batch_;
  const ManifestInputs& inputs_;
  Questions tags_, digests_;
  std::size_t images_ = 0;
};

// What only keeps others from being known.
bool is_failure(const Finding& finding) {
  return finding.rule == Rule::unreadable || finding.rule == Rule::unresolved;
}

std::string summarize_check(const std::vector<Finding>& findings, std::size_t images) {
  const auto counts = report::count(findings);
  const auto failures = static_cast<std::size_t>(std::count_if(findings.begin(), findings.end(), is_failure));
  auto out = fmt::format("{} image{} checked; ", images, images == 1 ? "" : "s");
  if (counts.errors == failures)
    out += "nothing found";
  else
    out += fmt::format("{} found", counts.errors - failures);
  if (counts.warnings != 0)
    out += fmt::format("; {} warning{}", counts.warnings, counts.warnings == 1 ? "" : "s");
  if (failures != 0) out += fmt::format("; {} could not be told: an input or a registry failed", failures);
  return out;
}

int conclude(const cli::CheckOptions& options, const cli::Environment& environment, Once& once,
             const std::vector<Finding>& findings, std::size_t images) {
  int code = 0;
  for (const auto& finding : findings)
    if (finding.severity == Severity::error) code = std::max(code, is_failure(finding) ? kFailed : kFound);
  // Without a file, the form is that of standard output.
  const bool text_out = !options.report.empty() || options.report_format.empty();
  const auto format = text_out ? report::Format::text : *report::parse_format(options.report_format);
  const auto printed = format == report::Format::text
                           ? report::write_text(findings, may_colour(STDOUT_FILENO, environment))
                           : report::write(format, findings, DIGESTER_VERSION);
  if (options.report != "-") std::fwrite(printed.data(), 1, printed.size(), stdout);
  // Before the summary, where both go to one log. Whether it went well, is seen at the end.
  std::fflush(stdout);
  if (auto written = write_report(options, findings); !written) {
    once.say(written.error().message);
    code = kFailed;
  }
  once.say(summarize_check(findings, images));
  return code;
}

}  // namespace

int run_check(const cli::CheckOptions& options, const cli::Environment& environment) {
  Once once("check", options.log_level);

  auto how = look_ups(options.registry, options.platform, options.timeout, environment);
  if (!how) return usage_error("check", how.error().message);
  const auto rules = manifest_rules(options);
  if (!rules) return usage_error("check", rules.error().message);
  pin::Policy policy;
  policy.skip_prefixes = options.skip.all();
  policy.offline = true;  // nothing is pinned here

  pin::Batch batch(*rules, policy);
  const auto inputs = read_manifests(options, batch);
  batch.conclude();
  Checking checking(options, batch, inputs);
  if (auto asked = checking.ask(*how, environment, once.clock, once.log); !asked)
    return usage_error("check", asked.error().message);
  const auto findings = checking.find();
  return conclude(options, environment, once, findings, checking.images());
}

}  // namespace digester::app
