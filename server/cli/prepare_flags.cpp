// The flags of `digester prepare`: those of gke-deploy prepare, and a few.
#include "cli/commands.hpp"

namespace digester::cli {

Declared declare_prepare(CLI::App& app) {
  auto options = std::make_shared<PrepareOptions>();
  auto& o = *options;
  Flags flags(app, "Options");
  flags.each("-f,--filename", o.files,
             "Manifests: a file, a directory, a pattern; - is standard input. Without it, a Deployment of "
             "each image "
             "to start from",
             "FILE");
  flags.toggle("-R,--recursive", o.recursive, "Directories below directories, too");
  flags.each("-i,--image", o.words.images,
             "An image that is to be deployed: containers of its repository, but not init containers, get "
             "its digest",
             "IMAGE");
  flags.text("-a,--app", o.words.app, "The label app.kubernetes.io/name", "NAME");
  flags.text("-v,--version", o.words.version, "The label app.kubernetes.io/version", "VERSION");
  flags.text(
      "-n,--namespace", o.words.name_space,
      "The namespace of all objects, made if no object is it; without this flag, default where an object has "
      "none",
      "NAME");
  flags.list("-L,--label", o.words.labels, "More labels", "KEY=VALUE,...");
  flags.text("-o,--output", o.output,
             "Where suggested/ and expanded/ are made; each must be empty or not there", "DIR");
  flags.toggle("--apply", o.apply, "Hand what was expanded to kubectl apply");
  flags.toggle("--wait", o.wait,
               "Behind --apply: wait for the workloads (kubectl rollout status, kubectl wait)");
  flags.duration("--wait-timeout", o.wait_timeout, "For each workload", std::chrono::seconds(1));
  add_look_up_flags(flags, o, "--verbose");
  app.footer(
      "Writes OUTPUT/suggested/aggregated-resources.yaml, to be kept with the sources, and\n"
      "OUTPUT/expanded/aggregated-resources.yaml, to be applied: labels on objects and their templates, a "
      "namespace,\n"
      "name@digest in the place of the tag, keys in order. Comments are lost: digester resolve keeps them.\n"
      "Exit codes: 0 both are written (and applied); 2 wrong usage; 3 an input, a registry or kubectl "
      "failed.\n\n"
      "Examples:\n"
      "  digester prepare -f k8s/ -i gcr.io/shop/web:1.10 -a web -v 1.10 -n shop\n"
      "  kustomize build . | digester prepare -f - -i gcr.io/shop/web:1.10 -o out --apply --wait");
  return {[options] {
    if (options->files.empty() && options->words.images.empty())
      throw CLI::ValidationError("neither -f nor -i: there is nothing to prepare");
    if (options->output.empty()) throw CLI::ValidationError("--output: it is empty; name a directory");
    if (options->wait && !options->apply)
      throw CLI::ValidationError("--wait waits for what --apply has applied; give both");
    return *options;
  }};
}

}  // namespace digester::cli
