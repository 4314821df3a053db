// Manifests of several files as one stream.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digester::app {

struct NamedText {
  std::string_view name, text;
};

// The texts one behind the other, as documents of their own: `---` between them unless the next one has it.
// None is touched, but for a line break where its last line has none (a block scalar that this would lengthen
// gets a `-` behind its `|` or `>`), and for byte order marks, which mean something at the beginning of a
// stream alone. The stream is read again: if something in it would not be read as it is in its own file, the
// answer is an error that begins with the name.
Result<std::string> join_documents(std::span<const NamedText> texts);

}  // namespace digester::app
