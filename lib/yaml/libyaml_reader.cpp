#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>

#include "base/text.hpp"
#include "yaml/positions.hpp"
#include "yaml/reader.hpp"
#include "yaml/text_checks.hpp"

namespace digester::yaml {
namespace {

// libyaml looks through all of them for each further one.
constexpr std::size_t kMaxTagDirectives = 64;
// And for each token through all brackets around it: a second's worth of steps.
constexpr std::size_t kMaxBracketSteps = 200'000'000;
// A %TAG line makes long ones of short ones.
constexpr std::size_t kMaxTagBytes = std::size_t{64} << 20;
constexpr std::string_view kTemplateCure =
    "; if {{ makes it a template, render it first (a Helm chart: `helm template`)";
// Within brackets libyaml takes the last colon of `fe80::` for one that ends a key.
constexpr std::string_view kColonCure = "; put what ends in a colon in quotes";

std::string_view view(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

std::string_view view(const yaml_char_t* text, std::size_t size) {
  return {reinterpret_cast<const char*>(text), size};
}

ScalarStyle style_of(yaml_scalar_style_t style) {
  switch (style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
      return ScalarStyle::single_quoted;
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
      return ScalarStyle::double_quoted;
    case YAML_LITERAL_SCALAR_STYLE:
      return ScalarStyle::literal;
    case YAML_FOLDED_SCALAR_STYLE:
      return ScalarStyle::folded;
    default:
      return ScalarStyle::plain;
  }
}

class LibyamlReader final : public EventReader {
 public:
  LibyamlReader(std::string_view text, const Limits& limits)
      : text_(text), limits_(limits), positions_(text), refusal_(check()) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input(&parser_, &LibyamlReader::give, this);
  }
  LibyamlReader(const LibyamlReader&) = delete;
  LibyamlReader& operator=(const LibyamlReader&) = delete;
  ~LibyamlReader() override {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }

  Result<Event> next() override {
    if (refusal_) return fail(*refusal_);
    if (ended_) return Event{};
    do {
      yaml_event_delete(&event_);
      if (yaml_parser_parse(&parser_, &event_) == 0) {
        refusal_ = explain();
        return fail(*refusal_);
      }
    } while (event_.type == YAML_STREAM_START_EVENT);
    const auto event = translate();
    if (opens(event.kind) && ++depth_ > limits_.depth) {
      refusal_ = too_deep(event.line, limits_.depth);
      return fail(*refusal_);
    }
    if (closes(event.kind)) --depth_;
    if (!count(event)) return fail(*refusal_);
    ended_ = event.kind == EventKind::stream_end;
    return event;
  }

 private:
  static int give(void* self, unsigned char* buffer, std::size_t size, std::size_t* given) {
    auto& reader = *static_cast<LibyamlReader*>(self);
    const auto piece = reader.positions_.piece(reader.given_);
    *given = std::min(size, piece.size());
    std::memcpy(buffer, piece.data(), *given);
    reader.given_ = static_cast<std::size_t>(piece.data() - reader.text_.data()) + *given;
    return 1;
  }

  std::optional<Error> check() const {
    if (auto refused = check_text(text_, limits_)) return refused;
    std::size_t directives = 0;
    for (auto at = text_.find("%TAG"); at != std::string_view::npos; at = text_.find("%TAG", at + 1))
      if (at == 0 || text_[at - 1] == '\n' || text_[at - 1] == '\r') ++directives;
    if (directives > kMaxTagDirectives)
      return Error{ErrorKind::too_large, fmt::format("line 1: more than {} %TAG lines", kMaxTagDirectives)};
    return std::nullopt;
  }

  // False, and refusal_ says why, where small text makes much work.
  bool count(const Event& event) {
    if (opens(event.kind) && event.flow) ++brackets_;
    // Within brackets there are only further brackets.
    if (closes(event.kind) && brackets_ > 0) --brackets_;
    bracket_steps_ += brackets_;
    tag_bytes_ += event.tag.size();
    if (bracket_steps_ <= kMaxBracketSteps && tag_bytes_ <= kMaxTagBytes) return true;
    const std::string_view why = tag_bytes_ > kMaxTagBytes
                                     ? "tags that are too long by their %TAG line"
                                     : "too much nested in brackets: write it as JSON, or indented";
    refusal_ = Error{ErrorKind::too_large, fmt::format("line {}: {}", event.line, why)};
    return false;
  }

  Event translate() {
    Event event;
    event.begin = positions_.begin_byte(event_.start_mark.index);
    event.end = std::max(event.begin, positions_.end_byte(event_.end_mark.index));
    event.line = positions_.line(event.begin, event_.start_mark.line);
    switch (event_.type) {
      case YAML_DOCUMENT_START_EVENT:
        event.kind = EventKind::document_start;
        event.is_marked = event_.data.document_start.implicit == 0;
        break;
      case YAML_DOCUMENT_END_EVENT:
        event.kind = EventKind::document_end;
        event.is_marked = event_.data.document_end.implicit == 0;
        break;
      case YAML_ALIAS_EVENT:
        event.kind = EventKind::alias;
        event.anchor = view(event_.data.alias.anchor);
        break;
      case YAML_SCALAR_EVENT: {
        const auto& scalar = event_.data.scalar;
        event.kind = EventKind::scalar;
        event.style = style_of(scalar.style);
        event.value = view(scalar.value, scalar.length);
        event.anchor = view(scalar.anchor);
        event.tag = view(scalar.tag);
        break;
      }
      case YAML_SEQUENCE_START_EVENT:
        event.kind = EventKind::sequence_start;
        event.flow = event_.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
        event.anchor = view(event_.data.sequence_start.anchor);
        event.tag = view(event_.data.sequence_start.tag);
        break;
      case YAML_SEQUENCE_END_EVENT:
        event.kind = EventKind::sequence_end;
        break;
      case YAML_MAPPING_START_EVENT:
        event.kind = EventKind::mapping_start;
        event.flow = event_.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
        event.anchor = view(event_.data.mapping_start.anchor);
        event.tag = view(event_.data.mapping_start.tag);
        break;
      case YAML_MAPPING_END_EVENT:
        event.kind = EventKind::mapping_end;
        break;
      default:
        break;
    }
    return event;
  }

  Error explain() {
    if (parser_.error == YAML_MEMORY_ERROR) return {ErrorKind::internal, "out of memory"};
    const std::string_view problem = parser_.problem == nullptr ? "not YAML" : parser_.problem;
    if (parser_.error == YAML_READER_ERROR) return explain_bytes(problem);
    // The mark stands behind the character, or at it: the line is the same, but for the end of the text.
    const auto byte = positions_.begin_byte(parser_.problem_mark.index);
    const auto line = positions_.line(byte, parser_.problem_mark.line);
    if (byte < text_.size() && text_[byte] == '\t')
      return {ErrorKind::invalid,
              fmt::format("line {}: a tab where YAML wants spaces: indent with spaces", line)};
    auto message = fmt::format("line {}: {}", line, text::printable(problem, 120));
    if (parser_.context != nullptr && *parser_.context != '\0') {
      const auto from =
          positions_.line(positions_.begin_byte(parser_.context_mark.index), parser_.context_mark.line);
      message += fmt::format(" {}", text::printable(parser_.context, 120));
      if (from != line) message += fmt::format(" that begins on line {}", from);
    }
    if (problem.starts_with("found unexpected ':'"))
      message += kColonCure;
    else if (text_.find("{{") != std::string_view::npos)
      message += kTemplateCure;
    return {ErrorKind::invalid, std::move(message)};
  }

  Error explain_bytes(std::string_view problem) const {
    const auto byte = positions_.byte_of_given(parser_.problem_offset);
    const auto line = positions_.count_line(byte);
    if (problem == "control characters are not allowed")
      return {ErrorKind::invalid,
              fmt::format("line {}: the control character U+{:04X}, which YAML does not allow: "
                          "write it as an escape in double quotes",
                          line, parser_.problem_value)};
    return {ErrorKind::invalid, fmt::format("line {}: not UTF-8 ({}): save the file as UTF-8", line,
                                            text::printable(problem, 120))};
  }

  std::string_view text_;
  Limits limits_;
  Positions positions_;
  std::optional<Error> refusal_;
  std::size_t given_ = 0;
  std::size_t depth_ = 0;
  std::size_t brackets_ = 0;
  std::size_t bracket_steps_ = 0;
  std::size_t tag_bytes_ = 0;
  bool ended_ = false;
  yaml_parser_t parser_{};
  yaml_event_t event_{};
};

}  // namespace

std::unique_ptr<EventReader> read_yaml(std::string_view text, const Limits& limits) {
  return std::make_unique<LibyamlReader>(text, limits);
}

}  // namespace digester::yaml
