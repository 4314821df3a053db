// Places of images that the user adds.
#pragma once

#include <span>
#include <string>

#include "base/result.hpp"
#include "cli/manifest_options.hpp"
#include "manifest/rules.hpp"

namespace digester::app {

// Each of `paths` is `PATH[,kind=K][,group=G][,version=V]`, PATH as kustomize writes it; of `configs`, a file
// as read_image_config() takes it. The error says what is wrong with which.
Result<manifest::Rules> image_rules(std::span<const std::string> paths,
                                    std::span<const std::string> configs = {});

// Those of a command that reads manifests: also what a kustomization of -k names.
Result<manifest::Rules> manifest_rules(const cli::ManifestOptions& options);

}  // namespace digester::app
