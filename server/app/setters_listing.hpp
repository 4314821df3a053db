// The setters of a package, as `digester setters list` shows them.
#pragma once

#include <span>
#include <string>

#include "app/package_files.hpp"
#include "base/result.hpp"

namespace digester::app {

// A table: name, value, number of fields. The value is the Kptfile's (or that of a ConfigMap it names), else
// the fields'; several that differ have ` | ` between them. Empty if there is no setter. The error begins
// with the file.
Result<std::string> setters_as_text(std::span<const PackageText> files);

// [{"name","values":[…],"set":[{"file","line","value"}…],"fields":[{"file","line","path","pattern","value"}…]}…]
// `set` is where the value is given; the member `value` of a field is there if it can be read off.
Result<std::string> setters_as_json(std::span<const PackageText> files);

}  // namespace digester::app
