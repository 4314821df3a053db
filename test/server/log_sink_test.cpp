#include "app/log_sink.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

using namespace digester;

TEST_CASE("lines of many threads arrive whole, and all of them before the end") {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  std::string read;
  std::thread reader([&] {
    std::array<char, 4096> buffer{};
    for (ssize_t n = 0; (n = ::read(pipe[0], buffer.data(), buffer.size())) > 0;)
      read.append(buffer.data(), static_cast<std::size_t>(n));
  });
  {
    app::LogSink sink(pipe[1]);
    std::vector<std::thread> writers;
    for (int t = 0; t < 4; ++t)
      writers.emplace_back([&sink, t] {
        for (int i = 0; i < 500; ++i)
          sink.write(std::string(20, static_cast<char>('a' + t)) + "\n");
      });
    for (auto& writer : writers)
      writer.join();
  }
  ::close(pipe[1]);
  reader.join();
  ::close(pipe[0]);
  REQUIRE(read.size() == 4 * 500 * 21);
  for (std::size_t i = 0; i < read.size(); i += 21)
    CHECK(read.substr(i, 20) == std::string(20, read[i]));
}

TEST_CASE("a reader that stalls costs lines, not memory and not time") {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  std::string tail;
  std::thread reader;
  {
    app::LogSink sink(pipe[1]);
    const std::string line(1 << 20, 'x');
    for (int i = 0; i < 40; ++i)
      sink.write(line);
    reader = std::thread([&] {
      std::vector<char> buffer(1 << 20);
      for (ssize_t n = 0; (n = ::read(pipe[0], buffer.data(), buffer.size())) > 0;) {
        tail.append(buffer.data(), static_cast<std::size_t>(n));
        if (tail.size() > 4096) tail.erase(0, tail.size() - 4096);
      }
    });
  }
  ::close(pipe[1]);
  reader.join();
  ::close(pipe[0]);
  CHECK(tail.find("log lines dropped") != std::string::npos);
}
