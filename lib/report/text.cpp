#include <fmt/format.h>

#include "base/text.hpp"
#include "report/tame.hpp"
#include "report/writers.hpp"

namespace digester::report {
namespace {

constexpr std::size_t kLongestName = 1024, kLongestMessage = 2048;

std::string_view colour_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "\x1b[31m";
    case Severity::warning:
      return "\x1b[33m";
    case Severity::note:
      return "\x1b[36m";
  }
  return "";
}

}  // namespace

std::optional<Format> parse_format(std::string_view name) {
  if (name == "text") return Format::text;
  if (name == "json") return Format::json;
  if (name == "sarif") return Format::sarif;
  if (name == "github") return Format::github;
  return std::nullopt;
}

std::string write(Format format, std::span<const Finding> findings, std::string_view version) {
  switch (format) {
    case Format::json:
      return write_json(findings, version);
    case Format::sarif:
      return write_sarif(findings, version);
    case Format::github:
      return write_github(findings);
    case Format::text:
      break;
  }
  return write_text(findings);
}

std::string write_text(std::span<const Finding> findings, bool colour) {
  std::string out;
  const auto to = std::back_inserter(out);
  for (const auto& finding : findings) {
    if (!finding.file.empty()) {
      // GitHub's runner obeys a line that begins so, whoever printed it.
      if (finding.file.starts_with("::")) out += "./";
      out += tame(text::printable(finding.file, kLongestName));
      if (finding.line != 0) fmt::format_to(to, ":{}", finding.line);
      out += ": ";
    }
    fmt::format_to(to, "{}{}:{} {} [{}]\n", colour ? colour_of(finding.severity) : "",
                   to_string(finding.severity), colour ? "\x1b[0m" : "",
                   tame(text::printable(finding.text(), kLongestMessage)), describe(finding.rule).id);
  }
  return out;
}

}  // namespace digester::report
