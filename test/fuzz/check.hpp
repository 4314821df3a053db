// Invariants of fuzz targets: what does not hold ends the process, and libFuzzer keeps the input.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/text.hpp"

#define FUZZ_CHECK(condition)                                                             \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)

namespace digester::fuzz {

// One line that a terminal, a log and an admission answer can show.
inline bool is_printable_line(std::string_view text, std::size_t max_bytes) {
  return !text.empty() && text.size() <= max_bytes && text::printable(text, text.size()) == text;
}

}  // namespace digester::fuzz
