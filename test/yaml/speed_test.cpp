// How fast events come, beside libyaml alone. Hidden: run with `test_yaml "[.bench]"`.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <ctime>
#include <iostream>

#include "yaml/expander.hpp"

namespace digester::yaml {
namespace {

std::string deployments(int count, std::string_view note) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += fmt::format(
        "---\n# {1}\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-{0}\n  labels: {{app: "
        "web}}\nspec:\n"
        "  replicas: 3\n  selector:\n    matchLabels:\n      app: web\n  template:\n    metadata:\n      "
        "labels:\n"
        "        app: web\n    spec:\n      containers:\n      - name: web\n        image: "
        "r.example/team/web:{0}\n"
        "        args: [\"--flag\", 'on']\n",
        i, note);
  return text;
}

std::string json(int count) {
  std::string text = "{\"kind\":\"List\",\"items\":[";
  for (int i = 0; i < count; ++i)
    text += fmt::format(
        R"({}{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"p{}"}},"spec":{{"containers":[{{"image":"a:1"}}]}}}})",
        i == 0 ? "" : ",", i);
  return text + "]}";
}

template <typename Source>
void measure(std::string_view name, const std::string& text, Source source) {
  double best = 1e9;
  std::size_t events = 0;
  for (int round = 0; round < 5; ++round) {
    events = 0;
    const auto started = std::clock();
    auto reader = source(text);
    while (true) {
      const auto event = reader.next();
      if (!event) FAIL(event.error().message);
      ++events;
      if constexpr (requires { event->event; }) {
        if (event->event.kind == EventKind::stream_end) break;
      } else {
        if (event->kind == EventKind::stream_end) break;
      }
    }
    best = std::min(best, static_cast<double>(std::clock() - started) / CLOCKS_PER_SEC);
  }
  std::cout << fmt::format("{:22} {:5.1f} MB {:8} events: {:6.1f} MB/s, {:5.2f} million events/s\n", name,
                           static_cast<double>(text.size()) / 1e6, events,
                           static_cast<double>(text.size()) / 1e6 / best,
                           static_cast<double>(events) / 1e6 / best);
}

struct Raw {
  std::unique_ptr<EventReader> reader;
  Result<Event> next() { return reader->next(); }
};

TEST_CASE("the cost of events", "[.bench]") {
  const auto ascii = deployments(10'000, "ascii");
  const auto other = deployments(10'000, "ümläut ☃");
  const auto yaml = [](const std::string& text) { return Raw{read_yaml(text)}; };
  measure("YAML, ASCII", ascii, yaml);
  measure("YAML, UTF-8", other, yaml);
  measure("YAML, expanded", ascii, [](const std::string& text) { return Expander(read_yaml(text)); });
  measure("JSON", json(40'000), [](const std::string& text) { return Raw{read_json(text)}; });
}

}  // namespace
}  // namespace digester::yaml
