#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "app/log_sink.hpp"
#include "app/package_files.hpp"
#include "app/place.hpp"
#include "app/run.hpp"
#include "app/setters_listing.hpp"
#include "base/text.hpp"
#include "files/read.hpp"
#include "files/replace.hpp"
#include "report/diff.hpp"
#include "setters/apply.hpp"
#include "setters/apply_values.hpp"
#include "setters/create.hpp"
#include "setters/list.hpp"
#include "setters/setter.hpp"

namespace digester::app {
namespace {

constexpr int kDifferences = 1, kFailed = 3;

using Job = cli::SettersOptions::Job;

std::string name_of(Job job) {
  switch (job) {
    case Job::create:
      return "setters create";
    case Job::apply:
      return "setters apply";
    case Job::list:
      break;
  }
  return "setters list";
}

std::string shown_path(const std::string& path) {
  return path == files::kStandardInput ? "standard input" : text::printable(path, 512);
}

class Setters {
 public:
  Setters(const cli::SettersOptions& options, LogSink& sink) : options_(options), sink_(sink) {}

  int run() {
    for (const auto& text : options_.setters) {
      auto setter = setters::parse_setter(text);
      if (!setter) return usage_error(name_of(options_.job), setter.error().message);
      setters_.push_back(std::move(*setter));
    }
    if (options_.job != Job::list)
      if (auto checked = setters::check_setters(setters_); !checked)
        return usage_error(name_of(options_.job), checked.error().message);
    auto files = read_package(options_.files);
    if (!files) return failed(files.error().message);
    files_ = std::move(*files);
    return options_.job == Job::list ? list() : change();
  }

 private:
  int failed(std::string_view why) {
    say(why);
    return kFailed;
  }
  void say(std::string_view line) {
    sink_.write(fmt::format("digester {}: {}\n", name_of(options_.job), text::printable(line, 2048)));
  }

  // Every file has been read and changed before the first is written.
  int change() {
    std::vector<setters::Changed> results;
    std::size_t changes = 0;
    for (const auto& file : files_) {
      auto changed = options_.job == Job::create ? setters::create_setters(file.text, setters_)
                                                 : setters::apply_setters(file.text, setters_);
      if (!changed) return failed(at_place(file.path, changed.error().message));
      changes += changed->changes.size();
      results.push_back(std::move(*changed));
    }
    if (const auto unknown = what_is_nowhere(); !unknown.empty()) return failed(unknown);
    if (options_.job == Job::apply)
      if (auto applied = apply_to_values(results, changes); !applied) return failed(applied.error().message);
    if (const auto code = write(results); code == kFailed) return code;
    std::size_t changed_files = 0;
    for (std::size_t i = 0; i < files_.size(); ++i) {
      const auto& result = results[i];
      for (const auto& warning : result.warnings)
        say(fmt::format("{}:{}: warning: {}{}{}", shown_path(files_[i].path), warning.line, warning.cause,
                        warning.cure.empty() ? "" : "; ", warning.cure));
      for (const auto& one : result.changes)
        say(fmt::format("{}:{}: {}{}{}", shown_path(files_[i].path), one.line, one.path,
                        options_.job == Job::create ? " " : ": ", one.after));
      if (!result.changes.empty()) ++changed_files;
    }
    say(fmt::format("{} {} {} in {} of {} files", changes,
                    options_.job == Job::create ? (changes == 1 ? "comment" : "comments")
                                                : (changes == 1 ? "value" : "values"),
                    options_.diff ? "would be written" : "written", changed_files, files_.size()));
    return options_.diff && changed_files > 0 ? kDifferences : 0;
  }

  // The values in Kptfiles, and in the ConfigMaps that they name, wherever those are: the next render would
  // write them over what was set.
  Result<void> apply_to_values(std::vector<setters::Changed>& results, std::size_t& changes) {
    std::vector<std::string> known;
    for (const auto& file : files_)
      known.push_back(file.path);
    auto rest = read_governing(known);
    if (!rest) return fail(std::move(rest.error()));
    std::vector<PackageText> package;
    for (std::size_t i = 0; i < files_.size(); ++i)
      // What comes on standard input lies in no folder.
      package.push_back(
          {files_[i].path == files::kStandardInput ? "/dev/stdin" : files_[i].path, results[i].text});
    package.insert(package.end(), rest->begin(), rest->end());
    auto applied = setters::apply_values(as_package(package), setters_);
    if (!applied) return fail(std::move(applied.error()));
    for (std::size_t i = 0; i < package.size(); ++i) {
      auto& values = (*applied)[i];
      if (values.changes.empty() && values.warnings.empty()) continue;
      if (i >= known.size()) {
        files_.push_back(package[i]);
        results.emplace_back();
      }
      auto& result = i < known.size() ? results[i] : results.back();
      changes += values.changes.size();
      result.text = std::move(values.text);
      result.changes.insert(result.changes.end(), values.changes.begin(), values.changes.end());
      result.warnings.insert(result.warnings.end(), values.warnings.begin(), values.warnings.end());
    }
    return {};
  }

  int write(const std::vector<setters::Changed>& results) {
    std::vector<files::Change> replace;
    for (std::size_t i = 0; i < files_.size(); ++i) {
      const auto& file = files_[i];
      const auto& text = results[i].text;
      if (options_.diff) {
        const auto diff = report::unified_diff(file.path, file.text, text);
        std::fwrite(diff.data(), 1, diff.size(), stdout);
      } else if (file.path == files::kStandardInput) {
        std::fwrite(text.data(), 1, text.size(), stdout);
      } else if (text != file.text) {
        replace.push_back({file.path, file.text, text});
      }
    }
    if (auto replaced = files::replace_all(replace); !replaced) return failed(replaced.error().message);
    return 0;
  }

  // A setter that found no place at all is a slip of the pen: nothing is written then.
  std::string what_is_nowhere() {
    std::set<std::string> there;
    for (const auto& file : files_)
      for (const auto& use : setters::list_setters(file.text).value_or(std::vector<setters::Use>{}))
        there.insert(use.name);
    std::vector<std::string> nowhere;
    for (const auto& setter : setters_) {
      const bool found =
          options_.job == Job::apply ? there.count(setter.name) != 0 : is_somewhere(setter.value);
      if (!found) nowhere.push_back(text::printable(setter.name, 128));
    }
    if (nowhere.empty()) return {};
    const auto names = fmt::format("{}", fmt::join(nowhere, " and "));
    if (options_.job == Job::create)
      return fmt::format(
          "no field holds the value of {}; nothing was changed; write the value as it stands there", names);
    if (there.empty())
      return fmt::format(
          "there is no setter comment in {} files, so {} is nowhere; nothing was changed; make some with "
          "digester setters create",
          files_.size(), names);
    return fmt::format("no setter comment has {}; nothing was changed; there are {}", names,
                       text::printable(fmt::format("{}", fmt::join(there, ", ")), 512));
  }

  bool is_somewhere(std::string_view value) const {
    for (const auto& file : files_) {
      const auto fields = setters::find_fields(file.text);
      if (!fields) continue;
      for (const auto& field : fields->fields)
        if (field.value.find(value) != std::string::npos) return true;
    }
    return false;
  }

  int list() {
    const auto listed = options_.json ? setters_as_json(files_) : setters_as_text(files_);
    if (!listed) return failed(listed.error().message);
    if (listed->empty()) say(fmt::format("there is no setter in {} files", files_.size()));
    std::fwrite(listed->data(), 1, listed->size(), stdout);
    return 0;
  }

  const cli::SettersOptions& options_;
  LogSink& sink_;
  std::vector<setters::Setter> setters_;
  std::vector<PackageText> files_;
};

}  // namespace

int run_setters(const cli::SettersOptions& options) {
  LogSink sink(STDERR_FILENO);
  return Setters(options, sink).run();
}

}  // namespace digester::app
