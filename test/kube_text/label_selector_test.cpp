#include "kube/text/label_selector.hpp"

#include <catch2/catch.hpp>

using namespace digester;
using kube::LabelSelector;

namespace {

using Labels = LabelSelector::Labels;

bool matches(std::string_view selector, const Labels& labels) {
  const auto parsed = LabelSelector::parse(selector);
  INFO(selector);
  REQUIRE(parsed);
  return parsed->matches(labels);
}

std::string canonical(std::string_view selector) {
  const auto parsed = LabelSelector::parse(selector);
  INFO(selector);
  REQUIRE(parsed);
  return parsed->to_string();
}

std::string fault(std::string_view selector) {
  const auto parsed = LabelSelector::parse(selector);
  return parsed ? "accepted: " + parsed->to_string() : parsed.error().message;
}

Result<LabelSelector> from_json(std::string text,
                                LabelSelector::Absent absent = LabelSelector::Absent::matches_nothing) {
  json::Document document;
  return LabelSelector::from_json(document.parse(text).value(), absent);
}

std::string json_canonical(const std::string& text) {
  const auto read = from_json(text);
  return read ? read->to_string() : "refused: " + read.error().message;
}

std::string json_fault(const std::string& text) {
  const auto read = from_json(text);
  return read ? "accepted: " + read->to_string() : read.error().message;
}

}  // namespace

TEST_CASE("every operator of the string form, on a key that is there and on one that is not") {
  const Labels web{{"app", "web"}, {"tier", "front"}, {"level", "7"}, {"empty", ""}};
  CHECK(matches("app=web", web));
  CHECK(matches("app==web", web));
  CHECK_FALSE(matches("app=db", web));
  CHECK_FALSE(matches("other=web", web));
  CHECK(matches("app!=db", web));
  CHECK_FALSE(matches("app!=web", web));
  CHECK(matches("other!=web", web));  // an absent key is not equal
  CHECK(matches("app in (db, web)", web));
  CHECK_FALSE(matches("app in (db)", web));
  CHECK_FALSE(matches("other in (db)", web));
  CHECK(matches("app notin (db)", web));
  CHECK_FALSE(matches("app notin (db,web)", web));
  CHECK(matches("other notin (db)", web));
  CHECK(matches("app", web));
  CHECK_FALSE(matches("other", web));
  CHECK(matches("!other", web));
  CHECK_FALSE(matches("!app", web));
  CHECK(matches("empty=", web));
  CHECK(matches("empty in (,x)", web));
  CHECK_FALSE(matches("app=", web));
  CHECK(matches("level>6,level<8", web));
  CHECK_FALSE(matches("level>7", web));
  CHECK_FALSE(matches("level<7", web));
  CHECK_FALSE(matches("app>1", web));  // no number
  CHECK_FALSE(matches("other<1", web));
}

TEST_CASE("all requirements have to hold, and none of them matches everything") {
  CHECK(matches("a=b,c!=d,e in (x,y),f notin (z),g,!h", {{"a", "b"}, {"e", "y"}, {"g", ""}}));
  CHECK_FALSE(matches("a=b,c!=d", {{"a", "b"}, {"c", "d"}}));
  CHECK(matches("", {}));
  CHECK(matches(" \n", {{"a", "b"}}));
  CHECK(LabelSelector().matches_everything());
  CHECK(LabelSelector().matches(Labels{}));
}

TEST_CASE("white space and order do not matter, and the canonical form reads back") {
  CHECK(canonical(" x  in( b ,a ),\ta = 1 , ! z") == "a=1,x in (a,b),!z");
  CHECK(canonical("a==b,a=b") == "a=b");
  CHECK(canonical("a in (b)") == "a=b");
  CHECK(canonical("a notin (b)") == "a!=b");
  CHECK(canonical("a in (b,b,,c)") == "a in (,b,c)");
  CHECK(canonical("a in (,)") == "a=");
  CHECK(canonical("b,a") == "a,b");
  CHECK(canonical("n > 007") == "n>7");
}

TEST_CASE("words of the grammar serve as values and, as in kubectl, as keys") {
  CHECK(matches("a=in", {{"a", "in"}}));
  CHECK(matches("a in (notin,in)", {{"a", "in"}}));
  CHECK(canonical("in in (in)") == "in=in");
  CHECK(canonical("notin") == "notin");
}

TEST_CASE("what is wrong is said, and where") {
  CHECK(fault(",a") == "label selector, at byte 0: a label key is expected, and here is \",\"");
  CHECK(fault("a,") == "label selector, at byte 2: a label key is expected, and here is the end");
  CHECK(fault("a,,b") == "label selector, at byte 2: a label key is expected, and here is \",\"");
  CHECK(fault("a b") ==
        "label selector, at byte 2: one of =, ==, !=, in, notin, <, > or ',' is expected, and here is \"b\"");
  CHECK(fault("a=b c") == "label selector, at byte 4: ',' or the end is expected, and here is \"c\"");
  CHECK(fault("a=b=c") == "label selector, at byte 3: ',' or the end is expected, and here is \"=\"");
  CHECK(fault("a===b") == "label selector, at byte 3: a label value is expected, and here is \"=\"");
  CHECK(fault("!a=b") == "label selector, at byte 2: ',' or the end is expected, and here is \"=\"");
  CHECK(fault("!!a") == "label selector, at byte 1: a label key is expected, and here is \"!\"");
  CHECK(fault("a in b") == "label selector, at byte 5: '(' is expected, and here is \"b\"");
  CHECK(fault("a in ()") == "label selector, at byte 6: the list of values is empty");
  CHECK(fault("a in (b") == "label selector, at byte 7: ',' or ')' is expected, and here is the end");
  CHECK(fault("a in (b c)") == "label selector, at byte 8: ',' or ')' is expected, and here is \"c\"");
  CHECK(fault("a in (b))") == "label selector, at byte 8: ',' or the end is expected, and here is \")\"");
  CHECK(fault("a>x") == "label selector, at byte 2: a whole number is expected, and here is \"x\"");
  CHECK(fault("a>") == "label selector, at byte 2: a whole number is expected, and here is the end");
  CHECK(fault("a>-5") ==
        "label selector, at byte 2: the value \"-5\" does not begin and end with a letter or digit");
  CHECK(fault("x=a/b") ==
        "label selector, at byte 2: the value \"a/b\" holds a character other than letters, digits, '-', '_' "
        "and '.'");
  CHECK(fault("ok,Ä") ==
        "label selector, at byte 3: the name in the key \"Ä\" holds a character other than letters, digits, "
        "'-', '_' "
        "and '.'");
  CHECK(fault(std::string(LabelSelector::kMaxText + 1, ' ')) == "the label selector is longer than 64 KiB");
}

TEST_CASE("there is a limit on requirements and on values") {
  const auto many = [](std::size_t count) {
    std::string list = "v";
    for (std::size_t i = 1; i < count; ++i)
      list += ",v";
    return list;
  };
  CHECK(LabelSelector::parse(many(256)));
  CHECK(fault(many(257)).find("more than 256 requirements") != std::string::npos);
  CHECK(LabelSelector::parse("a in (" + many(1024) + ")"));
  CHECK(fault("a in (" + many(1025) + ")").find("more than 1024 values") != std::string::npos);
}

TEST_CASE("label keys are a name with an optional DNS prefix, values are names or empty") {
  const std::string n63(63, 'n');
  for (const auto& good : {std::string("a"), std::string("A-b_c.d9"), std::string("example.com/name"),
                           std::string("a/b"), "x/" + n63, std::string(253, 'p') + "/a"}) {
    INFO(good);
    CHECK(kube::validate_label_key(good));
  }
  for (const auto& bad :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a/b/c"), std::string("-a"),
        std::string("a-"), std::string("a b"), std::string("a\n"), n63 + "n", std::string("Ex.com/a"),
        std::string("a..b/c"), std::string("-a/b"), std::string("a_b/c"), std::string(254, 'p') + "/a"}) {
    INFO(bad);
    CHECK_FALSE(kube::validate_label_key(bad));
  }
  CHECK(kube::validate_label_value(""));
  CHECK(kube::validate_label_value(n63));
  CHECK_FALSE(kube::validate_label_value(n63 + "n"));
  CHECK_FALSE(kube::validate_label_value("a/b"));
  CHECK_FALSE(kube::validate_label_value(".a"));
}

TEST_CASE("the JSON form gives the same selector as the string form") {
  CHECK(json_canonical(R"({"matchLabels":{"a":"b"},"matchExpressions":[
    {"key":"e","operator":"In","values":["y","x"]},{"key":"f","operator":"NotIn","values":["z"]},
    {"key":"g","operator":"Exists"},{"key":"h","operator":"DoesNotExist","values":[]}]})") ==
        canonical("a=b,e in (x,y),f notin (z),g,!h"));
  CHECK(json_canonical(R"({"matchLabels":{"a":""}})") == "a=");
  CHECK(json_canonical(R"({"matchLabels":{"a":"1","a":"2"}})") == "a=2");
}

TEST_CASE("an empty JSON selector matches everything, an absent one what its field says") {
  for (const char* text : {"{}", R"({"matchLabels":{},"matchExpressions":[]})", R"({"matchLabels":null})"})
    CHECK(from_json(text)->matches_everything());
  CHECK(from_json("null")->matches_nothing());
  CHECK_FALSE(from_json("null")->matches(Labels{}));
  CHECK(from_json("null")->to_string() == "<nothing>");
  CHECK(from_json("null", LabelSelector::Absent::matches_everything)->matches_everything());
  CHECK(LabelSelector::from_json({})->matches_nothing());
}

TEST_CASE("a JSON selector that is wrong is refused with the member's name") {
  CHECK(json_fault("[]") == "label selector, the whole: it is not an object");
  CHECK(json_fault(R"({"matchLabel":{"a":"b"}})") ==
        "label selector, the whole: the member \"matchLabel\" is not known");
  CHECK(json_fault(R"({"matchLabels":{},"matchLabels":{"a":"b"}})") ==
        "label selector, the whole: the member \"matchLabels\" is there twice");
  CHECK(json_fault(R"({"matchLabels":["a"]})") == "label selector, matchLabels: it is not an object");
  CHECK(json_fault(R"({"matchLabels":{"a":1}})") ==
        "label selector, matchLabels[\"a\"]: its value is not a string");
  CHECK(json_fault(R"({"matchLabels":{"a":"b c"}})")
            .starts_with("label selector, matchLabels[\"a\"]: the value"));
  CHECK(json_fault(R"({"matchLabels":{"":"b"}})") ==
        "label selector, matchLabels: the name in the key \"\" is empty");
  CHECK(json_fault(R"({"matchExpressions":[{"key":"a","operator":"Exists"},{"key":"a","operator":"in"}]})") ==
        "label selector, matchExpressions[1].operator: \"in\" is none of In, NotIn, Exists and DoesNotExist");
  CHECK(json_fault(R"({"matchExpressions":[{"operator":"Exists"}]})") ==
        "label selector, matchExpressions[0].key: it is not there or not a string");
  CHECK(json_fault(R"({"matchExpressions":[{"key":"a","operator":"In"}]})") ==
        "label selector, matchExpressions[0].values: In needs at least one");
  CHECK(json_fault(R"({"matchExpressions":[{"key":"a","operator":"Exists","values":["x"]}]})") ==
        "label selector, matchExpressions[0].values: Exists takes none");
  CHECK(json_fault(R"({"matchExpressions":[{"key":"a","operator":"In","values":[1]}]})") ==
        "label selector, matchExpressions[0].values: one of them is not a string");
  CHECK(json_fault(R"({"matchExpressions":{"key":"a"}})") ==
        "label selector, matchExpressions: it is not an array");
  CHECK(json_fault(R"({"matchExpressions":[7]})") ==
        "label selector, matchExpressions[0]: it is not an object");
}

TEST_CASE("labels come from an object's JSON as well") {
  json::Document document;
  const auto labels = document.parse(R"({"app":"web","odd":7,"app2":null})").value();
  CHECK(LabelSelector::parse("app=web,!other")->matches(labels));
  CHECK(LabelSelector::parse("!odd")->matches(labels));
  CHECK(LabelSelector::parse("!app")->matches(json::Value()));
  CHECK_FALSE(LabelSelector::parse("app")->matches(json::Value()));
}
