// A kubeconfig of any content, alone and merged with a good one.
#include "kube/text/kubeconfig.hpp"
#include "check.hpp"
#include "kube/text/exec_credential.hpp"

using namespace digester;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const kube::KubeconfigText good{
      "/g/config",
      "current-context: x\nclusters: [{name: c, cluster: {server: 'https://a'}}]\n"
      "users: [{name: u, user: {token: t}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"};
  const kube::KubeconfigText files[] = {good, {"/f/config", input}};
  for (const auto chosen : {std::span<const kube::KubeconfigText>(files).subspan(1),
                            std::span<const kube::KubeconfigText>(files)}) {
    const auto config = kube::parse_kubeconfig(chosen);
    if (!config) {
      FUZZ_CHECK(fuzz::is_printable_line(config.error().message, 1024));
      continue;
    }
    FUZZ_CHECK(!config->server.empty() && !config->context.empty());
    FUZZ_CHECK(config->token.find_first_of("\r\n") == std::string::npos);
    if (config->exec) FUZZ_CHECK(!config->exec->command.empty());
  }
  // The first file of a list wins.
  const auto merged = kube::parse_kubeconfig(files);
  if (merged) FUZZ_CHECK(merged->server == "https://a" && merged->token == "t");

  const auto credential = kube::parse_exec_credential(input, "client.authentication.k8s.io/v1");
  if (credential)
    FUZZ_CHECK(credential->token.find_first_of(" \r\n") == std::string::npos);
  else
    FUZZ_CHECK(fuzz::is_printable_line(credential.error().message, 512));
  return 0;
}
