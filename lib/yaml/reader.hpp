// Reads text as events. The text must outlive the reader.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "yaml/event.hpp"

namespace digester::yaml {

struct Limits {
  std::size_t depth = 1'000;  // of nested sequences and mappings; libyaml's time grows with its square
  std::size_t bytes = std::size_t{512} << 20;
};

class EventReader {
 public:
  virtual ~EventReader() = default;
  // The next event; stream_end at the end. Errors are one line, "line N: cause", with a cure where there is
  // one. After an error, or the end, there is nothing more to ask for.
  virtual Result<Event> next() = 0;
};

// YAML 1.1 as libyaml reads it. A byte order mark at the beginning of a line is none of the document's text.
std::unique_ptr<EventReader> read_yaml(std::string_view text, const Limits& limits = {});

// JSON (RFC 8259, strictly); several values one after another are several documents. Half a surrogate pair is
// read as U+FFFD. What libyaml cannot take, it can: surrogate pairs, keys over 1,024 characters.
std::unique_ptr<EventReader> read_json(std::string_view text, const Limits& limits = {});

// Begins with `{` or `[`, and is JSON to its end.
bool is_json(std::string_view text, const Limits& limits = {});

// As JSON where it is JSON, else as YAML.
std::unique_ptr<EventReader> read(std::string_view text, const Limits& limits = {});

}  // namespace digester::yaml
