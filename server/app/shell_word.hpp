// Names in commands that a reader is told to run.
#pragma once

#include <string>
#include <string_view>

namespace digester::app {

// A file's name as a word of a POSIX shell: one argument, and no option, whatever is in it. As it is where
// that needs no quotes. What is not printable is spelt out (text::printable, at most 512 bytes): such a name
// has to be typed.
std::string shell_word(std::string_view path);

}  // namespace digester::app
