// The flags of `digester fn`.
#include "cli/commands.hpp"

namespace digester::cli {
namespace {

// Where each value is while only CLI11 knows whether it was given.
struct Given {
  SkipOptions skip;
  std::vector<std::string> image_paths;
  std::string platform;
  std::string results = "info";
  bool digest_only = false, ignore_errors = false, pin_setters = false;
  bool offline = true;
};

template <typename T>
void take(const CLI::App& app, const char* flag, const T& value, std::optional<T>& target) {
  if (app.count(flag) != 0) target = value;
}

}  // namespace

Declared declare_fn(CLI::App& app) {
  auto options = std::make_shared<FnOptions>();
  auto given = std::make_shared<Given>();
  auto& o = *options;
  auto& g = *given;
  Flags flags(app, "Options");
  Declared declared;
  add_skip_flags(flags, g.skip, declared.environment);
  flags.each("--image-path", g.image_paths,
             "One more place of images, as kustomize writes it: spec/steps[]/image, with ,kind=K,group=G "
             "where it is so in those alone",
             "PATH");
  flags.text("--platform", g.platform, "The digests of one platform's manifests instead of the indexes'",
             "OS/ARCH[/VARIANT]");
  flags.toggle("--digest-only", g.digest_only, "Write name@digest instead of name:tag@digest");
  flags.toggle("--ignore-errors", g.ignore_errors,
               "An image without a digest is a warning, and stays as it is");
  flags.toggle("--pin-setters", g.pin_setters,
               "Pin kpt's setters too, so that the next render keeps the digests");
  flags.choice("--results", g.results, "The least severe results that are told",
               {"error", "warning", "info"});
  declared.environment.push_back(
      {flags
           .toggle("--offline", g.offline,
                   "Do not talk to the Kubernetes API (no pull secrets); registries are asked all the same")
           ->default_str("true"),
       "OFFLINE"});
  declared.environment.push_back(
      {flags.text("--kubeconfig", o.kubeconfig, "With --offline=false: where the Kubernetes API is", "FILE"),
       "KUBECONFIG"});
  flags.text("--context", o.context, "Of the kubeconfig; empty: its current one", "NAME");
  flags.duration("--timeout", o.timeout, "For each image", std::chrono::milliseconds(1));
  flags.verbose("-v,--verbose,--debug", o.log_level);
  add_registry_flags(flags, o.registry);
  app.footer(
      "Reads a ResourceList, or plain manifests, from standard input and writes the same with digests to "
      "standard output:\nwhat kpt, kustomize and helm hand to a function, a transformer, a post-renderer. "
      "Without a command, and with standard\ninput from a pipe, digester does the same. A functionConfig "
      "says data.skip-prefixes and the like (of a ConfigMap; spec.* of\nother kinds) for skip-prefixes, "
      "image-path, platform, digest-only, ignore-errors, pin-setters, results, offline: true.\n"
      "Environment: SKIP_PREFIXES, OFFLINE, KUBECONFIG, DEBUG stand for the flags of those names. A flag "
      "wins "
      "over the\nenvironment, that over the functionConfig.\n"
      "Exit codes: 0 every image has its digest; 1 not so, and the output is the input with error results; 2 "
      "wrong usage.\n\n"
      "Examples:\n"
      "  kpt fn eval ./package --exec digester\n"
      "  kustomize build . | digester fn --skip-prefix=registry.local:5000/base/");
  declared.action = [options, given, &app] {
    if (app.count("--skip-prefixes") != 0 || app.count("--skip-prefix") != 0) options->skip = given->skip;
    take(app, "--image-path", given->image_paths, options->image_paths);
    take(app, "--platform", given->platform, options->platform);
    take(app, "--digest-only", given->digest_only, options->digest_only);
    take(app, "--ignore-errors", given->ignore_errors, options->ignore_errors);
    take(app, "--pin-setters", given->pin_setters, options->pin_setters);
    take(app, "--results", given->results, options->results);
    take(app, "--offline", given->offline, options->offline);
    return *options;
  };
  return declared;
}

}  // namespace digester::cli
