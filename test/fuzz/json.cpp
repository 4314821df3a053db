// Any text as JSON: what is accepted equals itself, and what is written of it reads back as the same.
#include "check.hpp"
#include "json/value.hpp"
#include "json/writer.hpp"

using namespace digester;

namespace {

// Its depth is bounded by the parser's limit.
void copy(json::Value value, json::Writer& out) {
  switch (value.type()) {
    case json::Type::null:
      out.null();
      return;
    case json::Type::boolean:
      out.boolean(*value.boolean());
      return;
    case json::Type::number:
      if (const auto integer = value.integer())
        out.integer(*integer);
      else
        out.number(*value.number());
      return;
    case json::Type::string:
      FUZZ_CHECK(text::is_valid_utf8(*value.string()));
      out.string(*value.string());
      return;
    case json::Type::array:
      out.begin_array();
      for (const json::Value element : value.elements())
        copy(element, out);
      out.end_array();
      return;
    case json::Type::object:
      out.begin_object();
      for (const json::Member member : value.members()) {
        FUZZ_CHECK(value.find(member.key).present());
        out.key(member.key);
        copy(member.value, out);
      }
      out.end_object();
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  json::Document document;
  const auto root = document.parse(std::string(reinterpret_cast<const char*>(data), size));
  if (!root) {
    FUZZ_CHECK(fuzz::is_printable_line(root.error().message, 512));
    return 0;
  }
  FUZZ_CHECK(root->present());
  FUZZ_CHECK(json::equal(*root, *root));

  json::Writer writer;
  copy(*root, writer);
  FUZZ_CHECK(text::is_valid_utf8(writer.view()));
  json::Document again;
  const auto second = again.parse(writer.str());
  FUZZ_CHECK(second);
  FUZZ_CHECK(json::equal(*root, *second) && json::equal(*second, *root));
  return 0;
}
