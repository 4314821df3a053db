// All commands with their flags as plain values: what completions and the manual are made of.
#pragma once

#include <string>
#include <vector>

namespace digester::cli {

struct FlagEntry {
  std::vector<std::string> names;    // "-f", "--filename"
  std::string value;                 // "FILE"; empty where it stands alone
  std::vector<std::string> choices;  // the words that the value can be, where they are few
  std::string shown_default;
  std::string help;
  std::string group;
};

struct CommandEntry {
  std::string name;  // "resolve"; of a group: "setters create"
  std::string about;
  std::string arguments;           // "[FILE...]"
  std::vector<std::string> words;  // the words that its argument can be, where they are few
  std::vector<FlagEntry> flags;
  std::string footer;
};

struct GroupEntry {
  std::string name, about;
};

struct Catalogue {
  std::vector<CommandEntry> commands;
  std::vector<GroupEntry> groups;
};

Catalogue catalogue();

// A script that makes a shell complete commands, flags and values: of bash, zsh or fish.
std::string completion(const Catalogue& catalogue, const std::string& shell);

// digester(1), in the macros of man(7).
std::string manual(const Catalogue& catalogue);

}  // namespace digester::cli
