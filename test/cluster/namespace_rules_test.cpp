#include "cluster/namespace_rules.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace digester;
using namespace digester::cluster;

namespace {

const certificate::ServiceName kService{"digester-system", "digester-webhook-service"};

json::Value parse(json::Document& document, std::string text) {
  return document.parse(text).value();
}

std::string entry(const std::string& service, const std::string& selector) {
  return R"({"clientConfig":{"service":{"namespace":"digester-system","name":")" + service + "\"}}" +
         selector + "}";
}

bool selects(const Selectors& selectors, json::Value labels) {
  NamespaceFacts facts;
  for (const auto [key, value] : labels.members())
    facts.labels[std::string(key)] = std::string(value.string_or(""));
  return judge(facts, selectors).selected;
}

webhook::NamespaceState state_of(json::Value object, const Selectors& selectors) {
  return judge(read_facts(object), selectors);
}

}  // namespace

TEST_CASE("the selector is that of our own entries, whatever else is in the configuration") {
  json::Document document;
  const auto configuration =
      parse(document, R"({"webhooks":[)" + entry("others", R"(,"namespaceSelector":{})") + "," +
                          entry("digester-webhook-service",
                                R"(,"namespaceSelector":{"matchLabels":{"digest-resolution":"enabled"}})") +
                          "]}");
  const auto selectors = read_selectors(configuration, kService);
  REQUIRE(selectors);
  REQUIRE(selectors->size() == 1);
  json::Document labels;
  CHECK(selects(*selectors, parse(labels, R"({"digest-resolution":"enabled"})")));
  CHECK_FALSE(selects(*selectors, parse(labels, R"({"digest-resolution":"disabled"})")));
  CHECK_FALSE(selects(*selectors, json::Value()));
}

TEST_CASE("an entry without a selector serves every namespace, as the API server has it") {
  json::Document document;
  const auto selectors = read_selectors(
      parse(document, R"({"webhooks":[)" + entry("digester-webhook-service", "") + "]}"), kService);
  REQUIRE(selectors);
  CHECK(selects(*selectors, json::Value()));
}

TEST_CASE(
    "of several entries of ours one is enough; none of ours is no selector; what cannot be read is an "
    "error") {
  json::Document document;
  const auto two = read_selectors(
      parse(document,
            R"({"webhooks":[)" +
                entry("digester-webhook-service", R"(,"namespaceSelector":{"matchLabels":{"a":"b"}})") + "," +
                entry("digester-webhook-service", R"(,"namespaceSelector":{"matchLabels":{"c":"d"}})") +
                "]}"),
      kService);
  json::Document labels;
  CHECK(selects(*two, parse(labels, R"({"c":"d"})")));
  CHECK(read_selectors(parse(document, R"({"webhooks":null})"), kService)->empty());
  CHECK_FALSE(read_selectors(parse(document, R"({"webhooks":[)" +
                                                 entry("digester-webhook-service",
                                                       R"(,"namespaceSelector":{"matchLabels":{"-":"x"}})") +
                                                 "]}"),
                             kService));
}

TEST_CASE(
    "what a namespace says: its labels decide, its annotation is the policy for what is applied again") {
  json::Document document;
  const auto state = state_of(parse(document,
                                    R"({"metadata":{"name":"x","labels":{"digest-resolution":"enabled"},
                "annotations":{"digester.dev/on-reapply":"keep"}}})"),
                              default_selectors());
  CHECK(state.selected);
  CHECK(state.on_reapply == "keep");
  const auto plain = state_of(parse(document, R"({"metadata":{"name":"x"}})"), default_selectors());
  CHECK_FALSE(plain.selected);
  CHECK_FALSE(plain.on_reapply);
}

TEST_CASE("more entries of ours than are looked at are no selector, rather than half of one") {
  const auto read = [](std::size_t count) {
    std::string entries;
    for (std::size_t i = 0; i < count; ++i)
      entries.append(i == 0 ? "" : ",").append(entry("digester-webhook-service", ""));
    json::Document document;
    return read_selectors(parse(document, R"({"webhooks":[)" + entries + "]}"), kService);
  };
  CHECK(read(certificate::kMostEntries)->size() == certificate::kMostEntries);
  CHECK(read(certificate::kMostEntries + 1).error().message ==
        "more than 64 of its entries name our Service");
}
