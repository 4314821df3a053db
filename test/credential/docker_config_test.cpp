#include "credential/docker_config.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <thread>

#include "base/text.hpp"
#include "support/capture_log.hpp"
#include "support/manual_clock.hpp"
#include "support/run_task.hpp"
#include "support/temporary_directory.hpp"

using namespace digester;
using credential::Credential;
using credential::DockerConfig;
using credential::Environment;

namespace {

Environment from(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto it = variables.find(std::string(name));
    if (it == variables.end()) return std::nullopt;
    return it->second;
  };
}

std::string config(const std::string& key, const std::string& user_and_password) {
  return R"({"auths":{")" + key + R"(":{"auth":")" + text::base64_encode(user_and_password) + R"("}}})";
}

std::vector<std::string> users(const std::vector<Credential>& credentials) {
  std::vector<std::string> out;
  for (const auto& c : credentials)
    out.push_back(c.user);
  return out;
}

using Users = std::vector<std::string>;

struct Fixture {
  test::TemporaryDirectory dir;
  test::ManualClock clock;
  test::CaptureLog log;
  image::Reference reference = *image::Reference::parse("reg.io/team/app:1");

  DockerConfig make(std::map<std::string, std::string> variables) {
    return DockerConfig(from(std::move(variables)), clock, log.logger());
  }
};

}  // namespace

TEST_CASE("the files of docker and podman are looked for in their order") {
  using Paths = std::vector<std::string>;
  CHECK(credential::docker_config_paths(from({{"HOME", "/h"}})) ==
        Paths{"/h/.docker/config.json", "/h/.config/containers/auth.json"});
  CHECK(credential::docker_config_paths(from({{"HOME", "/h"},
                                              {"DOCKER_CONFIG", "/d"},
                                              {"REGISTRY_AUTH_FILE", "/r.json"},
                                              {"XDG_RUNTIME_DIR", "/x"}})) ==
        Paths{"/d/config.json", "/r.json", "/x/containers/auth.json", "/h/.config/containers/auth.json"});
  CHECK(credential::docker_config_paths(from({{"HOME", ""}, {"DOCKER_CONFIG", ""}})).empty());
}

TEST_CASE_METHOD(Fixture, "every source is asked, DOCKER_AUTH_CONFIG first") {
  dir.write("docker/config.json", config("reg.io", "docker:p"));
  dir.write("auth.json", config("reg.io", "file:p"));
  dir.write("run/containers/auth.json", config("reg.io", "run:p"));
  dir.write("home/.config/containers/auth.json", config("reg.io", "home:p"));
  auto source = make({{"DOCKER_AUTH_CONFIG", config("reg.io", "inline:p")},
                      {"DOCKER_CONFIG", dir / "docker"},
                      {"REGISTRY_AUTH_FILE", dir / "auth.json"},
                      {"XDG_RUNTIME_DIR", dir / "run"},
                      {"HOME", dir / "home"}});
  CHECK(users(source.look_up(reference)) == Users{"inline", "docker", "file", "run", "home"});
  CHECK(source.look_up(*image::Reference::parse("other.io/x")).empty());
  CHECK(log.lines().empty());
}

TEST_CASE_METHOD(Fixture,
                 "go-containerregistry 723 and 1431: several logins for one registry are all given") {
  dir.write("config.json", R"({"auths":{"reg.io":{"username":"host","password":"p"},
    "reg.io/team":{"username":"team","password":"p"},"reg.io/team/app":{"username":"app","password":"p"},
    "*.io":{"username":"glob","password":"p"},"https://reg.io/v2/":{"username":"host","password":"p"}}})");
  auto source = make({{"DOCKER_CONFIG", dir.path().string()}});
  CHECK(users(source.look_up(reference)) == Users{"app", "team", "host", "glob"});
}

TEST_CASE_METHOD(Fixture, "from memory alone until the files are due for a look, then through fetch") {
  dir.write("config.json", config("reg.io", "one:p"));
  auto source = make({{"DOCKER_CONFIG", dir.path().string()}});
  net::asio::io_context io;
  const credential::Context context;
  const auto fetch = [&] { return test::run_task(io, [&] { return source.fetch(reference, context); }); };

  CHECK_FALSE(source.ready(reference, context));
  CHECK(users(*fetch()) == Users{"one"});
  CHECK(users(*source.ready(reference, context)) == Users{"one"});

  dir.write("config.json", config("reg.io", "another:p"));
  CHECK(users(*source.ready(reference, context)) == Users{"one"});
  CHECK(users(*fetch()) == Users{"one"});
  clock.advance(DockerConfig::kCheckInterval);
  CHECK_FALSE(source.ready(reference, context));
  CHECK(users(*fetch()) == Users{"another"});
  CHECK(users(*source.ready(reference, context)) == Users{"another"});

  std::filesystem::remove(dir / "config.json");
  clock.advance(DockerConfig::kCheckInterval);
  CHECK(fetch()->empty());
}

TEST_CASE_METHOD(Fixture, "with nothing but the environment there is no file to look at") {
  auto source = make({{"DOCKER_AUTH_CONFIG", config("reg.io", "inline:p")}});
  CHECK(users(*source.ready(reference, {})) == Users{"inline"});
  clock.advance(std::chrono::hours(1));
  CHECK(source.ready(reference, {}));
  auto none = make({});
  CHECK(none.ready(reference, {})->empty());
}

TEST_CASE_METHOD(Fixture, "go-containerregistry 1420: a directory in place of config.json is a warning") {
  std::filesystem::create_directory(dir / "config.json");
  dir.write("auth.json", config("reg.io", "file:p"));
  auto source = make({{"DOCKER_CONFIG", dir.path().string()}, {"REGISTRY_AUTH_FILE", dir / "auth.json"}});
  CHECK(users(source.look_up(reference)) == Users{"file"});
  REQUIRE(log.lines().size() == 1);
  CHECK_THAT(log.text(), Catch::Contains("\"warn\"") && Catch::Contains("it is a directory"));
  clock.advance(std::chrono::minutes(1));
  source.look_up(reference);
  CHECK(log.lines().size() == 1);
}

TEST_CASE_METHOD(Fixture, "a broken file is a warning without its content, and keeps what it held") {
  dir.write("config.json", config("reg.io", "one:p"));
  auto source = make({{"DOCKER_CONFIG", dir.path().string()}});
  source.look_up(reference);
  dir.write("config.json", R"({"auths":{"reg.io":{"auth":"hidden)");
  clock.advance(DockerConfig::kCheckInterval);
  CHECK(users(source.look_up(reference)) == Users{"one"});
  REQUIRE(log.lines().size() == 1);
  CHECK_THAT(log.text(),
             Catch::Contains("config.json") && Catch::Contains("not JSON") && !Catch::Contains("hidden"));
  dir.write("config.json", config("reg.io", "fixed:p"));
  clock.advance(DockerConfig::kCheckInterval);
  CHECK(users(source.look_up(reference)) == Users{"fixed"});
}

TEST_CASE_METHOD(Fixture, "a broken DOCKER_AUTH_CONFIG is a warning and the files count") {
  dir.write("config.json", config("reg.io", "file:p"));
  auto source = make({{"DOCKER_AUTH_CONFIG", "{hidden"}, {"DOCKER_CONFIG", dir.path().string()}});
  CHECK(users(source.look_up(reference)) == Users{"file"});
  CHECK_THAT(log.text(), Catch::Contains("DOCKER_AUTH_CONFIG") && !Catch::Contains("hidden"));
}

TEST_CASE_METHOD(Fixture, "credential helpers are said once to be unsupported, and static logins count") {
  dir.write(
      "config.json",
      R"({"credsStore":"desktop","credHelpers":{"gcr.io":"gcloud"},"auths":{"reg.io":{"auth":"dTpw"}}})");
  auto source = make({{"DOCKER_CONFIG", dir.path().string()}});
  CHECK(users(source.look_up(reference)) == Users{"u"});
  clock.advance(std::chrono::minutes(1));
  source.look_up(reference);
  REQUIRE(log.lines().size() == 1);
  CHECK_THAT(log.text(), Catch::Contains("not supported"));
}

TEST_CASE_METHOD(Fixture, "no secret reaches the log") {
  dir.write("config.json", R"({"credsStore":"x","auths":{"reg.io":{"username":"hidden","password":""},
    "a.io":{"auth":"aGlkZGVu"},"hidden:hidden@b.io":{"auth":"dTpw"},"c.io":{"identitytoken":"hidden"}}})");
  auto source =
      make({{"DOCKER_CONFIG", dir.path().string()}, {"DOCKER_AUTH_CONFIG", R"({"auths":"hidden"})"}});
  source.look_up(reference);
  CHECK(log.lines().size() >= 4);
  CHECK_THAT(log.text(), !Catch::Contains("hidden") && !Catch::Contains("aGlkZGVu"));
}

TEST_CASE_METHOD(Fixture, "threads read while the registry thread reloads") {
  const auto path = dir.write("config.json", config("reg.io", "user:p"));
  auto source = make({{"DOCKER_CONFIG", dir.path().string()}});
  source.look_up(reference);
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i)
    readers.emplace_back([&] {
      while (!stop) {
        const auto found = source.ready(reference, {});
        if (found && (found->size() != 1 || found->front().user != "user")) ++wrong;
      }
    });
  for (int i = 0; i < 50; ++i) {
    dir.write("next", config("reg.io", "user:" + std::to_string(i)));
    std::filesystem::rename(dir / "next", path);
    clock.advance(DockerConfig::kCheckInterval);
    CHECK(source.look_up(reference).front().secret == std::to_string(i));
  }
  stop = true;
  for (auto& reader : readers)
    reader.join();
  CHECK(wrong == 0);
}
