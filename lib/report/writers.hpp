// Findings as text, in the order given. Every writer ends its text with a line break, unless it is empty.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "report/finding.hpp"

namespace digester::report {

enum class Format { text, json, sarif, github };
std::optional<Format> parse_format(std::string_view name);  // "text", "json", "sarif", "github"

// `version` is digester's own. Text and GitHub's commands do not show it.
std::string write(Format format, std::span<const Finding> findings, std::string_view version);

// A line each, as compilers write them: `FILE:LINE: SEVERITY: cause; cure [rule]`. Colours are ANSI's.
std::string write_text(std::span<const Finding> findings, bool colour = false);

// {"version":1,"tool":{"name","version"},"findings":[{"rule","severity","file","line","object":{"apiVersion",
// "kind","namespace","name"},"field","image","proposed","message","cure"}…],"counts":{"error","warning","note"}}
// Members without a value are left out, but for rule, severity and message. The number goes up when a member
// changes its meaning or goes; new members may come without.
std::string write_json(std::span<const Finding> findings, std::string_view version);

// SARIF 2.1.0 (OASIS), as code scanning services take it: one run, all rules with their help. Files are URIs
// relative to %SRCROOT%; what lies outside the working directory is named absolutely, or without that root.
// What comes from standard input has no physical location.
std::string write_sarif(std::span<const Finding> findings, std::string_view version);

// GitHub's workflow commands, which turn into annotations: `::error file=F,line=N,title=T::cause; cure`.
// Notes are `notice`. GitHub shows ten of each kind a step.
std::string write_github(std::span<const Finding> findings);

}  // namespace digester::report
