#include "report/diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace digester::report {
namespace {

using Lines = std::vector<std::string_view>;  // with their line breaks

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

// Lines `[old_begin, old_end)` became `[new_begin, new_end)`.
struct Change {
  std::size_t old_begin, old_end, new_begin, new_end;
};

constexpr std::size_t kFarthest = 64;  // lines to look ahead for where the texts agree again

// How many lines must be left out of each so that they agree, the fewest in all; both texts' ends agree too.
std::optional<std::pair<std::size_t, std::size_t>> agree_again(const Lines& a, std::size_t i, const Lines& b,
                                                               std::size_t j) {
  const auto same = [&](std::size_t x, std::size_t y) {
    if (x == a.size() || y == b.size()) return x == a.size() && y == b.size();
    return a[x] == b[y];
  };
  for (std::size_t sum = 1; sum <= kFarthest; ++sum) {
    for (std::size_t from_a = 0; from_a <= sum; ++from_a)
      if (i + from_a <= a.size() && j + sum - from_a <= b.size() && same(i + from_a, j + sum - from_a))
        return std::pair(from_a, sum - from_a);
  }
  return std::nullopt;
}

std::vector<Change> changes_between(const Lines& a, const Lines& b) {
  std::vector<Change> changes;
  const auto add = [&changes](const Change& change) {
    if (!changes.empty() && changes.back().old_end == change.old_begin &&
        changes.back().new_end == change.new_begin) {
      changes.back().old_end = change.old_end;
      changes.back().new_end = change.new_end;
    } else {
      changes.push_back(change);
    }
  };
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      ++i;
      ++j;
      continue;
    }
    std::size_t from_a = i < a.size() ? 1 : 0, from_b = j < b.size() ? 1 : 0;
    // The same number of lines: what we change stays in its line.
    if (a.size() != b.size())
      if (const auto again = agree_again(a, i, b, j)) std::tie(from_a, from_b) = *again;
    add({i, i + from_a, j, j + from_b});
    i += from_a;
    j += from_b;
  }
  return changes;
}

// As git quotes the names of files: C's way, where something in it is no plain character.
std::string quoted(std::string_view prefix, std::string_view name) {
  std::string out(prefix);
  bool plain = true;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      plain = false;
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7F) {
      plain = false;
      fmt::format_to(std::back_inserter(out), "\\{:03o}", byte);
    } else {
      out += c;
    }
  }
  return plain ? out : '"' + out + '"';
}

class Printer {
 public:
  explicit Printer(bool colour) : colour_(colour) {}

  void header(std::string_view name) {
    while (name.starts_with("./"))
      name.remove_prefix(2);
    while (name.starts_with('/'))
      name.remove_prefix(1);
    const auto before = quoted("a/", name), after = quoted("b/", name);
    // A tab ends a name with blanks, which would else be taken for what follows a name.
    const auto* end = name.find(' ') != std::string_view::npos && !before.starts_with('"') ? "\t" : "";
    // Without git's own header, which would make the names relative to the repository's top instead of to
    // where both this program and `git apply` run.
    line("\x1b[1m", fmt::format("--- {}{}", before, end));
    line("\x1b[1m", fmt::format("+++ {}{}", after, end));
  }

  void hunk(const Lines& a, const Lines& b, const Change* first, const Change* last, std::size_t context) {
    const auto before = std::min(first->old_begin, context);
    const auto behind = std::min(a.size() - last->old_end, context);
    const auto old_begin = first->old_begin - before, new_begin = first->new_begin - before;
    const auto old_count = last->old_end + behind - old_begin, new_count = last->new_end + behind - new_begin;
    line("\x1b[36m", fmt::format("@@ -{} +{} @@", range(old_begin, old_count), range(new_begin, new_count)));
    auto at = old_begin;
    for (const auto* change = first; change <= last; ++change) {
      for (; at < change->old_begin; ++at)
        content("", ' ', a[at]);
      for (; at < change->old_end; ++at)
        content("\x1b[31m", '-', a[at]);
      for (auto added = change->new_begin; added < change->new_end; ++added)
        content("\x1b[32m", '+', b[added]);
    }
    for (; at < last->old_end + behind; ++at)
      content("", ' ', a[at]);
  }

  std::string take() { return std::move(out_); }

 private:
  static std::string range(std::size_t begin, std::size_t count) {
    const auto first = count == 0 ? begin : begin + 1;
    return count == 1 ? fmt::format("{}", first) : fmt::format("{},{}", first, count);
  }

  void line(std::string_view colour, std::string_view text) {
    content(colour, '\0', std::string(text) + "\n");
  }

  void content(std::string_view colour, char mark, std::string_view text) {
    const bool ended = text.ends_with('\n');
    if (ended) text.remove_suffix(1);
    if (!colour_) colour = {};
    out_ += colour;
    if (mark != '\0') out_ += mark;
    out_ += text;
    if (!colour.empty()) out_ += "\x1b[0m";
    out_ += '\n';
    if (!ended) out_ += "\\ No newline at end of file\n";
  }

  bool colour_;
  std::string out_;
};

}  // namespace

std::string unified_diff(std::string_view name, std::string_view before, std::string_view after,
                         const DiffOptions& options) {
  const auto a = lines_of(before), b = lines_of(after);
  const auto changes = changes_between(a, b);
  if (changes.empty()) return {};
  Printer printer(options.colour);
  printer.header(name);
  for (std::size_t first = 0; first < changes.size();) {
    auto last = first;
    while (last + 1 < changes.size() &&
           changes[last + 1].old_begin - changes[last].old_end <= 2 * options.context)
      ++last;
    printer.hunk(a, b, &changes[first], &changes[last], options.context);
    first = last + 1;
  }
  return printer.take();
}

}  // namespace digester::report
