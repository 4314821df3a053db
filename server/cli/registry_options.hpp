// What every command that asks a registry may be told.
#pragma once

#include <string>
#include <vector>

namespace digester::cli {

// How registries are reached; shared by every command that asks one.
struct RegistryOptions {
  std::vector<std::string> insecure_registries;  // hosts, host:port, CIDRs
  std::vector<std::string> realm_allow;          // REGISTRY=HOST
  std::vector<std::string> redirect_allow;       // HOST or CIDR
  std::vector<std::string> ca_files;
  unsigned registry_concurrency = 16;
};

}  // namespace digester::cli
