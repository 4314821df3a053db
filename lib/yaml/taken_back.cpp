#include "yaml/taken_back.hpp"

#include <algorithm>

namespace digester::yaml {

TakenBack::TakenBack(std::span<const Replaced> replaced) {
  places_.reserve(replaced.size());
  std::size_t grown = 0;  // modulo its range, where it shrinks
  for (const auto& one : replaced) {
    places_.push_back({one.begin + grown, one.before, one.after});
    grown += one.after.size() - one.before.size();
  }
}

bool TakenBack::take_back(Event& event, std::size_t begin) {
  if (event.kind != EventKind::scalar) return true;
  const auto place = std::ranges::lower_bound(places_, begin, {}, &Place::begin);
  if (place == places_.end() || place->begin != begin) return true;
  if (event.value != place->after) return false;
  event.value = place->before;
  place->met = true;
  return true;
}

bool TakenBack::is_complete() const {
  return std::ranges::all_of(places_, &Place::met);
}

}  // namespace digester::yaml
