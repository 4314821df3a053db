#include "net/client/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "net/with_timeout.hpp"

namespace digester::net {
namespace {

SteadyTime within(SteadyTime deadline, Duration limit) {
  return std::min(deadline, SystemClock().now() + std::chrono::duration_cast<SteadyTime::duration>(limit));
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7F) || byte == '\t';
  });
}

bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 12> names = {
      "host",   "connection", "content-length", "transfer-encoding",   "user-agent",       "cookie",
      "expect", "te",         "upgrade",        "proxy-authorization", "proxy-connection", "keep-alive"};
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view ours) { return text::iequals(name, ours); });
}

// State of one exchange, on the frame of exchange(); the steps below run under its limits.
struct Running {
  Stream& stream;
  const Outgoing& request;
  Progress& progress;
  ResponseReader reader;
  ExchangeFacts facts;
  bool any_byte = false;
};

Task<bool> write_request(Running& run) {
  co_return co_await run.stream.write(run.request.bytes);
}

using Block = std::array<char, 16 * 1024>;

// What was read goes to the parser. False: the peer ended its side.
Result<bool> take(Running& run, const Block& block, const StreamRead& read) {
  if (read.size > 0) {
    run.any_byte = run.progress.first_byte = true;
    const auto used = run.reader.feed({block.data(), read.size});
    if (!used) return fail(used.error());
    run.facts.surplus_bytes += read.size - *used;
  }
  if (read.end == StreamEnd::open || run.reader.stopped()) return true;
  run.facts.peer_ended = true;
  auto ended = run.reader.end(read.end == StreamEnd::orderly);
  if (ended) return false;
  if (ended.error().detail.empty()) ended.error().detail = read.cause;
  if (run.reader.handing_on()) ended.error().kind = ErrorKind::unreachable;
  return fail(std::move(ended.error()));
}

// Reads until the head is there, or (then) the whole message.
Task<Result<void>> read_until(Running& run, bool whole) {
  Block block;
  for (;;) {
    if (whole ? run.reader.done() : run.reader.head_done()) break;
    const StreamRead read = co_await run.stream.read_some(block.data(), block.size());
    const auto open = take(run, block, read);
    if (!open) co_return fail(open.error());
    if (!*open) break;
  }
  co_return Result<void>();
}

// Reads a body that is handed on, until it ends or nobody wants more of it. Each read has a limit of its own.
Task<Result<void>> read_stream(Running& run) {
  Block block;
  const Duration silence = run.request.silence_limit;
  while (!run.reader.done() && !run.reader.stopped()) {
    const SteadyTime until =
        silence.count() > 0 ? within(run.request.deadline, silence) : run.request.deadline;
    auto reading = run.stream.read_some(block.data(), block.size());
    const auto read = co_await with_timeout(until, std::move(reading));
    if (!read)
      co_return fail(ErrorKind::timed_out,
                     until == run.request.deadline
                         ? fmt::format("the answer of {} did not end in time", run.request.peer)
                         : fmt::format("{} said nothing for {}", run.request.peer, format_duration(silence)));
    const auto open = take(run, block, *read);
    if (!open) co_return fail(open.error());
    if (!*open) break;
  }
  co_return Result<void>();
}

// The rest of the message, after its head.
Task<Result<void>> read_body(Running& run) {
  if (run.reader.handing_on()) co_return co_await read_stream(run);
  auto reading = read_until(run, true);
  auto body = co_await with_timeout(within(run.request.deadline, run.request.body_limit), std::move(reading));
  if (body) co_return std::move(*body);
  co_return fail(ErrorKind::timed_out,
                 fmt::format("the answer of {} was too slow to end in time", run.request.peer));
}

}  // namespace

Result<std::string> request_text(const Request& request, const std::string& target,
                                 const std::string& user_agent, const std::string& proxy_authorization) {
  if (!is_visible(target) || target.empty())
    return fail(ErrorKind::invalid, "the request's target holds a character that it cannot have");
  std::string out = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\n", to_string(request.method),
                                target, request.url.authority(), user_agent);
  for (const auto& [name, value] : request.headers.fields()) {
    if (is_ours(name)) continue;
    const bool usable = !name.empty() && is_visible(name) && name.find(':') == std::string::npos;
    if (!usable || !is_field_value(value))
      return fail(ErrorKind::invalid, "a field of the request holds a character that it cannot have");
    out += fmt::format("{}: {}\r\n", name, value);
  }
  if (!proxy_authorization.empty()) out += fmt::format("Proxy-Authorization: {}\r\n", proxy_authorization);
  if (has_body(request.method)) out += fmt::format("Content-Length: {}\r\n", request.body.size());
  out += "\r\n";
  if (has_body(request.method)) out += request.body;
  return out;
}

Task<Exchanged> exchange(Stream& stream, std::shared_ptr<const Outgoing> request,
                         std::shared_ptr<Progress> progress) {
  Running run{stream, *request, *progress, ResponseReader(request->method, request->limits, request->peer),
              {},     false};
  Exchanged result;
  run.facts.failed = true;  // until the end is reached
  if (request->on_body) run.reader.hand_on(request->on_body);

  auto writing = write_request(run);
  const auto written =
      co_await with_timeout(within(request->deadline, request->head_limit), std::move(writing));
  run.facts.request_complete = written && *written;

  // A peer that refuses early answers and closes while we write: that answer is read, the connection not
  // reused.
  Error error;
  bool ok = written.has_value();
  if (!ok) error = {ErrorKind::timed_out, fmt::format("{} does not take the request", request->peer)};
  if (ok) {
    auto reading = read_until(run, false);
    auto head = co_await with_timeout(within(request->deadline, request->head_limit), std::move(reading));
    ok = head && *head;
    if (!head)
      error = {ErrorKind::timed_out, run.any_byte
                                         ? fmt::format("the head of {}'s answer was too slow", request->peer)
                                         : fmt::format("{} did not answer in time", request->peer)};
    else if (!*head)
      error = std::move(head->error());
  }
  if (ok) {
    auto body = co_await read_body(run);
    ok = body.has_value();
    if (!ok) error = std::move(body.error());
  }
  run.facts.failed = !ok || run.reader.stopped();
  run.facts.message_complete = run.reader.done();
  run.facts.keep_alive = run.reader.keep_alive();
  run.facts.until_close = run.reader.until_close();
  result.facts = run.facts;
  if (ok) {
    result.response = run.reader.take();
  } else {
    result.no_answer = !run.any_byte && run.facts.peer_ended && error.kind != ErrorKind::timed_out;
    if (result.no_answer) error.kind = ErrorKind::unreachable;
    result.response = fail(std::move(error));
  }
  co_return result;
}

}  // namespace digester::net
