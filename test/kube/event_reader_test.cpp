// Lines of a watch, cut anywhere, good and bad.
#include "kube/event_reader.hpp"

#include <catch2/catch.hpp>

using namespace digester;
using kube::Event;
using kube::EventReader;
using kube::EventType;

namespace {

struct Collected final : kube::EventSink {
  bool take(const Event& event) override {
    const char type = event.type == EventType::applied ? '+' : event.type == EventType::deleted ? '-' : '.';
    seen += type + std::string(event.object.at({"metadata", "name"}).string_or("")) + "@" +
            std::string(event.version) + " ";
    return seen.size() < enough;
  }
  std::string seen;
  std::size_t enough = 1 << 20;
};

std::string event(const std::string& type, const std::string& name, int version) {
  return R"({"type":")" + type + R"(","object":{"metadata":{"name":")" + name + R"(","resourceVersion":")" +
         std::to_string(version) + "\"}}}\n";
}

Error problem_of(const std::string& line, std::size_t limit = 4096) {
  EventReader reader(limit);
  Collected sink;
  const auto more = reader.feed(line, sink);
  REQUIRE_FALSE(more);
  return more.error();
}

}  // namespace

TEST_CASE("events come out whole, however the bytes are cut") {
  const std::string bytes = event("ADDED", "a", 1) + "\r\n" + event("MODIFIED", "a", 2) +
                            event("DELETED", "a", 3) + event("BOOKMARK", "", 4);
  for (const std::size_t piece : {1U, 2U, 7U, 50U, 10000U}) {
    EventReader reader(4096);
    Collected sink;
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      REQUIRE(reader.feed(std::string_view(bytes).substr(at, piece), sink).value());
    CHECK(sink.seen == "+a@1 +a@2 -a@3 .@4 ");
  }
}

TEST_CASE("a line without its end is no event yet, and nothing comes after enough") {
  EventReader reader(4096);
  Collected sink;
  const auto line = event("ADDED", "a", 1);
  CHECK(*reader.feed(line.substr(0, line.size() - 1), sink));
  CHECK(sink.seen.empty());
  sink.enough = 1;
  CHECK_FALSE(*reader.feed("\n" + event("ADDED", "b", 2), sink));
  CHECK(sink.seen == "+a@1 ");
}

TEST_CASE("the longest line is exactly the limit") {
  const auto line = event("ADDED", std::string(100, 'n'), 1);
  EventReader reader(line.size() - 1);
  Collected sink;
  CHECK(reader.feed(line, sink));
  CHECK(reader.feed(line, sink));
  CHECK(problem_of(line, line.size() - 2).kind == ErrorKind::too_large);
  CHECK(problem_of(std::string(5000, 'x')).kind == ErrorKind::too_large);
}

TEST_CASE("an event of three megabytes is read") {
  EventReader reader(4 << 20);
  Collected sink;
  std::string big = event("ADDED", "a", 1);
  big.insert(big.size() - 2, R"(,"x":")" + std::string(3 << 20, 'x') + "\"");
  for (std::size_t at = 0; at < big.size(); at += 16384)
    REQUIRE(reader.feed(std::string_view(big).substr(at, 16384), sink));
  CHECK(sink.seen == "+a@1 ");
}

TEST_CASE("an ERROR event says why the watch ends") {
  const auto error = [](int code, const std::string& message) {
    return R"({"type":"ERROR","object":{"kind":"Status","code":)" + std::to_string(code) + R"(,"message":")" +
           message + "\"}}\n";
  };
  CHECK(problem_of(error(410, "too old resource version: 1 (5)")).kind == ErrorKind::not_found);
  CHECK(problem_of(error(410, "too old resource version")).message.find("too old") != std::string::npos);
  CHECK(problem_of(error(500, "x")).kind == ErrorKind::unavailable);
  CHECK(problem_of(error(504, "x")).kind == ErrorKind::unavailable);
  CHECK(problem_of(error(429, "x")).kind == ErrorKind::rate_limited);
  CHECK(problem_of(error(400, R"(\u001b[31m)")).message.find('\x1b') == std::string::npos);
}

TEST_CASE("what is no event is a protocol error that repeats none of it") {
  for (const std::string line :
       {"{", "null", "[]", "<html>", R"({"type":"ADDED"})", R"({"type":"ADDED","object":5})",
        R"({"type":"NEW","object":{"metadata":{"resourceVersion":"1"}}})",
        R"({"type":"ADDED","object":{"metadata":{"resourceVersion":1}}})", R"({"type":"ADDED","object":{}})",
        "{\"type\":\"ADDED\xff\"}"}) {
    INFO(line);
    CHECK(problem_of(line + "\n").kind == ErrorKind::protocol);
  }
}
