// Flags of the commands that read manifests.
#include "cli/commands.hpp"

namespace digester::cli {

std::function<void()> add_manifest_flags(CLI::App& app, ManifestOptions& o, EnvironmentNames& environment) {
  Flags flags(app, "Options");
  app.add_option("FILE", o.files, "Manifests: files, directories, patterns; - is standard input")
      ->type_name("")
      ->group("Arguments");
  const auto named = std::make_shared<std::vector<std::string>>();
  flags.each("-f,--filename", *named, "The same as an argument", "FILE");
  flags.text("-k,--kustomize", o.kustomization,
             "What this directory builds (kustomize, else kubectl kustomize)", "DIR");
  flags.toggle("-R,--recursive", o.recursive, "Directories below directories, too");
  flags.toggle("--keep-going", o.keep_going, "Do what can be done where some input or image fails");
  flags.toggle("--offline", o.offline, "Ask no registry");
  add_skip_flags(flags, o.skip, environment);
  flags.each(
      "--image-path", o.image_paths,
      "One more place of images, as kustomize writes it: spec/steps[]/image, with ,kind=K,group=G where it "
      "is so in those alone",
      "PATH");
  flags.each("--image-config", o.image_configs,
             "More places from a file of kustomize's: the `images:` of a configuration, or of all that a "
             "kustomization names",
             "FILE");
  flags.text("--platform", o.platform, "One platform's manifests instead of the indexes",
             "OS/ARCH[/VARIANT]");
  flags.duration("--timeout", o.timeout, "For each image", std::chrono::milliseconds(1));
  flags.text("--report", o.report, "Write what was found to a file, in the form of --report-format", "FILE");
  flags.choice("--report-format", o.report_format, "The form of reports; json where none is given",
               {"text", "json", "sarif", "github"});
  flags.verbose("-v,--verbose", o.log_level);
  add_registry_flags(flags, o.registry);
  return [&o, named] {
    o.files.insert(o.files.end(), named->begin(), named->end());
    if (o.files.empty() && o.kustomization.empty())
      throw CLI::ValidationError("no manifest is named; -f - reads standard input");
    if (!o.files.empty() && !o.kustomization.empty())
      throw CLI::ValidationError("-k stands alone: what it builds is one manifest");
  };
}

}  // namespace digester::cli
