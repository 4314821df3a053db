// How the KRM function pins: flag before environment before functionConfig before default.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/fn_options.hpp"
#include "krm/finding.hpp"
#include "krm/settings.hpp"
#include "manifest/rules.hpp"
#include "pin/policy.hpp"
#include "registry/protocol/platform.hpp"

namespace digester::app {

struct FunctionSettings {
  manifest::Rules rules;
  pin::Policy policy = {};
  std::optional<registry::protocol::Platform> platform = std::nullopt;
  bool ignore_errors = false;
  bool offline = true;
  bool pin_setters = false;
  krm::Severity least_result = krm::Severity::info;
  std::vector<std::string> warnings = {};
};

// What the command line says alone, checked: an error is wrong usage, whatever comes in.
Result<void> check(const cli::FnOptions& options);

// The error is the package's: it names the key.
Result<FunctionSettings> settle(const cli::FnOptions& options, const krm::Settings& package);

}  // namespace digester::app
