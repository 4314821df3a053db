#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "app/image_rules.hpp"
#include "app/log_sink.hpp"
#include "app/pin_images.hpp"
#include "app/run.hpp"
#include "base/text.hpp"

namespace digester::app {
namespace {

constexpr int kFailed = 3;

std::optional<std::string> read(const std::string& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace

int run_resolve(const cli::ResolveOptions& options, const cli::Environment& environment) {
  const SystemClock clock;
  LogSink sink(STDERR_FILENO);
  const Logger log(
      clock, [&sink](std::string_view line) { sink.write(line); }, options.log_level, LogFormat::text);
  const auto say = [&sink](std::string_view line) {
    sink.write(fmt::format("digester resolve: {}\n", text::printable(line, 2048)));
  };

  LookUp how{options.registry, std::nullopt, options.timeout};
  if (!options.platform.empty()) {
    auto platform = registry::protocol::Platform::parse(options.platform);
    if (!platform) return usage_error("resolve", "--platform: " + platform.error().message);
    how.platform = std::move(*platform);
  }
  const auto rules = image_rules(options.image_paths);
  if (!rules) return usage_error("resolve", "--image-path: " + rules.error().message);
  pin::Policy policy;
  policy.skip_prefixes = options.skip.all();
  policy.digest_only = options.digest_only;
  policy.offline = options.offline;

  pin::Batch batch(*rules, policy);
  bool failed = false;
  for (const auto& file : options.files) {
    auto text = read(file);
    if (!text) {
      say(fmt::format("{}: it cannot be read", file));
      failed = true;
      continue;
    }
    batch.add(file == "-" ? "standard input" : file, std::move(*text));
  }
  if (auto pinned = pin_images(batch, how, environment, clock, log); !pinned)
    return usage_error("resolve", pinned.error().message);
  for (const auto& page : batch.pages()) {
    if (page.problem) {
      say(fmt::format("{}: {}", page.name, page.problem->message));
      failed = true;
    }
    for (std::size_t i = 0; i < page.outcomes.size(); ++i) {
      if (page.outcomes[i].status != pin::Status::failed) continue;
      say(fmt::format("{}:{}: {}", page.name, page.images.fields[i].line, page.outcomes[i].why.message));
      failed = true;
    }
  }
  if (failed) return kFailed;
  for (const auto& page : batch.pages())
    std::fwrite(page.result().data(), 1, page.result().size(), stdout);
  return 0;
}

}  // namespace digester::app
