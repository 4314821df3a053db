#include "image/reference_memo.hpp"

#include <functional>

namespace digester::image {

Result<Reference> ReferenceMemo::parse(std::string_view text) {
  if (text.size() > kLongest) return Reference::parse(text);
  if (places_.empty()) places_.resize(kPlaces);
  auto& place = places_[std::hash<std::string_view>{}(text) % kPlaces];
  if (place && place->original() == text) return *place;
  auto parsed = Reference::parse(text);
  if (parsed) place = *parsed;
  return parsed;
}

}  // namespace digester::image
