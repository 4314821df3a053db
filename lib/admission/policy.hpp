// What an operator may decide about pinning. Built once at start-up, validated, then shared and never
// changed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digester::admission {

// What to do with an image that has no digest and cannot get one (rule 4; the rules are in plan.hpp).
enum class OnError {
  refuse,            // the request is denied
  admit_controlled,  // what a controller creates comes in unpinned, what people and pipelines apply is denied
  admit,             // everything comes in, each failure is a warning
};
std::string_view to_string(OnError value);
std::optional<OnError> parse_on_error(std::string_view text);  // refuse, admit-controlled, admit

// What to do with an UPDATE that takes our digest off again (rule 3).
enum class OnReapply {
  keep,     // the old digest goes back
  resolve,  // the registry is asked; only its fresh answer replaces the old digest
};
std::string_view to_string(OnReapply value);
std::optional<OnReapply> parse_on_reapply(std::string_view text);  // keep, resolve

// An owner by API group (empty for the core group) and kind; its version does not matter.
struct Owner {
  std::string group;
  std::string kind;
  friend bool operator==(const Owner&, const Owner&) = default;
};
// "group/Kind", or "Kind" alone for the core group.
Result<Owner> parse_owner(std::string_view text);

// Kubernetes' core group has this kind.
bool is_core_kind(std::string_view kind);

// Operators known to compare a Pod's image string with what they asked for: they would recreate a pinned
// Pod for ever.
std::vector<Owner> default_skip_owners();

struct Policy {
  OnError on_error = OnError::refuse;
  OnReapply on_reapply = OnReapply::resolve;
  // Images that start with one of these, as they are written, are left alone. May hold ports.
  std::vector<std::string> skip_prefixes;
  // Objects with an owner out of these are left alone.
  std::vector<Owner> skip_owners = default_skip_owners();
  // Write name@digest instead of name:tag@digest.
  bool digest_only = false;
  // Never patch and never refuse; warnings say what would be done.
  bool dry_run = false;
  // The server's own namespace, where nothing is touched. Empty: unknown.
  std::string own_namespace;
};

// What makes no sense is found at start-up: `keep` with `digest_only`, an empty prefix.
Result<void> validate(const Policy& policy);

}  // namespace digester::admission
