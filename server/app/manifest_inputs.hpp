// From what the command line names to the pages of a batch.
#pragma once

#include <string>
#include <vector>

#include "cli/manifest_options.hpp"
#include "files/collect.hpp"
#include "kustomization/kustomization.hpp"
#include "pin/batch.hpp"
#include "report/finding.hpp"

namespace digester::app {

// Where a page of the batch is from; slot i is page i's.
struct PageSource {
  std::string path;       // of the file; "-" for standard input; of -k, the kustomization's
  bool named = true;      // by the user; false: found in a directory
  bool is_built = false;  // of -k: lines of the file mean nothing
  // Found in a directory, and no object with apiVersion and kind in it, whether or not it can be read.
  bool is_left_out = false;
  bool in_chart = false;  // found in a Helm chart
};

// A kustomization among the inputs: its `images:` are written over those of what it builds.
struct KustomizationInput {
  std::string path;
  kustomization::Kustomization content;
};

struct ManifestInputs {
  std::vector<PageSource> sources;
  std::vector<report::Finding> problems;  // of what could not be read; what of a page, is not among them
  std::vector<report::Finding> remarks;   // warnings of inputs that were read
  std::vector<KustomizationInput> kustomizations;  // those with `images:`
  files::LeftOut left_out;
  std::size_t without_objects = 0;  // files
};

// Reads all into the batch, which is empty before. Blocks.
ManifestInputs read_manifests(const cli::ManifestOptions& options, pin::Batch& batch);

// A finding of a line that begins with the path: "a.yaml: cannot be read: …".
report::Finding unreadable(const std::string& path, std::string_view message);

}  // namespace digester::app
