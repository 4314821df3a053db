// Aliases followed, within bounds.
#include "yaml/expander.hpp"

#include <catch2/catch.hpp>

#include "listing.hpp"

namespace digester::yaml {
namespace {

using Catch::Matchers::StartsWith;

struct Expanded {
  std::string text;  // what came through an alias has its line before it
  std::size_t nodes = 0;
};

Expanded expand(std::string_view text, const ExpansionLimits& limits = {}) {
  Expander expander(read_yaml(text), limits);
  Expanded out;
  while (true) {
    const auto node = expander.next();
    ++out.nodes;
    if (!node) {
      out.text += "error: " + node.error().message;
      return out;
    }
    if (node->event.kind == EventKind::stream_end) return out;
    if (node->event.kind == EventKind::document_start || node->event.kind == EventKind::document_end)
      continue;
    if (!out.text.empty()) out.text += ' ';
    if (node->alias) out.text += std::to_string(node->alias->line) + "/" + std::to_string(node->event.line);
    if (node->shared) out.text += "~";
    out.text += test::short_form(node->event);
  }
}

TEST_CASE("an alias is followed by what it stands for, with both lines") {
  CHECK(expand("a: &n x\nb: *n\n").text == "{ :a ~&n :x :b 2/1~&n :x }");
  CHECK(expand("a: &n {k: [1]}\nb: *n\nc: 2\n").text ==
        "{ :a ~&n { ~:k ~[ ~:1 ~] ~} :b 2/1~&n { 2/1~:k 2/1~[ 2/1~:1 2/1~] 2/1~} :c :2 }");
}

TEST_CASE("an alias means the latest earlier anchor of its document") {
  CHECK(expand("- &n x\n- *n\n- &n y\n- *n\n").text == "[ ~&n :x 2/1~&n :x ~&n :y 4/3~&n :y ]");
  // Also within what is given again later: decided where it was written.
  CHECK(expand("- &n x\n- &m [*n]\n- &n y\n- *m\n").text ==
        "[ ~&n :x ~&m [ 2/1~&n :x ~] ~&n :y 4/2~&m [ 4/1~&n :x 4/2~] ]");
  CHECK_THAT(expand("a: &n x\n---\nb: *n\n").text,
             Catch::Matchers::EndsWith(
                 "error: line 3: the alias *n stands for nothing: no &n comes before it in its "
                 "document"));
}

TEST_CASE("an alias inside of what it stands for is an error") {
  CHECK_THAT(expand("a: &n\n  b: *n\n").text,
             Catch::Matchers::EndsWith("error: line 2: the alias *n is part of what it stands for"));
}

TEST_CASE("anchored nodes within anchored nodes") {
  CHECK(expand("- &a [&b x, &c {k: &d v}]\n- [*b, *c, *d]\n").text ==
        "[ ~&a [ ~&b :x ~&c { ~:k ~&d :v ~} ~] [ 2/1~&b :x 2/1~&c { 2/1~:k 2/1~&d :v 2/1~} 2/1~&d :v ] ]");
}

std::string bomb(int levels) {
  std::string text = "- &a0 x\n";
  for (int i = 1; i <= levels; ++i) {
    text += "- &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j)
      text += "*a" + std::to_string(i - 1) + ", ";
    text += "]\n";
  }
  return text;
}

TEST_CASE("alias bombs stop at the limit") {
  CHECK(expand(bomb(3)).text.find("error") == std::string::npos);
  const auto big = expand(bomb(30));
  CHECK(big.text.find("stand for more than 1000000 nodes") != std::string::npos);
  CHECK(big.nodes < 1'100'000);
  std::string long_value = "- &a " + std::string(1 << 20, 'x') + "\n";
  for (int i = 0; i < 100; ++i)
    long_value += "- *a\n";
  ExpansionLimits limits;
  CHECK(expand(long_value, limits).text.find("or 67108864 bytes") != std::string::npos);
}

TEST_CASE("nesting counts what aliases bring") {
  std::string text = "- &a0 [x]\n";
  for (int i = 1; i < 1'200; ++i)
    text += "- &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  CHECK(expand(text).text.find("nested deeper than 1000 levels, with aliases") != std::string::npos);
}

}  // namespace
}  // namespace digester::yaml
