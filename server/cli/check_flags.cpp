// The flags of `digester check`.
#include "cli/commands.hpp"

namespace digester::cli {

Declared declare_check(CLI::App& app) {
  auto options = std::make_shared<CheckOptions>();
  Flags flags(app, "Options");
  flags.toggle("--fresh", options->fresh, "Also find tags that stand for another digest by now");
  Declared declared;
  auto finish = add_manifest_flags(app, *options, declared.environment);
  app.footer(
      "Finds images without a digest, and asks the registries whether the digests are still there (--offline "
      "does "
      "not).\nThe findings are printed, a line each, or in the form of --report-format; with --report FILE "
      "they go "
      "there too.\n"
      "Exit codes: 0 nothing was found; 1 something was; 2 wrong usage; 3 an input or a registry failed, so "
      "that "
      "not all\nis known: try again. Inputs are found as `digester resolve` finds them.\nOf "
      "kustomizations among them, the entries of images: are looked at; -k looks at what one builds.\n\n"
      "Examples:\n"
      "  digester check -R k8s\n"
      "  digester check --fresh --report digests.sarif --report-format sarif -k overlays/prod");
  declared.action = [options, finish = std::move(finish)] {
    finish();
    if (options->fresh && options->offline)
      throw CLI::ValidationError("--fresh asks registries, --offline asks none");
    return *options;
  };
  return declared;
}

}  // namespace digester::cli
