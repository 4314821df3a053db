// Read by scripts/check-coroutines.sh alone, never compiled into anything: every line marked BAD must be
// reported, and no other line.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

using Executor = boost::asio::io_context::executor_type;
template <typename T>
using Task = boost::asio::awaitable<T, Executor>;

struct Request {
  std::string host, path;
};
struct Point {
  int x, y;
};

Task<int> send(Request request);
Task<int> place(Point point);
Task<int> retry(std::function<int()> next);
Task<int> post(std::vector<int> values, std::string text);
int use(Request request, int n);

Task<int> aggregates(std::string host) {
  auto named = co_await send(Request{host, "/"});                               // BAD
  auto unnamed = co_await send({host, "/"});                                    // BAD
  co_return named + unnamed + use(Request{host, "/"}, co_await place({1, 2}));  // BAD
}

Task<int> lambdas(std::shared_ptr<int> shared) {
  co_return co_await retry([shared] { return *shared; });  // BAD
}

Task<int> function_objects(std::shared_ptr<int> shared) {
  auto next = [shared] { return *shared; };
  std::function<int()> named = next;
  co_return co_await retry(std::move(named));
}

Task<int> fine(std::string host, int n) {
  Request request{host, "/"};
  auto sent = co_await send(std::move(request));
  auto placed = co_await place(Point{n, 1});  // trivial: nothing to destroy twice
  auto posted =
      co_await post(std::vector<int>{1, 2}, std::string("x") + host);  // constructors are not affected
  auto used = use(Request{"a", "b"}, sent);                            // no co_await in this expression
  co_return sent + placed + posted + used;
}
