// The small parts on their own: lists of hosts, bounded memory, permits, metrics.
#include <catch2/catch.hpp>

#include "registry/client/access.hpp"
#include "registry/client/bounded_map.hpp"
#include "registry/client/permits.hpp"
#include "registry/client/registry_metrics.hpp"
#include "registry/client/throttle.hpp"
#include "registry/client/world.hpp"

using namespace digester;
using namespace digester::registry_test;
using registry::BoundedMap;
using registry::HostList;
using registry::RealmAllow;

namespace {

bool listed(const std::string& entry, const std::string& host, std::uint16_t port = 443) {
  const auto list = HostList::parse({entry});
  REQUIRE(list);
  return list->contains(host, port);
}

}  // namespace

TEST_CASE("hosts are listed with or without port") {
  CHECK(listed("registry.example.com", "registry.example.com"));
  CHECK(listed("Registry.Example.com", "registry.example.com", 5000));
  CHECK(listed("registry:5000", "registry", 5000));
  CHECK_FALSE(listed("registry:5000", "registry", 5001));
  CHECK_FALSE(listed("example.com", "registry.example.com"));
  CHECK_FALSE(listed("registry", "registry2"));
}

TEST_CASE("addresses are listed by value, alone or as a CIDR") {
  CHECK(listed("127.0.0.1:5000", "127.0.0.1", 5000));
  CHECK(listed("[::1]:5000", "::1", 5000));
  CHECK(listed("[0:0:0:0:0:0:0:1]", "::1"));
  CHECK(listed("::1", "::1", 5000));
  CHECK(listed("10.0.0.0/8", "10.255.0.1", 5000));
  CHECK_FALSE(listed("10.0.0.0/8", "11.0.0.1"));
  CHECK(listed("192.168.4.0/22", "192.168.7.255"));
  CHECK_FALSE(listed("192.168.4.0/22", "192.168.8.0"));
  CHECK(listed("fd00::/8", "fd12::1"));
  CHECK_FALSE(listed("fd00::/8", "fe00::1"));
  CHECK(listed("0.0.0.0/0", "1.2.3.4"));
  CHECK_FALSE(listed("0.0.0.0/0", "::1"));
}

TEST_CASE("a CIDR matches no name, whatever it would resolve to") {
  CHECK_FALSE(listed("127.0.0.0/8", "localhost"));
}

TEST_CASE("http:// in front is remembered") {
  const auto list = HostList::parse({"http://registry:5000", "other:5000"});
  REQUIRE(list);
  CHECK(list->find("registry", 5000)->plain_only);
  CHECK_FALSE(list->find("other", 5000)->plain_only);
}

TEST_CASE("entries that mean nothing are errors that quote them") {
  for (const std::string entry : {"", "https://registry", "registry/path", "registry:0", "registry:65536",
                                  "registry:x", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "a b", "[::1",
                                  "user@host", "*", "a..b", ".a", "-a", "a-.b", "10.0.0", "999.1.1.1"}) {
    INFO(entry);
    const auto list = HostList::parse({entry});
    REQUIRE_FALSE(list);
    CHECK(list.error().kind == ErrorKind::invalid);
    CHECK(list.error().message.find("\"" + entry + "\"") == 0);
  }
}

TEST_CASE("where no scheme makes sense, none is taken") {
  for (const std::string entry : {"http://foo", "https://foo"})
    CHECK(HostList::parse({entry}, HostList::Prefix::none).error().message.find("\"" + entry + "\": ") == 0);
  CHECK(HostList::parse({"foo", "10.0.0.0/8", "foo.", "127.0.0.1:5000"}, HostList::Prefix::none));
}

TEST_CASE("a realm is allowed for its registry alone") {
  const auto allow = RealmAllow::parse({"docker.io=auth.mirror.example", "registry:5000=auth.example:8443"});
  REQUIRE(allow);
  CHECK(allow->allows("registry-1.docker.io", 443, "auth.mirror.example", 443));
  CHECK(allow->allows("registry", 5000, "auth.example", 8443));
  CHECK_FALSE(allow->allows("registry", 5000, "auth.example", 443));
  CHECK_FALSE(allow->allows("registry", 5001, "auth.example", 8443));
  CHECK_FALSE(allow->allows("other", 443, "auth.mirror.example", 443));
  for (const std::string entry : {"registry", "a=b=c", "=b", "a=", "a..b=c", "a=b..c"}) {
    const auto parsed = RealmAllow::parse({entry});
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message.find("\"" + entry + "\": ") == 0);
  }
}

TEST_CASE("loopback hosts are recognised in every form") {
  for (const auto* host : {"localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:7f00:1"}) {
    INFO(host);
    CHECK(registry::is_loopback_host(host));
  }
  for (const auto* host : {"localhost.example.com", "128.0.0.1", "10.0.0.1", "::2", "localhos"})
    CHECK_FALSE(registry::is_loopback_host(host));
}

TEST_CASE("a bounded map forgets what was not used for longest") {
  BoundedMap<int> map(3);
  map.put("a", 1);
  map.put("b", 2);
  map.put("c", 3);
  CHECK(*map.find("a") == 1);
  map.put("d", 4);
  CHECK(map.find("b") == nullptr);
  CHECK(*map.find("a") == 1);
  map.put("a", 5);
  CHECK(*map.find("a") == 5);
  CHECK(map.size() == 3);
  map.erase("a");
  map.erase("a");
  CHECK(map.find("a") == nullptr);
}

TEST_CASE("a bounded map keeps to its weight") {
  BoundedMap<int> map(10);
  map.put("heavy", 1, 11);
  CHECK(map.size() == 0);
  map.put("a", 1, 6);
  map.put("b", 2, 6);
  CHECK(map.find("a") == nullptr);
  CHECK(map.weight() == 6);
  for (int i = 0; i < 1000; ++i)
    map.put(std::to_string(i), i, 1);
  CHECK(map.weight() == 10);
}

TEST_CASE("ten thousand hostile names fill neither memory nor metrics") {
  World world;
  for (int i = 0; i < 10'000; ++i) {
    const auto host = "h" + std::to_string(i) + ".example.org";
    world.http.on("HEAD https://" + host + "/v2/x/manifests/1", response(500));
    world.http.on("GET https://" + host + "/v2/x/manifests/1", response(404));
    if (i % 10 == 0) CHECK_FALSE(world.find(host + "/x:1", Credential::anonymous(), 10ms));
  }
  const auto text = world.metrics.exposition();
  CHECK(text.find("example.org") == std::string::npos);
  CHECK(text.find(R"(registry="other")") != std::string::npos);
}

TEST_CASE("registries that have answered become label values, up to a number") {
  Metrics metrics;
  registry::RegistryMetrics figures(metrics, {"listed.example.org:5000"});
  figures.exchanged("listed.example.org:5000", registry::RequestPurpose::manifest, 0, 1ms);
  for (int i = 0; i < 100; ++i) {
    const auto name = "r" + std::to_string(i) + ".example.org";
    figures.proven(name);
    figures.exchanged(name, registry::RequestPurpose::manifest, 200, 1ms);
  }
  figures.exchanged("docker.io", registry::RequestPurpose::token, 429, 1ms);
  figures.exchanged("docker.io", registry::RequestPurpose::manifest, 0, 1ms);
  figures.quota_left("docker.io", "76;w=21600");
  figures.quota_left("evil.example.org", "1");
  const auto text = metrics.exposition();
  CHECK(text.find(R"(registry="r31.example.org")") != std::string::npos);
  CHECK(text.find(R"(registry="r32.example.org")") == std::string::npos);
  CHECK(
      text.find(R"(digester_registry_requests_total{purpose="manifest",registry="other",status="2xx"} 68)") !=
      std::string::npos);
  CHECK(text.find(R"(purpose="token",registry="docker.io",status="429"} 1)") != std::string::npos);
  CHECK(text.find(R"(purpose="manifest",registry="docker.io",status="error"} 1)") != std::string::npos);
  CHECK(text.find(R"(digester_registry_ratelimit_remaining{registry="docker.io"} 76)") != std::string::npos);
  CHECK(text.find(R"(registry="listed.example.org:5000",status="error"} 1)") != std::string::npos);
  CHECK(text.find("evil") == std::string::npos);
}

TEST_CASE("registries are known by host and port") {
  const auto of = [](const std::string& image, const registry::RegistrySettings& settings = {}) {
    return registry::Registry::of(image::Reference::parse(image).value(), settings).value();
  };
  CHECK(of("nginx").key() == "registry-1.docker.io");
  CHECK(of("nginx").name == "docker.io");
  CHECK(of("Reg.example.com:5000/x").key() == "reg.example.com:5000");
  CHECK(of("[::1]:5000/x").key() == "[::1]:5000");
  registry::RegistrySettings settings;
  settings.insecure = HostList::parse({"reg:443", "[::1]"}).value();
  CHECK(of("reg:443/x", settings).over_http().url.port == 443);
  CHECK(of("[::1]/x", settings).over_http().url.port == 80);
}
