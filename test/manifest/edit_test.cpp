// A digest written behind an image in every style, with everything around it left as it is.
#include "manifest/edit.hpp"

#include <catch2/catch.hpp>

#include "support.hpp"

namespace digester::manifest {
namespace {

using Catch::Matchers::Contains;
using test::pin;
using test::pod;
using Lines = std::vector<std::string>;
const std::string kDigest = "@" + test::kWebDigest;

// `before` with `^` where the digest is to go. The same must come with other line ends and a byte order mark,
// and a second time nothing.
void check_text(const std::string& marked, const Lines& starts = {"", "\xEF\xBB\xBF"}) {
  for (const std::string line_end : {"\n", "\r\n", "\r"})
    for (const auto& start : starts) {
      const auto both = test::replaced(start + marked, "\n", line_end);
      const auto before = test::replaced(both, "^", "");
      const auto after = test::replaced(both, "^", kDigest);
      INFO(before);
      const auto pinned = pin(before);
      CHECK(pinned.remarks == Lines{});
      CHECK(pinned.text == after);
      const auto again = pin(after);
      CHECK(again.remarks == Lines{});
      CHECK(again.edits.empty());
      CHECK(again.text == after);
    }
}

void check(const std::string& marked) {
  check_text(pod(marked), {"", "\xEF\xBB\xBF", "# ümläut ☃ 😀\n", "a: \"é\"\n"});
}

void check_refused(const std::string& after_image, const std::string& why) {
  const auto before = pod(after_image);
  const auto pinned = pin(before);
  INFO(before);
  CHECK(pinned.text == before);
  REQUIRE(pinned.remarks.size() == 1);
  CHECK_THAT(pinned.remarks[0], Catch::Matchers::StartsWith("line 6: ") && Contains(why));
}

// Whether the old text's sum is known or it is read again makes no difference.
Result<std::string> applied(const std::string& text, const std::vector<Edit>& edits) {
  auto result = apply_edits(text, edits);
  const auto by_sum = apply_edits(text, edits, find_images(text, test::built_in()).value().sum);
  REQUIRE(by_sum.has_value() == result.has_value());
  if (result)
    CHECK(*by_sum == *result);
  else
    CHECK(by_sum.error().message == result.error().message);
  // A wrong one costs time and nothing else.
  CHECK(apply_edits(text, edits, 1).has_value() == result.has_value());
  return result;
}

TEST_CASE("plain") {
  check(" x:1^");
  check("    x:1^   ");
  check(" x:1^\t");
  check(" x:1^ # comment");
  check(" x:1^\t# comment");
  check("\n      x:1^");
  check(" # comment\n      x:1^");
  check(" x:1^\n\n\n");
  check(" r.example:5000/a/b_c.d-e:v1.0^");
}

TEST_CASE("plain in flow style, before a comma, a bracket, the end of the file") {
  check_text("{kind: Pod, spec: {containers: [{image: x:1^, name: c}]}}\n");
  check_text("{kind: Pod, spec: {containers: [{image: x:1^}]}}");
  check_text("{kind: Pod, spec: {containers: [{name: c,image: x:1^ }]}}\n...\n");
  check_text("kind: Pod\nspec:\n  containers:\n  - image: x:1^");
  check_text("kind: Pod\nspec:\n  containers:\n  - image: x:1^ # no line end");
  check_text("spec: {containers: [ {\n    image: x:1^\n  , name: c } ]}\n");
}

TEST_CASE("plain over several lines is refused") {
  check_refused(" x\n      :1", "white space within the image \"x :1\"; write it on one line");
  check_refused(" x y", "white space within the image");
}

TEST_CASE("in single quotes") {
  check(" 'x:1^'");
  check(" 'x:1^'# no blank before the comment");
  check(" 'x:1^' # comment");
  check_text("spec: {containers: [{image: 'x:1^',name: c}]}\n");
  check_text("spec: {containers: [{'image':'x:1^'}]}\n");
}

TEST_CASE("in double quotes, with escapes and folds") {
  check(" \"x:1^\"");
  check(" \"\\x78\\u003a1^\"");
  check(" \"x\\\n        :1^\"  # folded by a backslash");
  check("   \"x:1^\"# c");
  check_text("spec: {containers: [{\"image\":\"x:1^\"}]}\n");
  check_refused(" \"x\n      :1\"", "white space within");
  check_refused(" \" x:1\"", "white space within");
  check_refused(" \"x:1\\n\"", "white space within");
}

TEST_CASE("block scalars of one line without a line break at their end") {
  check(" >-\n      x:1^");
  check(" |-\n      x:1^\n");
  check(" |-\n      x:1^\n\n   \n\n");
  check(" >-  # comment\n      x:1^");
  check(" >2-\n      x:1^");
  check(" >-\n      x:1^\n   # comment after it\n");
  check_text("spec:\n  containers:\n  - image: >-\n      x:1^");
  check_text(
      "spec:\n  containers:\n  - image: |-\n      x:1^\n---\nspec:\n  containers:\n  - image: >-\n      "
      "x:2^\n...\n");
  check_text("spec:\n  containers:\n  - image: |-\n      x:1^\n\xEF\xBB\xBF---\na: b\n");
}

TEST_CASE("block scalars that end in a line break are refused with the cure") {
  check_refused(" |\n      x:1",
                "the image ends in a line break, which the API server refuses; write |- in the place of |");
  check_refused(" >\n      x:1\n", "write >- in the place of >");
  check_refused(" |+\n      x:1\n\n", "write |-");
  check_refused(" |-\n      x:1\n      y", "white space within");
  check_refused(" >-\n      x:1\n      # no comment", "white space within");
  check_refused(" |-\n      x:1 ", "white space within");
  check_refused(" >-\n\n      x:1", "white space within");
}

TEST_CASE("anchors and tags before it") {
  check(" &a x:1^");
  check(" !!str x:1^");
  check(" &a !!str 'x:1^' # c");
  check(" ! x:1^");
  check(" !!str\n      x:1^");
  check(" !!str 1.10^");
  check(" &a >-\n      x:1^");
}

TEST_CASE("NEL and U+2028 around it") {
  for (const std::string odd : {"\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
    check_text("# c" + odd + "spec: {containers: [{image: x:1^}]}\n");
    check_text("spec:\n  containers:\n  - image: x:1^" + odd + "    name: c" + odd);
    check_text("spec:\n  containers:\n  - image: |-\n      x:1^" + odd + odd + "    name: c\n");
  }
}

TEST_CASE("byte order marks: at the start, before a later document") {
  const std::string bom = "\xEF\xBB\xBF";
  check_text("kind: Pod\nspec: {containers: [{image: x:1^}]}\n---\n" + bom +
             "spec: {containers: [{image: x:2^}]}\n");
  check_text("---\nspec: {containers: [{image: x:1^}]}\n" + bom +
             "---\nspec: {containers: [{image: x:2^}]}\n");
}

TEST_CASE("documents in all their marks") {
  check_text("%YAML 1.1\n---\nspec: {containers: [{image: x:1^}]}\n");
  check_text(
      "--- # c\nspec: {containers: [{image: x:1^}]}\n...\n# between\n---\nspec: {containers: [{image: "
      "y:1^}]}\n...\n");
  check_text("--- {spec: {containers: [{image: x:1^}]}}\n--- \n---\n");
}

TEST_CASE("lists compact and spaced, keys quoted and complex") {
  check_text("spec:\n    containers:\n        -   name: c\n            image:   x:1^\n");
  check_text("spec:\n  containers:\n  -\n    image: x:1^\n");
  check_text("\"spec\":\n  'containers':\n  - ? image\n    : x:1^\n");
}

TEST_CASE("JSON: inside of the quotes, several documents, with escapes") {
  check_text(R"({"kind":"Pod","spec":{"containers":[{"image":"x:1^","name":"\ud83d\ude00"}]}})");
  check_text(
      "{\"spec\": {\"containers\": [\n{\"image\" : \"x\\u003a1^\"} "
      "]}}\n{\"spec\":{\"containers\":[{\"image\":\"y^\"}]}}\n");
  check_text("{\"" + std::string(2'000, 'k') + "\":1,\"spec\":{\"containers\":[{\"image\":\"x^\"}]}}");
  check_text("{\"spec\":{\"containers\":[{\"image\":\"x:1^\"}]}} # this is YAML");
}

ImageField only_field(const std::string& text) {
  return find_images(text, test::built_in()).value().fields.at(0);
}

TEST_CASE("an alias has its place, and its value is changed where it is written") {
  const std::string text = "spec: {initContainers: [{image: &i x:1}], containers: [{image: *i }]}\n";
  const auto fields = find_images(text, test::built_in()).value().fields;
  const auto a = pinning(fields[0], test::digest_of("x")).value();
  CHECK(pinning(fields[1], test::digest_of("x")).value() == a);
  CHECK(applied(text, {a, a}).value() == test::replaced(text, "x:1", "x:1" + kDigest));
}

TEST_CASE("other values: what differs at the end is replaced") {
  const auto text = pod(" 'r.example/x:1.10' # c");
  const auto field = only_field(text);
  CHECK(applied(text, {replacing(field, "r.example/x" + kDigest).value()}).value() ==
        pod(" 'r.example/x" + kDigest + "' # c"));
  CHECK(applied(text, {replacing(field, "y").value()}).value() == pod(" 'y' # c"));
  CHECK(applied(text, {replacing(field, "r.example/x:1.10").value()}).value() == text);
  CHECK_FALSE(replacing(field, "a b"));
  CHECK_FALSE(replacing(field, "it's"));
  CHECK_FALSE(replacing(field, "x\n"));
  const auto escaped = pod(" \"\\x78:1\"");
  CHECK_FALSE(replacing(only_field(escaped), "y"));
  CHECK(applied(escaped, {replacing(only_field(escaped), "x:12").value()}).value() == pod(" \"\\x78:12\""));
}

TEST_CASE("no edit for what is pinned, refused or an expression") {
  for (const auto& value : {" x:1" + kDigest, std::string(" 1.10"), std::string(" '{{ x }}'")})
    CHECK_FALSE(pinning(only_field(pod(value)), test::digest_of("x")));
}

TEST_CASE("an edit that would change anything else is refused") {
  const auto text = pod(" x:1 # c");
  const auto good = pinning(only_field(text), test::digest_of("x")).value();
  const auto refused = [&](const Edit& edit) {
    const auto result = applied(text, {edit});
    return result ? std::string("changed to ") + *result : result.error().message;
  };
  auto elsewhere = good;
  elsewhere.begin = elsewhere.end = text.size() - 1;
  CHECK_THAT(refused(elsewhere), Contains("nothing was changed"));
  auto wrong = good;
  wrong.value += "0";
  CHECK_THAT(refused(wrong), Contains("line 6: the change would not leave the rest as it is"));
  auto nothing = good;
  nothing.scalar += 1;
  CHECK_THAT(refused(nothing), Contains("nothing was changed"));
  auto comment = good;
  comment.text = " # " + comment.text;
  CHECK_THAT(refused(comment), Contains("nothing was changed"));
  auto bracket = good;
  bracket.text = "\n]";
  CHECK_THAT(refused(bracket), Contains("nothing was changed"));
  auto further = good;
  further.text += "\nmore: 1";
  CHECK_THAT(refused(further), Contains("nothing was changed"));
  auto outside = good;
  outside.begin = outside.end = text.size() + 1;
  CHECK_THAT(refused(outside), Contains("nothing was changed"));
  auto twice = good;
  twice.text += "0";
  CHECK_FALSE(applied(text, {good, twice}));
  CHECK(applied(text, {good}));
}

TEST_CASE("a key that a digest makes too long for YAML is refused") {
  // An anchor in a key of 1,000 characters, used as an image: nothing that YAML could read would come of it.
  // The other use is told first; a path that names it does not exist, so that the lock-step has to find it.
  const std::string filler(980, 'f');
  const auto text =
      "kind: Pod\n? a\n: b\n{f: " + filler + ", k: &i x:1}: value\nspec: {containers: [{image: *i }]}\n";
  const auto field = only_field(text);
  CHECK(field.state == State::refused);
  const Edit edit{field.end, field.end, kDigest, field.begin, "x:1" + kDigest};
  const auto changed = applied(text, {edit});
  REQUIRE_FALSE(changed);
  CHECK_THAT(changed.error().message, Contains("nothing was changed"));
}

}  // namespace
}  // namespace digester::manifest
