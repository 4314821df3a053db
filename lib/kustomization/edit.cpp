#include "kustomization/edit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.hpp"

namespace digester::kustomization {
namespace {

struct Insertion {
  std::size_t begin = 0, end = 0;
  std::string text;
};

std::size_t line_end(std::string_view text, std::size_t at) {
  return std::min(text.find_first_of("\r\n", at), text.size());
}

std::string quoted(std::string_view text) {
  std::string out;
  text::append_json_string(out, text);
  return out;
}

class Writer {
 public:
  Writer(std::string_view text, const Kustomization& file)
      : text_(text), file_(file), expected_(file.images) {}

  Result<std::string> run(std::span<const Answer> answers) {
    for (const auto& answer : answers)
      if (answer.step.entry) change(file_.images[*answer.step.entry], answer);
    add(answers);
    std::sort(insertions_.begin(), insertions_.end(),
              [](const Insertion& a, const Insertion& b) { return a.begin < b.begin; });
    std::string out;
    std::size_t at = 0;
    for (const auto& insertion : insertions_) {
      if (insertion.begin < at) return damage("two changes in one place");
      out += text_.substr(at, insertion.begin - at);
      out += insertion.text;
      at = insertion.end;
    }
    out += text_.substr(at);
    return verify(std::move(out));
  }

 private:
  tl::unexpected<Error> damage(std::string_view why) const {
    return fail(
        ErrorKind::unsupported,
        fmt::format("the images: are written in a way that cannot be added to ({}); write them in block "
                    "style, an entry a few lines",
                    why));
  }

  std::string key(std::string_view name) const { return file_.is_json ? quoted(name) : std::string(name); }

  void expect(std::optional<Scalar>& slot, std::string_view value) {
    slot = Scalar{std::string(value), 0, 0, 0};
  }

  void change(const Entry& entry, const Answer& answer) {
    auto& expected = expected_[*answer.step.entry];
    const auto& digest = answer.digest.str();
    expect(expected.digest, digest);
    std::string tag;
    if (answer.step.tag) {
      tag = quoted(*answer.step.tag);
      expect(expected.new_tag, *answer.step.tag);
    }
    if (entry.digest) {
      const auto written = text_.substr(entry.digest->begin, entry.digest->end - entry.digest->begin);
      const bool has_quotes = !written.empty() && (written.front() == '"' || written.front() == '\'');
      auto value = has_quotes   ? fmt::format("{0}{1}{0}", written.front(), digest)
                   : entry.flow ? quoted(digest)
                                : digest;
      if (written.empty() && entry.digest->begin > 0 && text_[entry.digest->begin - 1] == ':')
        value.insert(0, " ");
      insertions_.push_back({entry.digest->begin, entry.digest->end, value});
      return;
    }
    const auto behind = entry.new_tag ? entry.new_tag->end : entry.last_end;
    std::string added;
    if (entry.flow) {
      if (!tag.empty()) added += fmt::format(", {}: {}", key("newTag"), tag);
      added += fmt::format(", {}: {}", key("digest"), quoted(digest));
      insertions_.push_back({behind, behind, added});
      return;
    }
    const auto indent = std::string(file_.line_break) + std::string(entry.column, ' ');
    if (!tag.empty()) added += fmt::format("{}newTag: {}", indent, tag);
    added += fmt::format("{}digest: {}", indent, digest);
    const auto at = line_end(text_, behind);
    insertions_.push_back({at, at, added});
  }

  std::string flow_entry(const Answer& answer) const {
    std::string out = fmt::format("{{{}: {}", key("name"), quoted(answer.step.name));
    if (answer.step.tag) out += fmt::format(", {}: {}", key("newTag"), quoted(*answer.step.tag));
    return out + fmt::format(", {}: {}}}", key("digest"), quoted(answer.digest.str()));
  }

  // Begins with a line break.
  std::string block_entry(const Answer& answer, std::size_t column) const {
    const auto indent = std::string(file_.line_break) + std::string(column, ' ');
    std::string out = fmt::format("{}- name: {}", indent, answer.step.name);
    if (answer.step.tag) out += fmt::format("{}  newTag: {}", indent, quoted(*answer.step.tag));
    return out + fmt::format("{}  digest: {}", indent, answer.digest.str());
  }

  void add(std::span<const Answer> answers) {
    std::string block, flow;
    for (const auto& answer : answers) {
      if (answer.step.entry) continue;
      block += block_entry(answer, file_.images_form == ImagesForm::block ? file_.images_column : 0);
      if (!flow.empty()) flow += ", ";
      flow += flow_entry(answer);
      Entry entry;
      expect(entry.name, answer.step.name);
      if (answer.step.tag) expect(entry.new_tag, *answer.step.tag);
      expect(entry.digest, answer.digest.str());
      expected_.push_back(std::move(entry));
    }
    if (flow.empty()) return;
    if (file_.images_form == ImagesForm::flow) {
      const bool first = file_.images.empty();
      const auto at = first ? file_.images_begin + 1 : file_.images_last;
      insertions_.push_back({at, at, first ? flow : ", " + flow});
    } else if (file_.images_form == ImagesForm::block) {
      add_behind_last(line_end(text_, file_.images_last), std::move(block));
    } else if (file_.images_form == ImagesForm::empty) {
      insertions_.push_back({file_.images_begin, file_.images_begin, block});
    } else if (file_.root_flow) {
      insertions_.push_back(
          {file_.root_last, file_.root_last, fmt::format(", {}: [{}]", key("images"), flow)});
    } else {
      add_list(std::move(block));
    }
  }

  // Where the last entry got its digest, there may be an insertion already.
  void add_behind_last(std::size_t at, std::string added) {
    for (auto& insertion : insertions_)
      if (insertion.begin == at && insertion.end == at) {
        insertion.text += added;
        return;
      }
    insertions_.push_back({at, at, std::move(added)});
  }

  void add_list(std::string block) {
    const auto breaks = file_.line_break;
    if (!file_.ends_in_block) {
      const auto at = line_end(text_, file_.root_last);
      insertions_.push_back({at, at, fmt::format("{}images:{}", breaks, block)});
      return;
    }
    // The end of a block scalar begins a line, unless the text ends in it.
    const auto at = file_.root_last;
    const bool begins_line = at == 0 || text_[at - 1] == '\n' || text_[at - 1] == '\r';
    insertions_.push_back(
        {at, at, fmt::format("{}images:{}{}", begins_line ? "" : breaks, block, begins_line ? breaks : "")});
  }

  static bool same(const std::optional<Scalar>& a, const std::optional<Scalar>& b) {
    return a.has_value() == b.has_value() && (!a || a->value == b->value);
  }

  Result<std::string> verify(std::string out) const {
    const auto now = read(out);
    if (!now) return damage(now.error().message);
    if (now->images.size() != expected_.size()) return damage("another number of entries");
    for (std::size_t i = 0; i < expected_.size(); ++i) {
      const auto& a = now->images[i];
      const auto& b = expected_[i];
      if (!same(a.name, b.name) || !same(a.new_name, b.new_name) || !same(a.new_tag, b.new_tag) ||
          !same(a.digest, b.digest) || !same(a.tag_suffix, b.tag_suffix))
        return damage(fmt::format("entry {} would be read differently", i + 1));
    }
    const auto before = all_but_images(text_);
    const auto after = all_but_images(out);
    if (!before || !after || *before != *after) return damage("something else would be read differently");
    return out;
  }

  std::string_view text_;
  const Kustomization& file_;
  std::vector<Entry> expected_;
  std::vector<Insertion> insertions_;
};

}  // namespace

Result<std::string> write_digests(std::string_view text, const Kustomization& file,
                                  std::span<const Answer> answers) {
  if (answers.empty()) return std::string(text);
  return Writer(text, file).run(answers);
}

}  // namespace digester::kustomization
