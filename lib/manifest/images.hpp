// The images that a text of YAML or JSON documents names, and whether a digest can be written behind each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "manifest/remark.hpp"
#include "manifest/rules.hpp"

namespace digester::manifest {

// A document, or an element of a list's `items` (a list within a list too).
struct Object {
  std::size_t document = 0;  // in the stream, from 0
  std::string place;         // in the document: "" or "items[3]"
  std::size_t line = 0;
  std::string api_version, kind, name, namespace_;
  // Which file of a package it is, by the annotations that kpt and kustomize hand over; empty without.
  std::string file_path, file_index;
};

enum class State : std::uint8_t {
  open,        // a digest can be written behind it
  pinned,      // has a digest
  expression,  // of a template language, to be filled in by another program
  refused,     // `why` says why not
};

struct ImageField {
  std::size_t object = 0;  // in Images::objects
  std::string path;        // from the object: "spec.template.spec.containers[0].image"
  std::string container;   // the name beside it, or of the volume; may be empty
  std::string value;
  State state = State::open;
  Remark why;            // of `refused` and `expression`
  std::size_t line = 0;  // where the object has it: the alias, if it comes through one
  bool is_alias = false;
  std::size_t alias_begin = 0, alias_end = 0;  // of `*x` in the text, if it comes through one
  // The scalar with its quotes, anchor and tag, in the text. Several fields have the same one by aliases.
  std::size_t begin = 0, end = 0;
  std::size_t written_line = 0;  // of `begin`
  std::size_t insert_at = 0;     // of `open`
  bool as_written = false;       // the text before insert_at is the value, byte for byte
};

struct Images {
  std::size_t documents = 0;
  std::vector<Object> objects;     // in the order of the text
  std::vector<ImageField> fields;  // likewise, but for aliases: where they are used
  std::vector<Remark> warnings;
  std::uint64_t sum = 0;  // yaml::EventSum of the text
};

inline constexpr std::size_t kMaxImageFields = 262'144;

// Errors are what makes the text no manifest at all: "line N: cause".
Result<Images> find_images(std::string_view text, const Rules& rules);

}  // namespace digester::manifest
