// Workflow commands as the runner of GitHub Actions reads them: https://docs.github.com/actions, "Workflow
// commands": what is data escapes %, CR and LF, what is a property also `:` and `,`.
#include <fmt/format.h>

#include "base/text.hpp"
#include "report/tame.hpp"
#include "report/writers.hpp"

namespace digester::report {
namespace {

std::string escape(std::string_view raw, bool property) {
  std::string out;
  for (const char c : raw) {
    if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ',')))
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return tame(text::printable(out, 8192));
}

std::string_view command(Severity severity) {
  return severity == Severity::note ? "notice" : to_string(severity);
}

}  // namespace

std::string write_github(std::span<const Finding> findings) {
  std::string out;
  for (const auto& finding : findings) {
    const auto& rule = describe(finding.rule);
    fmt::format_to(std::back_inserter(out), "::{} ", command(finding.severity));
    if (!finding.file.empty() && finding.file != "-") {
      fmt::format_to(std::back_inserter(out), "file={},", escape(finding.file, true));
      if (finding.line != 0) fmt::format_to(std::back_inserter(out), "line={},", finding.line);
    }
    fmt::format_to(std::back_inserter(out), "title={}::{}\n", escape(rule.id, true),
                   escape(finding.text(), false));
  }
  return out;
}

}  // namespace digester::report
