// The flags of `digester resolve`.
#include "cli/commands.hpp"
#include "cli/known_flags.hpp"

namespace digester::cli {

Declared declare_resolve(CLI::App& app) {
  auto options = std::make_shared<ResolveOptions>();
  auto& o = *options;
  Flags flags(app, "Options");
  flags.toggle("-i,--in-place", o.in_place, "Write the files: all of them, or none where something fails");
  flags.toggle("--diff", o.diff, "Print the differences as git does, and write nothing");
  flags.toggle("--digest-only", o.digest_only, "Write name@digest instead of name:tag@digest");
  flags.toggle("--ignore-errors", o.ignore_errors,
               "An image that cannot be pinned stays as it is, with a warning");
  flags.toggle("--pin-setters", o.pin_setters,
               "Also pin the setters of a kpt package that would write over a digest (with -i or --diff)");
  Declared declared;
  auto finish = add_manifest_flags(app, o, declared.environment);
  add_known_flags(app, o.known);
  app.footer(
      "Only digests are added: comments, quotes, order and line ends stay, byte for byte. Of directories, "
      "*.yaml,\n*.yml and *.json are read, sorted; what holds no object with apiVersion and kind is left "
      "out, as "
      "are the\ntemplates of Helm charts and what is hidden. Several files are printed with --- between "
      "them.\n"
      "With -i all files are written or none; --keep-going writes those, and those images, that did not "
      "fail.\n"
      "Exit codes: 0 nothing failed: every image has its digest, but for those that --offline, "
      "--ignore-errors,\na prefix to skip or a template left, which are counted at the end; 1 with --diff, "
      "there are "
      "differences; 2 wrong\nusage; 3 an input or a registry failed, and nothing was written (with "
      "--keep-going: what did "
      "not fail).\n\n"
      "Examples:\n"
      "  digester resolve -f app.yaml | kubectl apply -f -\n"
      "  digester resolve -i -R k8s");
  declared.action = [options, finish = std::move(finish)] {
    auto& asked = *options;
    finish();
    const bool standard_input = std::find(asked.files.begin(), asked.files.end(), "-") != asked.files.end();
    if (asked.in_place && asked.diff)
      throw CLI::ValidationError("-i and --diff: one writes, the other does not");
    if (asked.in_place && (standard_input || !asked.kustomization.empty()))
      throw CLI::ValidationError("-i needs files: standard input and -k have none to write");
    if (count_standard_inputs(asked.known) + (standard_input ? 1 : 0) > 1)
      throw CLI::ValidationError("two things would be read from standard input: name a file for one of them");
    if (asked.known.image_refs == "-" || asked.known.imgpkg_lock_output == "-")
      throw CLI::ValidationError("--image-refs and --imgpkg-lock-output need a file: name one");
    if (asked.pin_setters && !asked.in_place && !asked.diff)
      throw CLI::ValidationError("--pin-setters needs -i or --diff: Kptfiles are no manifests to print");
    if (!asked.report_format.empty() && asked.report.empty())
      throw CLI::ValidationError("--report-format needs --report FILE");
    if (asked.report == "-" && !asked.in_place)
      throw CLI::ValidationError(
          "--report - and the manifests both go to standard output: name a file, or add -i");
    return asked;
  };
  return declared;
}

}  // namespace digester::cli
