#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "app/image_rules.hpp"
#include "app/known_sources.hpp"
#include "app/manifest_findings.hpp"
#include "app/manifest_inputs.hpp"
#include "app/manifest_output.hpp"
#include "app/once.hpp"
#include "app/package_setters.hpp"
#include "app/pin_images.hpp"
#include "app/run.hpp"
#include "app/shell_word.hpp"
#include "app/terminal.hpp"
#include "base/text.hpp"
#include "files/apart.hpp"
#include "files/replace.hpp"
#include "image/skip_prefixes.hpp"
#include "report/diff.hpp"

namespace digester::app {
namespace {

constexpr int kDifferences = 1, kFailed = 3;

using report::Finding;
using report::Rule;
using report::Severity;

class Resolving {
 public:
  Resolving(const cli::ResolveOptions& options, const cli::Environment& environment, Once& once,
            pin::Batch& batch, ManifestInputs inputs, KnownSources& known)
      : options_(options),
        environment_(environment),
        once_(once),
        batch_(batch),
        inputs_(std::move(inputs)),
        known_(known),
        skip_(options.skip.all()) {}

  // `pinned`: the batch is concluded.
  int conclude(bool pinned) {
    if (pinned) finish_texts();
    find();
    for (const auto& finding : findings_)
      if (finding.severity != Severity::note) once_.sink.write(told("resolve", finding));
    const bool failed = report::count(findings_).errors != 0;
    const bool write = !failed || options_.keep_going;
    int code = failed ? kFailed : 0;
    bool is_put_out = write;
    std::string outcome;
    if (write) {
      auto written = put_out();
      is_put_out = written.has_value();
      // Where a change could not be undone, the error says which.
      if (!written && written.error().kind != ErrorKind::internal) outcome = "nothing was written";
      if (written && !options_.diff)
        written = known_.write(batch_, [this](std::string_view line) { once_.say(line); });
      if (!written) {
        once_.say(written.error().message);
        code = kFailed;
      } else if (code == 0 && options_.diff && has_changes()) {
        code = kDifferences;
      }
    }
    if (auto written = write_report(options_, findings_); !written) {
      once_.say(written.error().message);
      code = kFailed;
    }
    if (is_put_out)
      outcome = summarize(batch_, inputs_, options_.diff ? "would pin" : "pinned");
    else if (!write)
      outcome = fmt::format("nothing was written: {} failed", count_of(report::count(findings_).errors));
    if (!outcome.empty()) once_.say(outcome);
    return code;
  }

 private:
  static std::string count_of(std::size_t things) {
    return things == 1 ? "1 thing" : fmt::format("{} things", things);
  }

  // What is not of images alone.
  void finish_texts() {
    for (const auto& trouble : known_.conclude(batch_))
      find_at(trouble);
    if (auto done = look_after_setters(batch_, inputs_, options_.pin_setters)) {
      findings_.insert(findings_.end(), done->findings.begin(), done->findings.end());
      changes_ = std::move(done->changes);
    } else {
      findings_.push_back(unreadable({}, done.error().message));
    }
  }

  void find() {
    findings_.insert(findings_.begin(), inputs_.problems.begin(), inputs_.problems.end());
    for (std::size_t i = 0; i < batch_.pages().size(); ++i) {
      const auto& page = batch_.pages()[i];
      const auto& source = inputs_.sources[i];
      add_page_findings(source, page, findings_);
      for (std::size_t field = 0; field < page.outcomes.size(); ++field)
        find_at(source, page, field);
    }
    findings_.insert(findings_.end(), inputs_.remarks.begin(), inputs_.remarks.end());
    for (const auto& kustomization : inputs_.kustomizations)
      find_at(kustomization);
    sort_by_place(findings_);
  }

  void find_at(const PageSource& source, const pin::Page& page, std::size_t index) {
    const auto& field = page.images.fields[index];
    const auto& outcome = page.outcomes[index];
    if (outcome.status == pin::Status::failed || outcome.status == pin::Status::expression) {
      auto finding = failure_at(source, page, index);
      if (options_.ignore_errors) finding.severity = Severity::warning;
      findings_.push_back(std::move(finding));
    } else if (outcome.status == pin::Status::left && !options_.known.locks.empty()) {
      auto finding = finding_at(source, page, field);
      finding.rule = Rule::unpinned;
      finding.severity = Severity::warning;
      const auto& lock = options_.known.locks.front();
      finding.message =
          fmt::format("{} stays without a digest: no lock has it", text::printable(field.value, 512));
      finding.cure = fmt::format("digester lock update --lock {} {}", lock == "-" ? "FILE" : shell_word(lock),
                                 shell_word(field.value));
      findings_.push_back(std::move(finding));
    } else if ((outcome.status == pin::Status::pinned || outcome.status == pin::Status::replaced) &&
               page.changed && outcome.proposed != field.value && !options_.report.empty()) {
      auto finding = finding_at(source, page, field);
      finding.rule = outcome.proposed.find('@') == std::string::npos ? Rule::remark : Rule::pinned;
      finding.severity = Severity::note;
      finding.proposed = outcome.proposed;
      finding.message = fmt::format("{} becomes {}", text::printable(field.value, 512),
                                    text::printable(outcome.proposed, 512));
      findings_.push_back(std::move(finding));
    }
  }

  // Whatever is pinned here, it writes its tags over.
  void find_at(const KustomizationInput& kustomization) {
    auto images = entry_images(kustomization);
    std::erase_if(images, [this](const EntryImage& entry) {
      return entry.is_pinned || image::starts_with_any(entry.image, skip_);
    });
    if (images.empty()) return;
    auto finding = std::move(images.front().place);
    finding.rule = Rule::unpinned;
    finding.severity = Severity::warning;
    finding.message =
        images.size() == 1
            ? fmt::format("what this builds has {} without a digest", text::printable(finding.image, 512))
            : fmt::format("what this builds has {} and {} more without a digest",
                          text::printable(finding.image, 512), images.size() - 1);
    finding.cure = "images: is pinned by " + pinning_command(kustomization);
    findings_.push_back(std::move(finding));
  }

  // A ko:// reference where no image is, or an artifact that nothing uses.
  void find_at(const KnownSources::Trouble& trouble) {
    Finding finding{Rule::unresolved, options_.ignore_errors ? Severity::warning : Severity::error, ""};
    if (trouble.is_unused) {
      finding.rule = Rule::remark;
      finding.severity = Severity::warning;
      finding.file = options_.known.build_artifacts;
      finding.line = trouble.line;
    } else if (trouble.page) {
      const auto& source = inputs_.sources[*trouble.page];
      finding.file = source.path;
      finding.line = source.is_built ? 0 : trouble.line;
    }
    finding.image = trouble.value;
    finding.message = trouble.message;
    findings_.push_back(std::move(finding));
  }

  bool has_changes() const {
    for (const auto& page : batch_.pages())
      if (page.changed) return true;
    return !changes_.empty();
  }

  Result<void> put_out() const {
    if (options_.in_place) return write_in_place();
    if (options_.diff) return print_diff();
    std::vector<NamedText> texts;
    // With --keep-going: what cannot be read would keep the others from being read behind it.
    for (std::size_t i = 0; i < batch_.pages().size(); ++i)
      if (const auto& page = batch_.pages()[i]; !inputs_.sources[i].is_left_out && !page.problem)
        texts.push_back({page.name, page.result()});
    if (texts.size() == 1) return print(texts.front().text);
    const auto stream = join_documents(texts);
    if (!stream) return fail(stream.error());
    return print(*stream);
  }

  Result<void> print_diff() const {
    std::string stream;
    const report::DiffOptions how{.colour = may_colour(STDOUT_FILENO, environment_)};
    for (std::size_t i = 0; i < batch_.pages().size(); ++i)
      if (const auto& page = batch_.pages()[i]; !inputs_.sources[i].is_left_out)
        stream += report::unified_diff(page.name, page.text, page.result(), how);
    for (const auto& [path, before, after] : changes_)
      stream += report::unified_diff(path, before, after, how);
    return print(stream);
  }

  static Result<void> print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    // Before the summary, where both go to one log. Whether it went well, is seen at the end.
    std::fflush(stdout);
    return {};
  }

  Result<void> write_in_place() const {
    std::vector<files::Change> changes;
    for (std::size_t i = 0; i < batch_.pages().size(); ++i)
      if (const auto& page = batch_.pages()[i]; page.changed)
        changes.push_back({inputs_.sources[i].path, page.text, *page.changed});
    for (const auto& [path, before, after] : changes_)
      changes.push_back({path, before, after});
    return files::replace_all(changes);
  }

  const cli::ResolveOptions& options_;
  const cli::Environment& environment_;
  Once& once_;
  pin::Batch& batch_;
  const ManifestInputs inputs_;
  KnownSources& known_;
  const std::vector<std::string> skip_;
  std::vector<Finding> findings_;
  std::vector<FileChange> changes_;  // of files that are no pages
};

// Files to be written beside the manifests.
std::vector<std::string> outputs_of(const cli::ResolveOptions& options) {
  std::vector<std::string> paths;
  const auto add = [&paths](const std::string& path) {
    if (!path.empty() && path != "-") paths.push_back(path);
  };
  add(options.report);
  if (options.diff) return paths;
  add(options.known.image_refs);
  add(options.known.imgpkg_lock_output);
  return paths;
}

// Files that are read. A lock may be brought up to date in its place.
std::vector<std::string> inputs_of(const cli::ResolveOptions& options, const ManifestInputs& manifests) {
  std::vector<std::string> paths{options.known.build_artifacts, options.known.image_map};
  for (const auto& lock : options.known.locks)
    if (lock != options.known.imgpkg_lock_output) paths.push_back(lock);
  for (const auto& source : manifests.sources)
    if (!source.is_built) paths.push_back(source.path);
  return paths;
}

}  // namespace

int run_resolve(const cli::ResolveOptions& options, const cli::Environment& environment) {
  Once once("resolve", options.log_level);

  auto how = look_ups(options, environment);
  if (!how) return usage_error("resolve", how.error().message);
  const auto rules = manifest_rules(options);
  if (!rules) return usage_error("resolve", rules.error().message);
  pin::Policy policy;
  policy.skip_prefixes = options.skip.all();
  policy.digest_only = options.digest_only;
  policy.offline = options.offline;

  // What could not be written in the end, need not be begun.
  const auto outputs = outputs_of(options);
  const auto refuse = [&once](const Error& error) {
    once.say(fmt::format("{}; nothing was written", error.message));
    return kFailed;
  };
  for (const auto& path : outputs)
    if (auto may = files::may_be_written(path); !may) return refuse(may.error());

  auto known = KnownSources::open(options.known, options.digest_only);
  if (!known) {
    once.say(known.error().message);
    return kFailed;
  }
  (*known)->add_to(policy);

  pin::Batch batch(*rules, policy);
  auto inputs = read_manifests(options, batch);
  if (auto apart = files::are_apart(outputs, inputs_of(options, inputs)); !apart)
    return refuse(apart.error());
  // What is not to be written need not be asked for.
  bool readable = inputs.problems.empty();
  for (std::size_t i = 0; i < batch.pages().size(); ++i)
    readable = readable && (inputs.sources[i].is_left_out || !batch.pages()[i].problem);
  const bool pin = readable || options.keep_going;
  if (pin)
    if (auto pinned = pin_images(batch, *how, environment, once.clock, once.log); !pinned)
      return usage_error("resolve", pinned.error().message);
  return Resolving(options, environment, once, batch, std::move(inputs), **known).conclude(pin);
}

}  // namespace digester::app
