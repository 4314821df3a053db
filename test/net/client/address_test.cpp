// Which addresses and names may be reached.
#include "net/client/address.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "net/client/core.hpp"
#include "net/client/fixture.hpp"

using namespace digester;
using namespace digester::test;
using net::AddressClass;

namespace {

struct Row {
  const char* address;
  AddressClass is;
};

void check(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    INFO(row.address);
    const auto address = net::parse_literal(row.address);
    REQUIRE(address);
    CHECK(net::classify(*address) == row.is);
  }
}

Result<net::Response> ask(const std::string& url, net::AddressPolicy policy,
                          net::ClientOptions options = client_options()) {
  Caller caller(std::move(options));
  auto request = request_to(url, 300ms);
  request.addresses = policy;
  return caller.send(std::move(request));
}

}  // namespace

TEST_CASE("addresses that are never reached") {
  check({
      {"0.0.0.0", AddressClass::denied},          {"0.255.255.255", AddressClass::denied},
      {"169.254.0.0", AddressClass::denied},      {"169.254.169.254", AddressClass::denied},
      {"169.254.170.2", AddressClass::denied},    {"169.254.255.255", AddressClass::denied},
      {"100.100.100.200", AddressClass::denied},  {"168.63.129.16", AddressClass::denied},
      {"192.0.0.192", AddressClass::denied},      {"224.0.0.1", AddressClass::denied},
      {"239.255.255.255", AddressClass::denied},  {"240.0.0.1", AddressClass::denied},
      {"255.255.255.255", AddressClass::denied},  {"::", AddressClass::denied},
      {"fe80::1", AddressClass::denied},          {"febf:ffff::1", AddressClass::denied},
      {"ff02::1", AddressClass::denied},          {"fd00:ec2::254", AddressClass::denied},
      {"fd00:ec2:ffff::1", AddressClass::denied}, {"fd20:ce::254", AddressClass::denied},
      {"fd00:42::42", AddressClass::denied},
  });
}

TEST_CASE("loopback, private and public addresses") {
  check({
      {"127.0.0.1", AddressClass::loopback},
      {"127.255.255.254", AddressClass::loopback},
      {"::1", AddressClass::loopback},
      {"10.0.0.1", AddressClass::private_address},
      {"10.255.255.255", AddressClass::private_address},
      {"172.16.0.1", AddressClass::private_address},
      {"172.31.255.255", AddressClass::private_address},
      {"192.168.1.1", AddressClass::private_address},
      {"100.64.0.1", AddressClass::private_address},
      {"100.127.255.255", AddressClass::private_address},
      {"192.0.2.1", AddressClass::private_address},
      {"198.18.0.1", AddressClass::private_address},
      {"198.19.255.255", AddressClass::private_address},
      {"198.51.100.255", AddressClass::private_address},
      {"203.0.113.7", AddressClass::private_address},
      {"198.20.0.0", AddressClass::public_address},
      {"fc00::1", AddressClass::private_address},
      {"fd12:3456::1", AddressClass::private_address},
      {"fd20:ce::255", AddressClass::private_address},
      {"fd00:42::43", AddressClass::private_address},
      {"fec0::1", AddressClass::private_address},
      {"9.255.255.255", AddressClass::public_address},
      {"11.0.0.0", AddressClass::public_address},
      {"126.255.255.255", AddressClass::public_address},
      {"128.0.0.1", AddressClass::public_address},
      {"169.253.255.255", AddressClass::public_address},
      {"169.255.0.0", AddressClass::public_address},
      {"172.15.255.255", AddressClass::public_address},
      {"172.32.0.0", AddressClass::public_address},
      {"192.167.255.255", AddressClass::public_address},
      {"192.169.0.0", AddressClass::public_address},
      {"192.0.0.191", AddressClass::private_address},
      {"100.63.255.255", AddressClass::public_address},
      {"100.128.0.0", AddressClass::public_address},
      {"168.63.129.17", AddressClass::public_address},
      {"223.255.255.255", AddressClass::public_address},
      {"2001:4860:4860::8888", AddressClass::public_address},
      {"fbff::1", AddressClass::public_address},
      {"fe00::1", AddressClass::public_address},
  });
}

TEST_CASE("IPv6 forms of IPv4 addresses are judged by what they embed") {
  check({
      // v4-mapped, v4-compatible, translated
      {"::ffff:127.0.0.1", AddressClass::loopback},
      {"::ffff:a9fe:a9fe", AddressClass::denied},
      {"::ffff:10.1.2.3", AddressClass::private_address},
      {"::ffff:8.8.8.8", AddressClass::public_address},
      {"::ffff:0.0.0.0", AddressClass::denied},
      {"::127.0.0.1", AddressClass::loopback},
      {"::169.254.169.254", AddressClass::denied},
      {"::ffff:0:169.254.169.254", AddressClass::denied},
      // NAT64, well known and local
      {"64:ff9b::169.254.169.254", AddressClass::denied},
      {"64:ff9b::7f00:1", AddressClass::loopback},
      {"64:ff9b::192.168.0.1", AddressClass::private_address},
      {"64:ff9b::8.8.8.8", AddressClass::public_address},
      {"64:ff9b:1::a9fe:a9fe", AddressClass::denied},
      {"64:ff9b:1:abcd::10.0.0.1", AddressClass::private_address},
      {"64:ff9b:1::8.8.8.8", AddressClass::public_address},
      {"64:ff9b:1:0:7f:0:100:0", AddressClass::loopback},  // 127.0.0.1 after a /64 prefix
      // 6to4
      {"2002:a9fe:a9fe::1", AddressClass::denied},
      {"2002:7f00:1::", AddressClass::loopback},
      {"2002:c0a8:101::1", AddressClass::private_address},
      {"2002:808:808::1", AddressClass::public_address},
      // Teredo: server in clear, client in complement
      {"2001:0:4136:e378:8000:63bf:5601:5601", AddressClass::denied},          // client 169.254.169.254
      {"2001:0:4136:e378:8000:63bf:80ff:fffe", AddressClass::loopback},        // client 127.0.0.1
      {"2001:0:4136:e378:8000:63bf:f7f7:f7f7", AddressClass::public_address},  // client 8.8.8.8
      {"2001:0:a9fe:a9fe:8000:63bf:f7f7:f7f7", AddressClass::denied},          // server
      // ISATAP
      {"2001:db8::5efe:169.254.169.254", AddressClass::denied},
  });
}

TEST_CASE("only the canonical spelling is a literal, and odd spellings of IPv4 are known as such") {
  for (const char* odd :
       {"2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0x7f000001", "017700000001", "127.0.0.01",
        "127.0.0.1.", "256.1.1.1", "1.2.3.4.5", "foo.0x7f", "169.254.43518", "0xA9FEA9FE", "1."}) {
    INFO(odd);
    CHECK_FALSE(net::parse_literal(odd));
    CHECK(net::is_odd_ipv4(odd));
  }
  for (const char* name :
       {"registry.test", "1.example.com", "0x7f.example", "a1", "1a", "0xg", "", "127.0.0.1", "::1"})
    CHECK_FALSE(net::is_odd_ipv4(name));
  CHECK_FALSE(net::parse_literal("fe80::1%eth0"));
  CHECK_FALSE(net::parse_literal("[::1]"));
  CHECK(net::parse_literal("::1"));
}

TEST_CASE("metadata services have names too") {
  CHECK(net::is_metadata_name("metadata.google.internal"));
  CHECK(net::is_metadata_name("Metadata.Google.Internal."));
  CHECK(net::is_metadata_name("metadata.google.internal.."));
  CHECK_FALSE(net::is_metadata_name("metadata.google.internal.example"));
  CHECK_FALSE(net::is_metadata_name("mymetadata.google.internal"));
}

TEST_CASE("a policy permits what it says") {
  const net::AddressPolicy image;
  CHECK(net::permits(image, AddressClass::public_address));
  CHECK(net::permits(image, AddressClass::private_address));
  CHECK_FALSE(net::permits(image, AddressClass::loopback));
  CHECK_FALSE(net::permits(image, AddressClass::denied));
  const net::AddressPolicy all{
      .allow_loopback = true, .allow_private = true, .allow_metadata = false, .listed = true};
  CHECK(net::permits(all, AddressClass::loopback));
  CHECK_FALSE(net::permits(all, AddressClass::denied));
  const net::AddressPolicy redirect{.allow_private = false};
  CHECK_FALSE(net::permits(redirect, AddressClass::private_address));
}

TEST_CASE("no spelling of a forbidden address gets a connection") {
  ScriptedServer server;
  server.set_handler([](const std::string&) { return answer(200); });
  const std::string port = std::to_string(server.port());
  for (const char* host :
       {"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "[::]", "127.1",
        "2130706433", "0x7f.1", "0177.0.0.1", "[::ffff:a9fe:a9fe]", "169.254.169.254", "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]", "metadata.google.internal", "METADATA.google.internal.", "registry.test",
        "localhost", "localhost."}) {
    INFO(host);
    const auto response = ask("http://" + std::string(host) + ":" + port + "/", {});
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::forbidden);
    // The name is there, what it resolved to is not.
    if (std::string_view(host) == "registry.test")
      CHECK(response.error().message.find("127") == std::string::npos);
  }
  CHECK(server.connection_count() == 0);
}

TEST_CASE("an address that may be listed is told where, one that never is allowed is not") {
  const auto message = [](const std::string& host) {
    return ask("http://" + host + "/", {}).error().message;
  };
  CHECK(message("127.0.0.1").find("--insecure-registries") != std::string::npos);
  for (const char* host : {"169.254.169.254", "[fe80::1]", "metadata.google.internal"}) {
    CHECK(message(host).find("--") == std::string::npos);
    CHECK(message(host).find("never") != std::string::npos);
  }
  CHECK(message("registry.test").find("link-local, metadata and reserved addresses never") !=
        std::string::npos);
}

TEST_CASE("a permission for loopback is none for metadata, and the permission for metadata is") {
  const net::AddressPolicy loopback{.allow_loopback = true, .listed = true};
  CHECK(ask("http://169.254.169.254/", loopback).error().kind == ErrorKind::forbidden);
  CHECK(ask("http://metadata.google.internal/", loopback).error().kind == ErrorKind::forbidden);
  net::asio::io_context io;
  const net::Core core(io, client_options());
  const net::AddressPolicy metadata{.allow_metadata = true, .listed = true};
  CHECK(net::make_route(core, *net::Url::parse("http://169.254.169.254/"), metadata));
}

TEST_CASE("of a name's addresses the bad ones are dropped and the rest is used") {
  ScriptedServer server;
  server.set_handler([](const std::string&) { return answer(200, "served"); });
  auto options = client_options();
  const auto address = [](const char* text) { return *net::parse_literal(text); };
  options.dns.fixed["mixed.test"] = {address("169.254.169.254"), address("fe80::1"), address("127.0.0.1")};
  const net::AddressPolicy policy{.allow_loopback = true, .listed = true};
  const auto response = ask("http://mixed.test:" + std::to_string(server.port()) + "/", policy, options);
  REQUIRE(response);
  CHECK(response->body == "served");
}

TEST_CASE("the Kubernetes API is out of reach by name and by address") {
  ScriptedServer server;
  server.set_handler([](const std::string&) { return answer(200); });
  auto options = client_options();
  options.denied_hosts = {"kubernetes.default.svc", "127.0.0.1"};
  options.dns.fixed["kubernetes.default.svc"] = {net::asio::ip::make_address("127.0.0.2")};
  const net::AddressPolicy policy{.allow_loopback = true, .listed = true};
  const std::string port = ":" + std::to_string(server.port());
  for (const char* host : {"kubernetes.default.svc", "Kubernetes.default.svc.", "127.0.0.1", "registry.test"})
    CHECK(ask("http://" + std::string(host) + port, policy, options).error().kind == ErrorKind::forbidden);
  CHECK(server.connection_count() == 0);

  SECTION("with a port: that port alone") {
    options.denied_hosts = {"127.0.0.1" + port, "[::1]:443"};
    CHECK(ask("http://127.0.0.1" + port, policy, options).error().kind == ErrorKind::forbidden);
    CHECK(server.connection_count() == 0);
    ScriptedServer registry;
    registry.set_handler([](const std::string&) { return answer(200); });
    CHECK(ask("http://127.0.0.1:" + std::to_string(registry.port()), policy, options));
  }
}

TEST_CASE("of a private address that nobody listed only 'not reachable' is said, the cause goes to the log") {
  std::string closed;
  {
    ScriptedServer gone;
    closed = std::to_string(gone.port());
  }
  ScriptedServer broken;
  broken.enqueue({await_request(), send("nonsense\r\n\r\n"), hang()});
  broken.enqueue({await_request(), close()});
  broken.enqueue({await_request(), hang()});
  broken.enqueue({hang()});
  const std::string open = std::to_string(broken.port());
  auto options = client_options();
  options.head_limit = 30ms;
  options.tls_limit = 30ms;
  // Loopback stands for private here: both are not public.
  const net::AddressPolicy unlisted{.allow_loopback = true};
  std::vector<std::string> messages;
  for (const auto& url :
       {"http://registry.test:" + closed, "http://registry.test:" + open, "http://registry.test:" + open,
        "http://registry.test:" + open, "https://registry.test:" + open}) {
    auto trusting = options;
    trusting.trust.ca_pem = TestCa().certificate_pem();
    const auto response = ask(url + "/", unlisted, trusting);
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::unreachable);
    CHECK(response.error().message.ends_with(" is not reachable"));
    CHECK_FALSE(response.error().detail.empty());
    messages.push_back(response.error().detail);
  }
  // The log can tell them apart.
  CHECK(std::set<std::string>(messages.begin(), messages.end()).size() == messages.size());
}
