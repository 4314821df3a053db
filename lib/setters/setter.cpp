#include "setters/setter.hpp"

#include <fmt/format.h>

#include <set>

#include "base/text.hpp"

namespace digester::setters {

Result<Setter> parse_setter(std::string_view text) {
  const auto at = text.find('=');
  const auto shown = text::printable(text, 128);
  if (at == std::string_view::npos || at == 0)
    return fail(ErrorKind::invalid, fmt::format("\"{}\" is no setter; write name=value", shown));
  const auto name = text.substr(0, at);
  for (const char c : name)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '}')
      return fail(ErrorKind::invalid,
                  fmt::format("the setter \"{}\" has a name with a blank or a closing brace in it; "
                              "choose letters, digits, - and _",
                              shown));
  const auto value = text.substr(at + 1);
  if (value.find_first_of("\r\n") != std::string_view::npos)
    return fail(ErrorKind::invalid, fmt::format("the setter {} has a value of several lines; give one line",
                                                text::printable(name, 128)));
  if (!text::is_valid_utf8(text))
    return fail(ErrorKind::invalid, fmt::format("the setter \"{}\" is no UTF-8", shown));
  return Setter{std::string(name), std::string(value)};
}

Result<void> check_setters(std::span<const Setter> setters) {
  if (setters.empty()) return fail(ErrorKind::invalid, "no setter is given; write name=value");
  std::set<std::string_view> names;
  for (const auto& setter : setters)
    if (!names.insert(setter.name).second)
      return fail(ErrorKind::invalid, fmt::format("the setter {} is given twice; give it one value",
                                                  text::printable(setter.name, 128)));
  return {};
}

}  // namespace digester::setters
