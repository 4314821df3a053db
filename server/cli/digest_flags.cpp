// The flags of `digester digest`.
#include "cli/commands.hpp"

namespace digester::cli {

Declared declare_digest(CLI::App& app) {
  auto options = std::make_shared<DigestOptions>();
  auto& o = *options;
  Flags flags(app, "Options");
  app.add_option("IMAGE", o.images, "Images, as a manifest names them")
      ->required()
      ->type_name("")
      ->group("Arguments");
  flags.toggle("--full", o.full, "Print name:tag@digest instead of the digest alone");
  flags.output(o.json)->default_str("text");
  flags.text("--platform", o.platform, "The digest of one platform's manifest instead of the index",
             "OS/ARCH[/VARIANT]");
  flags.duration("--timeout", o.timeout, "For all images together", std::chrono::milliseconds(1));
  flags.verbose("-v,--verbose", o.log_level);
  add_registry_flags(flags, o.registry);
  app.footer(
      "Credentials come from the docker configuration (DOCKER_AUTH_CONFIG, DOCKER_CONFIG, "
      "~/.docker/config.json, …).\n"
      "A loopback registry is asked over https first, then over http. An image that names a digest is "
      "printed "
      "as it is,\nunasked.\n"
      "Exit codes: 0 all found; 1 some were not (not there, not reachable, no valid reference), while those "
      "that were\nare printed all the same; 2 wrong usage; 3 standard output cannot be written.\n\n"
      "Examples:\n"
      "  digester digest nginx:1.27\n"
      "  digester digest --full --platform linux/arm64 debian:12 127.0.0.1:5000/team/web:1.10");
  return {[options] { return *options; }};
}

}  // namespace digester::cli
