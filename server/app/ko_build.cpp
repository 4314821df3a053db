#include "app/ko_build.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "image/reference.hpp"
#include "process/run.hpp"

namespace digester::app {
namespace {

constexpr Duration kLimit = std::chrono::hours(1);

}  // namespace

Result<std::string> ko_build(std::string_view import_path) {
  const auto shown = text::printable(import_path, 256);
  // It must not be taken for a flag.
  if (import_path.empty() || import_path.front() == '-' || import_path.find('\0') != std::string_view::npos)
    return fail(ErrorKind::invalid, fmt::format("\"{}\" is no import path", shown));
  process::Command command;
  command.arguments = {"ko", "build", std::string(import_path)};
  command.errors = process::Stream::to_errors;
  command.limit = kLimit;
  command.max_output = 1 << 20;
  const auto ended = process::run(command);
  if (!ended && ended.error().kind == ErrorKind::not_found)
    return fail(
        ErrorKind::not_found,
        fmt::format("ko build {}: there is no ko in PATH; install it (https://ko.build), or give --image-map "
                    "FILE",
                    shown));
  if (!ended) return fail(ended.error().kind, fmt::format("ko build {}: {}", shown, ended.error().message));
  if (ended->exit_code != 0)
    return fail(
        ErrorKind::unavailable,
        fmt::format("ko build {} failed with exit code {}; what it says is above", shown, ended->exit_code));
  const auto printed = text::trim(ended->output);
  const auto reference = image::Reference::parse(printed);
  if (!reference || !reference->digest())
    return fail(ErrorKind::protocol,
                fmt::format("ko build {} printed \"{}\", which is no reference with a digest", shown,
                            text::printable(printed, 128)));
  return std::string(printed);
}

}  // namespace digester::app
