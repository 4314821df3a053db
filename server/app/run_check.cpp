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
#include "app/shell_word.hpp"
#include "app/terminal.hpp"
#include "base/text.hpp"
#include "build_info.hpp"
#include "files/apart.hpp"
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
  Checking(const cli::CheckOptions& options, const pin::Policy& policy, const pin::Batch& batch,
           const ManifestInputs& inputs)
      : options_(options), batch_(batch), inputs_(inputs) {
    for (const auto& kustomization : inputs.kustomizations)
      for (auto& entry : entry_images(kustomization)) {
        if (pin::is_skipped(policy, entry.image)) {
          ++counts_.skipped;
          continue;
        }
        entry.place.cure = "pin it: " + pinning_command(kustomization);
        entries_.push_back(std::move(entry));
      }
  }

  struct Counts {
    std::size_t images = 0, skipped = 0, files = 0;
  };

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
    counts_.images += entries_.size();
    counts_.files += inputs_.kustomizations.size();
    for (std::size_t i = 0; i < batch_.pages().size(); ++i) {
      const auto& page = batch_.pages()[i];
      const auto& source = inputs_.sources[i];
      add_page_findings(source, page, findings);
      if (!source.is_left_out && !is_among_kustomizations(source)) ++counts_.files;
      for (std::size_t field = 0; field < page.outcomes.size(); ++field) {
        ++(page.outcomes[field].status == pin::Status::skipped ? counts_.skipped : counts_.images);
        find_at(source, page, field, findings);
      }
    }
    findings.insert(findings.end(), inputs_.remarks.begin(), inputs_.remarks.end());
    for (const auto& entry : entries_)
      find_in_kustomization(entry, findings);
    sort_by_place(findings);
    return findings;
  }

  const Counts& counts() const { return counts_; }

 private:
  template <typename Take>
  void for_each_pinned(Take take) const {
    for (const auto& page : batch_.pages())
      for (std::size_t i = 0; i < page.outcomes.size(); ++i) {
        if (page.outcomes[i].status != pin::Status::had_digest) continue;
        if (const auto reference = image::Reference::parse(page.images.fields[i].value))
          take(page.images.fields[i].value, *reference);
      }
    for (const auto& entry : entries_)
      if (entry.is_pinned)
        if (const auto reference = image::Reference::parse(entry.image)) take(entry.image, *reference);
  }

  bool is_among_kustomizations(const PageSource& source) const {
    return std::any_of(inputs_.kustomizations.begin(), inputs_.kustomizations.end(),
                       [&](const auto& kustomization) { return kustomization.path == source.path; });
  }

  void find_in_kustomization(const EntryImage& entry, std::vector<Finding>& findings) const {
    if (entry.is_pinned) {
      auto place = entry.place;
      place.cure.clear();
      return check_pinned(place, findings);
    }
    auto finding = entry.place;
    finding.rule = Rule::unpinned;
    finding.message = fmt::format("{} has no digest", text::printable(entry.image, 512));
    findings.push_back(std::move(finding));
  }

  std::string cure_of_open(const PageSource& source) const {
    if (source.is_built)
      return fmt::format("pin it: digester kustomize --add {}", shell_word(options_.kustomization));
    if (source.path == "-") return "pin it: digester resolve";
    return fmt::format("pin it: digester resolve -i {}", shell_word(source.path));
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
      auto finding = failure_at(source, page, index);
      if (pin::is_ko(field.value) && field.state == manifest::State::open) {
        finding.message = fmt::format("unresolved ko:// reference {}: it has no image yet",
                                      text::printable(field.value, 256));
        finding.cure = "digester resolve --ko builds it, or --image-map FILE there says what was built";
      }
      findings.push_back(std::move(finding));
    } else if (status == pin::Status::left) {
      auto finding = finding_at(source, page, field);
      finding.rule = Rule::unpinned;
      finding.message = fmt::format("{} has no digest", text::printable(field.value, 512));
      finding.cure = cure_of_open(source);
      findings.push_back(std::move(finding));
    } else if (status == pin::Status::had_digest) {
      check_pinned(finding_at(source, page, field), findings);
    }
  }

  // Where the image is, and which.
  void check_pinned(const Finding& place, std::vector<Finding>& findings) const {
    const auto reference = image::Reference::parse(place.image);
    auto finding = place;
    if (!reference) {
      finding.rule = Rule::refused;
      finding.message = reference.error().message;
      findings.push_back(std::move(finding));
      return;
    }
    const auto tag = tagged(*reference);
    const auto* now = tag ? tags_.answer(*tag) : nullptr;
    const auto* there = digests_.answer(place.image);
    if (there == nullptr || *there) {
      if (now != nullptr) check_tag(place, *reference, *now, findings);
      return;
    }
    const bool is_missing = there->error().kind == ErrorKind::not_found;
    finding.rule = is_missing ? Rule::missing : Rule::unresolved;
    finding.message = there->error().message;
    if (is_missing) {
      if (now != nullptr && *now) finding.proposed = fmt::format("{}@{}", *tag, (*now)->str());
      finding.message =
          fmt::format("{}: the registry does not have this digest{}", text::printable(place.image, 512),
                      reference->has_explicit_tag() ? " any more" : "");
      finding.cure = "push the image again, or remove the digest and pin what its tag stands for now";
    }
    findings.push_back(std::move(finding));
  }

  static bool is_of_kustomization(const Finding& place) {
    return place.object.api_version.starts_with("kustomize.config.k8s.io/");
  }

  void check_tag(const Finding& place, const image::Reference& reference, const Result<image::Digest>& now,
                 std::vector<Finding>& findings) const {
    if (now && *now == *reference.digest()) return;
    auto finding = place;
    if (now) {
      finding.rule = Rule::moved;
      finding.proposed = fmt::format("{}@{}", *tagged(reference), now->str());
      finding.message =
          fmt::format("{}: the tag stands for {} by now", text::printable(place.image, 512), now->str());
      finding.cure = is_of_kustomization(place)
                         ? "take it over on purpose: digester kustomize --update"
                         : "take it over on purpose: remove the digest and run digester resolve -i";
    } else if (now.error().kind == ErrorKind::not_found) {
      finding.rule = Rule::moved;
      finding.message = fmt::format("{}: the tag is not there any more", text::printable(place.image, 512));
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
  std::vector<EntryImage> entries_;
  Questions tags_, digests_;
  Counts counts_;
};

// What only keeps others from being known.
bool is_failure(const Finding& finding) {
  return finding.rule == Rule::unreadable || finding.rule == Rule::unresolved;
}

std::string summarize_check(const std::vector<Finding>& findings, const Checking::Counts& checked,
                            const ManifestInputs& inputs) {
  const auto counts = report::count(findings);
  const auto failures = static_cast<std::size_t>(std::count_if(findings.begin(), findings.end(), is_failure));
  const auto images = checked.images;
  std::string out;
  if (images + checked.skipped == 0 && counts.errors == failures)
    out = checked.files == 0
              ? std::string("nothing was checked")
              : fmt::format("no image found in {} file{}", checked.files, checked.files == 1 ? "" : "s");
  else
    out = fmt::format("{} image{} checked; {} found", images, images == 1 ? "" : "s",
                      counts.errors == failures ? "nothing" : std::to_string(counts.errors - failures));
  if (counts.warnings != 0)
    out += fmt::format("; {} warning{}", counts.warnings, counts.warnings == 1 ? "" : "s");
  if (failures != 0) out += fmt::format("; {} could not be told: an input or a registry failed", failures);
  if (checked.skipped != 0) out += fmt::format("; {} skipped", checked.skipped);
  return out + describe_left_out(inputs);
}

int conclude(const cli::CheckOptions& options, const cli::Environment& environment, Once& once,
             const std::vector<Finding>& findings, const Checking::Counts& checked,
             const ManifestInputs& inputs) {
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
  once.say(summarize_check(findings, checked, inputs));
  return code;
}

}  // namespace

int run_check(const cli::CheckOptions& options, const cli::Environment& environment) {
  Once once("check", options.log_level);

  auto how = look_ups(options, environment);
  if (!how) return usage_error("check", how.error().message);
  const auto rules = manifest_rules(options);
  if (!rules) return usage_error("check", rules.error().message);
  pin::Policy policy;
  policy.skip_prefixes = options.skip.all();
  policy.offline = true;  // nothing is pinned here

  pin::Batch batch(*rules, policy);
  const auto inputs = read_manifests(options, batch);
  std::vector<std::string> paths;
  for (const auto& source : inputs.sources)
    if (!source.is_built) paths.push_back(source.path);
  if (auto apart = files::are_apart({&options.report, 1}, paths); !apart) {
    once.say(apart.error().message);
    return kFailed;
  }
  batch.conclude();
  Checking checking(options, policy, batch, inputs);
  if (auto asked = checking.ask(*how, environment, once.clock, once.log); !asked)
    return usage_error("check", asked.error().message);
  const auto findings = checking.find();
  return conclude(options, environment, once, findings, checking.counts(), inputs);
}

}  // namespace digester::app
