// Many exchanges at once, some of them given up or broken: each that succeeds has its own answer, and nothing
// is left behind.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <catch2/catch.hpp>
#include <list>
#include <random>

#include "net/client/fixture.hpp"
#include "net/condition.hpp"

using namespace digester;
using namespace digester::test;

namespace {

struct Tally {
  int right = 0;
  int wrong = 0;
  int failed = 0;
};

// Asks for one number after the other until none is left. The answer to /n is "n" followed by a filler.
net::Task<> worker(net::HttpClient& client, std::string base, int& next, int last, Tally& tally,
                   bool settle) {
  while (next < last) {
    const int number = next++;
    auto request = request_to(base + "/" + std::to_string(number), 5s);
    request.method = number % 7 == 3 ? net::Method::head : net::Method::get;
    request.settle = settle;
    const bool head = request.method == net::Method::head;
    const auto response = co_await client.send(std::move(request));
    if (!response) {
      ++tally.failed;
      continue;
    }
    const auto name = response->headers.get("x-number");
    bool right = name && *name == std::to_string(number);
    if (!head) right = right && response->body.starts_with(std::to_string(number) + ":");
    ++(right ? tally.right : tally.wrong);
  }
}

Tally storm(Caller& caller, const std::string& base, int workers, int exchanges, bool settle = false) {
  Tally tally;
  int next = 0;
  int running = workers;
  for (int i = 0; i < workers; ++i)
    net::asio::co_spawn(caller.io, worker(*caller.client, base, next, exchanges, tally, settle),
                        [&](std::exception_ptr error) {
                          if (error) ++tally.wrong;
                          if (--running == 0) caller.io.stop();
                        });
  caller.io.restart();
  caller.io.run();
  return tally;
}

// Answers /n with n, after no or little time, in one piece or many, and sometimes breaks the rules
// afterwards.
ScriptedServer::Reactor moody(unsigned seed, bool hostile) {
  return [random = std::make_shared<std::mt19937>(seed), hostile](const RecordedRequest& request) -> Script {
    const std::string number = request.target().substr(1);
    const std::string body = number + ":" + std::string((*random)() % 3000, 'x');
    std::string text = "HTTP/1.1 200 OK\r\nX-Number: " + number + "\r\n";
    const bool chunked = (*random)() % 3 == 0;
    char size[32];
    std::snprintf(size, sizeof size, "%zx", body.size());
    text += chunked ? "Transfer-Encoding: chunked\r\n\r\n"
                    : "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    if (request.method() != "HEAD") text += chunked ? size + ("\r\n" + body) + "\r\n0\r\n\r\n" : body;
    Script script;
    if ((*random)() % 8 == 0) script.push_back(delay(std::chrono::milliseconds((*random)() % 4)));
    const auto cut = (*random)() % 5 == 0 ? (*random)() % text.size() : text.size();
    script.push_back(send(text.substr(0, cut)));
    const auto mood = hostile ? (*random)() % 40 : 100;
    if (mood == 0) {
      script.push_back(reset());  // perhaps in the middle
    } else if (mood == 1) {
      script.push_back(close());
    } else {
      // Perhaps in one piece with the answer, perhaps a moment later: then only a rest of the connection
      // shows that it answers nobody.
      const std::string evil = "HTTP/1.1 200 OK\r\nX-Number: 0\r\nContent-Length: 5\r\n\r\n0:bad";
      script.push_back(send(text.substr(cut) + (mood == 2 ? evil : "")));
      if (mood == 3) script.push_back(reset());
      if (mood == 4) script.push_back(close());
    }
    return script;
  };
}

}  // namespace

TEST_CASE("thousands of exchanges on few connections, with delays: every answer is its own") {
  ScriptedServer server;
  server.set_reactor(moody(1, false));
  Caller caller;
  const auto tally = storm(caller, "http://" + server.address(), 4, 4'000);
  CHECK(tally.right == 4'000);
  CHECK(server.connection_count() <= 4);
  CHECK(server.request_count() == 4'000);
}

TEST_CASE("ten thousand exchanges, a hundred at once, among resets and smuggled answers: none is mixed up") {
  ScriptedServer server;
  server.set_reactor(moody(2, true));
  Caller caller;
  const auto tally = storm(caller, "http://" + server.address(), 100, 10'000, true);
  CHECK(tally.wrong == 0);
  CHECK(tally.right + tally.failed == 10'000);
  CHECK(tally.right > 9'000);
  CHECK(server.connection_count() > 100);
}

TEST_CASE("the same over TLS") {
  const TestCa ca;
  ScriptedServer server(ServerTls{ca.issue()});
  server.set_reactor(moody(3, true));
  auto options = client_options();
  options.trust.ca_pem = ca.certificate_pem();
  Caller caller(options);
  const auto tally = storm(caller, "https://" + server.address(), 20, 1'500, true);
  CHECK(tally.wrong == 0);
  CHECK(tally.right > 1'300);
}

TEST_CASE("an exchange can be cancelled at any point and leaves nothing behind") {
  const TestCa ca;
  ScriptedServer server(ServerTls{ca.issue()});
  server.set_reactor(moody(4, false));
  ScriptedServer dark;
  for (int i = 0; i < 400; ++i)
    dark.enqueue({await_request(), hang()});
  auto options = client_options();
  options.trust.ca_pem = ca.certificate_pem();
  options.pool.idle_per_key = 0;
  options.silence = 1ms;
  Caller caller(options);
  int cancelled = 0;
  int done = 0;
  int running = 0;
  std::list<net::asio::cancellation_signal> signals;
  std::list<net::Timer> timers;
  for (int i = 0; i < 300; ++i) {
    auto& signal = signals.emplace_back();
    const std::string url = i % 2 ? "https://" + server.address() + "/1" : "http://" + dark.address() + "/1";
    ++running;
    net::asio::co_spawn(caller.io, caller.client->send(request_to(url, 10s)),
                        net::asio::bind_cancellation_slot(
                            signal.slot(), [&](std::exception_ptr error, Result<net::Response> response) {
                              if (error) throw std::logic_error("send() threw");
                              if (response) ++done;
                              if (!response && response.error().kind == ErrorKind::cancelled) ++cancelled;
                              if (--running == 0) caller.io.stop();
                            }));
    // From before the connection up to the middle of the answer.
    auto& timer = timers.emplace_back(caller.io.get_executor(), std::chrono::microseconds(i * 150));
    timer.async_wait([&](boost::system::error_code) { signal.emit(net::asio::cancellation_type::terminal); });
  }
  caller.io.restart();
  caller.io.run();
  CHECK(done + cancelled == 300);
  CHECK(cancelled >= 150);
  // What lost a race or was given up ends on its own, long before its 10 s are over.
  const auto idle = [&] { return dark.wait_until_idle(1ms) && server.wait_until_idle(1ms); };
  const SystemClock clock;
  for (const auto until = clock.now() + 5s; !idle() && clock.now() < until;) {
    caller.io.restart();
    caller.io.run_for(20ms);
  }
  CHECK(idle());
}

TEST_CASE("a client may be destroyed under its exchanges, and its io_context too") {
  ScriptedServer server;
  server.set_handler([](const std::string&) { return std::string("HTTP/1.1 200 OK\r\n"); });
  {
    Caller caller;
    for (int i = 0; i < 10; ++i)
      net::asio::co_spawn(caller.io, caller.client->send(request_to("http://" + server.address() + "/", 10s)),
                          [](std::exception_ptr, Result<net::Response>) {});
    caller.io.run_for(20ms);
    caller.client.reset();
    caller.io.run_for(5ms);
  }
  CHECK(server.wait_until_idle());
}

TEST_CASE("no more exchanges at once than allowed") {
  ScriptedServer server;
  server.set_handler([](const std::string&) { return answer(200); });
  auto options = client_options();
  options.connections = 3;
  Caller caller(options);
  int refused = 0;
  int fine = 0;
  for (int i = 0; i < 5; ++i)
    net::asio::co_spawn(caller.io, caller.client->send(request_to("http://" + server.address() + "/")),
                        [&](std::exception_ptr, Result<net::Response> response) {
                          ++(response ? fine : refused);
                          if (fine + refused == 5) caller.io.stop();
                        });
  caller.io.run();
  CHECK(fine == 3);
  CHECK(refused == 2);
}
