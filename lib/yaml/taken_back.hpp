// A text in which scalars were replaced, read as what it was before.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "yaml/event.hpp"

namespace digester::yaml {

// A scalar of the old text: where it begins, what it said, and says in the new one, where it takes as many
// bytes more or less as that is longer or shorter.
struct Replaced {
  std::size_t begin = 0;
  std::string_view before, after;
};

// Gives the scalars of the new text their old values. With an EventSum it tells whether anything else has
// changed. What `replaced` views outlives it.
class TakenBack {
 public:
  // In ascending order, each place once.
  explicit TakenBack(std::span<const Replaced> replaced);

  // `begin` is where the event would be in the new text, had nothing else come into that. False: it is a
  // replaced scalar, and does not say what it should.
  bool take_back(Event& event, std::size_t begin);
  // Was each of them met?
  bool is_complete() const;

 private:
  struct Place {
    std::size_t begin;  // in the new text
    std::string_view before, after;
    bool met = false;
  };
  std::vector<Place> places_;
};

}  // namespace digester::yaml
