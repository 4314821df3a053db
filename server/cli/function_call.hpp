// Hosts that start digester as a function do not say `fn`.
#pragma once

#include <optional>

#include "cli/options.hpp"

namespace digester::cli {

// No arguments and standard input from elsewhere than a terminal: kpt, `kustomize fn run`, helm 3. Or a
// legacy exec plugin of kustomize: $KUSTOMIZE_PLUGIN_CONFIG_STRING is set, and the first argument is the file
// with the same content. Flags come from the environment alone then: further arguments are a package's word.
// Nothing where it is neither.
std::optional<Action> function_call(int argc, const char* const* argv, const Environment& environment,
                                    bool is_terminal);

}  // namespace digester::cli
