// Two versions of a file as a unified diff that `git apply` and `patch -p1` take.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace digester::report {

struct DiffOptions {
  std::size_t context = 3;  // lines around a change
  bool colour = false;      // ANSI's, on the terminal alone: no program takes such a diff
};

// Lines end at \n alone, so that a CR is part of its line, as git has it. Made for few changed or inserted
// lines: takes time in proportion to the texts, and where they differ widely it is right but not the
// shortest. Empty where the texts are equal. `name` is the file's, from the root that the diff is to be
// applied in.
std::string unified_diff(std::string_view name, std::string_view before, std::string_view after,
                         const DiffOptions& options = {});

}  // namespace digester::report
