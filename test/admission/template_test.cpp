#include "admission/template.hpp"

#include <catch2/catch.hpp>

#include "run.hpp"

namespace digester::admission {
namespace {

using test::at;

bool same(std::string a, std::string b, bool digest_only = false) {
  json::Document left;
  json::Document right;
  return same_template(left.parse(a).value(), right.parse(b).value(), digest_only);
}

std::string with(const std::string& image, const std::string& more = "", const std::string& metadata = "{}") {
  return R"({"metadata":)" + metadata + R"(,"spec":{"containers":[{"name":"a","image":")" + image + R"(")" +
         more +
         R"(}],"volumes":[{"name":"v","image":{"reference":"m:1","pullPolicy":"Always"}}],"dnsPolicy":"Default"}})";
}

TEST_CASE("a template equals itself, in whatever order its keys are") {
  CHECK(same(with("x:1"), with("x:1")));
  CHECK(same(R"({"metadata":{},"spec":{"a":1,"containers":[{"name":"a","image":"x"}]}})",
             R"({"spec":{"containers":[{"image":"x","name":"a"}],"a":1},"metadata":{}})"));
}

TEST_CASE("a digest that was taken off is no change yet, on or elsewhere it is one") {
  CHECK(same(with(at("x:1", 'a')), with("x:1")));
  CHECK_FALSE(same(with("x:1"), with(at("x:1", 'a'))));
  CHECK_FALSE(same(with(at("x:1", 'a')), with(at("x:1", 'b'))));
  CHECK_FALSE(same(with("x:1"), with("x:2")));
  CHECK_FALSE(same(with(at("x", 'a')), with("x:1")));
  CHECK(same(with(at("x", 'a')), with("x:1"), true));
}

TEST_CASE("anything else is a change") {
  const auto before = with("x:1");
  CHECK_FALSE(same(before, with("x:1", R"(,"env":[{}])")));
  CHECK_FALSE(same(before, with("x:1", "", R"({"annotations":{"restartedAt":"now"}})")));
  for (const auto& [from, to] : {std::pair<std::string, std::string>{R"("name":"a")", R"("name":"b")"},
                                 {R"("Default")", R"("None")"},
                                 {R"("Always")", R"("Never")"},
                                 {R"("m:1")", R"("m:2")"},
                                 {R"("name":"v")", R"("name":"w")"},
                                 {R"("m:1")", "1"},
                                 {R"("volumes":[)", R"("volumes":[{},)"},
                                 {R"("containers":[)", R"("containers":[null,)"},
                                 {R"("volumes")", R"("initContainers")"},
                                 {R"("image":"x:1")", R"("image":null)"}}) {
    auto after = before;
    after.replace(after.find(from), from.size(), to);
    CAPTURE(after);
    CHECK_FALSE(same(before, after));
    CHECK_FALSE(same(after, before));
  }
}

TEST_CASE("containers in another order are a change") {
  CHECK_FALSE(same(R"({"spec":{"containers":[{"name":"a","image":"x"},{"name":"b","image":"x"}]}})",
                   R"({"spec":{"containers":[{"name":"b","image":"x"},{"name":"a","image":"x"}]}})"));
}

TEST_CASE("odd templates are compared without harm") {
  CHECK(same("null", "null"));
  CHECK(same("[1]", "[1]"));
  CHECK(same("{}", "null"));
  CHECK_FALSE(same(R"({"spec":{"containers":{"a":1}}})", R"({"spec":{"containers":["a",1]}})"));
  CHECK_FALSE(same(R"({"spec":{"containers":[{"image":1}]}})", R"({"spec":{"containers":[{"image":2}]}})"));
  CHECK_FALSE(same(R"({"spec":{"volumes":[{"image":"x"}]}})", R"({"spec":{"volumes":[{"image":"y"}]}})"));
}

}  // namespace

TEST_CASE("members that hold nothing come and go unseen") {
  CHECK(same(
      R"({"metadata":{"creationTimestamp":null,"labels":{"a":"b"}},"spec":{"containers":[{"image":"x","resources":{}}]}})",
      R"({"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"image":"x"}],"volumes":[]}})"));
  CHECK_FALSE(same(R"({"spec":{"containers":[{"image":"x","resources":{"limits":{"cpu":"1"}}}]}})",
                   R"({"spec":{"containers":[{"image":"x","resources":{}}]}})"));
  CHECK_FALSE(same(R"({"spec":{"hostNetwork":false}})", R"({"spec":{}})"));
}

}  // namespace digester::admission
