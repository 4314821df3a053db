#include "net/client/response_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace digester::net {
namespace {

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           marks.find(c) != std::string_view::npos;
  });
}

// Only the two blanks that the grammar knows: other control characters are refused, not trimmed.
std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7F;
  });
}

std::optional<std::uint64_t> parse_number(std::string_view text, int base) {
  std::uint64_t value = 0;
  // from_chars takes no sign for unsigned types and no prefix.
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The frame header that an HTTP/2 server sends first: SETTINGS (type 4) on stream 0.
bool is_http2(std::string_view bytes) {
  return bytes.size() >= 9 && bytes[0] == 0 && bytes[3] == 4 &&
         bytes.substr(5, 4) == std::string_view("\0\0\0\0", 4);
}

}  // namespace

ResponseReader::ResponseReader(Method method, ReaderLimits limits, std::string peer)
    : method_(method), limits_(limits), peer_(std::move(peer)) {}

ResponseReader ResponseReader::for_connect(ReaderLimits limits, std::string peer) {
  ResponseReader reader(Method::get, limits, std::move(peer));
  reader.connect_ = true;
  return reader;
}

tl::unexpected<Error> ResponseReader::malformed(std::string_view what) const {
  return fail(ErrorKind::protocol, fmt::format("{} sent a malformed answer: {}", peer_, what));
}

tl::unexpected<Error> ResponseReader::body_too_large() const {
  return fail(ErrorKind::too_large,
              fmt::format("the answer of {} is larger than {} bytes", peer_, limits_.body));
}

Result<std::size_t> ResponseReader::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && !done() && !stopped_) {
    const auto taken = step(bytes.substr(used));
    if (!taken) return fail(taken.error());
    used += *taken;
  }
  return used;
}

// At least one byte of `bytes`, which are not empty.
Result<std::size_t> ResponseReader::step(std::string_view bytes) {
  std::size_t used = 0;
  switch (state_) {
    case State::head:
    case State::chunk_header:
    case State::chunk_end:
    case State::trailers: {
      if (head_bytes_ == 0 && bytes[0] != 'H')
        return is_http2(bytes) ? fail(ErrorKind::unsupported,
                                      fmt::format("{} speaks HTTP/2, and HTTP/1.1 is needed", peer_))
                               : malformed("it is not HTTP");
      const auto complete = collect_line(bytes, used);
      if (!complete) return fail(complete.error());
      if (*complete) {
        const auto handled = line();
        line_.clear();
        if (!handled) return fail(handled.error());
      }
      return used;
    }
    case State::sized:
    case State::until_close:
    case State::chunk_data: {
      used = bytes.size();
      if (state_ != State::until_close)
        used = static_cast<std::size_t>(std::min<std::uint64_t>(used, remaining_));
      if (!fits(used)) return body_too_large();
      take_body(bytes.substr(0, used));
      if (state_ == State::until_close) return used;
      remaining_ -= used;
      if (remaining_ == 0) state_ = state_ == State::sized ? State::done : State::chunk_end;
      return used;
    }
    case State::done:
      break;
  }
  return used;
}

void ResponseReader::take_body(std::string_view bytes) {
  if (!handing_on())
    response_.body.append(bytes);
  else if (!on_body_(bytes))
    stopped_ = true;
}

Result<bool> ResponseReader::collect_line(std::string_view bytes, std::size_t& used) {
  const auto feed = bytes.find('\n');
  used = feed == std::string_view::npos ? bytes.size() : feed + 1;
  head_bytes_ += used;
  if (head_bytes_ > limits_.head)
    return fail(ErrorKind::too_large,
                fmt::format("the head of {}'s answer is larger than {} bytes", peer_, limits_.head));
  line_.append(bytes.substr(0, used));
  if (feed == std::string_view::npos) return false;
  if (!line_.ends_with("\r\n")) return malformed("a line does not end with CR LF");
  line_.resize(line_.size() - 2);
  return true;
}

Result<void> ResponseReader::line() {
  switch (state_) {
    case State::head:
      return !have_status_ ? status_line() : line_.empty() ? end_of_head() : field_line();
    case State::chunk_header:
      return chunk_header();
    case State::chunk_end:
      if (!line_.empty()) return malformed("a chunk is longer than it said");
      head_bytes_ -= 2;
      state_ = State::chunk_header;
      return {};
    default:
      if (line_.empty()) state_ = State::done;
      return {};
  }
}

Result<void> ResponseReader::status_line() {
  const std::string_view line = line_;
  const bool shape = line.size() >= 12 && line.starts_with("HTTP/") && line[8] == ' ' &&
                     (line.size() == 12 || line[12] == ' ');
  if (!shape) return malformed("no status line");
  const std::string_view version = line.substr(5, 3);
  if (version != "1.1" && version != "1.0") return malformed("it is neither HTTP/1.1 nor HTTP/1.0");
  const auto status = parse_number(line.substr(9, 3), 10);
  if (!status || *status < 100 || *status > 599) return malformed("no status code");
  if (has_control(line)) return malformed("a control character in the status line");
  old_version_ = version == "1.0";
  response_.status = static_cast<unsigned>(*status);
  have_status_ = true;
  return {};
}

Result<void> ResponseReader::field_line() {
  const std::string_view line = line_;
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return malformed("a field without a colon");
  // Covers a folded line (leading blank) and a blank before the colon, which proxies read differently.
  if (!is_token(line.substr(0, colon))) return malformed("a field name that is none");
  const auto value = trim_blanks(line.substr(colon + 1));
  if (has_control(value)) return malformed("a control character in a field");
  if (response_.headers.fields().size() >= limits_.fields)
    return fail(ErrorKind::too_large,
                fmt::format("{}'s answer has more than {} fields", peer_, limits_.fields));
  response_.headers.add(std::string(line.substr(0, colon)), std::string(value));
  return {};
}

Result<void> ResponseReader::end_of_head() {
  if (response_.status == 101) return malformed("it switches protocols unasked");
  if (response_.status < 200) {
    if (++interim_ > limits_.interim) return malformed("too many 1xx answers");
    response_ = {};
    have_status_ = false;
    return {};
  }
  const auto lengths = response_.headers.get_all("content-length");
  std::optional<std::uint64_t> length;
  for (const auto text : lengths) {
    const auto value = parse_number(text, 10);
    if (!value || text.size() > 18) return malformed("a Content-Length that is no number");
    if (length && *length != *value) return malformed("two different lengths");
    length = value;
  }
  const auto codings = response_.headers.get_all("transfer-encoding");
  if (!codings.empty()) {
    if (length) return malformed("Content-Length together with Transfer-Encoding");
    if (codings.size() != 1 || !text::iequals(codings.front(), "chunked"))
      return malformed("a transfer coding other than chunked");
    if (old_version_) return malformed("a transfer coding in HTTP/1.0");
  }
  bool close = old_version_;
  for (const auto value : response_.headers.get_all("connection"))
    for (const auto option : text::split(value, ','))
      if (text::iequals(text::trim(option), "close")) close = true;
  keep_alive_ = !close;

  const unsigned status = response_.status;
  if (method_ == Method::head || status == 204 || status == 304 || (connect_ && status < 300)) {
    state_ = State::done;
  } else if (!codings.empty()) {
    state_ = State::chunk_header;
  } else if (length) {
    if (!fits(*length)) return body_too_large();
    remaining_ = *length;
    state_ = *length == 0 ? State::done : State::sized;
  } else {
    until_close_ = true;
    state_ = State::until_close;
  }
  if (handing_on()) take_body({});
  return {};
}

Result<void> ResponseReader::chunk_header() {
  std::string_view line = line_;
  if (const auto semicolon = line.find(';'); semicolon != std::string_view::npos) {
    if (has_control(line.substr(semicolon))) return malformed("a control character in a chunk's header");
    line = trim_blanks(line.substr(0, semicolon));
  }
  const auto size = parse_number(line, 16);
  if (!size || line.size() > 16) return malformed("a chunk size that is no number");
  if (*size == 0) {
    state_ = State::trailers;
    return {};
  }
  if (!fits(*size)) return body_too_large();
  // A body in many small chunks must not use up the head's limit: only extensions count against it.
  head_bytes_ -= 2 + line.size();
  remaining_ = *size;
  state_ = State::chunk_data;
  return {};
}

Result<void> ResponseReader::end(bool orderly) {
  if (state_ == State::done) return {};
  if (state_ == State::until_close && orderly) {
    state_ = State::done;
    return {};
  }
  return fail(ErrorKind::protocol, state_ == State::head
                                       ? fmt::format("{} closed the connection before its answer", peer_)
                                       : fmt::format("the answer of {} was cut short", peer_));
}

}  // namespace digester::net
