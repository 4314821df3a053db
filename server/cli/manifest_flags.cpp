// Flags of the commands that read manifests.
#include "cli/commands.hpp"

namespace digester::cli {
namespace {

// A flag that may be given several times, each time with one value.
CLI::Option* repeatable(CLI::App& app, const char* flag, std::vector<std::string>& target, const char* help,
                        const char* type) {
  return app.add_option(flag, target, help)
      ->type_name(type)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group("Options");
}

}  // namespace

std::function<void()> add_manifest_flags(CLI::App& app, ManifestOptions& o, EnvironmentNames& environment) {
  Flags flags(app, "Options");
  app.add_option("FILE", o.files, "Manifests: files, directories, patterns; - is standard input")
      ->type_name("")
      ->group("Arguments");
  const auto named = std::make_shared<std::vector<std::string>>();
  const auto verbose = std::make_shared<bool>(false);
  repeatable(app, "-f,--filename", *named, "The same as an argument", "FILE");
  flags.text("-k,--kustomize", o.kustomization,
             "What this directory builds (kustomize, else kubectl kustomize)", "DIR");
  flags.toggle("-R,--recursive", o.recursive, "Directories below directories, too");
  flags.toggle("--keep-going", o.keep_going, "Do what can be done where some input or image fails");
  flags.toggle("--offline", o.offline, "Ask no registry");
  add_skip_flags(flags, o.skip, environment);
  repeatable(
      app, "--image-path", o.image_paths,
      "One more place of images, as kustomize writes it: spec/steps[]/image, with ,kind=K,group=G where it "
      "is so in those alone",
      "PATH");
  repeatable(app, "--image-config", o.image_configs,
             "More places from a file of kustomize's: the `images:` of a configuration, or of all that a "
             "kustomization names",
             "FILE");
  flags.text("--platform", o.platform, "One platform's manifests instead of the indexes",
             "OS/ARCH[/VARIANT]");
  flags.duration("--timeout", o.timeout, "For each image", std::chrono::milliseconds(1));
  flags.text("--report", o.report, "Write what was found to a file, in the form of --report-format", "FILE");
  flags.choice("--report-format", o.report_format, "The form of reports; json where none is given",
               {"text", "json", "sarif", "github"});
  flags.toggle("-v,--verbose", *verbose, "Say on standard error what is asked of whom");
  add_registry_flags(flags, o.registry);
  return [&o, named, verbose] {
    o.files.insert(o.files.end(), named->begin(), named->end());
    if (o.files.empty() && o.kustomization.empty())
      throw CLI::ValidationError("no manifest is named; -f - reads standard input");
    if (!o.files.empty() && !o.kustomization.empty())
      throw CLI::ValidationError("-k stands alone: what it builds is one manifest");
    if (*verbose) o.log_level = Level::debug;
  };
}

}  // namespace digester::cli
