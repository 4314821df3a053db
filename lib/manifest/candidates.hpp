// What may be an image, until the document's end says what kind of object it is in. Internal to the room.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "manifest/images.hpp"
#include "yaml/expander.hpp"

namespace digester::manifest {

inline constexpr std::size_t kNone = static_cast<std::size_t>(-1);

// What is an object if those around it are lists.
struct Potential {
  Object object;
  std::size_t parent = kNone;
  std::size_t pattern_size = 0;  // of the path to it
  std::size_t path_size = 0;
  bool has_own_api_version = false, has_own_kind = false;  // not only by a merge
  std::size_t doubled_line = 0;                            // of a second apiVersion or kind
};

struct Candidate {
  std::size_t object = kNone;  // the innermost Potential
  std::string pattern;         // in the document: "spec/containers[]/image"
  std::string path;            // likewise: "spec.containers[0].image"
  std::string container;
  std::size_t holder = kNone;  // how deep the mapping is whose name is the container's
  std::string value;
  std::string tag;
  yaml::Event event;  // without its views
  bool shared = false;
  bool is_alias = false;
  yaml::AliasUse alias = {};
  bool is_mapping = false;
  std::size_t line = 0;  // of the alias, if there is one
  std::string doubled_key;
  std::size_t doubled_line = 0;  // of a key on the way that is there for the second time
};

// Of one document at a time.
class Candidates {
 public:
  Candidates(std::string_view text, const Rules& rules, Images& out)
      : text_(text), rules_(rules), out_(out) {}

  std::vector<Potential> objects;
  std::vector<Candidate> all;

  // What an anchor shares is used here for something that is no image.
  void use_otherwise(const yaml::Node& node) {
    if (node.shared)
      other_uses_.try_emplace(node.event.begin, node.alias ? node.alias->line : node.event.line);
  }

  // Moves what proves to be an object or an image into the result, and forgets the rest.
  void decide();

 private:
  // The Potential that is the object around a candidate.
  std::size_t owner(std::size_t object) const;
  bool is_image(Candidate& candidate) const;
  void add(Candidate& candidate);
  void warn(Remark remark);

  std::string_view text_;
  const Rules& rules_;
  Images& out_;
  std::vector<std::size_t> indexes_;  // of each of `objects`: in out_.objects, kNone for what is no object
  std::unordered_map<std::size_t, std::size_t> other_uses_;  // byte of a shared scalar → line
};

}  // namespace digester::manifest
