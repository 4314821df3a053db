#include "kube/config/load.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <map>

#include "support/capture_log.hpp"
#include "support/manual_clock.hpp"
#include "support/run_task.hpp"
#include "support/temporary_directory.hpp"

using namespace digester;
using kube::ClientConfig;

namespace {

struct Fixture {
  test::TemporaryDirectory dir;
  test::ManualClock clock;
  test::CaptureLog log;
  net::asio::io_context io;
  std::map<std::string, std::string> variables;
  std::string account = dir / "account";

  kube::Environment environment() {
    return [this](std::string_view name) -> std::optional<std::string> {
      const auto found = variables.find(std::string(name));
      if (found == variables.end()) return std::nullopt;
      return found->second;
    };
  }
  void be_in_cluster(const std::string& host = "10.96.0.1", const std::string& port = "443") {
    variables["KUBERNETES_SERVICE_HOST"] = host;
    variables["KUBERNETES_SERVICE_PORT"] = port;
    dir.write("account/ca.crt", "ca");
    dir.write("account/token", "t0k\n");
    dir.write("account/namespace", "digester-system\n");
  }
  Result<ClientConfig> load(const std::string& flag = {}, const std::string& context = {}) {
    const kube::ExecSetting setting{io, clock, log.logger(), {"PATH=/usr/bin:/bin"}};
    return kube::load(flag, context, environment(), setting, account);
  }
  std::string fault(const std::string& flag = {}) {
    const auto loaded = load(flag);
    return loaded ? "loaded " + loaded->server.origin() : loaded.error().message;
  }
  std::string origin(const std::string& flag = {}) { return fault(flag).substr(7); }
};

std::string kubeconfig(const std::string& server, const std::string& user = "{token: t}",
                       const std::string& more = "") {
  return "current-context: x\nclusters: [{name: c, cluster: {server: '" + server + "'" + more +
         "}}]\nusers: [{name: u, user: " + user +
         "}]\ncontexts: [{name: x, context: {cluster: c, user: u, namespace: n}}]\n";
}

}  // namespace

TEST_CASE_METHOD(Fixture, "in cluster: server, authority, token file and namespace") {
  be_in_cluster();
  const auto config = kube::in_cluster(environment(), account);
  REQUIRE(config);
  CHECK(config->server.origin() == "https://10.96.0.1");
  CHECK(config->ca_pem == "ca");
  CHECK(config->token.empty());
  CHECK(config->token_file == account + "/token");
  CHECK(config->namespace_name == "digester-system");
  CHECK_FALSE(config->insecure_skip_verify);
}

TEST_CASE_METHOD(Fixture, "in cluster: IPv6 gets its brackets") {
  be_in_cluster("fd00::1", "6443");
  CHECK(kube::in_cluster(environment(), account)->server.origin() == "https://[fd00::1]:6443");
  be_in_cluster("[fd00::1]", "6443");
  CHECK(kube::in_cluster(environment(), account)->server.host == "fd00::1");
}

TEST_CASE_METHOD(Fixture, "in cluster: what is missing is said, with the cure") {
  const auto why = [&] { return kube::in_cluster(environment(), account).error(); };
  CHECK(why().kind == ErrorKind::not_found);
  CHECK(
      why().message.starts_with("not in a cluster: KUBERNETES_SERVICE_HOST is not set; in a pod, leave "
                                "automountServiceAccountToken on; elsewhere, name a kubeconfig file"));
  variables["KUBERNETES_SERVICE_HOST"] = "10.0.0.1";
  CHECK(why().message.starts_with("not in a cluster: KUBERNETES_SERVICE_PORT is not set"));
  variables["KUBERNETES_SERVICE_PORT"] = "443";
  CHECK(why().kind == ErrorKind::invalid);
  CHECK(why().message.starts_with("in a cluster, but its service account is not usable: cannot read " +
                                  account + "/ca.crt: it is not there; "));
  be_in_cluster();
  dir.write("account/token", " \n");
  CHECK(why().message.find("/token is empty") != std::string::npos);
  be_in_cluster("bad host");
  CHECK(why().message == "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT make no address");
}

TEST_CASE_METHOD(Fixture, "the order: flag, KUBECONFIG, in cluster, home") {
  variables["HOME"] = dir / "home";
  CHECK(load().error().kind == ErrorKind::not_found);
  CHECK(fault().starts_with(
      "no way to the Kubernetes API is configured: neither --kubeconfig nor KUBECONFIG is set, "));
  dir.write("home/.kube/config", kubeconfig("https://home"));
  CHECK(origin() == "https://home");
  be_in_cluster();
  CHECK(origin() == "https://10.96.0.1");
  variables["KUBECONFIG"] = dir.write("env", kubeconfig("https://env"));
  CHECK(origin() == "https://env");
  CHECK(origin(dir.write("flag", kubeconfig("https://flag"))) == "https://flag");
}

TEST_CASE_METHOD(Fixture, "a broken service account leaves ~/.kube/config, and is the error without one") {
  variables["KUBERNETES_SERVICE_HOST"] = "10.0.0.1";
  variables["KUBERNETES_SERVICE_PORT"] = "443";
  CHECK(fault().starts_with("in a cluster, but its service account"));
  variables["HOME"] = dir / "home";
  dir.write("home/.kube/config", kubeconfig("https://home"));
  CHECK(origin() == "https://home");
}

TEST_CASE_METHOD(Fixture, "files that were named have to be there") {
  CHECK(fault(dir / "gone") == "--kubeconfig: cannot read " + (dir / "gone") + ": it is not there");
  CHECK(fault(dir.path().string()) ==
        "--kubeconfig: cannot read " + dir.path().string() + ": it is a directory, not a file");
  variables["KUBECONFIG"] = (dir / "gone") + ":" + (dir / "too");
  CHECK(fault().starts_with("KUBECONFIG names no file that is there: "));
  // One of a list is enough.
  variables["KUBECONFIG"] += ":" + dir.write("here", kubeconfig("https://here"));
  CHECK(origin() == "https://here");
}

TEST_CASE_METHOD(Fixture, "all that a kubeconfig says gets into the configuration, files read") {
  dir.write("pki/ca.crt", "CA");
  dir.write("pki/c.pem", "CERT");
  const auto path = dir.write(
      "config",
      kubeconfig("https://a:6443",
                 "{client-certificate: pki/c.pem, client-key-data: S0VZ, tokenFile: tok, token: t}",
                 ", certificate-authority: pki/ca.crt, tls-server-name: sn, proxy-url: 'http://p'"));
  const auto config = load(path);
  REQUIRE(config);
  CHECK(config->server.origin() == "https://a:6443");
  CHECK(config->ca_pem == "CA");
  CHECK(config->client_certificate_pem == "CERT");
  CHECK(config->client_key_pem == "KEY");
  CHECK(config->token == "t");
  CHECK(config->token_file == dir / "tok");
  CHECK(config->server_name == "sn");
  CHECK(config->proxy_url == "http://p");
  CHECK(config->namespace_name == "n");
  CHECK_FALSE(config->credential_source);
  dir.write("config", kubeconfig("https://a", "{tokenFile: tok}"));
  CHECK(fault(path) == "cannot read " + (dir / "tok") + ": it is not there");
  dir.write("config", kubeconfig("a:6443"));
  CHECK(fault(path).starts_with("the server of context \"x\" cannot be used: "));
  CHECK(load(path, "other").error().message == "the kubeconfig has no context \"other\"");
}

TEST_CASE_METHOD(Fixture, "an exec plugin becomes a source of credentials, unless there is a token") {
  const auto plugin =
      dir.write("plugin",
                "#!/bin/sh\nprintf '%s' \"$KUBERNETES_EXEC_INFO\" >\"$OUT\"\n"
                "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\","
                "\"status\":{\"token\":\"from-plugin\"}}'\n");
  REQUIRE(::chmod(plugin.c_str(), 0755) == 0);
  const auto out = dir / "out";
  const std::string exec =
      "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, provideClusterInfo: true, "
      "env: [{name: OUT, value: '" +
      out + "'}]}";
  const auto path = dir.write("config", kubeconfig("https://a:6443", "{" + exec + "}"));
  const auto config = load(path);
  REQUIRE(config);
  REQUIRE(config->credential_source);
  const auto token = test::run_task(io, [&] { return config->credential_source->credential(false); });
  REQUIRE(token);
  CHECK(token->token == "from-plugin");
  std::ifstream info(out);
  const std::string seen{std::istreambuf_iterator<char>(info), {}};
  CHECK(seen.find(R"("cluster":{"server":"https://a:6443")") != std::string::npos);
  dir.write("config", kubeconfig("https://a", "{token: t, " + exec + "}"));
  CHECK_FALSE(load(path)->credential_source);
  dir.write("config", kubeconfig("https://a",
                                 "{exec: {apiVersion: client.authentication.k8s.io/v1, command: p, "
                                 "interactiveMode: Always}}"));
  CHECK(load(path).error().kind == ErrorKind::unsupported);
}
