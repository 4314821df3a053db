#include "net/server/message.hpp"

#include "base/text.hpp"

namespace digester::net {
namespace {

bool fits_in_a_field(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace

std::optional<std::string_view> ServerRequest::header(std::string_view name) const {
  for (const auto& field : fields)
    if (field.name.size() == name.size() && text::iequals(field.name, name)) return field.value;
  return std::nullopt;
}

std::string_view ServerRequest::content_type() const {
  const auto value = header("content-type");
  return value ? text::trim(value->substr(0, value->find(';'))) : std::string_view();
}

void ServerResponse::add_field(std::string_view name, std::string_view value) {
  if (!fits_in_a_field(name) || !fits_in_a_field(value)) return;
  extra_fields.append(name).append(": ").append(value).append("\r\n");
}

void ServerResponse::clear() {
  status = 200;
  content_type = "application/json";
  body.clear();
  extra_fields.clear();
  close = false;
}

}  // namespace digester::net
