// A client on an io_context of its own, called as if it blocked.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "net/client/client_options.hpp"
#include "net/client/http_client.hpp"
#include "support/run_task.hpp"
#include "support/scripted_server.hpp"

namespace digester::test {

using namespace std::chrono_literals;

// No system store (30 ms a client), the name server that answers nothing, and every test name at home.
inline net::ClientOptions client_options() {
  net::ClientOptions options;
  options.user_agent = "digester/test";
  options.trust.system_store = false;
  options.dns.servers = "127.0.0.1:9";
  const auto here = net::asio::ip::make_address("127.0.0.1");
  options.dns.fixed = {{"registry.test", {here}}, {"other.test", {here}}, {"a.wild.test", {here}}};
  return options;
}

inline net::Request request_to(const std::string& url, std::chrono::milliseconds limit = 5s) {
  auto parsed = net::Url::parse(url);
  if (!parsed) throw std::invalid_argument(parsed.error().message);
  net::Request request;
  request.url = std::move(*parsed);
  request.addresses.allow_loopback = true;
  request.addresses.listed = true;
  request.deadline = SystemClock().now() + limit;
  return request;
}

struct Caller {
  explicit Caller(net::ClientOptions options = client_options())
      : client(net::create_http_client(io, std::move(options))) {}

  Result<net::Response> send(net::Request request) {
    return run_task(io, [&] { return client->send(std::move(request)); });
  }
  Result<net::Response> get(const std::string& url, std::chrono::milliseconds limit = 5s) {
    return send(request_to(url, limit));
  }
  // What comes is added to `body`; `more` decides after each piece.
  Result<net::Response> stream(
      net::Request request, std::string& body, std::function<bool()> more = [] { return true; }) {
    return run_task(io, [&] {
      net::HttpClient::OnBody on_body = [&body, more](std::string_view piece) {
        body += piece;
        return more();
      };
      return client->stream(std::move(request), std::move(on_body));
    });
  }
  Result<net::Response> head(const std::string& url) {
    auto request = request_to(url);
    request.method = net::Method::head;
    return send(std::move(request));
  }

  net::asio::io_context io{1};
  std::unique_ptr<net::HttpClient> client;
};

inline std::string url_of(const ScriptedServer& server, const std::string& path = "/") {
  return "http://" + server.address() + path;
}

struct Stopwatch {
  SteadyTime begin = SystemClock().now();
  std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(SystemClock().now() - begin);
  }
};

}  // namespace digester::test
