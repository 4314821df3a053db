// Shell completions: one script a shell, with all that it needs to know in it, so that completing starts no
// program.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "cli/catalogue.hpp"

namespace digester::cli {
namespace {

using Words = std::vector<std::string>;

std::string joined(const Words& words, const char* separator = " ") {
  return fmt::format("{}", fmt::join(words, separator));
}

bool is_path(const FlagEntry& flag) {
  return flag.value.starts_with("FILE") || flag.value.find("|FILE") != std::string::npos;
}
bool is_directory(const FlagEntry& flag) {
  return flag.value.starts_with("DIR");
}

// What may follow "digester", and what may follow a group.
struct Level {
  std::string before;  // "" or "setters"
  std::vector<std::pair<std::string, std::string>> words;
};

std::vector<Level> levels(const Catalogue& catalogue) {
  std::vector<Level> out{{"", {}}};
  for (const auto& command : catalogue.commands) {
    const auto space = command.name.find(' ');
    if (space == std::string::npos) {
      out[0].words.emplace_back(command.name, command.about);
      continue;
    }
    const auto group = command.name.substr(0, space);
    auto level = std::find_if(out.begin(), out.end(), [&](const Level& one) { return one.before == group; });
    if (level == out.end()) {
      const auto about = std::find_if(catalogue.groups.begin(), catalogue.groups.end(),
                                      [&](const GroupEntry& one) { return one.name == group; });
      out[0].words.emplace_back(group, about == catalogue.groups.end() ? "" : about->about);
      out.push_back({group, {}});
      level = out.end() - 1;
    }
    level->words.emplace_back(command.name.substr(space + 1), command.about);
  }
  return out;
}

Words names_of(const Level& level) {
  Words out;
  for (const auto& [name, about] : level.words)
    out.push_back(name);
  return out;
}

// In single quotes of a POSIX shell.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text)
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// fish has its own escapes within single quotes.
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string bash_values(const CommandEntry& command) {
  std::string out;
  for (const auto& flag : command.flags) {
    if (flag.value.empty()) continue;
    std::string answer = "return";
    if (!flag.choices.empty())
      answer = fmt::format("_digester_words \"{}\"", joined(flag.choices));
    else if (is_directory(flag))
      answer = "_digester_paths -d";
    else if (is_path(flag))
      answer = "_digester_paths -f";
    out += fmt::format("        {}) {}; return ;;\n", joined(flag.names, "|"),
                       answer == "return" ? ":" : answer);
  }
  return out;
}

std::string bash(const Catalogue& catalogue) {
  std::string out =
      "# bash completion for digester\n"
      "_digester_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$current\"); }\n"
      "_digester_paths() {\n"
      "  mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$current\")\n"
      "  compopt -o filenames 2>/dev/null\n"
      "}\n"
      "_digester() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} "
      "command=${COMP_WORDS[1]}\n"
      "  COMPREPLY=()\n"
      "  # bash takes --flag=value apart at the sign.\n"
      "  if [[ $current == '=' ]]; then current=; elif [[ $before == '=' ]]; then "
      "before=${COMP_WORDS[COMP_CWORD-2]}; fi\n";
  const auto all = levels(catalogue);
  out +=
      fmt::format("  if ((COMP_CWORD == 1)); then _digester_words \"{} help --help --version\"; return; fi\n",
                  joined(names_of(all[0])));
  for (std::size_t i = 1; i < all.size(); ++i)
    out += fmt::format(
        "  if [[ $command == {0} ]]; then\n"
        "    if ((COMP_CWORD == 2)); then _digester_words \"{1} --help\"; return; fi\n"
        "    command+=\" ${{COMP_WORDS[2]}}\"\n"
        "  fi\n",
        all[i].before, joined(names_of(all[i])));
  out += fmt::format("  if [[ $command == help ]]; then _digester_words \"{}\"; return; fi\n",
                     joined(names_of(all[0])));
  out += "  case $command in\n";
  for (const auto& command : catalogue.commands) {
    Words flags;
    for (const auto& flag : command.flags)
      std::copy_if(flag.names.begin(), flag.names.end(), std::back_inserter(flags),
                   [](const std::string& name) { return name.starts_with("--"); });
    out += fmt::format("    {})\n", quoted(command.name));
    if (const auto values = bash_values(command); !values.empty())
      out += "      case $before in\n" + values + "      esac\n";
    out += fmt::format("      if [[ $current == -* ]]; then _digester_words \"{}\"; return; fi\n",
                       joined(flags));
    if (!command.words.empty())
      out += fmt::format("      _digester_words \"{}\"; return\n", joined(command.words));
    out += "      ;;\n";
  }
  out +=
      "  esac\n"
      "  _digester_paths -f\n"
      "}\n"
      "complete -F _digester digester\n";
  return out;
}

// _arguments' own signs: a colon ends a part, a bracket a description.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == ':' || c == '[' || c == ']') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_flag(const FlagEntry& flag) {
  std::string action;
  if (!flag.value.empty()) {
    action = ":" + zsh_text(flag.value) + ":";
    if (!flag.choices.empty())
      action += "(" + joined(flag.choices) + ")";
    else if (is_directory(flag))
      action += "_files -/";
    else if (is_path(flag))
      action += "_files";
  }
  std::string out;
  for (const auto& name : flag.names) {
    const auto takes = flag.value.empty() ? "" : name.starts_with("--") ? "=" : "+";
    out += fmt::format("        {} \\\n",
                       quoted(fmt::format("*{}{}[{}]{}", name, takes, zsh_text(flag.help), action)));
  }
  return out;
}

std::string zsh(const Catalogue& catalogue) {
  std::string out = "#compdef digester\n\n_digester() {\n  local -a commands\n  local command=$words[2]\n";
  const auto all = levels(catalogue);
  const auto describe = [](const Level& level) {
    std::string list;
    for (const auto& [name, about] : level.words)
      list += "      " + quoted(name + ":" + zsh_text(about)) + "\n";
    return "    commands=(\n" + list + "    )\n    _describe -t commands command commands\n    return\n";
  };
  out += "  if (( CURRENT == 2 )); then\n" + describe(all[0]) + "  fi\n";
  for (std::size_t i = 1; i < all.size(); ++i)
    out += fmt::format("  if [[ $command == {} ]]; then\n    if (( CURRENT == 3 )); then\n{}    fi\n",
                       all[i].before, describe(all[i])) +
           "    command+=\" $words[3]\"\n    shift words\n    (( CURRENT-- ))\n  fi\n";
  out += "  shift words\n  (( CURRENT-- ))\n  case $command in\n";
  for (const auto& command : catalogue.commands) {
    out += fmt::format("    {})\n      _arguments \\\n", quoted(command.name));
    for (const auto& flag : command.flags)
      out += zsh_flag(flag);
    out += command.words.empty() ? "        '*:file:_files' ;;\n"
                                 : fmt::format("        '1:word:({})' ;;\n", joined(command.words));
  }
  out +=
      "    *) _files ;;\n"
      "  esac\n"
      "}\n\n"
      "if [[ $funcstack[1] == _digester ]]; then _digester \"$@\"; else compdef _digester digester; fi\n";
  return out;
}

std::string fish(const Catalogue& catalogue) {
  std::string out = "# fish completion for digester\n";
  const auto all = levels(catalogue);
  for (const auto& level : all)
    for (const auto& [name, about] : level.words)
      out += fmt::format("complete -c digester -f -n {} -a {} -d {}\n",
                         level.before.empty()
                             ? std::string("__fish_use_subcommand")
                             : fish_quoted(fmt::format("__fish_seen_subcommand_from {0}; and not "
                                                       "__fish_seen_subcommand_from {1}",
                                                       level.before, joined(names_of(level)))),
                         name, fish_quoted(about));
  for (const auto& command : catalogue.commands) {
    std::string condition;
    for (const auto word : text::split(command.name, ' '))
      condition += fmt::format("{}__fish_seen_subcommand_from {}", condition.empty() ? "" : "; and ", word);
    if (!command.words.empty())
      out += fmt::format("complete -c digester -f -n {} -a {}\n", fish_quoted(condition),
                         fish_quoted(joined(command.words)));
    for (const auto& flag : command.flags) {
      out += "complete -c digester -n " + fish_quoted(condition);
      for (const auto& name : flag.names)
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (!flag.choices.empty())
        out += " -x -a " + fish_quoted(joined(flag.choices));
      else if (is_directory(flag))
        out += " -x -a '(__fish_complete_directories)'";
      else if (is_path(flag))
        out += " -r -F";
      else if (!flag.value.empty())
        out += " -x";
      out += " -d " + fish_quoted(flag.help) + "\n";
    }
  }
  return out;
}

}  // namespace

std::string completion(const Catalogue& catalogue, const std::string& shell) {
  if (shell == "bash") return bash(catalogue);
  if (shell == "zsh") return zsh(catalogue);
  return fish(catalogue);
}

}  // namespace digester::cli
