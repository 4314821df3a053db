// Documents as trees, for readers that want values and not places: aliases and merge keys are followed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "yaml/reader.hpp"

namespace digester::yaml {

struct Member;

struct Tree {
  enum class Kind : std::uint8_t { scalar, sequence, mapping };

  Kind kind = Kind::scalar;
  // Of a scalar: it is text, whatever it looks like (quoted, a block, or tagged !!str). Without it, what the
  // letters mean is the reader's to say: 010, yes, 1.10.
  bool is_text = false;
  std::string scalar;
  std::vector<Tree> items;      // of a sequence
  std::vector<Member> members;  // of a mapping, in order, no key twice
  std::size_t line = 0;         // from 1; 0 for what was not read
  std::string comment;          // of a scalar: write() puts it behind

  // Null where there is no such member, or this is no mapping.
  const Tree* find(std::string_view key) const;
  Tree* find(std::string_view key);
  // Likewise; but what is not there becomes a mapping, or a null where it is the last. Precondition: a
  // mapping.
  Tree& at(std::string_view key);
  void erase(std::string_view key);

  bool is_mapping() const { return kind == Kind::mapping; }
  bool is_sequence() const { return kind == Kind::sequence; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_null() const;  // of a mapping's member: as good as not there

  static Tree text(std::string value);
  static Tree mapping();
  static Tree sequence();
};

struct Member {
  std::string key;
  bool is_text = false;  // as of a scalar
  std::size_t line = 0;
  Tree value;
};

// The same values in the same order; lines and comments do not count.
bool equal(const Tree& a, const Tree& b);

// All mappings by their keys' bytes, at every depth.
void sort_keys(Tree& tree);

struct TreeLimits {
  std::size_t bytes = std::size_t{64} << 20;
  std::size_t nodes = 2'000'000;  // aliases followed
  std::size_t depth = 200;
};

// A tree a document; an empty one is a null. What several readers would understand differently is an error,
// "line N: …": a key that is there twice, or comes by a merge behind its own value; keys that are null or no
// scalars; tags but the core schema's.
Result<std::vector<Tree>> read_trees(std::unique_ptr<EventReader> reader, const TreeLimits& limits = {});
// As JSON where it is JSON, else as YAML.
Result<std::vector<Tree>> read_trees(std::string_view text, const TreeLimits& limits = {});

}  // namespace digester::yaml
