#include "cli/catalogue.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/commands.hpp"

namespace digester::cli {
namespace {

FlagEntry entry_of(const CLI::Option& option) {
  FlagEntry entry;
  for (const auto& name : option.get_snames())
    entry.names.push_back("-" + name);
  for (const auto& name : option.get_lnames())
    entry.names.push_back("--" + name);
  if (option.get_items_expected_max() > 0) entry.value = option.get_type_name();
  // "refuse|admit" are the words themselves, "FILE|DIR" are not.
  if (const auto words = text::split(entry.value, '|');
      words.size() > 1 && text::to_lower(entry.value) == entry.value)
    entry.choices.assign(words.begin(), words.end());
  entry.shown_default = option.get_default_str();
  entry.help = option.get_description();
  entry.group = option.get_group();
  return entry;
}

std::string arguments_of(const CLI::App& app) {
  std::string out;
  for (const auto* option : app.get_options([](const CLI::Option* one) { return one->get_positional(); })) {
    auto word = option->get_name(true) + (option->get_items_expected_max() > 1 ? "..." : "");
    if (!option->get_required()) word = "[" + word + "]";
    out += (out.empty() ? "" : " ") + word;
  }
  return out;
}

// "bash|zsh|fish", where the type of the argument says so.
std::vector<std::string> words_of(const CLI::App& app) {
  std::vector<std::string> out;
  for (const auto* option : app.get_options([](const CLI::Option* one) { return one->get_positional(); })) {
    const auto type = option->get_type_name();
    if (const auto words = text::split(type, '|'); words.size() > 1) out.assign(words.begin(), words.end());
  }
  return out;
}

}  // namespace

Catalogue catalogue() {
  Catalogue out;
  for (const auto& command : commands()) {
    CLI::App app(command.about);
    const auto declared = command.declare(app);
    CommandEntry entry{command.name, command.about, arguments_of(app), words_of(app), {}, app.get_footer()};
    for (const auto* option : app.get_options([](const CLI::Option* one) { return !one->get_positional(); }))
      entry.flags.push_back(entry_of(*option));
    out.commands.push_back(std::move(entry));
    const auto space = out.commands.back().name.find(' ');
    if (space == std::string::npos) continue;
    const auto group = out.commands.back().name.substr(0, space);
    if (std::none_of(out.groups.begin(), out.groups.end(),
                     [&](const auto& one) { return one.name == group; }))
      out.groups.push_back({group, about_group(group)});
  }
  return out;
}

Declared declare_completion(CLI::App& app) {
  auto shell = std::make_shared<std::string>();
  app.add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(one_of({"bash", "zsh", "fish"}))
      ->type_name("bash|zsh|fish")
      ->group("Arguments");
  app.footer(
      "Examples:\n"
      "  source <(digester completion bash)                  in ~/.bashrc\n"
      "  digester completion zsh > ~/.zfunc/_digester        with fpath+=~/.zfunc before compinit\n"
      "  digester completion fish > ~/.config/fish/completions/digester.fish");
  return {[shell] { return Exit{0, completion(catalogue(), *shell)}; }};
}

Declared declare_man(CLI::App& app) {
  app.footer(
      "Examples:\n"
      "  digester man | man -l -\n"
      "  digester man > /usr/local/share/man/man1/digester.1");
  return {[] { return Exit{0, manual(catalogue())}; }};
}

}  // namespace digester::cli
