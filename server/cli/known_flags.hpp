// Flags of the commands that take references from builds and locks. Internal to the command line.
#pragma once

#include "cli/flags.hpp"
#include "cli/known_options.hpp"

namespace digester::cli {

void add_known_flags(CLI::App& app, KnownOptions& options);

// How many of the files are "-".
std::size_t count_standard_inputs(const KnownOptions& options);

}  // namespace digester::cli
