// Read by scripts/check-coroutines.sh alone, never compiled into anything: every line marked BAD must be
// reported, and no other line.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

using Executor = boost::asio::io_context::executor_type;
template <typename T>
using Task = boost::asio::awaitable<T, Executor>;

Task<bool> has(int key);

Task<int> operands(bool fresh, int key) {
  if (fresh && co_await has(key)) co_return 1;  // BAD
  if (co_await has(key) || fresh) co_return 2;  // BAD
  while (fresh && co_await has(key)) {          // BAD
    fresh = false;
  }
  for (; fresh && co_await has(key);) {  // BAD
    fresh = false;
  }
  do {
    fresh = false;
  } while (fresh || co_await has(key));         // BAD
  bool both = fresh && co_await has(key);       // BAD
  co_return both || co_await has(key) ? 3 : 4;  // BAD
}

Task<int> elsewhere_in_the_condition(bool fresh, bool known) {
  if (co_await has(fresh && known)) co_return 1;  // BAD
  co_return 2;
}

Task<int> fine(bool fresh, int key) {
  if (co_await has(key)) {
    if (fresh && key > 1) co_return 1;
  }
  bool hit = false;
  if (fresh) hit = co_await has(key);
  if (bool again = co_await has(key); again && hit) co_return 2;
  co_return hit&& fresh ? 3 : 4;
}
