// Flags that several commands have.
#include "cli/flags.hpp"

namespace digester::cli {

void add_registry_flags(Flags flags, RegistryOptions& o) {
  flags = flags.in("Registries");
  flags.list("--insecure-registries", o.insecure_registries,
             "Registries that need no TLS: https is tried first, then http; http://HOST: http alone. Hosts, "
             "host:port, CIDRs. Listing a loopback registry also admits its address",
             "HOST,…");
  flags.list("--realm-allow", o.realm_allow,
             "Let REGISTRY's credentials go to the token service at HOST, where the two are not of one site",
             "REGISTRY=HOST,…");
  flags.list("--redirect-allow", o.redirect_allow, "Private hosts or CIDRs that a registry may redirect to",
             "HOST,…");
  flags.list("--ca-file", o.ca_files, "PEM file of certificate authorities to trust besides the system's",
             "FILE");
  flags.number("--registry-concurrency", o.registry_concurrency,
               "Exchanges at a time with one registry; more, up to twice as many, so that no namespace or "
               "repository waits for another",
               1U, 1024U);
}

void add_look_up_flags(Flags flags, LookUpOptions& o, const std::string& verbose) {
  flags.text("--platform", o.platform, "The digests of one platform's manifests instead of the indexes'",
             "OS/ARCH[/VARIANT]");
  flags.duration("--timeout", o.timeout, "For each image", std::chrono::milliseconds(1));
  flags.verbose(verbose, o.log_level);
  add_registry_flags(flags, o.registry);
}

void add_skip_flags(Flags flags, SkipOptions& o, EnvironmentNames& environment) {
  environment.push_back(
      {flags.text("--skip-prefixes", o.prefixes,
                  "Colon-separated prefixes of images to leave alone (cannot hold a port: see --skip-prefix)",
                  "A:B"),
       "SKIP_PREFIXES"});
  flags.list("--skip-prefix", o.prefix, "Prefix of images to leave alone; repeatable, may hold a port",
             "PREFIX");
}

}  // namespace digester::cli
