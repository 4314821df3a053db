// Events as text, for tests.
#pragma once

#include <string>
#include <string_view>

#include "yaml/reader.hpp"

namespace digester::test {

inline std::string short_form(const yaml::Event& event) {
  using yaml::EventKind;
  constexpr std::string_view kStyles = ":'\"|>";
  std::string out;
  switch (event.kind) {
    case EventKind::document_start:
      return event.is_marked ? "+doc---" : "+doc";
    case EventKind::document_end:
      return event.is_marked ? "-doc..." : "-doc";
    case EventKind::stream_end:
      return "end";
    case EventKind::alias:
      return "*" + std::string(event.anchor);
    case EventKind::sequence_start:
      out = "[";
      break;
    case EventKind::mapping_start:
      out = "{";
      break;
    case EventKind::sequence_end:
      return "]";
    case EventKind::mapping_end:
      return "}";
    case EventKind::scalar:
      out = kStyles[static_cast<std::size_t>(event.style)] + std::string(event.value);
  }
  if (!event.anchor.empty()) out = "&" + std::string(event.anchor) + " " + out;
  return out;
}

// All events, a blank between two; an error's message at the end.
inline std::string listing(yaml::EventReader& reader) {
  std::string out;
  while (true) {
    const auto event = reader.next();
    if (!event) return out + "error: " + event.error().message;
    out += short_form(*event);
    if (event->kind == yaml::EventKind::stream_end) return out;
    out += ' ';
  }
}

inline std::string yaml_listing(std::string_view text) {
  return listing(*yaml::read_yaml(text));
}
inline std::string json_listing(std::string_view text) {
  return listing(*yaml::read_json(text));
}

// The first error's message; empty if there is none.
inline std::string yaml_error(std::string_view text) {
  const auto all = yaml_listing(text);
  const auto at = all.find("error: ");
  return at == std::string::npos ? "" : all.substr(at + 7);
}

}  // namespace digester::test
