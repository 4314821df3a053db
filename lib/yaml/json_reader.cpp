#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "yaml/positions.hpp"
#include "yaml/reader.hpp"
#include "yaml/text_checks.hpp"

namespace digester::yaml {
namespace {

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class JsonReader final : public EventReader {
 public:
  JsonReader(std::string_view text, const Limits& limits)
      : text_(text), limits_(limits), refusal_(check_text(text, limits)) {
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
    if (!refusal_ && !text::is_valid_utf8(text)) refusal_ = Error{ErrorKind::invalid, "line 1: not UTF-8"};
  }

  Result<Event> next() override {
    Event event;
    if (!refusal_ && step(event)) return event;
    return fail(*refusal_);
  }

 private:
  enum class Expect : std::uint8_t { document, value, element, comma, first_key, key, colon, document_end };

  // False: refusal_ says why.
  bool step(Event& event) {
    while (true) {
      if (expect_ == Expect::document_end) {
        expect_ = Expect::document;
        return mark(event, EventKind::document_end);
      }
      skip_space();
      switch (expect_) {
        case Expect::document:
          if (at_ == text_.size()) return mark(event, EventKind::stream_end);
          expect_ = Expect::value;
          return mark(event, EventKind::document_start);
        case Expect::value:
          return value(event);
        case Expect::element:
          return at(']') ? close(event) : value(event);
        case Expect::first_key:
          return at('}') ? close(event) : key(event);
        case Expect::key:
          return key(event);
        case Expect::colon:
          if (!at(':')) return refuse("a colon is expected here");
          ++at_;
          expect_ = Expect::value;
          break;
        case Expect::comma: {
          const bool is_object = stack_.back();
          if (at(is_object ? '}' : ']')) return close(event);
          if (!at(','))
            return refuse(is_object ? "a comma or } is expected here" : "a comma or ] is expected here");
          ++at_;
          expect_ = is_object ? Expect::key : Expect::value;
          break;
        }
        case Expect::document_end:
          break;
      }
    }
  }

  bool at(char c) const { return at_ < text_.size() && text_[at_] == c; }

  void skip_space() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n' || (c == '\r' && !(at_ + 1 < text_.size() && text_[at_ + 1] == '\n')))
        ++line_;
      else if (c != ' ' && c != '\t' && c != '\r')
        return;
    }
  }

  bool refuse(std::string_view why) {
    refusal_ = Error{ErrorKind::invalid, fmt::format("line {}: {}", line_, why)};
    return false;
  }

  bool mark(Event& event, EventKind kind) const {
    event.kind = kind;
    event.begin = event.end = at_;
    event.line = line_;
    return true;
  }

  bool finish(Event& event, std::size_t begin) {
    event.begin = begin;
    event.end = at_;
    event.line = line_;
    return true;
  }

  void value_is_read() { expect_ = stack_.empty() ? Expect::document_end : Expect::comma; }

  bool open(Event& event, bool is_object) {
    if (stack_.size() == limits_.depth) {
      refusal_ = too_deep(line_, limits_.depth);
      return false;
    }
    stack_.push_back(is_object);
    expect_ = is_object ? Expect::first_key : Expect::element;
    event.kind = is_object ? EventKind::mapping_start : EventKind::sequence_start;
    event.flow = true;
    ++at_;
    return finish(event, at_ - 1);
  }

  bool close(Event& event) {
    event.kind = stack_.back() ? EventKind::mapping_end : EventKind::sequence_end;
    stack_.pop_back();
    value_is_read();
    ++at_;
    return finish(event, at_ - 1);
  }

  bool key(Event& event) {
    if (!at('"')) return refuse("a key in double quotes is expected here");
    if (!string(event)) return false;
    expect_ = Expect::colon;
    return true;
  }

  bool value(Event& event) {
    if (at('{') || at('[')) return open(event, at('{'));
    event.kind = EventKind::scalar;
    if (!(at('"')                                                   ? string(event)
          : at('-') || (at_ < text_.size() && is_digit(text_[at_])) ? number(event)
                                                                    : word(event)))
      return false;
    value_is_read();
    return true;
  }

  bool word(Event& event) {
    for (const std::string_view known : {"true", "false", "null"}) {
      if (!text_.substr(at_).starts_with(known)) continue;
      event.value = text_.substr(at_, known.size());
      at_ += known.size();
      return finish(event, at_ - known.size());
    }
    return refuse("a JSON value is expected here");
  }

  std::size_t digits() {
    const auto begin = at_;
    while (at_ < text_.size() && is_digit(text_[at_]))
      ++at_;
    return at_ - begin;
  }

  bool number(Event& event) {
    const auto begin = at_;
    if (at('-')) ++at_;
    if (at('0'))
      ++at_;
    else if (digits() == 0)
      return refuse("not a number as JSON writes it");
    if (at('.')) {
      ++at_;
      if (digits() == 0) return refuse("not a number as JSON writes it");
    }
    if (at('e') || at('E')) {
      ++at_;
      if (at('+') || at('-')) ++at_;
      if (digits() == 0) return refuse("not a number as JSON writes it");
    }
    if (at_ < text_.size() && is_digit(text_[at_])) return refuse("not a number as JSON writes it");
    event.value = text_.substr(begin, at_ - begin);
    return finish(event, begin);
  }

  bool string(Event& event) {
    event.kind = EventKind::scalar;
    event.style = ScalarStyle::double_quoted;
    const auto begin = at_++;
    auto run = at_;  // what is taken as it stands
    bool decoded = false;
    while (true) {
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
             static_cast<unsigned char>(text_[at_]) >= 0x20)
        ++at_;
      if (at_ == text_.size()) return refuse("a string without an end");
      if (text_[at_] == '"') break;
      if (text_[at_] != '\\') return refuse("a control character in a string: write it as an escape");
      if (!decoded) buffer_.clear();
      decoded = true;
      buffer_ += text_.substr(run, at_ - run);
      if (!escape()) return refuse("an escape that JSON does not know");
      run = at_;
    }
    event.value = text_.substr(run, at_ - run);
    if (decoded) event.value = buffer_ += event.value;
    ++at_;
    return finish(event, begin);
  }

  // At a backslash.
  bool escape() {
    ++at_;
    if (at_ == text_.size()) return false;
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char name = text_[at_++];
    if (const auto i = kNames.find(name); i != std::string_view::npos) {
      buffer_ += kMeanings[i];
      return true;
    }
    if (name != 'u') return false;
    const auto first = four_digits();
    if (!first) return false;
    auto c = *first;
    if (c >= 0xD800 && c < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
      const auto kept = at_;
      at_ += 2;
      const auto second = four_digits();
      if (!second) return false;
      if (*second >= 0xDC00 && *second < 0xE000)
        c = 0x10000 + ((c - 0xD800) << 10) + (*second - 0xDC00);
      else
        at_ = kept;
    }
    append_utf8(buffer_, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
    return true;
  }

  std::optional<std::uint32_t> four_digits() {
    std::uint32_t c = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (at_ == text_.size()) return std::nullopt;
      const char digit = text_[at_];
      c <<= 4;
      if (is_digit(digit))
        c += static_cast<std::uint32_t>(digit - '0');
      else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
        c += static_cast<std::uint32_t>((digit | 0x20) - 'a' + 10);
      else
        return std::nullopt;
    }
    return c;
  }

  std::string_view text_;
  Limits limits_;
  std::optional<Error> refusal_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  Expect expect_ = Expect::document;
  std::vector<bool> stack_;  // objects are true
  std::string buffer_;       // of the last string that had an escape
};

}  // namespace

std::unique_ptr<EventReader> read_json(std::string_view text, const Limits& limits) {
  return std::make_unique<JsonReader>(text, limits);
}

}  // namespace digester::yaml
