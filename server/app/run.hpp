// The commands: each builds its parts top to bottom from the options, runs, and takes them down in reverse.
#pragma once

#include <string_view>

#include "cli/options.hpp"

namespace digester::app {

// Wrong usage that only shows when the parts are built: says so on standard error, and answers 2.
int usage_error(std::string_view command, std::string_view why);

// Serves until a signal. 0 after an orderly stop, 1 when it could not start, 2 for options that make no
// sense.
int run_webhook(const cli::WebhookOptions& options, const cli::Environment& environment);

// 0 all found, 1 some were not, 2 for options that make no sense.
int run_digest(const cli::DigestOptions& options, const cli::Environment& environment);

// 0 all pinned, 1 where --diff shows differences, 2 for options that make no sense, 3 when an input or a
// registry failed: nothing is then written, but for --keep-going.
int run_resolve(const cli::ResolveOptions& options, const cli::Environment& environment);

// The KRM function: 0 all pinned, 1 not so, 2 for options that make no sense.
int run_fn(const cli::FnOptions& options, const cli::Environment& environment);

// 0 nothing found, 1 something found, 2 for options that make no sense, 3 when an input or a registry failed.
int run_check(const cli::CheckOptions& options, const cli::Environment& environment);

// 0 all is pinned, 1 where something is not or --diff shows differences, 2 for options that make no sense, 3
// when a build or a registry failed or a change is refused: then all files are as they were.
int run_kustomize(const cli::KustomizeOptions& options, const cli::Environment& environment);

// 0 done, 1 where --diff shows differences, 2 for setters that are none, 3 when an input failed or a change
// is refused: nothing is then written.
int run_setters(const cli::SettersOptions& options);

// 0 both files are written, and applied where that was asked for; 2 for options that make no sense; 3 when an
// input, a registry or kubectl failed: unless it was kubectl, nothing is written.
int run_prepare(const cli::PrepareOptions& options, const cli::Environment& environment);

// 0 the lock has the images as they are, 2 for options that make no sense, 3 when the lock or a registry
// failed: nothing is then written.
int run_lock_update(const cli::LockUpdateOptions& options, const cli::Environment& environment);

}  // namespace digester::app
