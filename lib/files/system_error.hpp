// What the operating system refused, as one line with a cure. Internal to the room.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digester::files {

// "k8s/a.yaml: cannot be read: Permission denied; check that you may read it". `what` is "cannot be read".
Error system_error(std::string_view path, std::string_view what, int number);
// "k8s/a.yaml: it is a directory; …"
Error refuse(std::string_view path, std::string_view cause, std::string_view cure,
             ErrorKind kind = ErrorKind::invalid);
// For messages.
std::string shown(std::string_view path);

}  // namespace digester::files
