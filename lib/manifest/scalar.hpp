// May a digest be written behind a scalar, and where? Internal to the room.
#pragma once

#include <string_view>

#include "manifest/images.hpp"
#include "yaml/event.hpp"

namespace digester::manifest {

// Null in any of its spellings, or nothing at all.
bool is_empty(const yaml::Event& scalar);

// Sets state, why, insert_at and as_written of a field whose value, place and line are set.
void judge(ImageField& field, const yaml::Event& scalar, std::string_view text);

}  // namespace digester::manifest
