// Where something is wrong, in the form that editors and people follow.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/text.hpp"

namespace digester::app {

// "line 3: cause" of a file: "FILE:3: cause"; any other message behind "FILE: ".
inline std::string at_place(std::string_view path, std::string_view message) {
  const auto file = path == "-" ? std::string("standard input") : text::printable(path, 512);
  const auto colon = message.find(':');
  if (!message.starts_with("line ") || colon == std::string_view::npos)
    return fmt::format("{}: {}", file, message);
  return fmt::format("{}:{}{}", file, message.substr(5, colon - 5), message.substr(colon));
}

}  // namespace digester::app
