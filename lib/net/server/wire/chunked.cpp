#include "net/server/wire/chunked.hpp"

#include <algorithm>

namespace digester::net::server {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
}

}  // namespace

ChunkedDecoder::Status ChunkedDecoder::feed(std::string_view& input, std::string* body) {
  while (!input.empty()) {
    if (state_ == State::data) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
      if (body != nullptr) body->append(input.substr(0, size));
      input.remove_prefix(size);
      left_ -= size;
      if (left_ == 0) state_ = State::data_cr;
      continue;
    }
    const Status status = take(input.front());
    if (status == Status::malformed || status == Status::too_large) return status;
    input.remove_prefix(1);
    if (status == Status::done) return status;
  }
  return Status::more;
}

// One byte of framing.
ChunkedDecoder::Status ChunkedDecoder::take(char c) {
  switch (state_) {
    case State::size:
      if (const int digit = hex_value(c); digit >= 0) {
        if (++digits_ > 16) return Status::malformed;
        left_ = left_ * 16 + static_cast<unsigned>(digit);
        return Status::more;
      }
      if (digits_ == 0) return Status::malformed;
      if (c == ';') {
        state_ = State::extension;
        return Status::more;
      }
      if (c != '\r') return Status::malformed;
      state_ = State::size_lf;
      return Status::more;
    case State::extension:
      if (c == '\r') {
        state_ = State::size_lf;
        return Status::more;
      }
      return is_control(c) || ++dropped_ > kMaxDropped ? Status::malformed : Status::more;
    case State::size_lf:
      if (c != '\n') return Status::malformed;
      digits_ = 0;
      if (left_ == 0) {
        state_ = State::trailer_start;
        return Status::more;
      }
      if (left_ > max_body_ - total_) return Status::too_large;
      total_ += static_cast<std::size_t>(left_);
      state_ = State::data;
      return Status::more;
    case State::data_cr:
      state_ = State::data_lf;
      return c == '\r' ? Status::more : Status::malformed;
    case State::data_lf:
      state_ = State::size;
      return c == '\n' ? Status::more : Status::malformed;
    case State::trailer_start:
      if (c == '\r') {
        state_ = State::end_lf;
        return Status::more;
      }
      state_ = State::trailer;
      [[fallthrough]];
    case State::trailer:
      if (c == '\r') {
        state_ = State::trailer_lf;
        return Status::more;
      }
      return is_control(c) || ++dropped_ > kMaxDropped ? Status::malformed : Status::more;
    case State::trailer_lf:
      state_ = State::trailer_start;
      return c == '\n' ? Status::more : Status::malformed;
    case State::end_lf:
      return c == '\n' ? Status::done : Status::malformed;
    case State::data:
      break;
  }
  return Status::malformed;
}

}  // namespace digester::net::server
