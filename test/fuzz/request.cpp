// Any bytes as what a client sends to the server: a head, then a chunked body.
#include "net/server/wire/chunked.hpp"
#include "net/server/wire/request_head.hpp"

#include <algorithm>

#include "check.hpp"

using namespace digester;
using net::server::ChunkedDecoder;

namespace {

bool lies_within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

bool holds_no_control(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  });
}

std::size_t count_fields(const std::vector<net::HeaderField>& fields, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(
      fields.begin(), fields.end(), [name](const auto& f) { return text::iequals(f.name, name); }));
}

void check_head(std::string_view text) {
  net::server::RequestHead head;
  std::vector<net::HeaderField> fields;
  const auto refusal = net::server::parse_head(text, head, fields);
  FUZZ_CHECK(fields.size() <= net::server::kMaxFields);
  if (refusal.status != 0) {
    FUZZ_CHECK(refusal.status >= 400 && refusal.status <= 505);
    FUZZ_CHECK(fuzz::is_printable_line(refusal.why, 100));
    return;
  }
  FUZZ_CHECK(!head.method.empty() && lies_within(head.method, text) && lies_within(head.query, text));
  FUZZ_CHECK(head.path == "*" || head.path.starts_with('/'));
  for (const auto& field : fields) {
    FUZZ_CHECK(!field.name.empty() && lies_within(field.name, text) && holds_no_control(field.name));
    FUZZ_CHECK(lies_within(field.value, text) && holds_no_control(field.value));
  }
  // One way to find the body's end, and only one.
  const auto lengths = count_fields(fields, "content-length");
  const auto codings = count_fields(fields, "transfer-encoding");
  FUZZ_CHECK(lengths + codings <= 1);
  FUZZ_CHECK(head.has_length == (lengths == 1) && head.chunked == (codings == 1));
  FUZZ_CHECK(!(head.chunked && head.http_1_0) && (head.has_length || head.length == 0));
  FUZZ_CHECK(head.http_1_0 || count_fields(fields, "host") == 1);
}

// However the bytes are cut, the same comes out.
void check_chunks(std::string_view input, std::size_t piece) {
  constexpr std::size_t limit = 4096;
  ChunkedDecoder at_once(limit);
  std::string body;
  std::string_view rest = input;
  const auto status = at_once.feed(rest, &body);
  FUZZ_CHECK(body.size() <= limit);

  ChunkedDecoder in_pieces(limit);
  std::string again;
  auto last = ChunkedDecoder::Status::more;
  std::string_view left = input;
  while (!left.empty() && last == ChunkedDecoder::Status::more) {
    auto part = left.substr(0, piece);
    const auto size = part.size();
    last = in_pieces.feed(part, &again);
    left.remove_prefix(size - part.size());
  }
  FUZZ_CHECK(last == status && again == body && left == rest);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  // A copy of the exact size, so that reading past the end is seen.
  const std::string copy(reinterpret_cast<const char*>(data), size);
  const std::string_view input(copy);
  const auto refusal = net::server::check_beginning(input);
  const auto end = net::server::find_head_end(input);
  if (end == input.npos) {
    check_chunks(input, 1 + size % 7);
    return 0;
  }
  FUZZ_CHECK(end <= size && input.substr(end - 4, 4) == "\r\n\r\n");
  const std::string head(input.substr(0, end));
  if (refusal.status == 0) check_head(head);
  check_chunks(input.substr(end), 1 + size % 7);
  return 0;
}
