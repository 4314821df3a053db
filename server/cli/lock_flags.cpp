// The flags of `digester lock update`.
#include "cli/commands.hpp"

namespace digester::cli {

Declared declare_lock_update(CLI::App& app) {
  auto options = std::make_shared<LockUpdateOptions>();
  auto& o = *options;
  Flags flags(app, "Options");
  app.add_option("IMAGE", o.images, "Images, as manifests name them")->type_name("")->group("Arguments");
  flags.toggle("--all", o.all, "All images that the lock has");
  flags.text("--lock", o.lock, "The ImagesLock, which is made where there is none", "FILE");
  add_look_up_flags(flags, o);
  app.footer(
      "Looks the images up anew, and writes what they are now into the lock; prints a line for each that "
      "changed.\n"
      "Everything else in the lock stays. digester resolve --lock FILE takes digests from it.\n"
      "Exit codes: 0 the lock has them as they are; 2 wrong usage; 3 the lock or a registry failed, and "
      "nothing was "
      "written.\n\n"
      "Examples:\n"
      "  digester lock update nginx:1.27\n"
      "  digester lock update --all --lock deploy/images.lock.yml");
  return {[options] {
    if (options->images.empty() != options->all)
      throw CLI::ValidationError(options->all ? "name images, or give --all, not both"
                                              : "no image is named; --all updates all that the lock has");
    return *options;
  }};
}

}  // namespace digester::cli
