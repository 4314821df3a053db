// What the scanners of this room report: a cause and the byte it was seen at. Private to the room.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digester::image {

struct Fault {
  std::size_t at = 0;  // offset from 0; equal to the length when something is missing at the end
  std::string cause;
};

// Nothing when `text` is `algorithm:hex` as registry clients and runtimes accept it.
std::optional<Fault> fault_in_digest(std::string_view text);

// The character at `at` for a message: quoted and printable, white space by its name.
std::string describe_character(std::string_view text, std::size_t at);

// ErrorKind::invalid: `"<text>" is not <what>: <cause> (byte <at + 1>)`, the text printable and shortened.
tl::unexpected<Error> fail_at(std::string_view what, std::string_view text, const Fault& fault);

}  // namespace digester::image
