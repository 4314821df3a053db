// What a runner or a terminal would obey, wherever it stands. Internal to the room.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace digester::report {

// Azure's and GitHub's old form of a command, `##[error]`, spelt so that it is none.
inline std::string tame(std::string line) {
  for (auto at = line.find("##["); at != std::string::npos; at = line.find("##[", at))
    line.replace(at + 2, 1, "\\x5b");
  return line;
}

// Within JSON: what a terminal would obey or hide (C1 controls, directions, line separators) as \u escapes.
// Such characters stand in strings alone, so the values stay the same.
inline std::string escape_hidden(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  const auto byte = [&](std::size_t at) {
    return at < json.size() ? static_cast<unsigned char>(json[at]) : 0U;
  };
  for (std::size_t at = 0; at < json.size(); ++at) {
    unsigned code = 0;
    if (byte(at) == 0xC2 && byte(at + 1) >= 0x80 && byte(at + 1) < 0xA0) {
      code = byte(at + 1);
      at += 1;
    } else if (byte(at) == 0xE2 && (byte(at + 1) == 0x80 || byte(at + 1) == 0x81)) {
      const auto last = 0x2000 + ((byte(at + 1) & 0x3F) << 6) + (byte(at + 2) & 0x3F);
      if ((last >= 0x200B && last <= 0x200F) || (last >= 0x2028 && last <= 0x202E) ||
          (last >= 0x2060 && last <= 0x2069)) {
        code = last;
        at += 2;
      }
    }
    if (code == 0)
      out += json[at];
    else
      out += fmt::format("\\u{:04x}", code);
  }
  return out;
}

}  // namespace digester::report
