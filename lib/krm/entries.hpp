// A finding as the keys and values that are written. Internal to the room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "krm/finding.hpp"

namespace digester::krm {

struct Entry {
  std::string_view key;
  std::string value;
  bool is_word = false;  // written without quotes: a number
  std::vector<Entry> members = {};
};

// Without what is empty; what is no UTF-8, which neither JSON nor YAML can say, is spelt out.
std::vector<Entry> entries_of(const Finding& finding);

}  // namespace digester::krm
