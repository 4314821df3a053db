#include "app/manifest_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "app/kustomization_files.hpp"
#include "app/kustomize_build.hpp"
#include "base/text.hpp"
#include "files/read.hpp"

namespace digester::app {
namespace {

bool has_objects(const pin::Page& page) {
  const auto& objects = page.images.objects;
  return std::any_of(objects.begin(), objects.end(),
                     [](const auto& object) { return !object.api_version.empty() && !object.kind.empty(); });
}

// Whether an object could be in what cannot be read. A tsconfig.json with comments is no more of an obstacle
// than one that can be read; broken YAML is a mistake of somebody's in any directory of manifests.
bool may_hold_object(const PageSource& source, std::string_view text) {
  // In UTF-16 the words are there, but not as bytes.
  return !source.path.ends_with(".json") || text.find('\0') != std::string_view::npos ||
         (text.find("apiVersion") != std::string_view::npos && text.find("kind") != std::string_view::npos);
}

// By its name or its kind. Flux has a kind of that name, which is an object like others.
bool is_kustomization(const PageSource& source, const pin::Page& page) {
  const auto& objects = page.images.objects;
  const auto is_kustomize = [](const auto& object) {
    return object.api_version.starts_with("kustomize.config.k8s.io/");
  };
  if (source.is_built || page.problem) return false;
  if (has_objects(page)) return std::any_of(objects.begin(), objects.end(), is_kustomize);
  return has_kustomization_name(source.path);
}

// What it says of images, or why that is not known.
void look_at_kustomization(ManifestInputs& inputs, const PageSource& source, const pin::Page& page) {
  auto content = kustomization::read(page.text);
  if (!content) {
    auto finding = unreadable(source.path, content.error().message);
    finding.rule = report::Rule::remark;
    finding.severity = report::Severity::warning;
    finding.message = fmt::format("its images: were not looked at: {}", finding.message);
    inputs.remarks.push_back(std::move(finding));
  } else if (!content->images.empty()) {
    inputs.kustomizations.push_back({source.path, std::move(*content)});
  }
}

void add_page(ManifestInputs& inputs, pin::Batch& batch, PageSource source, std::string text) {
  const auto name = source.path == files::kStandardInput ? std::string("standard input") : source.path;
  const auto& page = batch.add(name, std::move(text));
  source.is_left_out =
      !source.named && (page.problem ? !may_hold_object(source, page.text) : !has_objects(page));
  if (source.is_left_out) ++inputs.without_objects;
  // A chart's `files` hold templates, too.
  if (source.in_chart && !source.is_left_out && page.problem && page.text.find("{{") != std::string::npos) {
    source.is_left_out = true;
    ++inputs.left_out.templates;
  }
  if (is_kustomization(source, page)) {
    look_at_kustomization(inputs, source, page);
  } else if (source.named && !page.problem && !has_objects(page)) {
    report::Finding finding{report::Rule::remark, report::Severity::warning, source.path};
    finding.message = "no object with apiVersion and kind is in it, so that nothing of it was looked at";
    finding.cure = "is it the right file?";
    inputs.remarks.push_back(std::move(finding));
  }
  inputs.sources.push_back(std::move(source));
}

}  // namespace

report::Finding unreadable(const std::string& path, std::string_view message) {
  report::Finding finding{report::Rule::unreadable, report::Severity::error, path};
  if (const auto prefix = text::printable(path, 1024) + ":"; message.starts_with(prefix))
    message = text::trim(message.substr(prefix.size()));
  if (constexpr std::string_view kLine = "line "; message.starts_with(kLine))
    message.remove_prefix(kLine.size());
  // "12: cause", of a line.
  const auto [end, error] = std::from_chars(message.data(), message.data() + message.size(), finding.line);
  if (error == std::errc{} && std::string_view(end, message.data() + message.size()).starts_with(": "))
    message.remove_prefix(static_cast<std::size_t>(end - message.data()) + 1);
  else
    finding.line = 0;
  finding.message = text::trim(message);
  return finding;
}

ManifestInputs read_manifests(const cli::ManifestOptions& options, pin::Batch& batch) {
  ManifestInputs inputs;
  if (!options.kustomization.empty()) {
    auto built = build_kustomization(options.kustomization);
    if (built)
      add_page(inputs, batch, {.path = built->file, .is_built = true}, std::move(built->output));
    else
      inputs.problems.push_back(unreadable(options.kustomization, built.error().message));
    return inputs;
  }
  auto collected = files::collect(options.files, {.recursive = options.recursive, .kustomizations = true});
  inputs.left_out = collected.left_out;
  for (const auto& trouble : collected.troubles)
    inputs.problems.push_back(unreadable(trouble.path, trouble.error.message));
  for (auto& input : collected.inputs) {
    auto text = files::read_file(input.path);
    if (text && text->empty() && input.path == files::kStandardInput)
      inputs.problems.push_back(
          unreadable(input.path, "nothing came in; did the command before the pipe fail?"));
    else if (text)
      add_page(inputs, batch,
               {.path = std::move(input.path), .named = input.named, .in_chart = input.in_chart},
               std::move(*text));
    else
      inputs.problems.push_back(unreadable(input.path, text.error().message));
  }
  if (inputs.problems.empty() && inputs.kustomizations.empty() &&
      std::ranges::all_of(inputs.sources, &PageSource::is_left_out) && !inputs.sources.empty())
    inputs.problems.push_back(unreadable(
        options.files.front(),
        fmt::format(
            "no manifest is here: none of {} files holds an object with apiVersion and kind; is it the right "
            "directory?",
            inputs.sources.size())));
  return inputs;
}

}  // namespace digester::app
