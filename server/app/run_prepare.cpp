#include <fmt/format.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "app/kubectl.hpp"
#include "app/look_up.hpp"
#include "app/once.hpp"
#include "app/prepared_output.hpp"
#include "app/run.hpp"
#include "base/text.hpp"
#include "files/collect.hpp"
#include "files/read.hpp"
#include "prepare/prepare.hpp"

namespace digester::app {
namespace {

constexpr int kFailed = 3;

class Preparing {
 public:
  Preparing(const cli::PrepareOptions& options, Once& once) : options_(options), once_(once) {}

  int run(prepare::Options wanted, const LookUp& how, const cli::Environment& environment, const Clock& clock,
          const Logger& log) {
    const PreparedOutput output(options_.output);
    if (auto free = output.check(); !free) return failed(free.error());
    if (options_.apply)
      if (auto kubectl = require_kubectl(); !kubectl) return failed(kubectl.error());
    if (!read()) return kFailed;
    const auto images = wanted.images;
    auto made = prepare::Preparation::make(inputs_, std::move(wanted));
    if (!made) return failed(made.error());
    const auto suggested = made->suggested();
    if (!suggested) return failed(suggested.error());
    const auto digests = resolve(images, how, environment, clock, log);
    if (!digests)
      return digests.error().kind == ErrorKind::invalid ? usage_error("prepare", digests.error().message)
                                                        : kFailed;
    const auto expanded = made->expanded(*digests);
    if (!expanded) return failed(expanded.error());
    for (const auto& warning : made->warnings())
      once_.say(warning);
    if (auto written = output.write(*suggested, *expanded); !written) return failed(written.error());
    once_.say(fmt::format("wrote {} and {}", output.suggested_file(), output.expanded_file()));
    if (options_.apply)
      if (auto applied = kubectl_apply(output.expanded_file()); !applied) return failed(applied.error());
    if (options_.wait)
      if (auto waited = kubectl_wait(made->objects(), options_.wait_timeout); !waited)
        return failed(waited.error());
    return 0;
  }

 private:
  int failed(const Error& error) {
    once_.say(error.message);
    return kFailed;
  }

  bool read() {
    const auto collected = files::collect(options_.files, {.recursive = options_.recursive});
    bool complete = collected.troubles.empty();
    for (const auto& trouble : collected.troubles)
      once_.say(trouble.error.message);
    if (const auto count = collected.left_out.templates; count != 0)
      once_.say(
          fmt::format("left out {} of Helm templates: let helm template render them, and name what it prints",
                      count == 1 ? "a file" : fmt::format("{} files", count)));
    for (const auto& [path, named, in_chart] : collected.inputs) {
      auto text = files::read_file(path);
      if (text) {
        inputs_.push_back({path == files::kStandardInput ? "standard input" : path, std::move(*text)});
      } else {
        once_.say(text.error().message);
        complete = false;
      }
    }
    return complete;
  }

  // An image that names its digest is not asked for. ErrorKind::invalid is an option that makes no sense; of
  // any other error all has been said.
  Result<std::vector<image::Digest>> resolve(const std::vector<image::Reference>& images, const LookUp& how,
                                             const cli::Environment& environment, const Clock& clock,
                                             const Logger& log) {
    std::vector<image::Reference> questions;
    for (const auto& image : images)
      if (!image.digest()) questions.push_back(image);
    const auto answers = look_up(questions, how, environment, clock, log);
    if (!answers) return fail(ErrorKind::invalid, answers.error().message);
    std::vector<image::Digest> digests;
    bool complete = true;
    auto answer = answers->begin();
    for (const auto& image : images) {
      const auto digest = image.digest() ? Result<image::Digest>(*image.digest()) : *answer++;
      if (digest) {
        digests.push_back(*digest);
      } else {
        once_.say(digest.error().message);
        complete = false;
      }
    }
    if (!complete) return fail(ErrorKind::unavailable, "not all images have a digest");
    return digests;
  }

  const cli::PrepareOptions& options_;
  Once& once_;
  std::vector<prepare::Input> inputs_;
};

}  // namespace

int run_prepare(const cli::PrepareOptions& options, const cli::Environment& environment) {
  Once once("prepare", options.log_level);
  auto how = look_ups(options, environment);
  if (!how) return usage_error("prepare", how.error().message);
  auto wanted = prepare::read_options(options.words);
  if (!wanted) return usage_error("prepare", wanted.error().message);
  return Preparing(options, once).run(std::move(*wanted), *how, environment, once.clock, once.log);
}

}  // namespace digester::app
