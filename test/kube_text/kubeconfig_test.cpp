#include "kube/text/kubeconfig.hpp"

#include <catch2/catch.hpp>

#include "kube/text/yaml_tree.hpp"

using namespace digester;
using kube::Kubeconfig;
using kube::KubeconfigText;

namespace {

// One context with this cluster and this user, in flow style.
std::string config(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: x\nclusters:\n- name: c\n  cluster: " + cluster +
         "\nusers:\n- name: u\n  user: " + user +
         "\ncontexts:\n- name: x\n  context: {cluster: c, user: u, namespace: team}\n";
}

const std::string kServer = "{server: 'https://api.example:6443'}";

Result<Kubeconfig> parse(const std::string& text, std::string_view context = {}) {
  const KubeconfigText file{"/home/me/.kube/config", text};
  return kube::parse_kubeconfig({&file, 1}, context);
}

std::string fault(const std::string& text, std::string_view context = {}) {
  const auto parsed = parse(text, context);
  return parsed ? "accepted" : parsed.error().message;
}

std::string user_fault(const std::string& user) {
  return fault(config(kServer, user));
}

}  // namespace

TEST_CASE("the current context's cluster and user are read") {
  const auto got =
      parse(config("{server: 'https://api.example:6443', certificate-authority-data: cGVt, "
                   "tls-server-name: kubernetes, proxy-url: 'http://proxy:3128'}",
                   "{token: t0k, client-certificate-data: Y2VydA==, client-key-data: a2V5}"));
  REQUIRE(got);
  CHECK(got->context == "x");
  CHECK(got->cluster == "c");
  CHECK(got->user == "u");
  CHECK(got->namespace_name == "team");
  CHECK(got->server == "https://api.example:6443");
  CHECK(got->ca_data == "pem");
  CHECK(got->tls_server_name == "kubernetes");
  CHECK(got->proxy_url == "http://proxy:3128");
  CHECK_FALSE(got->insecure_skip_tls_verify);
  CHECK(got->token == "t0k");
  CHECK(got->client_certificate_data == "cert");
  CHECK(got->client_key_data == "key");
  CHECK_FALSE(got->exec);
}

TEST_CASE("relative paths lead from the file's directory, absolute ones stay") {
  const auto got = parse(config("{server: 'https://a', certificate-authority: pki/ca.crt}",
                                "{tokenFile: ../tok, client-certificate: /abs/c.pem, client-key: c.key}"));
  REQUIRE(got);
  CHECK(got->ca_file == "/home/me/.kube/pki/ca.crt");
  CHECK(got->token_file == "/home/me/.kube/../tok");
  CHECK(got->client_certificate_file == "/abs/c.pem");
  CHECK(got->client_key_file == "/home/me/.kube/c.key");
  const KubeconfigText bare{"config", config("{server: 'https://a', certificate-authority: ca.crt}", "{}")};
  CHECK(kube::parse_kubeconfig({&bare, 1})->ca_file == "ca.crt");
}

TEST_CASE("an exec plugin is read with all it needs") {
  const auto got = parse(config(kServer, R"({exec: {apiVersion: client.authentication.k8s.io/v1, command: aws,
    args: [eks, get-token, --name, 7, ""], env: [{name: AWS_PROFILE, value: dev}, {name: EMPTY}],
    interactiveMode: Never, provideClusterInfo: true, installHint: "get it\nthere"}})"));
  REQUIRE(got);
  REQUIRE(got->exec);
  CHECK(got->exec->api_version == "client.authentication.k8s.io/v1");
  CHECK(got->exec->command == "aws");
  CHECK(got->exec->args == std::vector<std::string>{"eks", "get-token", "--name", "7", ""});
  CHECK(got->exec->env ==
        std::vector<std::pair<std::string, std::string>>{{"AWS_PROFILE", "dev"}, {"EMPTY", ""}});
  CHECK(got->exec->interactive == kube::ExecConfig::Interactive::never);
  CHECK(got->exec->provide_cluster_info);
  CHECK(got->exec->install_hint == "get it\nthere");
  const auto with_command = [](const std::string& command) {
    return parse(config(kServer, "{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: " +
                                     command + "}}"))
        ->exec->command;
  };
  CHECK(with_command("./bin/plugin") == "/home/me/.kube/./bin/plugin");
  CHECK(with_command("bin/plugin") == "/home/me/.kube/bin/plugin");
  CHECK(with_command("/opt/plugin") == "/opt/plugin");
}

TEST_CASE("an exec plugin that cannot be run is refused") {
  const auto exec_fault = [](const std::string& exec) { return user_fault("{exec: " + exec + "}"); };
  CHECK(exec_fault("{apiVersion: client.authentication.k8s.io/v1alpha1, command: aws}")
            .find("users[].user.exec.apiVersion \"client.authentication.k8s.io/v1alpha1\" is neither") !=
        std::string::npos);
  CHECK(exec_fault("{command: aws}") == "/home/me/.kube/config:9: users[].user.exec has no apiVersion");
  CHECK(exec_fault("{apiVersion: client.authentication.k8s.io/v1}") ==
        "/home/me/.kube/config:9: users[].user.exec has no command");
  const std::string base = "{apiVersion: client.authentication.k8s.io/v1, command: aws, ";
  CHECK(exec_fault(base + "args: aws}").ends_with("users[].user.exec.args is not a list"));
  CHECK(exec_fault(base + "args: [{a: b}]}").ends_with("args holds what is no string"));
  CHECK(exec_fault(base + "args: [\"a\\0b\"]}").ends_with("args holds what is no string"));
  CHECK(exec_fault(base + "env: [{value: x}]}").ends_with("env has an entry without a usable name"));
  CHECK(exec_fault(base + "env: [{name: 'A=B', value: x}]}")
            .ends_with("env has an entry without a usable name"));
  CHECK(
      exec_fault(base + "env: [{name: A, value: \"\\0\"}]}").ends_with("env has a value that is no string"));
  CHECK(
      exec_fault(base + "interactiveMode: Sometimes}").ends_with("is none of Never, IfAvailable and Always"));
  CHECK(exec_fault(base + "provideClusterInfo: maybe}").ends_with("provideClusterInfo is not true or false"));
}

TEST_CASE("what would act as somebody else is an error with the cure") {
  CHECK(user_fault("{username: admin, password: s3cret}").find("use a token") != std::string::npos);
  CHECK(user_fault("{auth-provider: {name: gcp}}").find("gke-gcloud-auth-plugin") != std::string::npos);
  for (const char* user : {"{token: t, as: root}", "{token: t, as-groups: [a]}", "{token: t, as-uid: '1'}"})
    CHECK(user_fault(user).find("impersonation") != std::string::npos);
  CHECK(user_fault("{username: admin, password: s3cret}").find("s3cret") == std::string::npos);
  // Another user's entry is nobody's concern.
  CHECK(parse(config(kServer, "{token: t}") + "preferences: {}\n"));
  const KubeconfigText files[] = {{"a", config(kServer, "{token: t}")},
                                  {"b", "users: [{name: old, user: {username: u, password: p}}]"}};
  CHECK(kube::parse_kubeconfig(files));
}

TEST_CASE("files are merged as kubectl does: the first entry of a name wins, as a whole") {
  // Compared with `KUBECONFIG=a:b kubectl config view` of kubectl 1.20.
  const KubeconfigText files[] = {
      {"/a/config",
       "current-context: ''\nclusters: [{name: c, cluster: {server: 'https://a:1'}}]\n"
       "users: [{name: u, user: {token: first}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]"},
      {"/b/config",
       "current-context: x\nclusters: [{name: c, cluster: {server: 'https://b:1', tls-server-name: s}}]\n"
       "users: [{name: u, user: {tokenFile: rel}}, {name: v, user: {tokenFile: rel}}]\n"
       "contexts: [{name: x, context: {cluster: c, user: u, namespace: second}},\n"
       "  {name: y, context: {cluster: c, user: v}}]"}};
  const auto current = kube::parse_kubeconfig(files);
  REQUIRE(current);
  CHECK(current->context == "x");
  CHECK(current->server == "https://a:1");
  CHECK(current->tls_server_name.empty());
  CHECK(current->token == "first");
  CHECK(current->token_file.empty());
  CHECK(current->namespace_name.empty());
  const auto named = kube::parse_kubeconfig(files, "y");
  REQUIRE(named);
  CHECK(named->token_file == "/b/rel");  // beside its own file
}

TEST_CASE("the paths in KUBECONFIG") {
  CHECK(kube::split_kubeconfig_paths("/a:b::/a:c:") == std::vector<std::string>{"/a", "b", "c"});
  CHECK(kube::split_kubeconfig_paths("").empty());
}

TEST_CASE("what is missing is named") {
  CHECK(fault("") == "the kubeconfig sets no current-context; choose one with `kubectl config use-context`");
  CHECK(fault(config(kServer, "{}"), "other") == "the kubeconfig has no context \"other\"");
  CHECK(fault("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]") ==
        "/home/me/.kube/config:2: context \"x\" names the cluster \"c\", which is not there");
  CHECK(fault("current-context: x\nclusters: [{name: c, cluster: {server: 'https://a'}}]\n"
              "contexts: [{name: x, context: {cluster: c, user: u}}]") ==
        "/home/me/.kube/config:3: context \"x\" names the user \"u\", which is not there");
  CHECK(fault(config("{}", "{}")) == "/home/me/.kube/config:6: clusters[].cluster has no server");
  CHECK(fault("clusters: [{cluster: {}}]") == "/home/me/.kube/config:1: an entry of clusters has no name");
  CHECK(fault("users: [{name: u}, {name: u}]") == "/home/me/.kube/config:1: users holds \"u\" twice");
  CHECK(user_fault("{client-key: k}").ends_with("has only one of client certificate and client key"));
  // Anonymous is allowed, as in kubectl.
  CHECK(
      parse("current-context: x\nclusters: [{name: c, cluster: {server: 'https://a'}}]\n"
            "contexts: [{name: x, context: {cluster: c}}]"));
}

TEST_CASE("values of another type, bad base64 and contradictions are refused, without the value") {
  CHECK(user_fault("{token: [s3cret]}") == "/home/me/.kube/config:9: users[].user.token is not a string");
  CHECK(user_fault("{token: \"s3c\\nret\"}") ==
        "/home/me/.kube/config:9: users[].user.token holds control characters");
  CHECK(user_fault("{client-key-data: s3cret!, client-certificate-data: aaaa}") ==
        "/home/me/.kube/config:9: users[].user.client-key-data is not base64");
  CHECK(fault(config("{server: 'https://a', insecure-skip-tls-verify: 'true'}", "{}"))
            .ends_with("insecure-skip-tls-verify is not true or false"));
  CHECK(fault(config("{server: 'https://a', insecure-skip-tls-verify: true, certificate-authority: x}", "{}"))
            .ends_with("remove one"));
  CHECK(
      parse(config("{server: 'https://a', insecure-skip-tls-verify: true}", "{}"))->insecure_skip_tls_verify);
  CHECK(parse(config(kServer, "{token: 12345}"))->token == "12345");
  CHECK(parse(config(kServer, "{token: null, tokenFile: ~}"))->token.empty());
  CHECK(parse(config(kServer, "{client-certificate-data: \"Y2Vy\\ndA==\", client-key-data: a2V5}"))
            ->client_certificate_data == "cert");
  CHECK(fault("kind: Deployment") == "/home/me/.kube/config:1: not a kubeconfig: its kind is \"Deployment\"");
  CHECK(fault("- a") == "/home/me/.kube/config:1: not a kubeconfig: no mapping");
  CHECK(fault("clusters: {a: b}").ends_with("kubeconfig.clusters is not a list"));
}

TEST_CASE("kubeconfig files in JSON are YAML too") {
  CHECK(
      parse(
          R"({"kind":"Config","current-context":"x","clusters":[{"name":"c","cluster":{"server":"https:\/\/a"}}],
    "contexts":[{"name":"x","context":{"cluster":"c"}}]})")
          ->server == "https://a");
}

TEST_CASE("YAML is read within limits") {
  using kube::parse_yaml;
  const auto why = [](const std::string& text, kube::YamlLimits limits = {}) {
    const auto read = parse_yaml(text, limits);
    return read ? std::string("accepted") : read.error().message;
  };
  CHECK(why("a: {b: 1, b: 2}") == "line 1: the key \"b\" is there twice");
  CHECK(why("a: 1\n? [x]\n: 2") == "line 2: a key that is no scalar");
  CHECK(why("a: 1\n---\nb: 2") == "line 1: one document is expected, and there are more");
  CHECK(why("--- {a: 1}\n...\n") == "accepted");
  CHECK(why("base: &b {x: 1}\nd:\n  <<: *b") == "line 3: merge keys (<<) are not supported");
  CHECK(why("a: &x [*x]") == "line 1: an alias to what it is part of");
  CHECK(why("a: *nobody").starts_with("line 1: "));
  CHECK(why(std::string("a: \0b", 5)) == "line 1: not UTF-8 text");
  CHECK(why("a: \xff") == "line 1: not UTF-8 text");
  CHECK(why("a: 'open").starts_with("line "));
  CHECK(why(std::string(32, '[') + std::string(32, ']')) == "accepted");
  CHECK(why(std::string(33, '[') + std::string(33, ']')) == "line 1: nested deeper than 32 levels");
  CHECK(why(std::string(1'000'000, '[')) != "accepted");
  CHECK(why(std::string(1'000'000, '{')) != "accepted");
  CHECK(why("aaaa", {.bytes = 3}) == "line 1: longer than 3 bytes");
  CHECK(why("[1,2,3]", {.nodes = 4}) == "accepted");
  CHECK(why("[1,2,3]", {.nodes = 3}) == "line 1: the document is too large");
  // A billion laughs.
  std::string laughs = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c <= 'z'; ++c)
    laughs += std::string(1, c) + ": &" + c + " [" + "*" + char(c - 1) + ",*" + char(c - 1) + ",*" +
              char(c - 1) + "]\n";
  CHECK_FALSE(parse_yaml(laughs));
  CHECK(parse_yaml(laughs).error().kind == ErrorKind::too_large);
  // An alias is a copy.
  const auto tree = parse_yaml("a: &x {k: v}\nb: *x\nc: \"quoted\"");
  REQUIRE(tree);
  CHECK(tree->find("b")->find("k")->scalar == "v");
  CHECK(tree->find("c")->quoted);
  CHECK(tree->find("none") == nullptr);
}
