#include "app/shell_word.hpp"

#include <catch2/catch.hpp>
#include <cstdio>

namespace digester::app {
namespace {

// What a shell makes of it.
std::string echoed(const std::string& word) {
  FILE* shell = ::popen(("printf '%s|' " + word).c_str(), "r");
  REQUIRE(shell);
  char read[256];
  const auto size = std::fread(read, 1, sizeof read, shell);
  CHECK(::pclose(shell) == 0);
  return {read, size};
}

TEST_CASE("a file's name is one word of a shell, whatever is in it") {
  CHECK(shell_word("overlays/prod/app.yaml") == "overlays/prod/app.yaml");
  CHECK(shell_word("my app.yaml") == "'my app.yaml'");
  for (const std::string name :
       {"a b", "it's", "$(touch x)", "`x`", "a;b", "\"", "*", "~", "#x", "", "a\\b", "ü"})
    CHECK(echoed(shell_word(name)) == name + "|");
  CHECK(shell_word("-i") == "./-i");
  CHECK(shell_word("a\nb") == R"('a\x0ab')");
}

}  // namespace
}  // namespace digester::app
