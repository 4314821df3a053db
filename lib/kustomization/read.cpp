#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "kustomization/kustomization.hpp"
#include "yaml/reader.hpp"

namespace digester::kustomization {
namespace {

using yaml::Event;
using yaml::EventKind;

std::size_t line_begin(std::string_view text, std::size_t at) {
  while (at > 0 && text[at - 1] != '\n' && text[at - 1] != '\r')
    --at;
  return at;
}

bool is_block_scalar(const Event& event) {
  return event.kind == EventKind::scalar &&
         (event.style == yaml::ScalarStyle::literal || event.style == yaml::ScalarStyle::folded);
}

class Reader {
 public:
  Reader(std::string_view text, Kustomization& out) : text_(text), out_(out), events_(yaml::read(text)) {}

  Result<void> run() {
    out_.is_json = yaml::is_json(text_);
    if (const auto at = text_.find_first_of("\r\n"); at != std::string_view::npos && text_[at] == '\r')
      out_.line_break = text_.substr(at, 2) == "\r\n" ? "\r\n" : "\r";
    if (auto next = advance(); !next) return next;
    if (event_.kind == EventKind::stream_end) return refuse(1, "the file is empty", "name its resources");
    if (auto next = advance(); !next) return next;  // behind the beginning of the document
    if (event_.kind != EventKind::mapping_start)
      return refuse(event_.line, "no kustomization: it is no mapping", "write resources: and the like");
    out_.root_flow = event_.flow;
    if (auto root = read_root(); !root) return root;
    if (auto next = advance(); !next) return next;
    if (auto next = advance(); !next) return next;
    if (event_.kind != EventKind::stream_end)
      return refuse(event_.line, "a kustomization file has one document", "remove the others");
    return {};
  }

 private:
  Result<void> refuse(std::size_t line, std::string_view cause, std::string_view cure) const {
    return fail(ErrorKind::invalid, fmt::format("line {}: {}; {}", line, cause, cure));
  }

  Result<void> advance() {
    auto event = events_->next();
    if (!event) return fail(std::move(event.error()));
    event_ = *event;
    value_ = event->value;
    event_.value = value_;
    return {};
  }

  Scalar scalar() const { return {value_, event_.begin, event_.end, event_.line}; }

  // The end of a value that was read, for what comes behind it.
  void end_value() {
    out_.root_last = event_.end;
    out_.ends_in_block = is_block_scalar(event_);
  }

  // From a node's first event to its last.
  Result<void> skip() {
    std::size_t depth = 0;
    while (true) {
      if (yaml::opens(event_.kind)) ++depth;
      if (yaml::closes(event_.kind)) {
        --depth;
        if (text_.substr(event_.begin, 1) == "]" || text_.substr(event_.begin, 1) == "}") end_value();
      } else if (!yaml::opens(event_.kind)) {
        end_value();
      }
      if (depth == 0) return {};
      if (auto next = advance(); !next) return next;
    }
  }

  Result<void> read_root() {
    while (true) {
      if (auto next = advance(); !next) return next;
      if (event_.kind == EventKind::mapping_end) {
        if (out_.root_flow && out_.root_last == 0) out_.root_last = event_.end - 1;
        return {};
      }
      const auto key = event_.kind == EventKind::scalar ? value_ : std::string();
      const auto key_line = event_.line;
      if (auto skipped = skip(); !skipped) return skipped;
      const auto key_end = event_.end;
      if (auto next = advance(); !next) return next;
      if (key == "images") {
        if (has_images_) return refuse(key_line, "images: is there for the second time", "write one list");
        has_images_ = true;
        if (auto images = read_images(key_end); !images) return images;
      } else if (key == "resources" || key == "bases" || key == "components") {
        if (auto sources = read_sources(key == "components"); !sources) return sources;
      } else {
        if (key == "kind" && event_.kind == EventKind::scalar) out_.is_component = value_ == "Component";
        if (key == "<<")
          return refuse(key_line, "a merge key may bring anything", "write out what it brings");
        if (auto skipped = skip(); !skipped) return skipped;
      }
    }
  }

  Result<void> read_sources(bool components) {
    if (event_.kind != EventKind::sequence_start) return skip();
    while (true) {
      if (auto next = advance(); !next) return next;
      if (event_.kind == EventKind::sequence_end) {
        if (text_.substr(event_.begin, 1) == "]") end_value();
        return {};
      }
      if (event_.kind == EventKind::scalar) out_.sources.push_back({value_, event_.line, components});
      if (auto skipped = skip(); !skipped) return skipped;
    }
  }

  Result<void> read_images(std::size_t key_end) {
    if (event_.kind == EventKind::scalar && (value_.empty() || value_ == "null" || value_ == "~")) {
      if (event_.begin != event_.end)
        return refuse(event_.line, "images: is null", "write images: [] or remove it");
      out_.images_form = ImagesForm::empty;
      const auto colon = text_.find(':', key_end);
      out_.images_begin = std::min(text_.find_first_of("\r\n", colon), text_.size());
      out_.root_last = out_.images_begin;
      out_.ends_in_block = false;
      return {};
    }
    if (event_.kind != EventKind::sequence_start)
      return refuse(event_.line, "images: is no list", "write a list of entries, each with a name");
    out_.images_form = event_.flow ? ImagesForm::flow : ImagesForm::block;
    out_.images_begin = event_.begin;
    out_.images_column = event_.begin - line_begin(text_, event_.begin);
    while (true) {
      if (auto next = advance(); !next) return next;
      if (event_.kind == EventKind::sequence_end) {
        if (out_.images_form == ImagesForm::flow) end_value();
        return {};
      }
      if (event_.kind != EventKind::mapping_start || !event_.anchor.empty())
        return refuse(event_.line, "an entry of images: is no plain mapping, or has an anchor",
                      "write it out: name, newTag");
      if (auto entry = read_entry(); !entry) return entry;
    }
  }

  Result<void> read_entry() {
    Entry entry;
    entry.line = event_.line;
    entry.flow = event_.flow;
    entry.begin = event_.begin;
    bool first = true;
    while (true) {
      if (auto next = advance(); !next) return next;
      if (event_.kind == EventKind::mapping_end) break;
      if (event_.kind != EventKind::scalar)
        return refuse(event_.line, "an entry of images: has a key that is no word", "write name, newTag");
      const auto key = value_;
      const auto key_line = event_.line;
      if (std::exchange(first, false)) entry.column = event_.begin - line_begin(text_, event_.begin);
      if (key == "<<") return refuse(key_line, "a merge key in an entry of images:", "write it out");
      if (auto next = advance(); !next) return next;
      std::optional<Scalar>* slot = key == "name"        ? &entry.name
                                    : key == "newName"   ? &entry.new_name
                                    : key == "newTag"    ? &entry.new_tag
                                    : key == "digest"    ? &entry.digest
                                    : key == "tagSuffix" ? &entry.tag_suffix
                                                         : nullptr;
      if (slot) {
        if (event_.kind != EventKind::scalar || is_block_scalar(event_) || !event_.anchor.empty())
          return refuse(key_line, fmt::format("{} of an entry of images: is no plain text", key),
                        "write it on one line, without an anchor");
        if (*slot)
          return refuse(key_line, fmt::format("{} is there for the second time", key), "write it once");
        if (event_.begin == event_.end) {
          entry.last_end = std::min(text_.find_first_of("\r\n", event_.begin), text_.size());
          *slot = Scalar{"", entry.last_end, entry.last_end, key_line};
          continue;
        }
        *slot = scalar();
      }
      if (auto skipped = skip(); !skipped) return skipped;
      entry.last_end = event_.end;
    }
    entry.end = event_.end;
    if (!entry.name || entry.name->value.empty())
      return refuse(entry.line, "an entry of images: has no name", "write the image's name");
    out_.images_last = entry.flow ? entry.end : entry.last_end;
    out_.root_last = out_.images_last;
    out_.ends_in_block = false;
    out_.images.push_back(std::move(entry));
    return {};
  }

  std::string_view text_;
  Kustomization& out_;
  std::unique_ptr<yaml::EventReader> events_;
  Event event_;
  std::string value_;
  bool has_images_ = false;
};

void write_event(const Event& event, std::string& out) {
  out += fmt::format("{} {} {} {} {} ", static_cast<int>(event.kind), static_cast<int>(event.style),
                     event.flow ? 1 : 0, event.anchor, event.tag);
  text::append_json_string(out, event.value);
  out += '\n';
}

}  // namespace

Result<Kustomization> read(std::string_view text) {
  Kustomization out;
  if (auto done = Reader(text, out).run(); !done) return fail(std::move(done.error()));
  return out;
}

Result<std::string> all_but_images(std::string_view text) {
  const auto reader = yaml::read(text);
  std::string out;
  std::size_t depth = 0;
  bool is_key = false;  // of the root's next node
  bool in_images = false;
  while (true) {
    const auto event = reader->next();
    if (!event) return fail(event.error());
    if (event->kind == EventKind::stream_end) return out;
    if (yaml::closes(event->kind)) --depth;
    const bool at_root = depth == 1 && event->kind != EventKind::document_start;
    if (at_root && yaml::is_node(event->kind)) {
      is_key = !is_key;
      if (is_key) in_images = event->kind == EventKind::scalar && event->value == "images";
    }
    if (!in_images || depth == 0) write_event(*event, out);
    if (yaml::opens(event->kind)) ++depth;
  }
}

}  // namespace digester::kustomization
