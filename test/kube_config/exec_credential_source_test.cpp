#include "kube/config/exec_credential_source.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>
#include <fstream>

#include "support/capture_log.hpp"
#include "support/manual_clock.hpp"
#include "support/run_task.hpp"
#include "support/temporary_directory.hpp"

using namespace digester;
using namespace std::chrono_literals;
using kube::ExecCredentialSource;

namespace {

struct Fixture {
  test::TemporaryDirectory dir;
  test::ManualClock clock;
  test::CaptureLog log;
  net::asio::io_context io;
  kube::ExecOptions options;

  // Each run adds a line to "runs"; `script` sees $n, the number of runs so far.
  std::shared_ptr<ExecCredentialSource> make(const std::string& script) {
    options.exec.api_version = "client.authentication.k8s.io/v1";
    options.exec.command = "sh";
    options.exec.args = {"-c",
                         "echo >>" + (dir / "runs") + "; n=$(wc -l <" + (dir / "runs") + "); " + script};
    options.environment = {"PATH=/usr/bin:/bin", "KUBERNETES_EXEC_INFO=old", "KEPT=yes"};
    return ExecCredentialSource::make(io, options, clock, log.logger());
  }
  static std::string print(const std::string& status) {
    return "echo "
           "'{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":" +
           status + "}' | sed s/N/$n/";
  }
  Result<kube::ApiCredential> credential(const std::shared_ptr<ExecCredentialSource>& source,
                                         bool refresh = false) {
    return test::run_task(io, [&] { return source->credential(refresh); });
  }
  std::string got(const std::shared_ptr<ExecCredentialSource>& source, bool refresh = false) {
    const auto answer = credential(source, refresh);
    return answer ? answer->token + answer->certificate_pem + answer->key_pem
                  : "error: " + answer.error().message;
  }
  std::size_t runs() const {
    std::ifstream file(dir / "runs");
    return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(file), {}, '\n'));
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "a token is kept until somebody's 401, and asked for anew no sooner than 5 seconds") {
  const auto source = make(print(R"({"token":"tN"})"));
  CHECK(got(source) == "t1");
  clock.advance(24h);
  CHECK(got(source) == "t1");
  CHECK(got(source, true) == "t2");
  CHECK(got(source, true) == "t2");
  clock.advance(5s);
  CHECK(got(source) == "t2");
  CHECK(got(source, true) == "t3");
  CHECK(runs() == 3);
}

TEST_CASE_METHOD(Fixture, "a token is renewed shortly before it expires") {
  // The manual clock's wall begins at 2027-01-15T08:00:00Z.
  const auto source = make(print(R"({"token":"tN","expirationTimestamp":"2027-01-15T08:15:00Z"})"));
  CHECK(got(source) == "t1");
  clock.advance(13min + 59s);
  CHECK(got(source) == "t1");
  clock.advance(1s);
  CHECK(got(source) == "t2");
  // The plugin keeps giving one that is nearly over: a run every few seconds, not with every call.
  clock.advance(2min);
  CHECK(got(source) == "t3");
  CHECK(got(source) == "t3");
  CHECK(runs() == 3);
  // A wall clock that jumps changes nothing for what is kept.
  clock.jump_wall(24h);
  CHECK(got(source) == "t3");
}

TEST_CASE_METHOD(Fixture, "at most one run at a time, for all who ask") {
  const auto source = make("sleep 0.2; " + print(R"({"token":"tN"})"));
  int done = 0;
  for (int i = 0; i < 5; ++i) {
    auto body = [&]() -> net::Task<void> {
      const auto answer = co_await source->credential(false);
      if (answer.value().token == "t1") ++done;
    };
    net::asio::co_spawn(io, std::move(body), [](std::exception_ptr) {});
  }
  io.run();
  CHECK(done == 5);
  CHECK(runs() == 1);
}

TEST_CASE_METHOD(Fixture, "who gives up does not end the run for the others") {
  const auto source = make("sleep 0.3; " + print(R"({"token":"tN"})"));
  net::asio::cancellation_signal give_up;
  bool gave_up = false;
  net::asio::co_spawn(io, source->credential(false),
                      net::asio::bind_cancellation_slot(give_up.slot(), [&](std::exception_ptr error, auto) {
                        gave_up = error != nullptr;
                      }));
  std::string second;
  auto body = [&]() -> net::Task<void> {
    const auto answer = co_await source->credential(false);
    second = answer.value().token;
  };
  net::asio::co_spawn(io, std::move(body), [](std::exception_ptr) {});
  net::Timer timer(io.get_executor(), 50ms);
  timer.async_wait([&](auto) { give_up.emit(net::asio::cancellation_type::terminal); });
  io.run();
  CHECK(gave_up);
  CHECK(second == "t1");
  CHECK(runs() == 1);
}

TEST_CASE_METHOD(Fixture,
                 "a failure is remembered for 10 seconds, and what the plugin said is for the log alone") {
  const auto source = make("echo 'login first: s3cret' >&2; exit 1");
  const auto first = credential(source);
  REQUIRE_FALSE(first);
  CHECK(first.error().kind == ErrorKind::unauthorized);
  CHECK(first.error().message ==
        "the kubeconfig's credential plugin sh ended with code 1: run it, or kubectl, by hand to see why");
  CHECK(first.error().detail == "login first: s3cret");
  clock.advance(9s);
  CHECK(got(source).starts_with("error: "));
  CHECK(got(source, true).starts_with("error: "));
  CHECK(runs() == 1);
  clock.advance(1s);
  CHECK(got(source).starts_with("error: "));
  CHECK(runs() == 2);
  CHECK(log.lines().size() == 2);
}

TEST_CASE_METHOD(Fixture, "a client certificate, with a token and without") {
  CHECK(got(make(print(R"({"clientCertificateData":"-c","clientKeyData":"-k"})"))) == "-c-k");
  CHECK(got(make(print(R"({"token":"t","clientCertificateData":"-c","clientKeyData":"-k"})"))) == "t-c-k");
}

TEST_CASE_METHOD(Fixture, "answers that are none") {
  CHECK(got(make("echo hello"))
            .starts_with("error: the kubeconfig's credential plugin sh: not an ExecCredential: "));
  options.max_output = 100;
  CHECK(credential(make("head -c 1000 /dev/zero")).error().kind == ErrorKind::too_large);
  options.limit = 200ms;
  CHECK(credential(make("sleep 100")).error().kind == ErrorKind::timed_out);
}

TEST_CASE_METHOD(Fixture, "a plugin that is not installed says how to get it") {
  (void)make("");
  options.exec.command = "kubelogin-that-is-not-here";
  options.exec.install_hint = "brew install it\n";
  const auto source = ExecCredentialSource::make(io, options, clock, log.logger());
  const auto answer = credential(source);
  CHECK(answer.error().kind == ErrorKind::not_found);
  CHECK(answer.error().message.find("; brew install it") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "the plugin's environment: ours, its own, and what it is to do") {
  options.exec.env = {{"OWN", "x y"}, {"KEPT", "changed"}};
  options.cluster = kube::ExecCluster{"https://c:1", {}, false, {}, {}};
  const auto source = make("printf '%s|%s|%s' \"$OWN\" \"$KEPT\" \"$KUBERNETES_EXEC_INFO\" >" +
                           (dir / "seen") + "; " + print(R"({"token":"tN"})"));
  CHECK(got(source) == "t1");
  std::ifstream file(dir / "seen");
  const std::string seen{std::istreambuf_iterator<char>(file), {}};
  CHECK(
      seen ==
      R"(x y|changed|{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"cluster":{)"
      R"("server":"https://c:1","config":null},"interactive":false}})");
}
