// The flags of `digester kustomize`.
#include "cli/commands.hpp"

namespace digester::cli {

Declared declare_kustomize(CLI::App& app) {
  auto options = std::make_shared<KustomizeOptions>();
  auto& o = *options;
  Flags flags(app, "Options");
  app.add_option("DIR", o.directory, "With a kustomization.yaml, kustomization.yml or Kustomization [.]")
      ->type_name("")
      ->group("Arguments");
  flags.toggle("--add", o.add, "Add entries for images that have none, to the file of DIR");
  flags.toggle("--update", o.update, "Look up anew what has a digest");
  flags.toggle("-R,--recursive", o.recursive,
               "Write into local bases and components, too, where the entries are there");
  flags.toggle("--check", o.check, "Only look whether all that is built is pinned");
  flags.toggle("--diff", o.diff, "Print the differences as git does, and write nothing");
  flags.toggle("--dry-run", o.dry_run, "Say what would be written, and write nothing");
  flags.text("--builder", o.builder,
             "The command that builds, without the directory: \"kustomize build --enable-helm\"", "COMMAND");
  Declared declared;
  add_skip_flags(flags, o.skip, declared.environment);
  add_look_up_flags(flags, o);
  app.footer(
      "Builds (kustomize build, else kubectl kustomize), looks up what comes out without a digest, and "
      "writes it as "
      "digest:\ninto the entries of images:, a line each; comments and order stay. A digest that is there "
      "stays "
      "unless --update. Then\nit builds again: unless all is pinned as it should be, the files are put "
      "back.\n"
      "What --diff and --dry-run show has not been built.\n"
      "Refused are several tags under one name, and tagSuffix, because one digest would replace them.\n"
      "Exit codes: 0 all is pinned; 1 something has no digest and no entry (--add), or --check or --diff "
      "found "
      "something;\n2 wrong usage; 3 the build or a registry failed, or it is refused: nothing was "
      "changed.\n\n"
      "Examples:\n"
      "  digester kustomize overlays/prod --add\n"
      "  digester kustomize --check -R overlays/prod");
  declared.action = [options] {
    if (options->check && (options->diff || options->dry_run || options->add || options->update))
      throw CLI::ValidationError("--check stands alone: it writes nothing");
    return *options;
  };
  return declared;
}

}  // namespace digester::cli
