// An HttpClient without a network: it answers what a test scripted, takes the time that the test's clock
// says, and remembers every request.
//
//   FakeHttpClient http(clock);
//   http.on("HEAD https://r.example/v2/app/manifests/1", {answer_503, answer_200});   // the last one repeats
//   http.on("GET https://auth.example/token", [](const net::Request& request) { … });
#pragma once

#include <algorithm>
#include <boost/asio/post.hpp>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "net/client/http_client.hpp"
#include "support/manual_clock.hpp"

namespace digester::test {

// Header fields as a test writes them.
using Fields = std::vector<std::pair<std::string, std::string>>;

inline net::Response response(unsigned status, const Fields& fields = {}, std::string body = {}) {
  net::Response made;
  made.status = status;
  for (const auto& [name, value] : fields)
    made.headers.add(name, value);
  made.body = std::move(body);
  return made;
}

// One thread.
class FakeHttpClient final : public net::HttpClient {
 public:
  using Outcome = Result<net::Response>;
  using Handler = std::function<Outcome(const net::Request&)>;

  explicit FakeHttpClient(ManualClock& clock) : clock_(clock) {}

  // `what` is "METHOD origin/path": the query is not part of it. A later call replaces an earlier one.
  void on(const std::string& what, Handler handler) { handlers_[what] = std::move(handler); }
  void on(const std::string& what, std::vector<Outcome> outcomes) {
    on(what, [outcomes = std::deque<Outcome>(outcomes.begin(), outcomes.end())](const net::Request&) mutable {
      auto outcome = outcomes.front();
      if (outcomes.size() > 1) outcomes.pop_front();
      return outcome;
    });
  }
  void on(const std::string& what, net::Response answer) {
    on(what, std::vector<Outcome>{std::move(answer)});
  }
  void on(const std::string& what, Error error) { on(what, std::vector<Outcome>{fail(std::move(error))}); }

  // How long an answer takes on the test's clock; one that would come after its deadline is timed_out.
  void set_latency(const std::string& origin, Duration latency) { latencies_[origin] = latency; }

  // From now on requests to this origin get no answer until release().
  void hold(const std::string& origin) { held_.insert_or_assign(origin, true); }
  void release(const std::string& origin) {
    held_.erase(origin);
    for (auto* waiter : std::vector<net::Timer*>(waiters_))
      waiter->cancel();
  }

  static std::string name_of(const net::Request& request) {
    return std::string(net::to_string(request.method)) + " " + request.url.origin() +
           request.url.target.substr(0, request.url.target.find('?'));
  }
  // Every request so far, by name.
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& request : requests)
      all.push_back(name_of(request));
    return all;
  }
  std::size_t count(const std::string& what) const {
    const auto all = names();
    return static_cast<std::size_t>(std::count(all.begin(), all.end(), what));
  }

  net::Task<Outcome> send(net::Request request) override {
    const auto executor = co_await net::asio::this_coro::executor;
    requests.push_back(request);
    const auto what = name_of(request);
    const Occupied occupied(*this);
    co_await net::asio::post(executor, net::use_task);
    const auto origin = request.url.origin();
    while (held_.contains(origin)) {
      net::Timer timer(executor, net::Timer::time_point::max());
      waiters_.push_back(&timer);
      co_await timer.async_wait(net::use_task);
      std::erase(waiters_, &timer);
      if (held_.contains(origin)) co_return fail(ErrorKind::cancelled, "given up");
    }
    if (const auto latency = latencies_.find(origin); latency != latencies_.end()) {
      if (clock_.now() + latency->second > request.deadline) {
        clock_.advance(std::max<Duration>(request.deadline - clock_.now(), Duration::zero()));
        co_return fail(ErrorKind::timed_out, "no answer in time");
      }
      clock_.advance(latency->second);
    }
    const auto handler = handlers_.find(what);
    if (handler == handlers_.end()) {
      unexpected.push_back(what);
      co_return fail(ErrorKind::internal, "the test did not expect " + what);
    }
    auto outcome = handler->second(request);
    if (outcome && outcome->body.size() > request.body_limit)
      co_return fail(ErrorKind::too_large, "its answer is larger than the limit");
    co_return outcome;
  }

  // A 2xx answer's body in one piece, which then ends.
  net::Task<Outcome> stream(net::Request request, OnBody on_body) override {
    auto outcome = co_await send(std::move(request));
    if (outcome && outcome->status / 100 == 2) {
      if (on_body({}) && !outcome->body.empty()) on_body(outcome->body);
      outcome->body.clear();
    }
    co_return outcome;
  }

  std::vector<net::Request> requests;
  std::vector<std::string> unexpected;  // requests that no handler was for
  std::size_t in_flight = 0;
  std::size_t most_in_flight = 0;

 private:
  struct Occupied {
    explicit Occupied(FakeHttpClient& client) : http(client) {
      http.most_in_flight = std::max(http.most_in_flight, ++http.in_flight);
    }
    ~Occupied() { --http.in_flight; }
    Occupied(const Occupied&) = delete;
    Occupied& operator=(const Occupied&) = delete;
    FakeHttpClient& http;
  };

  ManualClock& clock_;
  std::map<std::string, Handler> handlers_;
  std::map<std::string, Duration> latencies_;
  std::map<std::string, bool> held_;
  std::vector<net::Timer*> waiters_;
};

}  // namespace digester::test
