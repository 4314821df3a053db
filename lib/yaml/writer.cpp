#include "yaml/writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/text.hpp"

namespace digester::yaml {
namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kDigits = "0123456789";
constexpr std::size_t kMaxKey = 256;  // four times as long with escapes, which is libyaml's limit

bool is_printable_ascii(char c) {
  return c >= 0x20 && c < 0x7f;
}

bool is_word_of_yaml(std::string_view text) {
  constexpr std::string_view kWords[] = {"y",     "n",    "yes", "no",   "on", "off", "true",
                                         "false", "null", "~",   ".nan", "<<", "="};
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&](auto word) { return text::iequals(text, word); });
}

std::size_t skip(std::string_view text, std::size_t at, std::string_view set) {
  return std::min(text.find_first_not_of(set, at), text.size());
}

// Integers of all bases, base 60 and floats, dates.
bool may_be_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  for (const auto prefix : {"0x", "0X", "0b", "0B", "0o", "0O"})
    if (text.starts_with(prefix)) return skip(text, 2, "0123456789abcdefABCDEF_") == text.size();
  if (text == ".inf" || text == ".Inf" || text == ".INF") return true;
  if (text.find_first_of(kDigits) == std::string_view::npos) return false;
  const auto year = skip(text, 0, kDigits);
  if (year == 4 && year < text.size() && text[year] == '-') return true;
  auto at = skip(text, 0, "0123456789_:");
  if (at < text.size() && text[at] == '.') at = skip(text, at + 1, "0123456789_");
  if (at > 0 && at < text.size() && (text[at] | 0x20) == 'e') {
    const auto exponent = skip(text, at + 1, "+-");
    at = skip(text, exponent, kDigits);
    if (at == exponent) return false;
  }
  return at == text.size();
}

// Of a scalar that is no text: it was read as such from one line, or it is none.
bool can_stand_bare(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_printable_ascii) &&
         text.find(": ") == std::string_view::npos && text.find(" #") == std::string_view::npos &&
         !text.ends_with(':') && !text.starts_with(' ') && !text.ends_with(' ') && !text.starts_with("---") &&
         !text.starts_with("...") &&
         (text.empty() ||
          std::string_view("-?:,[]{}#&*!|>'\"%@`").find(text.front()) == std::string_view::npos ||
          (text.size() > 1 && text.front() == '-' && text[1] != ' '));
}

// As it stands, with its line breaks, in a block with `|`.
bool can_be_block(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.front() == '\n' || text.front() == ' ' ||
      text.front() == '\t')
    return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\n') || c == 0x7f) return false;
    // NEL, LS, PS and the byte order mark are breaks, or nothing, to some readers.
    const auto rest = text.substr(i);
    if (rest.starts_with("\xC2\x85") || rest.starts_with("\xE2\x80\xA8") ||
        rest.starts_with("\xE2\x80\xA9") || rest.starts_with("\xEF\xBB\xBF"))
      return false;
    if (c == '\n' && i > 0 && text[i - 1] == ' ') return false;
  }
  return text.back() != ' ' && text::is_valid_utf8(text);
}

class Writing {
 public:
  std::string out;

  void document(const Tree& tree) {
    if (tree.is_scalar() || tree.items.empty() == tree.members.empty()) {
      inline_value(tree, 0);
      return;
    }
    block(tree, 0, false);
  }

 private:
  // `is_begun`: behind "- ", on its line.
  void block(const Tree& tree, std::size_t indent, bool is_begun) {
    for (const auto& item : tree.items) {
      if (!std::exchange(is_begun, false)) out.append(indent, ' ');
      out += '-';
      value(item, indent + 2, true);
    }
    for (const auto& member : tree.members) {
      if (!std::exchange(is_begun, false)) out.append(indent, ' ');
      key(member);
      // A list stands below its key, not further in.
      value(member.value, member.value.is_sequence() ? indent : indent + 2, false);
    }
  }

  void value(const Tree& tree, std::size_t indent, bool in_list) {
    if (tree.items.empty() && tree.members.empty()) {
      out += ' ';
      inline_value(tree, indent);
      return;
    }
    out += in_list ? ' ' : '\n';
    block(tree, indent, in_list);
  }

  void inline_value(const Tree& tree, std::size_t indent) {
    if (tree.is_mapping()) {
      out += "{}\n";
    } else if (tree.is_sequence()) {
      out += "[]\n";
    } else if (tree.comment.empty() && can_be_block(tree.scalar)) {  // nothing but text has several lines
      literal(tree.scalar, std::max<std::size_t>(indent, 2));
    } else {
      scalar(tree.scalar, tree.is_text);
      if (!tree.comment.empty()) out += "  # " + text::printable(tree.comment, 1'024);
      out += '\n';
    }
  }

  void key(const Member& member) {
    scalar(member.key, member.is_text || member.line == 0);
    out += ':';
  }

  void scalar(std::string_view text, bool is_text) {
    if (!is_text && text.empty())
      out += "null";
    else if (is_text ? is_plain_text(text) : can_stand_bare(text))
      out += text;
    else
      quoted(text);
  }

  void literal(std::string_view text, std::size_t indent) {
    const auto last = text.find_last_not_of('\n');
    const auto breaks = last == std::string_view::npos ? text.size() : text.size() - last - 1;
    out += breaks == 0 ? "|-\n" : breaks == 1 ? "|\n" : "|+\n";
    if (breaks >= 1) text.remove_suffix(1);
    for (const auto line : text::split(text, '\n')) {
      if (!line.empty()) out.append(indent, ' ');
      out += line;
      out += '\n';
    }
  }

  void quoted(std::string_view text) {
    // JSON's escapes are YAML's; text that is safe to print is left as it is.
    text::append_json_string(out, text);
  }
};

// But for what cannot stand without quotes, and so was text before.
bool same(const Tree& tree, const Tree& again) {
  if (tree.kind != again.kind || (tree.is_null() ? !again.is_null() : tree.scalar != again.scalar))
    return false;
  if (tree.is_scalar() && tree.is_text != again.is_text &&
      !(tree.is_text ? is_plain_text(tree.scalar) : !can_stand_bare(tree.scalar)))
    return false;
  return std::equal(tree.items.begin(), tree.items.end(), again.items.begin(), again.items.end(), same) &&
         std::equal(
             tree.members.begin(), tree.members.end(), again.members.begin(), again.members.end(),
             [](const Member& a, const Member& b) { return a.key == b.key && same(a.value, b.value); });
}

const Member* too_long(const Tree& tree) {
  for (const auto& item : tree.items)
    if (const auto* found = too_long(item)) return found;
  for (const auto& member : tree.members) {
    if (member.key.size() > kMaxKey) return &member;
    if (const auto* found = too_long(member.value)) return found;
  }
  return nullptr;
}

}  // namespace

bool is_plain_text(std::string_view text) {
  constexpr auto kInside = [] {
    std::array<bool, 256> inside{};
    for (const std::string_view set : {kLetters, kDigits, std::string_view("_-./@+:=,;()~$^!*?<>%&[]{}|' ")})
      for (const char c : set)
        inside[static_cast<unsigned char>(c)] = true;
    return inside;
  }();
  if (text.empty() || text.size() > 4'096 || is_word_of_yaml(text) || may_be_number(text)) return false;
  const auto is_one_of = [](char c, std::string_view set) { return set.find(c) != std::string_view::npos; };
  const bool is_flag = text.size() > 1 && text[0] == '-' && (text[1] == '-' || is_one_of(text[1], kLetters));
  if (!is_flag && !is_one_of(text.front(), kLetters) && !is_one_of(text.front(), kDigits) &&
      !is_one_of(text.front(), "_/.$"))
    return false;
  if (!std::all_of(text.begin(), text.end(), [&](unsigned char c) { return kInside[c]; })) return false;
  return text.find(": ") == std::string_view::npos && !text.ends_with(':') && !text.ends_with(' ') &&
         !text.starts_with("---") && !text.starts_with("...");
}

Result<std::string> write(const Tree& tree) {
  if (const auto* member = too_long(tree))
    return fail(ErrorKind::too_large,
                fmt::format("line {}: a key of more than {} bytes", member->line, kMaxKey));
  Writing writing;
  writing.document(tree);
  const auto again =
      read_trees(read_yaml(writing.out), {.bytes = SIZE_MAX, .nodes = SIZE_MAX, .depth = 1'000});
  if (!again || again->size() != 1 || !same(tree, again->front()))
    return fail(ErrorKind::internal,
                fmt::format("line {}: there is no safe way to write this document{}", tree.line,
                            again ? std::string() : fmt::format(" ({})", again.error().message)));
  return std::move(writing.out);
}

}  // namespace digester::yaml
