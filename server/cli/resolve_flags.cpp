// The flags of `digester resolve`.
#include "cli/commands.hpp"

namespace digester::cli {

Declared declare_resolve(CLI::App& app) {
  auto options = std::make_shared<ResolveOptions>();
  auto verbose = std::make_shared<bool>(false);
  auto& o = *options;
  Flags flags(app, "Options");
  app.add_option("FILE", o.files, "Manifests; - is standard input")->type_name("")->group("Arguments");
  auto named = std::make_shared<std::vector<std::string>>();
  app.add_option("-f,--filename", *named, "The same as an argument")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group("Options");
  flags.toggle("--offline", o.offline, "Ask no registry: what nothing else knows stays as it is");
  flags.toggle("--digest-only", o.digest_only, "Write name@digest instead of name:tag@digest");
  Declared declared;
  add_skip_flags(flags, o.skip, declared.environment);
  app.add_option("--image-path", o.image_paths,
                 "One more place of images, as kustomize writes it: spec/steps[]/image, with ,kind=K,group=G "
                 "where it is so in those alone")
      ->type_name("PATH")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group("Options");
  flags.text("--platform", o.platform, "The digests of one platform's manifests instead of the indexes'",
             "OS/ARCH[/VARIANT]");
  flags.duration("--timeout", o.timeout, "For each image", std::chrono::milliseconds(1));
  flags.toggle("-v,--verbose", *verbose, "Say on standard error what is asked of whom");
  add_registry_flags(flags, o.registry);
  app.footer(
      "Only digests are added: comments, quotes, order and line ends stay, byte for byte.\n"
      "Exit codes: 0 every image has its digest; 2 wrong usage; 3 an input or a registry failed, and nothing "
      "was written.\n\n"
      "Examples:\n"
      "  digester resolve -f app.yaml | kubectl apply -f -\n"
      "  kustomize build . | digester resolve -f - > pinned.yaml");
  declared.action = [options, verbose, named] {
    options->files.insert(options->files.end(), named->begin(), named->end());
    if (options->files.empty()) throw CLI::ValidationError("no manifest is named; -f - reads standard input");
    if (*verbose) options->log_level = Level::debug;
    return *options;
  };
  return declared;
}

}  // namespace digester::cli
