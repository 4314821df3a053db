#include "net/server/wire/request_head.hpp"

#include <array>
#include <charconv>
#include <cstring>

#include "base/text.hpp"

namespace digester::net::server {
namespace {

using namespace std::string_view_literals;

enum CharClass : std::uint8_t { kToken = 1, kValue = 2, kTarget = 4, kHost = 8 };

// One table for the four alphabets: token (RFC 9110 §5.6.2), field value (§5.5), request target as visible
// ASCII without '#' (a fragment never travels), and Host (RFC 3986 §3.2).
constexpr std::array<std::uint8_t, 256> make_table() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const auto among = [c](std::string_view set) {
      return c < 128 && set.find(static_cast<char>(c)) != set.npos;
    };
    if (alnum || among("!#$%&'*+-.^_`|~"sv)) table[c] |= kToken;
    if (c == '\t' || (c >= 0x20 && c != 0x7F)) table[c] |= kValue;
    if (c > 0x20 && c < 0x7F && c != '#') table[c] |= kTarget;
    if (alnum || among("-._~!$&'()*+,;=%:[]"sv)) table[c] |= kHost;
  }
  return table;
}
constexpr auto kTable = make_table();

bool is(char c, CharClass wanted) {
  return (kTable[static_cast<unsigned char>(c)] & wanted) != 0;
}

bool all(std::string_view text, CharClass wanted) {
  for (const char c : text)
    if (!is(c, wanted)) return false;
  return true;
}

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

Refusal bad(std::string_view why) {
  return {400, why};
}

Refusal parse_target(std::string_view target, RequestHead& head) {
  if (target.empty() || !all(target, kTarget))
    return bad("the request target holds characters it cannot have");
  if (target.front() != '/' && target != "*") {
    // absolute-form (RFC 9112 §3.2.2): what counts is the Host field, which parse_fields demands anyway.
    const auto scheme_end = target.find("://");
    if (scheme_end == target.npos) return bad("the request target is neither a path nor a URL");
    const auto scheme = target.substr(0, scheme_end);
    if (!text::iequals(scheme, "http") && !text::iequals(scheme, "https"))
      return bad("the request target's scheme is neither http nor https");
    const auto path = target.find_first_of("/?", scheme_end + 3);
    if (path == target.npos) {
      target = "/";
    } else if (target[path] == '?') {
      head.path = "/";
      head.query = target.substr(path + 1);
      return {};
    } else {
      target = target.substr(path);
    }
  }
  const auto question = target.find('?');
  head.path = target.substr(0, question);
  head.query = question == target.npos ? std::string_view() : target.substr(question + 1);
  return {};
}

Refusal parse_request_line(std::string_view line, RequestHead& head) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == line.npos || first == last) return bad("not an HTTP/1 request line");
  head.method = line.substr(0, first);
  if (head.method.empty() || head.method.size() > 32 || !all(head.method, kToken))
    return bad("the request line's method is not a token");
  const auto version = line.substr(last + 1);
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/" || version[6] != '.' || version[5] < '0' ||
      version[5] > '9' || version[7] < '0' || version[7] > '9')
    return bad("the request line's protocol version is malformed");
  if (version[5] != '1') return {505, "only HTTP/1.1 is spoken here"};
  head.http_1_0 = version[7] == '0';
  head.keep_alive = !head.http_1_0;
  return parse_target(line.substr(first + 1, last - first - 1), head);
}

Refusal parse_length(std::string_view value, RequestHead& head) {
  if (head.has_length) return bad("more than one Content-Length");
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (error == std::errc::result_out_of_range && end == value.data() + value.size())
    return {413, "the request's body is larger than the limit"};
  if (value.empty() || error != std::errc{} || end != value.data() + value.size())
    return bad("Content-Length is not a number");
  head.has_length = true;
  head.length = length;
  return {};
}

Refusal parse_transfer_encoding(std::string_view value, RequestHead& head) {
  if (head.chunked) return bad("more than one Transfer-Encoding");
  const auto comma = value.rfind(',');
  const auto last = trim_blanks(comma == value.npos ? value : value.substr(comma + 1));
  if (!text::iequals(last, "chunked")) return bad("Transfer-Encoding does not end in chunked");
  if (comma != value.npos) return {501, "no transfer coding but chunked is understood"};
  head.chunked = true;
  return {};
}

void parse_connection(std::string_view value, RequestHead& head, bool& close) {
  while (true) {
    const auto comma = value.find(',');
    const auto token = trim_blanks(value.substr(0, comma));
    if (text::iequals(token, "close")) close = true;
    if (text::iequals(token, "keep-alive")) head.keep_alive = true;
    if (comma == value.npos) return;
    value.remove_prefix(comma + 1);
  }
}

// What the framing of the message hangs on, gathered over all fields.
struct Framing {
  bool host = false;
  bool content_type = false;
  bool close = false;
  bool unknown_expectation = false;
};

Refusal note_field(std::string_view name, std::string_view value, RequestHead& head, Framing& framing) {
  // The length tells most fields apart before a character is compared.
  switch (name.size()) {
    case 4:
      if (!text::iequals(name, "host")) break;
      if (framing.host) return bad("more than one Host");
      if (!all(value, kHost)) return bad("Host holds characters it cannot have");
      framing.host = true;
      break;
    case 6:
      if (!text::iequals(name, "expect")) break;
      if (text::iequals(value, "100-continue"))
        head.expects_continue = true;
      else
        framing.unknown_expectation = true;
      break;
    case 10:
      if (text::iequals(name, "connection")) parse_connection(value, head, framing.close);
      break;
    case 12:
      if (!text::iequals(name, "content-type")) break;
      if (framing.content_type) return bad("more than one Content-Type");
      framing.content_type = true;
      break;
    case 14:
      if (text::iequals(name, "content-length")) return parse_length(value, head);
      break;
    case 17:
      if (text::iequals(name, "transfer-encoding")) return parse_transfer_encoding(value, head);
      break;
    default:
      break;
  }
  return {};
}

Refusal check_whole(RequestHead& head, const Framing& framing) {
  if (head.chunked && head.has_length) return bad("both Content-Length and Transfer-Encoding");
  if (head.chunked && head.http_1_0) return bad("Transfer-Encoding in an HTTP/1.0 request");
  if (!framing.host && !head.http_1_0) return bad("no Host");
  if (framing.unknown_expectation) return {417, "no expectation but 100-continue is understood"};
  if (framing.close) head.keep_alive = false;
  if (head.http_1_0) head.expects_continue = false;
  return {};
}

}  // namespace

std::size_t find_head_end(std::string_view input, std::size_t from) {
  from = from > 3 ? from - 3 : 0;
  if (from >= input.size()) return std::string_view::npos;
  const void* end = ::memmem(input.data() + from, input.size() - from, "\r\n\r\n", 4);
  if (end == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(end) - input.data()) + 4;
}

Refusal check_beginning(std::string_view input) {
  // One empty line before the request line is tolerated (RFC 9112 §2.2).
  if (input.substr(0, 2) == "\r\n") input.remove_prefix(2);
  if (input.empty() || input == "\r" || is(input.front(), kToken)) return {};
  return bad("not an HTTP/1 request line");
}

Refusal parse_head(std::string_view head_text, RequestHead& head, std::vector<HeaderField>& fields) {
  head = RequestHead{};
  fields.clear();
  if (head_text.substr(0, 2) == "\r\n") head_text.remove_prefix(2);

  const auto line_end = head_text.find("\r\n");
  if (line_end == head_text.npos) return bad("not an HTTP/1 request line");
  if (auto refusal = parse_request_line(head_text.substr(0, line_end), head); refusal.status != 0)
    return refusal;

  Framing framing;
  const char* at = head_text.data() + line_end + 2;
  const char* const end = head_text.data() + head_text.size();
  while (true) {
    // The head ends in CR LF CR LF, which no field name and no value gets past: no loop below leaves it.
    if (*at == '\r') break;
    const char* const name = at;
    while (is(*at, kToken))
      ++at;
    if (at == name) return bad("a folded line, or a field without a name");
    if (*at != ':') return bad("a field's name holds characters it cannot have");
    const std::string_view field_name(name, static_cast<std::size_t>(at - name));
    const char* const value = ++at;
    while (is(*at, kValue))
      ++at;
    if (at[0] != '\r' || at[1] != '\n') return bad("a field's value holds characters it cannot have");
    const auto field_value = trim_blanks({value, static_cast<std::size_t>(at - value)});
    at += 2;
    if (fields.size() == kMaxFields) return {431, "too many header fields"};
    fields.push_back({field_name, field_value});
    if (auto refusal = note_field(field_name, field_value, head, framing); refusal.status != 0)
      return refusal;
  }
  if (at + 2 != end) return bad("a line feed is missing");
  return check_whole(head, framing);
}

}  // namespace digester::net::server
