#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "app/function_settings.hpp"
#include "app/once.hpp"
#include "app/pin_images.hpp"
#include "app/run.hpp"
#include "base/text.hpp"
#include "krm/input.hpp"
#include "krm/kpt_setters.hpp"
#include "krm/outcomes.hpp"
#include "krm/pull_contexts.hpp"
#include "krm/results.hpp"

namespace digester::app {
namespace {

constexpr int kFailed = 1;
constexpr const char* kInput = "standard input";

using krm::Finding;
using krm::Severity;
using Findings = std::vector<Finding>;

// In pieces, so that no more is touched than comes in.
Result<std::string> read_standard_input() {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  std::vector<std::string> pieces;
  std::size_t size = 0;
  std::string buffer(kPiece, '\0');
  while (true) {
    const auto got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return fail(ErrorKind::invalid,
                  fmt::format("{} cannot be read: {}", kInput, std::generic_category().message(errno)));
    if (got == 0) break;
    const auto count = static_cast<std::size_t>(got);
    if (pieces.empty() || pieces.back().size() + count > kPiece) pieces.emplace_back().reserve(kPiece);
    pieces.back().append(buffer, 0, count);
    size += count;
  }
  std::string text;
  text.reserve(size);
  for (auto& piece : pieces) {
    text += piece;
    std::string().swap(piece);
  }
  return text;
}

void put(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

bool is_true(const std::optional<std::string>& value) {
  return value && (text::iequals(*value, "true") || *value == "1" || text::iequals(*value, "t"));
}

// "app.yaml[0] Deployment/web spec.containers[0].image: ", as far as it is known.
std::string place_of(const Finding& finding) {
  std::string place;
  const auto add = [&place](const std::string& part) {
    if (part.empty()) return;
    if (!place.empty()) place += ' ';
    place += part;
  };
  if (!finding.file_path.empty())
    add(finding.file_path + (finding.file_index.empty() ? "" : fmt::format("[{}]", finding.file_index)));
  if (!finding.kind.empty() || !finding.name.empty()) add(fmt::format("{}/{}", finding.kind, finding.name));
  add(finding.field_path);
  return place.empty() ? place : place + ": ";
}

// From input to output, with what is to be told on the way.
class Function {
 public:
  Function(const cli::FnOptions& options, const cli::Environment& environment, Once& once)
      : options_(options), environment_(environment), once_(once) {}

  int run() {
    if (const auto checked = check(options_); !checked) return usage_error("fn", checked.error().message);
    auto text = read_standard_input();
    if (!text) return refuse(text.error().message);
    auto input = krm::read_input(*text);
    if (!input) return refuse(fmt::format("{}: {}", kInput, input.error().message));
    if (input->form == krm::Form::nothing) return answer_nothing(*text);
    input_ = std::move(*input);
    const auto package =
        options_.plugin_config ? krm::read_settings(std::string_view(*options_.plugin_config)) : of_package();
    if (!package) return fail_with(*text, package.error().message);
    const auto settings = settle(options_, *package);
    if (!settings) return fail_with(*text, settings.error().message);
    return pin(std::move(*text), *settings);
  }

 private:
  Result<krm::Settings> of_package() const {
    const auto& config = input_.function_config;
    if (!config) {
      // Lines are those of what the host made of the files.
      const std::string_view why = config.error().message;
      const auto cause = why.starts_with("line ") ? why.find(": ") + 2 : 0;
      return fail(ErrorKind::invalid, fmt::format("functionConfig: {}", why.substr(cause)));
    }
    return krm::read_settings(*config);
  }

  bool is_list() const { return input_.form == krm::Form::resource_list; }

  // Nothing can be answered: the host leaves all as it is.
  int refuse(std::string_view why) {
    once_.say(why);
    return kFailed;
  }

  // A chart with nothing but hooks hands over no byte. Helm 4 takes no empty output, but a comment.
  int answer_nothing(const std::string& text) {
    once_.say(fmt::format("warning: {} holds no objects", kInput));
    put(text);
    if (!text.empty() && text.back() != '\n') put("\n");
    put("# no objects\n");
    return 0;
  }

  int fail_with(std::string_view text, std::string message) {
    return fail_with(text, Findings{krm::finding_of(Severity::error, std::move(message))});
  }

  // A ResourceList comes out as it came in, with the errors in its results. Of plain manifests nothing comes
  // out: the next in a pipe is not to take them for pinned.
  int fail_with(std::string_view text, Findings findings) {
    for (const auto severity : {Severity::error, Severity::warning})
      tell(findings, severity);
    if (!is_list()) return kFailed;
    std::erase_if(findings, [](const Finding& finding) { return finding.severity == Severity::info; });
    std::string told(text);
    (void)krm::append_results(told, input_.layout, findings);  // or without, if that is not to be had
    put(told);
    return kFailed;
  }

  void tell(const Findings& findings, Severity severity) {
    for (const auto& finding : findings)
      if (finding.severity == severity)
        once_.say(fmt::format("{}{}{}", severity == Severity::warning ? "warning: " : "", place_of(finding),
                              finding.message));
  }

  struct Answer {
    std::string text;
    Findings findings;
    bool has_setters = false;  // more was replaced than the findings tell
  };

  int pin(std::string text, const FunctionSettings& settings) {
    std::optional<pin::Batch> batch(std::in_place, settings.rules, settings.policy);
    auto& page = batch->add(kInput, std::move(text));
    if (page.problem) return fail_with(page.text, page.problem->message);
    if (is_list())
      for (const auto& field : page.images.fields)
        if (!krm::is_item(page.images.objects[field.object].place))
          return fail_with(page.text,
                           fmt::format("image-path: {} is not within the items, and only those are "
                                       "a function's to change",
                                       text::printable(field.path, 128)));
    LookUp how{options_.registry, settings.platform, options_.timeout};
    if (!settings.offline)
      if (auto set = set_contexts(how, *batch); !set) return fail_with(page.text, set.error().message);
    // Where results are appended, all is read again in the end.
    const bool later = is_list() && !settings.pin_setters;
    if (auto pinned = pin_images(*batch, how, environment_, once_.clock, once_.log,
                                 later ? pin::Batch::Verify::later : pin::Batch::Verify::now);
        !pinned)
      return usage_error("fn", pinned.error().message);
    if (page.problem) return fail_with(page.text, page.problem->message);

    auto setters = is_list() ? krm::look_after_setters(page, settings.pin_setters) : krm::SettersDone{};
    if (!setters) return fail_with(page.text, setters.error().message);
    if (settings.ignore_errors)
      for (auto& finding : setters->findings)
        finding.severity = std::max(finding.severity, Severity::warning);
    const krm::Reporting reporting{Severity::info, settings.ignore_errors};
    const bool fails =
        krm::has_error(page, reporting) || std::ranges::any_of(setters->findings, [](const Finding& finding) {
          return finding.severity == Severity::error;
        });
    // The tables of a large package, and the text that is not answered with, are not needed any more when the
    // largest text comes.
    Answer answer;
    answer.text = std::move(fails || !page.changed ? page.text : *page.changed);
    page.text = std::string();
    if (setters->changed && !fails) answer.text = std::move(*setters->changed);
    answer.has_setters = setters->changed.has_value();
    answer.findings = in_order(settings.warnings, krm::findings_of(std::move(page), reporting),
                               std::move(setters->findings));
    batch.reset();
    ::malloc_trim(0);
    return fails ? fail_with(answer.text, std::move(answer.findings)) : give(std::move(answer), settings);
  }

  // By severity, for kpt shows the first four.
  static Findings in_order(std::span<const std::string> warnings, Findings of_images, Findings of_setters) {
    Findings all = std::move(of_images);
    Findings first;
    for (const auto& warning : warnings)
      first.push_back(krm::finding_of(Severity::warning, warning));
    all.insert(all.begin(), first.begin(), first.end());
    std::ranges::move(of_setters, std::back_inserter(all));
    if (!std::ranges::is_sorted(all, {}, &Finding::severity))
      std::ranges::stable_sort(all, {}, &Finding::severity);
    return all;
  }

  // The images of an object are asked on its behalf, as the kubelet will ask.
  Result<void> set_contexts(LookUp& how, const pin::Batch& batch) {
    how.cluster = LookUp::Cluster{options_.kubeconfig, options_.context};
    const auto& page = batch.pages().front();
    const auto of_objects = krm::pull_contexts(page.text, page.images);
    if (!of_objects) return fail(of_objects.error());
    std::unordered_map<std::string_view, std::size_t> questions;
    for (std::size_t i = 0; i < batch.questions().size(); ++i)
      questions.emplace(batch.questions()[i].original(), i);
    how.contexts.resize(batch.questions().size());
    for (const auto& field : page.images.fields) {
      const auto question = questions.find(field.value);
      if (question == questions.end()) continue;
      const auto& [name_space, account, secrets] = (*of_objects)[field.object];
      const credential::Context context{name_space, account, secrets};
      auto& known = how.contexts[question->second];
      if (std::find(known.begin(), known.end(), context) == known.end()) known.push_back(context);
    }
    return {};
  }

  int give(Answer answer, const FunctionSettings& settings) {
    tell(answer.findings, Severity::warning);
    if (is_list()) {
      if (auto told = append(answer, settings.least_result); !told) {
        once_.say("warning: " + told.error().message);
        // Not to be expected of any text. The host then leaves all as it is.
        const auto as_before = answer.has_setters ? Result<void>() : append(answer, std::nullopt);
        if (!as_before) return refuse(as_before.error().message);
      }
    }
    put(answer.text);
    return 0;
  }

  Result<void> append(Answer& answer, std::optional<Severity> least) {
    if (!answer.has_setters) return krm::append_results(answer.text, input_.layout, answer.findings, least);
    for (auto& finding : answer.findings)
      finding.replaced_at.reset();
    const auto input = krm::read_input(answer.text);
    if (!input) return fail(input.error());
    return krm::append_results(answer.text, input->layout, answer.findings, least);
  }

  const cli::FnOptions& options_;
  const cli::Environment& environment_;
  Once& once_;
  krm::Input input_;
};

}  // namespace

int run_fn(const cli::FnOptions& options, const cli::Environment& environment) {
  Once once("fn", is_true(environment("DEBUG")) ? Level::debug : options.log_level);
  return Function(options, environment, once).run();
}

}  // namespace digester::app
