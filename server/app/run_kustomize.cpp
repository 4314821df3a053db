#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/image_rules.hpp"
#include "app/kustomize_build.hpp"
#include "app/kustomize_images.hpp"
#include "app/kustomize_tree.hpp"
#include "app/look_up.hpp"
#include "app/once.hpp"
#include "app/run.hpp"
#include "app/shell_word.hpp"
#include "app/terminal.hpp"
#include "base/text.hpp"
#include "build_info.hpp"
#include "files/replace.hpp"
#include "kustomization/edit.hpp"
#include "kustomization/plan.hpp"
#include "posix/held_signals.hpp"
#include "report/diff.hpp"
#include "report/writers.hpp"

namespace digester::app {
namespace {

constexpr int kFound = 1, kFailed = 3;

using kustomization::Answer;
using kustomization::Plan;
using kustomization::Step;

std::string shown(std::string_view text) {
  return text::printable(text, 512);
}

// A file that gets digests, and how many.
struct Written {
  const KustomizationFile* file;
  std::string after;
  std::size_t digests = 0;
};

class Kustomizing {
 public:
  // `held` keeps signals from leaving things half done, and outlives what is said of them.
  Kustomizing(const cli::KustomizeOptions& options, const cli::Environment& environment, LookUp how,
              Once& once, std::optional<posix::HeldSignals>& held)
      : options_(options),
        environment_(environment),
        how_(std::move(how)),
        once_(once),
        skip_(options.skip.all()),
        held_(held) {}

  int run() {
    auto tree = read_kustomize_tree(options_.directory, options_.recursive);
    if (!tree) return failed(tree.error().message);
    if (options_.check) return check(*tree);
    for (const auto& root : *tree) {
      const bool fine = pin(root, &root == &tree->back());
      const bool ended = held_ && held_->is_waiting();
      if (ended) once_.say("a signal asked to end");
      if (fine && !ended) continue;
      put_back();
      return kFailed;
    }
    return conclude();
  }

 private:
  int failed(std::string_view why) {
    once_.say(why);
    return kFailed;
  }

  Result<BuiltImages> build(const KustomizeRoot& root) const {
    const auto& directory = root.own.directory;
    const auto built = build_kustomization(directory, options_.builder);
    if (!built) return fail(built.error());
    const std::vector<std::string> configs{directory};
    const auto rules = image_rules({}, configs);
    if (!rules) return fail(rules.error());
    auto images = built_images(built->output, *rules);
    if (!images)
      return fail(images.error().kind,
                  fmt::format("what {} builds: {}", shown(directory), images.error().message));
    return images;
  }

  int check(const std::vector<KustomizeRoot>& tree) {
    std::vector<report::Finding> findings;
    std::size_t images = 0;
    for (const auto& root : tree) {
      const auto built = build(root);
      if (!built) return failed(built.error().message);
      const auto values = built->values(skip_);
      const std::set<std::string> counting(values.begin(), values.end());
      images += built->images.fields.size();
      for (const auto& field : built->images.fields)
        if (auto finding = find(root, built->images, field, counting))
          findings.push_back(std::move(*finding));
    }
    const auto text = report::write_text(findings, may_colour(STDOUT_FILENO, environment_));
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);  // before the summary, where both go to one log
    if (findings.empty())
      once_.say(images == 1 ? "the only image is pinned" : fmt::format("all {} images are pinned", images));
    else
      once_.say(fmt::format("{} of {} images not pinned", findings.size(), images));
    return findings.empty() ? 0 : kFound;
  }

  // What is not pinned and should be.
  static std::optional<report::Finding> find(const KustomizeRoot& root, const manifest::Images& images,
                                             const manifest::ImageField& field,
                                             const std::set<std::string>& counting) {
    const auto& object = images.objects[field.object];
    report::Finding finding;
    finding.rule = report::Rule::unpinned;
    finding.severity = report::Severity::error;
    finding.file = root.own.path;
    finding.object = {object.api_version, object.kind, object.name, object.namespace_};
    finding.field = field.path;
    finding.image = field.value;
    if (const auto why = obstacle(field)) {
      finding.rule =
          field.state == manifest::State::expression ? report::Rule::expression : report::Rule::refused;
      finding.message = fmt::format("{}: {}", place_of(images, field), why->cause);
      finding.cure = why->cure;
      return finding;
    }
    if (field.state == manifest::State::pinned || !counting.contains(field.value)) return std::nullopt;
    finding.message = fmt::format("{} is {}, without a digest", place_of(images, field), shown(field.value));
    finding.cure = fmt::format("digester kustomize --add {}", shell_word(root.own.directory));
    return finding;
  }

  // Plans for the components first: what is theirs need not be added to the root's file. What the root's file
  // changes itself is its own.
  std::vector<std::pair<const KustomizationFile*, Plan>> plans(const KustomizeRoot& root,
                                                               const std::vector<std::string>& values,
                                                               bool is_asked) const {
    std::vector<std::pair<const KustomizationFile*, Plan>> out;
    std::vector<std::string> own, others;
    for (const auto& entry : root.own.content.images)
      own.emplace_back(entry.result_name());
    for (auto component = root.components.rbegin(); component != root.components.rend(); ++component) {
      auto plan = kustomization::plan(component->content, values, {false, options_.update}, own);
      plan.uncovered.clear();
      for (const auto& entry : component->content.images) {
        others.emplace_back(entry.result_name());
        own.emplace_back(entry.result_name());
      }
      out.emplace_back(&*component, std::move(plan));
    }
    for (const auto& entry : root.own.content.images)
      std::erase(others, std::string(entry.result_name()));
    out.emplace_back(&root.own, kustomization::plan(root.own.content, values,
                                                    {options_.add && is_asked, options_.update}, others));
    if (!is_asked) out.back().second.uncovered.clear();
    return out;
  }

  // `is_asked`: it is the directory that was named, and no base. What a base lacks, that one may have.
  bool pin(const KustomizeRoot& root, bool is_asked) {
    const auto built = build(root);
    if (!built) return failed(built.error().message), false;
    if (is_asked)
      for (const auto& field : built->images.fields)
        if (const auto why = obstacle(field))
          left_.insert(fmt::format("{}: {}: {}; {}", shown(root.own.path), place_of(built->images, field),
                                   why->cause, why->cure));
    auto values = built->values(skip_);
    for (auto& value : values)
      if (const auto known = simulated_.find(value); known != simulated_.end()) value = known->second;
    const auto planned = plans(root, values, is_asked);
    bool refused = false;
    for (const auto& [file, plan] : planned) {
      for (const auto& refusal : plan.refusals) {
        once_.say(fmt::format("{}{}: {}; {}", shown(file->path),
                              refusal.line ? fmt::format(":{}", refusal.line) : "", refusal.cause,
                              refusal.cure));
        refused = true;
      }
      for (const auto& image : plan.uncovered)
        uncovered_.emplace_back(file->path, image);
    }
    if (refused) return false;
    const auto digests = look_up_all(planned);
    if (!digests) return false;
    return write(root, *built, planned, *digests);
  }

  // By image. Nothing if one could not be had: it has been said.
  std::optional<std::map<std::string, image::Digest>> look_up_all(
      const std::vector<std::pair<const KustomizationFile*, Plan>>& planned) {
    std::vector<image::Reference> references;
    std::vector<std::string> images;
    bool fine = true;
    std::map<std::string, image::Digest> out;
    for (const auto& [file, plan] : planned)
      for (const auto& step : plan.steps) {
        if (std::find(images.begin(), images.end(), step.image) != images.end()) continue;
        auto reference = image::Reference::parse(step.image);
        if (!reference) {
          once_.say(fmt::format("{}: {}", shown(file->path), reference.error().message));
          fine = false;
          continue;
        }
        images.push_back(step.image);
        references.push_back(std::move(*reference));
      }
    if (!fine) return std::nullopt;
    if (references.empty()) return out;
    const auto answers = look_up(references, how_, environment_, once_.clock, once_.log);
    if (!answers) return once_.say(answers.error().message), std::nullopt;
    for (std::size_t i = 0; i < images.size(); ++i) {
      if (const auto& answer = (*answers)[i]) {
        out.emplace(images[i], *answer);
      } else {
        once_.say(answer.error().message);
        fine = false;
      }
    }
    return fine ? std::optional(std::move(out)) : std::nullopt;
  }

  bool write(const KustomizeRoot& root, const BuiltImages& built,
             const std::vector<std::pair<const KustomizationFile*, Plan>>& planned,
             const std::map<std::string, image::Digest>& digests) {
    std::vector<Written> written;
    std::map<std::string, std::string> wanted;  // by what the build yields now
    for (const auto& [file, plan] : planned) {
      std::vector<Answer> answers;
      for (const auto& step : plan.steps)
        answers.push_back({step, digests.at(step.image)});
      auto after = kustomization::write_digests(file->text, file->content, answers);
      if (!after) return once_.say(fmt::format("{}: {}", shown(file->path), after.error().message)), false;
      for (const auto& answer : answers)
        want(built, answer, wanted);
      if (*after != file->text) written.push_back({file, std::move(*after), answers.size()});
    }
    if (written.empty()) return true;
    std::vector<files::Change> changes;
    for (const auto& one : written)
      changes.push_back({one.file->path, one.file->text, one.after});
    if (options_.diff || options_.dry_run) {
      simulated_.insert(wanted.begin(), wanted.end());
    } else {
      if (!held_) held_.emplace();
      if (auto replaced = files::replace_all(changes); !replaced)
        return once_.say(replaced.error().message), false;
      for (const auto& change : changes)
        done_.push_back({change.path, std::string(change.before), std::string(change.after)});
      if (auto fine = verify(root, built, wanted); !fine)
        return once_.say(fmt::format("{}: {}", shown(root.own.path), fine.error().message)), false;
    }
    for (auto& one : written) {
      digests_ += one.digests;
      written_.push_back({one.file->path, one.file->text, std::move(one.after)});
    }
    return true;
  }

  // What each image of that name is to become.
  static void want(const BuiltImages& built, const Answer& answer,
                   std::map<std::string, std::string>& wanted) {
    for (const auto& field : built.images.fields) {
      const auto parts = kustomization::split_image(field.value);
      if (parts.name != answer.step.name) continue;
      const auto bare = field.value.substr(0, field.value.find('@'));
      wanted[field.value] = fmt::format("{}@{}", bare, answer.digest.str());
    }
  }

  Result<void> verify(const KustomizeRoot& root, const BuiltImages& before,
                      const std::map<std::string, std::string>& wanted) const {
    const auto after = build(root);
    if (!after) return fail(after.error());
    return compare_builds(before.images, after->images, wanted);
  }

  void put_back() {
    if (done_.empty()) return;
    std::vector<files::Change> changes;
    for (const auto& one : done_)
      changes.push_back({one.path, one.after, one.before});
    if (auto replaced = files::replace_all(changes); !replaced)
      once_.say(fmt::format("the change could not be undone: {}", replaced.error().message));
    else
      once_.say(fmt::format("{} put back: nothing was changed",
                            changes.size() == 1 ? "the file was" : "the files were"));
  }

  int conclude() {
    const bool dry = options_.diff || options_.dry_run;
    for (const auto& one : written_) {
      if (!options_.diff) continue;
      const auto diff = report::unified_diff(one.path, one.before, one.after,
                                             {.colour = may_colour(STDOUT_FILENO, environment_)});
      std::fwrite(diff.data(), 1, diff.size(), stdout);
    }
    std::fflush(stdout);
    std::set<std::pair<std::string, std::string>> once(uncovered_.begin(), uncovered_.end());
    for (const auto& [path, image] : once)
      once_.say(fmt::format("{}: no entry of images: is for {}, which has no digest; --add writes one",
                            shown(path), shown(image)));
    for (const auto& line : left_)
      once_.say(line);
    std::string files;
    for (const auto& one : written_)
      files += fmt::format("{}{}", files.empty() ? "" : ", ", shown(one.path));
    once_.say(written_.empty()
                  ? std::string("nothing to write")
                  : fmt::format("{} {} {} into {}", digests_, digests_ == 1 ? "digest" : "digests",
                                dry ? "would be written" : "written", files));
    if (!once.empty() || !left_.empty()) return kFound;
    return options_.diff && !written_.empty() ? kFound : 0;
  }

  struct Done {
    std::string path, before, after;
  };

  const cli::KustomizeOptions& options_;
  const cli::Environment& environment_;
  const LookUp how_;
  Once& once_;
  const std::vector<std::string> skip_;
  std::vector<std::pair<std::string, std::string>> uncovered_;  // path, image
  std::set<std::string> left_;                                  // what no entry can pin, a line each
  std::map<std::string, std::string> simulated_;  // what bases would yield, had they been written
  std::vector<Done> done_;                        // on the disk
  std::vector<Done> written_;                     // or to be shown
  std::size_t digests_ = 0;
  std::optional<posix::HeldSignals>& held_;  // once something is on the disk
};

}  // namespace

int run_kustomize(const cli::KustomizeOptions& options, const cli::Environment& environment) {
  std::optional<posix::HeldSignals> held;
  Once once("kustomize", options.log_level);
  auto how = look_ups(options, environment);
  if (!how) return usage_error("kustomize", how.error().message);
  return Kustomizing(options, environment, std::move(*how), once, held).run();
}

}  // namespace digester::app
