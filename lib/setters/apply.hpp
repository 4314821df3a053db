// Sets parameters: values behind which a setter comment stands, as kpt's apply-setters does.
#pragma once

#include <span>
#include <string_view>

#include "setters/setter.hpp"

namespace digester::setters {

// A scalar changes if one of the setters stands in its comment. The value is the pattern with all setters
// filled in; those that are not given are read off the old value, each as long as can be.
//
// Style is kept: plain stays plain, as kpt does it, with a warning if text became a number or the like.
// Errors, each with line and cure: a setter that cannot be read off, a match that would cut the digest of
// a pinned image in two, a list behind whose key one of the setters stands (list setters are kpt's to apply).
// Warnings: a digest that goes with the old value, or that stays although what stands before it changes.
Result<Changed> apply_setters(std::string_view text, std::span<const Setter> setters);

}  // namespace digester::setters
