// Proxies: whom they are asked for, and how they fail.
#include "net/client/proxy.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "net/client/core.hpp"
#include "net/client/fixture.hpp"

using namespace digester;
using namespace digester::test;

namespace {

struct Row {
  const char* no_proxy;
  const char* host;
  std::uint16_t port;
  bool direct;
};

net::Url target(const std::string& text) {
  return *net::Url::parse(text);
}

std::string chosen(const net::ProxyOptions& options, const std::string& url) {
  const auto proxy = net::ProxyRules(options).select(target(url));
  if (!proxy) return "error: " + proxy.error().message;
  return *proxy ? (*proxy)->name() : "direct";
}

}  // namespace

TEST_CASE("NO_PROXY matches as Go's rules say") {
  const std::vector<Row> rows = {
      {"", "example.com", 443, false},
      {"*", "example.com", 443, true},
      {"foo, * ,bar", "10.0.0.1", 80, true},
      {"example.com", "example.com", 443, true},
      {"example.com", "www.example.com", 443, true},
      {"example.com", "notexample.com", 443, false},
      {"example.com", "example.com.", 443, false},
      {".example.com", "example.com", 443, false},
      {".example.com", "www.example.com", 443, true},
      {"*.example.com", "example.com", 443, false},
      {"*.example.com", "www.example.com", 443, true},
      {"*.example.com", "a.b.example.com", 443, true},
      {" Example.COM ", "example.com", 443, true},
      {"example.com:443", "example.com", 443, true},
      {"example.com:443", "example.com", 8443, false},
      {"example.com:443", "www.example.com", 443, true},
      {".example.com:80", "www.example.com", 443, false},
      {"a.test,b.test,,", "b.test", 443, true},
      {"10.0.0.0/8", "10.1.2.3", 443, true},
      {"10.0.0.0/8", "11.1.2.3", 443, false},
      {"10.0.0.0/8", "ten.example.com", 443, false},
      {"10.0.0.0/33", "10.0.0.1", 443, false},
      {"10.1.2.3/32", "10.1.2.3", 443, true},
      {"10.1.2.128/25", "10.1.2.127", 443, false},
      {"0.0.0.0/0", "10.1.2.3", 443, true},
      {"::/0", "10.1.2.3", 443, false},
      {"::/0", "2001:db8::1", 443, true},
      {"10.0.0.0/8", "::ffff:10.1.2.3", 443, true},
      {"fd00::/8", "fd12::1", 443, true},
      {"fd00::/8", "fe12::1", 443, false},
      {"10.1.2.3", "10.1.2.3", 443, true},
      {"10.1.2.3:80", "10.1.2.3", 443, false},
      {"10.1.2.3:443", "10.1.2.3", 443, true},
      {"fd12::1", "fd12::1", 443, true},
      {"[fd12::1]:443", "fd12::1", 443, true},
      {"[fd12::1]:80", "fd12::1", 443, false},
      {":443", "example.com", 443, false},
      {"com", "example.com", 443, true},
  };
  for (const auto& row : rows) {
    INFO(row.no_proxy << " for " << row.host << ":" << row.port);
    CHECK(net::NoProxy(row.no_proxy).matches(row.host, row.port) == row.direct);
  }
}

TEST_CASE("the target's scheme chooses the variable") {
  const net::ProxyOptions options{"http://plain.test:3128", "http://secure.test:3129", ""};
  CHECK(chosen(options, "http://example.com/") == "plain.test:3128");
  CHECK(chosen(options, "https://example.com/") == "secure.test:3129");
  CHECK(chosen({"http://plain.test:3128", "", ""}, "https://example.com/") == "direct");
  CHECK(chosen({}, "http://example.com/") == "direct");
}

TEST_CASE("loopback is never proxied") {
  const net::ProxyOptions options{"http://p.test", "http://p.test", ""};
  for (const char* url : {"https://localhost/", "https://127.0.0.1:5000/", "https://127.9.9.9/",
                          "https://[::1]:5000/", "https://[::ffff:7f00:1]/"})
    CHECK(chosen(options, url) == "direct");
  CHECK(chosen(options, "https://10.0.0.1/") == "p.test:80");
}

TEST_CASE("but where somebody says so: a kubeconfig's proxy-url is for its server, wherever that is") {
  net::ProxyOptions options{"http://p.test", "http://p.test", ""};
  options.loopback = true;
  for (const char* url : {"https://localhost/", "https://127.0.0.1:6443/", "https://[::1]:6443/"})
    CHECK(chosen(options, url) == "p.test:80");
}

TEST_CASE("a proxy's value is read as Go reads it") {
  CHECK(chosen({"", "proxy.test:3128", ""}, "https://x.test/") == "proxy.test:3128");
  CHECK(chosen({"", "proxy.test", ""}, "https://x.test/") == "proxy.test:80");
  CHECK(chosen({"", " http://proxy.test:8080/ ", ""}, "https://x.test/") == "proxy.test:8080");
  CHECK(chosen({"", "http://[fd00::1]:8080", ""}, "https://x.test/") == "[fd00::1]:8080");
}

TEST_CASE("credentials come out of the proxy's URL, decoded") {
  const net::ProxyRules rules({"", "http://us%40er:p%3Ass@proxy.test:1", ""});
  CHECK((*rules.select(target("https://x.test/")))->authorization == "Basic dXNAZXI6cDpzcw==");
  const net::ProxyRules bare({"", "http://user@proxy.test:1", ""});
  CHECK((*bare.select(target("https://x.test/")))->authorization == "Basic dXNlcjo=");
}

TEST_CASE("a proxy that cannot be used is an error for those that need it, and shows no secret") {
  for (const char* value : {"socks5://user:secret@p.test:1080", "socks5h://p.test",
                            "https://user:secret@p.test:443", "ftp://p.test", "http://", "http://p.test:0",
                            "http://user:secret@p.test:99999", "http://bad host/"}) {
    const net::ProxyOptions options{"", value, "direct.test"};
    INFO(value);
    const auto text = chosen(options, "https://x.test/");
    CHECK(text.starts_with("error: the proxy in HTTPS_PROXY cannot be used"));
    CHECK(text.find("secret") == std::string::npos);
    CHECK(chosen(options, "https://direct.test/") == "direct");
    CHECK(chosen(options, "http://x.test/") == "direct");
  }
  CHECK(chosen({"", "socks5://p.test", ""}, "https://x.test/").find("SOCKS") != std::string::npos);
}

TEST_CASE("the environment is read in upper case first") {
  const std::map<std::string, std::string> variables = {{"HTTP_PROXY", "upper"},
                                                        {"http_proxy", "lower"},
                                                        {"https_proxy", "lower"},
                                                        {"NO_PROXY", ""},
                                                        {"no_proxy", "x"}};
  const auto options = net::ProxyOptions::from_environment([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
  CHECK(options.http_proxy == "upper");
  CHECK(options.https_proxy == "lower");
  CHECK(options.no_proxy == "x");
}

// A registry over TLS as `origin`, a proxy in front of it. Names are not resolved here: behind the proxy
// `behind.test` is known to the proxy alone.
namespace {

struct BehindProxy {
  TestCa ca;
  ScriptedServer origin{ServerTls{ca.issue({.dns_names = {"behind.test"}, .addresses = {}})}};
  ScriptedServer proxy;
  net::ClientOptions options = client_options();

  explicit BehindProxy(const std::string& userinfo = {}) {
    origin.set_handler([](const std::string&) { return answer(200, "through"); });
    options.trust.ca_pem = ca.certificate_pem();
    options.proxy.https_proxy = "http://" + userinfo + proxy.address();
    options.proxy.http_proxy = options.proxy.https_proxy;
  }
};

}  // namespace

TEST_CASE("https goes through CONNECT, with credentials, and the tunnel is used again") {
  BehindProxy set("user:pass@");
  set.proxy.enqueue(
      {await_request(), send("HTTP/1.1 200 Connection established\r\n\r\n"), tunnel(set.origin.port())});
  Caller caller(set.options);
  const auto response = caller.get("https://behind.test/v2/");
  REQUIRE(response);
  CHECK(response->body == "through");
  CHECK(response->peer == net::AddressClass::public_address);
  CHECK(caller.get("https://behind.test/v2/")->reused);
  const auto connect = set.proxy.requests().at(0);
  CHECK(connect.head.starts_with("CONNECT behind.test:443 HTTP/1.1\r\n"));
  CHECK(connect.field("host") == "behind.test:443");
  CHECK(connect.field("proxy-authorization") == "Basic dXNlcjpwYXNz");
  CHECK(connect.field("user-agent") == "digester/test");
  // What is for the proxy stays with the proxy.
  CHECK_FALSE(set.origin.requests().at(0).field("proxy-authorization"));
  CHECK(set.proxy.connection_count() == 1);
}

TEST_CASE("http goes to the proxy in absolute form") {
  BehindProxy set("user:pass@");
  set.proxy.set_handler([](const std::string&) { return answer(200, "from the proxy"); });
  Caller caller(set.options);
  CHECK(caller.get("http://behind.test:8080/v2/?a=b")->body == "from the proxy");
  const auto seen = set.proxy.requests().at(0);
  CHECK(seen.target() == "http://behind.test:8080/v2/?a=b");
  CHECK(seen.field("host") == "behind.test:8080");
  CHECK(seen.field("proxy-authorization") == "Basic dXNlcjpwYXNz");
}

TEST_CASE("a 407 is named, with its cure") {
  for (const bool tls : {true, false}) {
    BehindProxy set;
    set.proxy.set_handler([](const std::string&) {
      return answer(407, "x", {{"Proxy-Authenticate", "Basic"}});
    });
    Caller caller(set.options);
    const auto response = caller.get(tls ? "https://behind.test/" : "http://behind.test/");
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::unreachable);
    CHECK(response.error().message.find("asks for credentials (407)") != std::string::npos);
  }
  BehindProxy set("user:secret@");
  set.proxy.set_handler([](const std::string&) { return answer(407); });
  Caller caller(set.options);
  const auto response = caller.get("https://behind.test/");
  CHECK(response.error().message.find("refused the credentials") != std::string::npos);
  CHECK(response.error().message.find("secret") == std::string::npos);
}

TEST_CASE("a proxy that refuses, closes, stalls, talks too much or nonsense") {
  BehindProxy set;
  set.options.proxy_limit = 50ms;
  set.proxy.enqueue({await_request(), send(answer(403, "no"))});
  set.proxy.enqueue({await_request(), close()});
  set.proxy.enqueue({await_request(), hang()});
  set.proxy.enqueue({await_request(), send("HTTP/1.1 200 OK\r\n\r\nand more"), hang()});
  set.proxy.enqueue({await_request(), send("nonsense"), hang()});
  set.proxy.enqueue({await_request(), send("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x')), hang()});
  Caller caller(set.options);
  const auto message = [&] { return caller.get("https://behind.test/").error().message; };
  CHECK(message().find("refused to connect (status 403): allow this host and port there") !=
        std::string::npos);
  CHECK(message().ends_with("closed the connection"));
  CHECK(message().ends_with("did not answer in time"));
  CHECK(message().ends_with("sent more than its answer"));
  CHECK(message().find("it is not HTTP") != std::string::npos);
  CHECK(message().find("larger than") != std::string::npos);
}

TEST_CASE("a proxy's refusal stays one if asked again at once, its trouble with the target may pass") {
  BehindProxy set;
  for (const unsigned status : {403U, 407U, 502U})
    set.proxy.enqueue({await_request(), send(answer(status, "no"))});
  Caller caller(set.options);
  for (const bool settled : {true, true, false}) {
    const auto error = caller.get("https://behind.test/").error();
    CHECK(error.kind == ErrorKind::unreachable);
    CHECK(error.settled == settled);
  }
}

TEST_CASE("a proxy that is not there is named") {
  auto options = client_options();
  {
    ScriptedServer gone;
    options.proxy.http_proxy = gone.address();
  }
  Caller caller(options);
  const auto response = caller.get("http://behind.test/");
  CHECK(response.error().message ==
        "cannot connect to the proxy " + options.proxy.http_proxy +
            ": connection refused (is the proxy of the environment the right one, and up?)");
}

TEST_CASE("a proxy gets to see no forbidden host") {
  BehindProxy set;
  set.proxy.set_handler([](const std::string&) { return answer(200); });
  Caller caller(set.options);
  for (const char* url :
       {"http://169.254.169.254/", "https://169.254.169.254/", "http://metadata.google.internal./",
        "http://2130706433/", "http://0xa9.0xfe.0xa9.0xfe/", "https://[::ffff:a9fe:a9fe]/"}) {
    INFO(url);
    CHECK(caller.get(url).error().kind == ErrorKind::forbidden);
  }
  auto request = request_to("http://10.0.0.1/");
  request.addresses.allow_private = false;
  CHECK(caller.send(std::move(request)).error().kind == ErrorKind::forbidden);
  CHECK(set.proxy.connection_count() == 0);
}

TEST_CASE("metadata services are asked directly") {
  BehindProxy set;
  net::asio::io_context io;
  const net::Core core(io, set.options);
  const auto way = [&](bool allow_metadata) {
    const net::AddressPolicy policy{.allow_metadata = allow_metadata};
    return net::make_route(core, target("http://metadata.google.internal/computeMetadata/v1/"), policy);
  };
  CHECK(way(false).error().kind == ErrorKind::forbidden);
  REQUIRE(way(true));
  CHECK_FALSE(way(true)->proxy);
}
