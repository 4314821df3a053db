#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>

#include "cli/options.hpp"

using namespace digester;

namespace {

cli::Action parse(std::vector<const char*> arguments, std::map<std::string, std::string> environment = {}) {
  arguments.insert(arguments.begin(), "digester");
  return cli::parse(static_cast<int>(arguments.size()), arguments.data(),
                    [&](std::string_view name) -> std::optional<std::string> {
                      const auto found = environment.find(std::string(name));
                      if (found == environment.end()) return std::nullopt;
                      return found->second;
                    });
}

cli::WebhookOptions webhook(std::vector<const char*> arguments,
                            std::map<std::string, std::string> environment = {}) {
  arguments.insert(arguments.begin(), "webhook");
  const auto action = parse(std::move(arguments), std::move(environment));
  if (const auto* exit = std::get_if<cli::Exit>(&action)) FAIL(exit->text);
  return std::get<cli::WebhookOptions>(action);
}

std::string usage_error(std::vector<const char*> arguments,
                        std::map<std::string, std::string> environment = {}) {
  const auto action = parse(std::move(arguments), std::move(environment));
  const auto* exit = std::get_if<cli::Exit>(&action);
  REQUIRE(exit);
  CHECK(exit->code == 2);
  return exit->text;
}

// A file that goes away with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    const int fd = ::mkstemp(path_.data());
    REQUIRE(fd >= 0);
    ::close(fd);
    std::ofstream(path_) << content;
  }
  ~TemporaryFile() { std::remove(path_.c_str()); }
  const char* path() const { return path_.c_str(); }

 private:
  std::string path_ = "/tmp/digester-test-XXXXXX";
};

}  // namespace

TEST_CASE("the defaults are k8s-digester's") {
  const auto o = webhook({});
  CHECK(o.port == 8443);
  CHECK(o.cert_dir == "/certs");
  CHECK(o.health_addr == ":9090");
  CHECK(o.metrics_addr == ":8888");
  CHECK_FALSE(o.offline);
  CHECK_FALSE(o.policy.dry_run);
  CHECK_FALSE(o.policy.ignore_errors);
}

TEST_CASE("k8s-digester's ways to write a flag work") {
  const auto o =
      webhook({"--offline=true", "--dry-run", "--ignore-errors=false", "--port=1", "--skip-prefixes", "a:b"});
  CHECK(o.offline);
  CHECK(o.policy.dry_run);
  CHECK_FALSE(o.policy.ignore_errors);
  CHECK(o.port == 1);
  CHECK(o.policy.skip.prefixes == "a:b");
}

TEST_CASE("flags win over the environment, that over the file, that over defaults") {
  const TemporaryFile file(
      "skip-prefixes: file\nport: 7\noffline: true\ncache-ttl: 5m\ninsecure-registries: [a, b]\n");
  const auto o = webhook({"--config", file.path(), "--port", "9"}, {{"SKIP_PREFIXES", "environment"}});
  CHECK(o.port == 9);
  CHECK(o.policy.skip.prefixes == "environment");
  CHECK(o.offline);
  CHECK(o.cache.ttl == std::chrono::minutes(5));
  CHECK(o.registry.insecure_registries == std::vector<std::string>{"a", "b"});
}

TEST_CASE("the environment's booleans are checked as flags are") {
  CHECK(webhook({}, {{"OFFLINE", "true"}}).offline);
  CHECK_FALSE(webhook({}, {{"OFFLINE", "false"}}).offline);
  CHECK_FALSE(webhook({"--offline=false"}, {{"OFFLINE", "true"}}).offline);
  CHECK(usage_error({"webhook"}, {{"OFFLINE", "perhaps"}}).find("OFFLINE") != std::string::npos);
  CHECK(webhook({}, {{"DEBUG", "true"}}).log_level == Level::debug);
  CHECK(webhook({}, {{"DEBUG", ""}}).log_level == Level::info);
  CHECK(webhook({"--log-level=warn"}, {{"DEBUG", "1"}}).log_level == Level::warn);
  CHECK(webhook({}, {{"DEBUG", "no"}}).log_level == Level::info);
  CHECK(usage_error({"webhook"}, {{"DEBUG", "perhaps"}}).find("DEBUG: \"perhaps\"") != std::string::npos);
}

TEST_CASE("DEBUG wins over the file, and false is no wish") {
  const TemporaryFile file("log-level: warn\n");
  CHECK(webhook({"--config", file.path()}, {{"DEBUG", "true"}}).log_level == Level::debug);
  CHECK(webhook({"--config", file.path()}, {{"DEBUG", "false"}}).log_level == Level::warn);
}

TEST_CASE("a configuration file's mistakes are named with file and line") {
  struct Row {
    const char* content;
    const char* error;
  };
  const auto row =
      GENERATE(Row{"port: 1\nprot: 2\n", "prot"}, Row{"port: x\n", "port"}, Row{"- a\n", "mapping"},
               Row{"port: {a: b}\n", "\"port\" is a map"}, Row{"a: [\n", ":2:"},
               Row{"port: 1\nport: 2\n", "twice"}, Row{"config: x\n", "\"config\" cannot stand in"},
               Row{"cache-ttl: soon\n", ":1: cache-ttl: \"soon\" is not a duration"},
               Row{"port: 1\non-error: [refuse, admit]\n", ":2: \"on-error\" takes one value"},
               Row{"offline: [true]\n", "takes one value"}, Row{"port:\n", "\"port\" has no value"},
               Row{"\nprot: 2\n", ":2: unknown key \"prot\"; did you mean port?"},
               Row{"log_level: debug\n", "did you mean log-level?"},
               Row{"port: 1\n---\nport: 2\n", "another"}, Row{"port: \xff\n", "UTF-8"});
  const TemporaryFile file(row.content);
  const auto text = usage_error({"webhook", "--config", file.path()});
  INFO(text);
  CHECK(text.find(row.error) != std::string::npos);
  CHECK(text.find(file.path()) != std::string::npos);
}

TEST_CASE("a bad value in a file is told without saying its key twice") {
  const TemporaryFile file("port: x\n");
  const auto text = usage_error({"webhook", "--config", file.path()});
  CHECK(text.find("port: \"x\" is not a number from 0 to 65535") != std::string::npos);
  CHECK(text.find("--port") == std::string::npos);
}

TEST_CASE("an empty list in a file is an empty list") {
  const TemporaryFile file("skip-owners: []\nskip-prefix: []\n");
  const auto o = webhook({"--config", file.path()});
  CHECK(o.policy.skip_owners_given);
  CHECK(o.policy.skip_owners.empty());
  CHECK(o.policy.skip.prefix.empty());
}

TEST_CASE("an empty configuration file and a missing one are different things") {
  const TemporaryFile file("# nothing yet\n");
  CHECK(webhook({"--config", file.path()}).port == 8443);
  CHECK(usage_error({"webhook", "--config", ""}).find("file name") != std::string::npos);
  CHECK(usage_error({"webhook", "--config", "/nonexistent/x.yaml"}).find("No such file") !=
        std::string::npos);
}

TEST_CASE("lists repeat and take commas") {
  const auto o =
      webhook({"--skip-prefix=r:5000/a", "--skip-prefix", "b", "--insecure-registries=x,10.0.0.0/8"});
  CHECK(o.policy.skip.prefix == std::vector<std::string>{"r:5000/a", "b"});
  CHECK(o.registry.insecure_registries == std::vector<std::string>{"x", "10.0.0.0/8"});
  CHECK_FALSE(o.policy.skip_owners_given);
}

TEST_CASE("a list of nothing is empty, and takes no other flag for its value") {
  const auto o = webhook({"--realm-allow", ",", "--drain", "2s", "--skip-owners", ""});
  CHECK(o.registry.realm_allow.empty());
  CHECK(o.drain == std::chrono::seconds(2));
  CHECK(o.policy.skip_owners_given);
  CHECK(o.policy.skip_owners.empty());
}

TEST_CASE("a flag with nothing behind its = has the empty value, and leaves the next argument alone") {
  const auto o = webhook({"--listen-address=", "--pod-name=", "--drain", "2s", "--skip-owners=", "--port=9"});
  CHECK(o.listen_address.empty());
  CHECK(o.pod_name.empty());
  CHECK(o.drain == std::chrono::seconds(2));
  CHECK(o.policy.skip_owners_given);
  CHECK(o.port == 9);
  CHECK(webhook({"--pod-name", "--offline="}).pod_name == "--offline=");
  for (const char* flag :
       {"--drain=", "--port=", "--max-body=", "--dry-run=", "--log-level=", "--on-error="}) {
    const auto text = usage_error({"webhook", flag, "--offline"});
    INFO(text);
    CHECK(text.find(std::string(flag, std::strlen(flag) - 1) + ": \"\"") != std::string::npos);
  }
}

TEST_CASE("values that make no sense are named with flag, value and what is accepted") {
  struct Row {
    const char* argument;
    const char* error;
  };
  const auto row = GENERATE(
      Row{"--port=x", "--port: \"x\" is not a number from 0 to 65535"},
      Row{"--port=70000", "--port: \"70000\" is not a number from 0 to 65535"},
      Row{"--dry-run=maybe", "--dry-run: \"maybe\" is neither true nor false"},
      Row{"--drain=1d", "--drain: \"1d\" is not a duration: unknown unit \"d\""},
      Row{"--drain=-1s", "--drain: \"-1s\" is not a duration: it is negative"},
      Row{"--drain=61m", "--drain: \"61m\" is too long, it must be at most 1h"},
      Row{"--admission-budget=1ms", "--admission-budget: \"1ms\" is too short, it must be at least 10ms"},
      Row{"--on-error=x", "--on-error: \"x\" is none of refuse, admit-controlled, admit"},
      Row{"--log-format=xml", "--log-format: \"xml\" is none of json, text"},
      Row{"--pod-namespace=Not_A.Label", "--pod-namespace: \"Not_A.Label\" is no namespace"},
      Row{"--max-body=x", "--max-body: \"x\" is not a size"});
  const auto text = usage_error({"webhook", row.argument});
  INFO(text);
  CHECK(text.find(row.error) != std::string::npos);
}

TEST_CASE("what was mistyped is answered with the nearest name") {
  CHECK(usage_error({"webhook", "--drian=5s"}).find("no flag \"--drian\"; did you mean --drain?") !=
        std::string::npos);
  CHECK(usage_error({"webhook", "-offline"}).find("did you mean --offline?") != std::string::npos);
  CHECK(usage_error({"digest", "--fulll", "a"}).find("did you mean --full?") != std::string::npos);
  CHECK(usage_error({"digest", "--no-such-flag"}).find("did you mean") == std::string::npos);
  CHECK(usage_error({"dijest"}).find("did you mean digest?") != std::string::npos);
  CHECK(usage_error({"webhook", "--port"}).find("--port needs a value") != std::string::npos);
}

TEST_CASE("one argument too many is told to commands with arguments and without") {
  CHECK(usage_error({"kustomize", "a", "b"}).find("unexpected argument \"b\": it takes one DIR\n") !=
        std::string::npos);
  CHECK(usage_error({"version", "x"}).find("unexpected argument \"x\": it takes flags alone\n") !=
        std::string::npos);
}

TEST_CASE("help for a command that is not there names the nearest") {
  CHECK(usage_error({"help", "dijest"})
            .find("digester: there is no command \"dijest\"; did you mean digest?") != std::string::npos);
  CHECK(usage_error({"help", "nope"}).find("there is no command \"nope\"") != std::string::npos);
  CHECK(usage_error({"help", "setters", "lits"})
            .find("digester setters: there is no command \"lits\"; did you "
                  "mean list?") != std::string::npos);
}

TEST_CASE("a group's help does not end with the root's advice") {
  CHECK(std::get<cli::Exit>(parse({"--help"})).text.find("Start here") != std::string::npos);
  for (const auto& arguments : std::vector<std::vector<const char*>>{
           {"setters", "--help"}, {"lock", "--help"}, {"version", "--help"}, {"help", "setters"}})
    CHECK(std::get<cli::Exit>(parse(arguments)).text.find("Start here") == std::string::npos);
}

TEST_CASE("an idle limit that the API server outlives is refused") {
  CHECK(usage_error({"webhook", "--idle-timeout=90s"}).find("at least 1m31s") != std::string::npos);
  CHECK(webhook({"--idle-timeout=91s"}).limits.idle_timeout == std::chrono::seconds(91));
}

TEST_CASE("wrong usage exits with 2 and says where help is") {
  CHECK(usage_error({"frobnicate"}).find("there is no command \"frobnicate\"") != std::string::npos);
  CHECK(usage_error({"digest"}).find("digester digest --help") != std::string::npos);
  CHECK(usage_error({"webhook", "--port", "70000"}).find("--port") != std::string::npos);
  CHECK(usage_error({"webhook", "stray"}).find("unexpected argument \"stray\"") != std::string::npos);
  for (const auto& arguments : std::vector<std::vector<const char*>>{{"frobnicate"},
                                                                     {"--frobnicate"},
                                                                     {"webhook", "--x"},
                                                                     {"digest"},
                                                                     {"version", "x"},
                                                                     {"digest", "--timeout=x", "a"}})
    CHECK(usage_error(arguments).find("--help\" for usage.\n") != std::string::npos);
}

TEST_CASE("images are taken as they come, flags in between") {
  const auto action = parse({"digest", "a", "--full", "b", "-o", "json", "--timeout=5s"});
  const auto* o = std::get_if<cli::DigestOptions>(&action);
  REQUIRE(o);
  CHECK(o->images == std::vector<std::string>{"a", "b"});
  CHECK(o->full);
  CHECK(o->json);
  CHECK(o->timeout == std::chrono::seconds(5));
}

TEST_CASE("help goes out with 0 and names every command") {
  const auto action = parse({"--help"});
  const auto* exit = std::get_if<cli::Exit>(&action);
  REQUIRE(exit);
  CHECK(exit->code == 0);
  for (const auto* command : {"webhook", "digest", "version"})
    CHECK(exit->text.find(command) != std::string::npos);
}

TEST_CASE("the help of a command tells its exit codes") {
  for (const char* command : {"webhook", "digest"}) {
    const auto action = parse({command, "--help"});
    CHECK(std::get<cli::Exit>(action).text.find("Exit codes: 0 ") != std::string::npos);
  }
}
