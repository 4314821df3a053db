// What the documents mean: each alias is followed by the events of what it stands for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "yaml/reader.hpp"

namespace digester::yaml {

struct AliasUse {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t line = 0;
};

struct Node {
  Event event;          // never an alias; `begin`, `end` and `line` are where it is written
  bool shared = false;  // inside of something that has an anchor
  // What the text has in this place: the outermost alias through which the event came. Null where it is
  // written out.
  const AliasUse* alias = nullptr;
};

struct ExpansionLimits {
  // Of events that aliases bring, in the whole stream, and of their values' bytes.
  std::size_t events = 1'000'000;
  std::size_t bytes = std::size_t{64} << 20;
  std::size_t depth = 1'000;
};

// An anchor means the latest one of that name before the alias in its document. What has an anchor is
// recorded while it is read, and again given at each alias. Unknown anchors, and aliases inside of what they
// stand for, are errors.
class Expander {
 public:
  explicit Expander(std::unique_ptr<EventReader> reader, const ExpansionLimits& limits = {});
  Result<Node> next();

 private:
  // Kept small, for a document may be anchored as a whole. No text is longer than its numbers reach.
  struct Record {
    std::uint32_t begin, end, line;
    std::uint32_t value, value_size;  // in kept_
    std::uint32_t more;               // of an alias: which recording; else in properties_, 0 for none
    EventKind kind;
    ScalarStyle style;
    bool flow;
  };
  struct Properties {
    std::uint32_t anchor = 0, anchor_size = 0, tag = 0, tag_size = 0;
  };
  struct Recording {
    std::size_t begin = 0, end = 0;  // in tape_
    bool open = true;
  };
  struct Open {
    std::size_t depth;
    std::size_t recording;
  };
  struct Range {
    std::size_t at, end;
  };

  void forget();
  void append(const Event& event, std::size_t target);
  std::uint32_t keep(std::string_view text);
  Node restore(const Record& record) const;
  Result<Node> read();
  Result<Node> follow(const Event& alias);
  Result<Node> replay();

  std::unique_ptr<EventReader> reader_;
  ExpansionLimits limits_;
  std::size_t depth_ = 0;     // as written
  std::size_t expanded_ = 0;  // opened by what is being given again
  std::size_t replayed_ = 0;
  std::size_t replayed_bytes_ = 0;
  std::unordered_map<std::string, std::size_t> anchors_;  // name → recording
  std::vector<Recording> recordings_;
  std::vector<Open> open_;
  std::vector<Record> tape_;
  std::vector<Properties> properties_;
  std::string kept_;
  std::vector<Range> replays_;
  AliasUse alias_;
};

}  // namespace digester::yaml
