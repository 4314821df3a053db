#include "report/diff.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <sstream>
#include <vector>

using digester::report::unified_diff;

namespace {

// What `patch` does, as far as our own diffs go: no offsets, no fuzz.
std::string patched(const std::string& before, const std::string& diff) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < before.size();) {
    const auto end = std::min(before.find('\n', at), before.size() - 1) + 1;
    lines.push_back(before.substr(at, end - at));
    at = end;
  }
  std::string out;
  std::size_t at = 0;
  std::istringstream text(diff);
  std::vector<std::string> patch;
  for (std::string line; std::getline(text, line);)
    patch.push_back(line);
  for (std::size_t i = 2; i < patch.size(); ++i) {
    auto line = patch[i];
    if (line.starts_with("@@")) {
      std::size_t begin = std::stoul(line.substr(4)), count = 1;
      const auto comma = line.find(','), plus = line.find('+');
      if (comma < plus) count = std::stoul(line.substr(comma + 1));
      if (count != 0) --begin;
      REQUIRE(begin >= at);
      while (at < begin)
        out += lines.at(at++);
      continue;
    }
    const bool bare = i + 1 < patch.size() && patch[i + 1].starts_with('\\');
    const auto content = line.substr(1) + (bare ? "" : "\n");
    if (line[0] != '+') {
      REQUIRE(at < lines.size());
      REQUIRE(lines[at] == content);
      ++at;
    }
    if (line[0] != '-') out += content;
    if (bare) ++i;
  }
  while (at < lines.size())
    out += lines[at++];
  return out;
}

}  // namespace

TEST_CASE("a changed line stands between three lines of context", "[report]") {
  CHECK(unified_diff("./k8s/a.yaml", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n") ==
        "--- a/k8s/a.yaml\n"
        "+++ b/k8s/a.yaml\n"
        "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST_CASE("no difference is no diff", "[report]") {
  CHECK(unified_diff("a", "", "").empty());
  CHECK(unified_diff("a", "x\ny", "x\ny").empty());
}

TEST_CASE("a last line without a line break is marked on both sides", "[report]") {
  CHECK(unified_diff("a", "x\ny", "x\nz") ==
        "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n x\n-y\n\\ No newline at end of file\n"
        "+z\n\\ No newline at end of file\n");
  CHECK(unified_diff("a", "x\ny", "z\ny").ends_with(" y\n\\ No newline at end of file\n"));
}

TEST_CASE("an inserted line is one line of difference", "[report]") {
  CHECK(
      unified_diff("a", "- name: w\n  newTag: x\nnext:\n", "- name: w\n  newTag: x\n  digest: d\nnext:\n") ==
      "--- a/a\n+++ b/a\n@@ -1,3 +1,4 @@\n - name: w\n   newTag: x\n+  digest: d\n "
      "next:\n");
}

TEST_CASE("changes far apart are hunks of their own, close ones share one", "[report]") {
  std::string before, near, far;
  for (int i = 0; i < 20; ++i) {
    const auto line = std::to_string(i) + "\n";
    before += line;
    near += i == 3 || i == 10 ? "x\n" : line;
    far += i == 3 || i == 11 ? "x\n" : line;
  }
  const auto hunks = [](const std::string& diff) {
    std::size_t count = 0;
    for (auto at = diff.find("\n@@"); at != std::string::npos; at = diff.find("\n@@", at + 1))
      ++count;
    return count;
  };
  CHECK(hunks(unified_diff("a", before, near)) == 1);
  CHECK(hunks(unified_diff("a", before, far)) == 2);
}

TEST_CASE("a carriage return belongs to its line", "[report]") {
  const auto diff = unified_diff("a", "x\r\ny\r\n", "x\r\nz\r\n");
  CHECK(diff.ends_with(" x\r\n-y\r\n+z\r\n"));
}

TEST_CASE("names are quoted as git quotes them", "[report]") {
  CHECK(unified_diff("a b", "x\n", "y\n").starts_with("--- a/a b\t\n+++ b/a b\t\n"));
  CHECK(unified_diff("\"\n\xc3\xa9", "x\n", "y\n").find("--- \"a/\\\"\\012\\303\\251\"\n") !=
        std::string::npos);
  CHECK(unified_diff("/abs/a", "x\n", "y\n").find("--- a/abs/a\n") != std::string::npos);
}

TEST_CASE("colours end before the line does, and are only those asked for", "[report]") {
  CHECK(unified_diff("a", "x\n", "y\n").find('\x1b') == std::string::npos);
  const auto diff = unified_diff("a", "x\n", "y\n", {3, true});
  CHECK(diff.find("\x1b[31m-x\x1b[0m\n\x1b[32m+y\x1b[0m\n") != std::string::npos);
}

TEST_CASE("whatever was changed, the diff turns the one text into the other", "[report]") {
  std::mt19937 random(7);
  const auto draw = [&random](unsigned below) { return random() % below; };
  for (int round = 0; round < 2000; ++round) {
    std::string before, after;
    const auto lines = draw(30);
    for (unsigned i = 0; i < lines; ++i) {
      const auto line = std::string(1, static_cast<char>('a' + draw(4))) + (draw(5) == 0 ? "\r\n" : "\n");
      before += line;
      const auto what = draw(12);
      if (what == 0) continue;
      after += what == 1 ? "changed\n" : line;
      if (what == 2) after += "added\nlines\n";
    }
    if (draw(3) == 0 && !before.empty()) before.pop_back();
    if (draw(3) == 0 && !after.empty()) after.pop_back();
    INFO(before << "\n---\n" << after << "\n---\n" << unified_diff("a", before, after));
    REQUIRE(patched(before, unified_diff("a", before, after)) == after);
  }
}

TEST_CASE("ten thousand changed lines take no time worth telling", "[report]") {
  std::string before, after;
  for (int i = 0; i < 100'000; ++i) {
    before += "  image: a\n";
    after += i % 10 == 0 ? "  image: b\n" : "  image: a\n";
  }
  CHECK(unified_diff("a", before, after).size() > 100'000);
  CHECK(patched(before, unified_diff("a", before, after + "x\n")) == after + "x\n");
}
