// What there is to tell about the pages of a batch.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "app/manifest_inputs.hpp"
#include "pin/batch.hpp"
#include "report/finding.hpp"

namespace digester::app {

// About one image field, place and object filled in; rule and texts are the caller's.
report::Finding finding_at(const PageSource& source, const pin::Page& page,
                           const manifest::ImageField& field);

// What the page itself has: that it is no manifest, an expression, a remark. Nothing of one that is left out.
void add_page_findings(const PageSource& source, const pin::Page& page,
                       std::vector<report::Finding>& findings);

// Why a field has no digest and cannot get one: of Status::failed and Status::expression.
report::Finding failure_at(const PageSource& source, const pin::Page& page, std::size_t field);

// An entry of a kustomization's `images:` as an image that a manifest names.
struct EntryImage {
  std::string image;      // "name:tag", "name:tag@digest"
  report::Finding place;  // rule and texts are the caller's
  bool is_pinned = false;
};
// Those that write a tag or a digest; a new name alone leaves the digest that an image has.
std::vector<EntryImage> entry_images(const KustomizationInput& input);
// The command that writes digests into it.
std::string pinning_command(const KustomizationInput& input);

// In the order of files and lines.
void sort_by_place(std::vector<report::Finding>& findings);

// "; 1 file without apiVersion and kind left out": what was not looked at; empty where there is nothing.
std::string describe_left_out(const ManifestInputs& inputs);

// "pinned 12 images in 3 files; 2 already pinned; 1 skipped". `verb` is "pinned" or "would pin".
std::string summarize(const pin::Batch& batch, const ManifestInputs& inputs, std::string_view verb);

// Lines on standard error, each behind the command's name.
std::string told(std::string_view command, const report::Finding& finding);

// Writes the report that --report asks for; "-" is standard output. The error begins with the path.
Result<void> write_report(const cli::ManifestOptions& options, std::span<const report::Finding> findings);

}  // namespace digester::app
