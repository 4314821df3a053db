#include "setters/fields.hpp"

#include <algorithm>

#include "yaml/reader.hpp"

namespace digester::setters {
namespace {

using yaml::EventKind;
using yaml::ScalarStyle;

constexpr std::string_view kBlanks = " \t";

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(kBlanks, at), text.size());
}

// The break or the end of the text: \n, \r, and the three that libyaml knows beside.
std::size_t line_end(std::string_view text, std::size_t at) {
  for (; at < text.size(); ++at) {
    const auto rest = text.substr(at, 3);
    if (rest[0] == '\n' || rest[0] == '\r' || rest.starts_with("\xC2\x85") || rest == "\xE2\x80\xA8" ||
        rest == "\xE2\x80\xA9")
      break;
  }
  return at;
}

// Of a comment at `at`, which is behind a blank or begins the line.
std::optional<Comment> comment_at(std::string_view text, std::size_t at) {
  if (at >= text.size() || text[at] != '#') return std::nullopt;
  if (at > 0 && !is_blank(text[at - 1])) return std::nullopt;
  const auto end = line_end(text, at);
  const auto last = text.substr(at, end - at).find_last_not_of(" \t");
  return Comment{at, at + last + 1};
}

// Over an anchor and a tag.
std::size_t skip_properties(std::string_view text, std::size_t at, std::size_t end) {
  while (at < end && (text[at] == '&' || text[at] == '!')) {
    at = std::min(text.find_first_of(" \t\r\n", at), end);
    while (at < end) {
      at = std::min(text.find_first_not_of(" \t\r\n", at), end);
      if (at >= end || text[at] != '#') break;
      at = line_end(text, at);
    }
  }
  return at;
}

class Walk {
 public:
  Walk(std::string_view text, Fields& out) : text_(text), out_(out) {}

  Result<void> run() {
    auto reader = yaml::read(text_);
    while (true) {
      const auto event = reader->next();
      if (!event) return fail(event.error());
      if (event->kind == EventKind::stream_end) return {};
      take(*event);
    }
  }

 private:
  struct Frame {
    bool is_mapping = false;
    bool flow = false;
    bool expects_key = false;
    bool is_key = false;  // a container that is a key: nothing in it counts
    std::size_t index = 0;
    std::size_t path_size = 0;  // of the path around it
    std::size_t key_end = 0;    // of the key that it is the value of
  };

  void take(const yaml::Event& event) {
    switch (event.kind) {
      case EventKind::document_start:
        path_.clear();
        frames_.clear();
        break;
      case EventKind::document_end:
        ++out_.documents;
        break;
      case EventKind::mapping_start:
      case EventKind::sequence_start:
        open(event);
        break;
      case EventKind::mapping_end:
      case EventKind::sequence_end:
        close(event);
        break;
      case EventKind::scalar:
        scalar(event);
        break;
      case EventKind::alias:
        if (is_key()) key_.clear();
        step();
        break;
      case EventKind::stream_end:
        break;
    }
  }

  bool is_key() const { return !frames_.empty() && frames_.back().is_mapping && frames_.back().expects_key; }

  // The node was read: on to the next.
  void step() {
    if (frames_.empty()) return;
    auto& frame = frames_.back();
    if (frame.is_mapping)
      frame.expects_key = !frame.expects_key;
    else
      ++frame.index;
  }

  void append_step() {
    if (frames_.empty()) return;
    const auto& frame = frames_.back();
    if (frame.is_mapping) {
      if (!path_.empty()) path_ += '.';
      path_ += key_;
    } else {
      path_ += '[';
      path_ += std::to_string(frame.index);
      path_ += ']';
    }
  }

  void open(const yaml::Event& event) {
    Frame frame;
    frame.is_mapping = event.kind == EventKind::mapping_start;
    frame.flow = event.flow || (!frames_.empty() && frames_.back().flow);
    frame.expects_key = frame.is_mapping;
    frame.is_key = is_key() || (!frames_.empty() && frames_.back().is_key);
    frame.path_size = path_.size();
    frame.key_end = key_end_;
    append_step();
    if (!frame.is_key && !frame.is_mapping && !event.flow && !frames_.empty() && frames_.back().is_mapping) {
      auto at = skip_blanks(text_, key_end_);
      if (at < text_.size() && text_[at] == ':') {
        at = skip_blanks(text_, at + 1);
        if (const auto comment = comment_at(text_, at))
          out_.lists.push_back({out_.documents, path_, event.line, *comment});
      }
    }
    frames_.push_back(frame);
    lines_.push_back(event.line);
  }

  void close(const yaml::Event& event) {
    const auto frame = frames_.back();
    frames_.pop_back();
    const auto line = lines_.back();
    lines_.pop_back();
    if (!frame.is_key && !frame.is_mapping && event.end > 0 && text_[event.end - 1] == ']' &&
        !frames_.empty() && frames_.back().is_mapping) {
      if (const auto comment = comment_at(text_, skip_blanks(text_, event.end)))
        out_.lists.push_back({out_.documents, path_, line, *comment});
    }
    path_.resize(frame.path_size);
    if (is_key()) key_.clear();
    step();
  }

  void scalar(const yaml::Event& event) {
    if (is_key()) {
      key_ = event.value;
      key_end_ = event.end;
      step();
      return;
    }
    const bool counts = (frames_.empty() || !frames_.back().is_key) && event.end > event.begin;
    if (counts) add(event);
    step();
  }

  void add(const yaml::Event& event) {
    Field field;
    field.document = out_.documents;
    const auto around = path_.size();
    append_step();
    field.path = path_;
    path_.resize(around);
    field.value = event.value;
    field.style = event.style;
    field.in_flow = !frames_.empty() && frames_.back().flow;
    field.begin = event.begin;
    field.end = event.end;
    field.content = skip_properties(text_, event.begin, event.end);
    if (field.content >= event.end) return;  // a tag without a value
    field.line = event.line;
    place_comment(field);
    out_.fields.push_back(std::move(field));
  }

  void place_comment(Field& field) const {
    if (out_.is_json) return;
    auto at = field.end;
    if (field.style == ScalarStyle::literal || field.style == ScalarStyle::folded) {
      // The indicators behind `|` and `>` have no blank between them.
      at = std::min(text_.find_first_of(" \t\r\n", field.content), text_.size());
    } else if (field.in_flow) {
      const auto comma = skip_blanks(text_, at);
      if (comma < text_.size() && text_[comma] == ',') at = comma + 1;
    }
    const auto next = skip_blanks(text_, at);
    field.comment = comment_at(text_, next);
    if (field.comment)
      field.comment_at = field.comment->begin;
    else if (line_end(text_, next) == next)
      field.comment_at = at;
  }

  std::string_view text_;
  Fields& out_;
  std::vector<Frame> frames_;
  std::vector<std::size_t> lines_;
  std::string path_;
  std::string key_;
  std::size_t key_end_ = 0;
};

}  // namespace

const Field* Fields::find(std::size_t document, std::string_view path) const {
  for (const auto& field : fields)
    if (field.document == document && field.path == path) return &field;
  return nullptr;
}

Result<Fields> find_fields(std::string_view text) {
  Fields out;
  out.is_json = yaml::is_json(text);
  if (auto walked = Walk(text, out).run(); !walked) return fail(std::move(walked.error()));
  return out;
}

}  // namespace digester::setters
