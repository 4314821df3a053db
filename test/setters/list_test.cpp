#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "setters/list.hpp"

namespace digester::setters {
namespace {

TEST_CASE("Each setter with its place and value") {
  const auto uses = list_setters(
      "a: nginx:1 # kpt-set: ${image}:${tag}\nenv: # kpt-set: ${env}\n- x\nb: odd # kpt-set: "
      "${image}:${tag}\n"
      "c: x-x # kpt-set: ${y}-${y}\nd: z # kpt-set: plain\n");
  REQUIRE(uses);
  std::vector<std::string> lines;
  for (const auto& use : *uses)
    lines.push_back(fmt::format("{} {} {}={}{}", use.line, use.path, use.name, use.value.value_or("?"),
                                use.is_list ? " list" : ""));
  CHECK(lines == std::vector<std::string>{"1 a image=nginx", "1 a tag=1", "3 env env=? list", "4 b image=?",
                                          "4 b tag=?", "5 c y=x"});
}

TEST_CASE("No YAML is an error") {
  CHECK_FALSE(list_setters("a: [\n"));
}

}  // namespace
}  // namespace digester::setters
