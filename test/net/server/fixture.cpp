#include "net/server/fixture.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdlib>
#include <stdexcept>

#include "support/run_task.hpp"

namespace digester::test {
namespace {

std::string echo(const net::ServerRequest& request) {
  std::string text(request.method);
  text.append(" ").append(request.path).append("|").append(request.query);
  text.append("|").append(request.content_type()).append("|").append(request.body);
  return text;
}

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

unsigned long number_behind(std::string_view path, std::string_view prefix) {
  return std::stoul(std::string(path.substr(prefix.size())));
}

}  // namespace

bool PathHandler::try_handle(net::ServerRequest& request, net::ServerResponse& response) {
  ++handled;
  if (request.body.capacity() < request.body.size() + net::ServerRequest::kBodyPadding)
    throw std::logic_error("no room behind the body");
  if (request.path == "/throw") throw std::runtime_error("thrown at once");
  if (starts_with(request.path, "/async") || starts_with(request.path, "/hold") ||
      request.path == "/throw-async")
    return false;
  response.content_type = "text/plain";
  if (starts_with(request.path, "/size/")) {
    response.body.assign(number_behind(request.path, "/size/"), 'x');
  } else if (starts_with(request.path, "/status/")) {
    response.status = static_cast<unsigned>(number_behind(request.path, "/status/"));
    response.add_field("X-Extra", "yes");
    response.add_field("X-Split", "a\r\nb");
  } else {
    response.body = echo(request);
    response.close = request.path == "/close";
  }
  return true;
}

net::Task<> PathHandler::handle(net::ServerRequest& request, net::ServerResponse& response) {
  net::Timer timer(co_await net::asio::this_coro::executor);
  timer.expires_after(std::chrono::milliseconds(20));
  if (request.path == "/throw-async") throw std::runtime_error("thrown later");
  co_await timer.async_wait(net::use_task);
  if (starts_with(request.path, "/hold")) {
    ++held;
    while (!released) {
      timer.expires_after(std::chrono::milliseconds(2));
      co_await timer.async_wait(net::use_task);
    }
    --held;
  }
  response.content_type = "text/plain";
  response.body = echo(request);
}

TestServer::TestServer(net::ServerOptions options, std::shared_ptr<net::ServerTls> tls, std::size_t count)
    : threads(count, "test") {
  options.name = "test";
  options.address = "127.0.0.1";
  options.port = 0;
  server = std::make_unique<net::Server>(threads.contexts(), options, handler, clock, log.logger(), metrics,
                                         std::move(tls));
  if (const auto started = server->start(); !started) throw std::runtime_error(started.error().message);
  threads.start();
}

TestServer::~TestServer() {
  handler.released = true;
  if (server) stop(std::chrono::milliseconds(200));
  threads.stop();
  threads.join();
}

bool TestServer::stop(Duration bound) {
  net::asio::io_context io(1);
  return run_task(io, [&] { return server->stop(bound); });
}

Stopping::Stopping(TestServer& server, Duration bound)
    : clean_(net::asio::co_spawn(io_, server.server->stop(bound), net::asio::use_future)) {
  io_.poll();
}

bool Stopping::finish() {
  io_.run();
  return clean_.get();
}

double TestServer::metric(const std::string& name, const std::string& label) const {
  const auto text = metrics.exposition();
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    const auto line = text.substr(at, end - at);
    if (starts_with(line, name + "{listener=\"test\"") && line.find(label) != line.npos)
      return std::strtod(line.c_str() + line.rfind(' '), nullptr);
    at = end + 1;
  }
  throw std::logic_error("no metric " + name);
}

bool TestServer::reaches(const std::string& name, double value, const std::string& label) const {
  return eventually([&] { return metric(name, label) >= value; });
}

}  // namespace digester::test
