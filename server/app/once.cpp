#include "app/once.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <utility>

#include "app/terminal.hpp"
#include "base/text.hpp"

namespace digester::app {

Once::Once(std::string_view its_command, Level level)
    : command(its_command),
      sink(STDERR_FILENO),
      log(
          clock, [this](std::string_view line) { sink.write(line); }, level, LogFormat::text) {
  // A large text is given back to the system when it is not needed any more, whatever lies behind it.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

void Once::say(std::string_view line) {
  sink.write(fmt::format("digester {}: {}\n", command, text::printable(line, 2048)));
}

Result<LookUp> look_ups(const cli::LookUpOptions& options, const cli::Environment& environment) {
  LookUp how{options.registry, std::nullopt, options.timeout};
  how.progress = progress(environment);
  if (options.platform.empty()) return how;
  auto platform = registry::protocol::Platform::parse(options.platform);
  if (!platform) return fail(platform.error().kind, "--platform: " + platform.error().message);
  how.platform = std::move(*platform);
  return how;
}

}  // namespace digester::app
