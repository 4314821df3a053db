// Which image a Go import path was built into: what stands for `ko://` references.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.hpp"

namespace digester::known {

class ImageMap {
 public:
  // A JSON object or a YAML mapping of import paths to references, or a pair a line: `path=reference` or
  // `path reference`, where blank lines and those that begin with # do not count. `ko://` before a path may
  // be left out. A path with two different references is an error, as is what is no reference. Errors: "line
  // N: cause".
  static Result<ImageMap> read(std::string_view text);

  Result<void> add(std::string_view path, std::string_view reference, std::size_t line);

  // The whole replacement of `ko://PATH`; never of anything without ko://.
  std::optional<std::string> find(std::string_view image) const;

  std::size_t size() const { return references_.size(); }

 private:
  struct Entry {
    std::string reference;
    std::size_t line = 0;
  };
  std::unordered_map<std::string, Entry> references_;
};

}  // namespace digester::known
