// One walk over the events with a stack of keys and indexes; no tree. Internal to the room.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/candidates.hpp"

namespace digester::manifest {

class ImageWalk {
 public:
  ImageWalk(std::string_view text, const Rules& rules, Images& out)
      : rules_(rules), out_(out), candidates_(text, rules, out) {}

  Result<void> take(const yaml::Node& node);

 private:
  enum class Role : std::uint8_t { other, object, items, metadata, annotations };

  struct Frame {
    bool is_mapping = false;
    bool is_key = false;       // the whole of it is a key of a mapping
    bool is_merged = false;    // its members are those of the mapping around it: the value of `<<`
    bool expects_key = false;  // mappings: what comes next
    Role role = Role::other;
    Key key = kNoKey;                             // that it is the value of
    std::size_t owner = 0;                        // the frame whose members these are: itself, unless merged
    std::size_t index = 0;                        // sequences: of the next element
    std::size_t pattern_size = 0, path_size = 0;  // of the paths around it
    std::size_t first_candidate = 0;
    Key doubled = kNoKey;  // the present member's key, if it was there already
    std::size_t doubled_line = 0;
    KeySet seen = {};
  };
  struct Name {
    std::string text;
    bool is_own = false;  // not only by a merge
  };

  Result<void> open(const yaml::Node& node);
  Result<void> close();
  Result<void> scalar(const yaml::Node& node);
  void take_key(const yaml::Node& node);
  void take_value(const Frame& frame, const yaml::Node& node);
  void identify(Potential& object, const Frame& frame, std::string_view value);
  void value_is_read();

  void enter(const Frame& parent, Frame& child);
  Result<void> add_object(std::size_t line, Frame& child);
  void append_step(const Frame& parent);
  bool may_be_image(const Frame& frame, bool is_mapping);
  Result<void> add_candidate(const Frame& frame, const yaml::Node& node);
  void mark_doubled(Candidate& candidate) const;

  const Rules& rules_;
  Images& out_;
  Candidates candidates_;
  std::vector<Frame> frames_;
  std::vector<Name> names_;                // by the depth of a mapping
  std::vector<std::size_t> object_stack_;  // in candidates_.objects
  std::string pattern_, path_;             // of the innermost container
  std::string key_text_;                   // of the member that is read now
  Key key_ = kNoKey;
  bool is_merge_ = false;
};

}  // namespace digester::manifest
