// Manifests of several files as one stream.
#pragma once

#include <string>
#include <string_view>

namespace digester::app {

// Adds a text behind those that are there, as documents of their own: `---` between them unless the text has
// it. What is there is not touched, but for a line break where its last line has none; of the text, a byte
// order mark goes, which means something at the beginning of a stream alone.
void append_documents(std::string& stream, std::string_view text);

}  // namespace digester::app
