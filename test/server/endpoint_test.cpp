#include "app/endpoint.hpp"

#include <catch2/catch.hpp>

using namespace digester;

TEST_CASE("listen addresses are read as Go writes them") {
  struct Row {
    const char* text;
    const char* address;
    int port;
  };
  const auto row = GENERATE(Row{":9090", "", 9090}, Row{"127.0.0.1:0", "127.0.0.1", 0},
                            Row{"[::1]:65535", "::1", 65535}, Row{"localhost:80", "127.0.0.1", 80});
  const auto endpoint = app::parse_endpoint("--health-addr", row.text);
  REQUIRE(endpoint);
  REQUIRE(*endpoint);
  CHECK((*endpoint)->address == row.address);
  CHECK((*endpoint)->port == row.port);
}

TEST_CASE("0 and nothing mean: do not listen") {
  CHECK_FALSE(app::parse_endpoint("--health-addr", "0").value());
  CHECK_FALSE(app::parse_endpoint("--health-addr", "").value());
}

TEST_CASE("an address to listen on is an IP address") {
  CHECK(app::parse_listen_address("--listen-address", "").value().empty());
  CHECK(app::parse_listen_address("--listen-address", "::1").value() == "::1");
  CHECK(app::parse_listen_address("--listen-address", "localhost").value() == "127.0.0.1");
  CHECK(
      app::parse_listen_address("--listen-address", "foo").error().message.find("--listen-address \"foo\"") ==
      0);
}

TEST_CASE("a bad listen address is an error that names the flag") {
  const auto text = GENERATE("9090", ":", ":x", ":65536", "::1:80", ":-1", ":80 ", "foo:80", "[::1]]:80");
  const auto endpoint = app::parse_endpoint("--health-addr", text);
  REQUIRE_FALSE(endpoint);
  CHECK(endpoint.error().message.find("--health-addr") == 0);
}
