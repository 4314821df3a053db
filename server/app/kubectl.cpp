#include "app/kubectl.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "process/run.hpp"

namespace digester::app {
namespace {

constexpr Duration kApplyLimit = std::chrono::minutes(10);
constexpr Duration kGrace = std::chrono::seconds(30);  // beyond what kubectl itself is told

Result<void> kubectl(std::vector<std::string> arguments, Duration limit) {
  arguments.insert(arguments.begin(), "kubectl");
  process::Command command;
  command.arguments = arguments;
  command.output = process::Stream::to_output;
  command.errors = process::Stream::to_errors;
  command.limit = limit;
  const auto ended = process::run(command);
  if (!ended) return fail(ended.error());
  if (ended->exit_code != 0)
    return fail(
        ErrorKind::unavailable,
        fmt::format("{} failed with exit code {}; what it says is above",
                    text::printable(fmt::format("{}", fmt::join(arguments, " ")), 512), ended->exit_code));
  return {};
}

bool rolls_out(const prepare::Object& object) {
  return object.group() == "apps" &&
         (object.kind() == "Deployment" || object.kind() == "DaemonSet" || object.kind() == "StatefulSet");
}

}  // namespace

Result<void> require_kubectl() {
  if (!process::find_program("kubectl").empty()) return {};
  return fail(
      ErrorKind::not_found,
      "there is no kubectl in PATH; install it, or leave out --apply and apply what was expanded yourself");
}

Result<void> kubectl_apply(const std::string& file) {
  return kubectl({"apply", "-f", file}, kApplyLimit);
}

Result<void> kubectl_wait(std::span<const prepare::Object> objects, Duration limit) {
  const auto seconds =
      std::max<long long>(1, std::chrono::duration_cast<std::chrono::seconds>(limit).count());
  for (const auto& object : objects) {
    if (object.name().empty()) continue;  // generateName: nobody knows it
    const auto what = fmt::format("{}/{}", text::to_lower(object.kind()), object.name());
    const auto where = fmt::format("--namespace={}", object.name_space());
    const auto how_long = fmt::format("--timeout={}s", seconds);
    Result<void> done;
    if (rolls_out(object))
      done = kubectl({"rollout", "status", what, where, how_long}, limit + kGrace);
    else if (object.group() == "batch" && object.kind() == "Job")
      done = kubectl({"wait", "--for=condition=complete", what, where, how_long}, limit + kGrace);
    else if (object.group().empty() && object.kind() == "Pod")
      done = kubectl({"wait", "--for=condition=ready", what, where, how_long}, limit + kGrace);
    if (!done) return done;
  }
  return {};
}

}  // namespace digester::app
