// Every scalar of a text with the comment behind it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "yaml/event.hpp"

namespace digester::setters {

struct Comment {
  std::size_t begin = 0, end = 0;  // from the `#`, without blanks and breaks at the end
};

// A value of a mapping or an element of a list: never a key, an alias, or nothing at all.
struct Field {
  std::size_t document = 0;
  std::string path;  // in the document: "spec.containers[0].image"
  std::string value;
  yaml::ScalarStyle style = yaml::ScalarStyle::plain;
  bool in_flow = false;
  std::size_t begin = 0, end = 0;  // as of its event: an anchor and a tag are within
  std::size_t content = 0;         // where it begins behind those
  std::size_t line = 0;            // of `begin`
  // What follows on its last line; of a block scalar, on the line of its `|` or `>`.
  std::optional<Comment> comment;
  // Where a comment may be added, or that one begins; nothing if more of the document follows on the line.
  std::optional<std::size_t> comment_at;

  std::string_view comment_text(std::string_view text) const {
    return comment ? text.substr(comment->begin, comment->end - comment->begin) : std::string_view();
  }
};

// A list that has a comment: behind the key of one in block style, behind the `]` otherwise.
struct CommentedList {
  std::size_t document = 0;
  std::string path;
  std::size_t line = 0;
  Comment comment;
};

struct Fields {
  std::size_t documents = 0;
  bool is_json = false;
  std::vector<Field> fields;
  std::vector<CommentedList> lists;

  // The scalar at this path; null if there is none. Of two with one path, the first.
  const Field* find(std::size_t document, std::string_view path) const;
};

// Errors are "line N: cause": the text is no YAML.
Result<Fields> find_fields(std::string_view text);

}  // namespace digester::setters
