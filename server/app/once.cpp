#include "app/once.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "app/terminal.hpp"
#include "base/text.hpp"

namespace digester::app {

Once::Once(std::string_view its_command, Level level)
    : command(its_command),
      sink(STDERR_FILENO),
      log(
          clock, [this](std::string_view line) { sink.write(line); }, level, LogFormat::text) {}

void Once::say(std::string_view line) {
  sink.write(fmt::format("digester {}: {}\n", command, text::printable(line, 2048)));
}

Result<LookUp> look_ups(const cli::RegistryOptions& registry, const std::string& platform, Duration timeout,
                        const cli::Environment& environment) {
  LookUp how{registry, std::nullopt, timeout};
  how.progress = progress(environment);
  if (platform.empty()) return how;
  auto parsed = registry::protocol::Platform::parse(platform);
  if (!parsed) return fail(parsed.error().kind, "--platform: " + parsed.error().message);
  how.platform = std::move(*parsed);
  return how;
}

}  // namespace digester::app
