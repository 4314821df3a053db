#include "cli/config_file.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/text.hpp"

namespace digester::cli {
namespace {

constexpr std::size_t kMaxSize = 1 << 20;

Result<std::string> read_all(const std::string& path) {
  if (path.empty()) return fail(ErrorKind::invalid, "--config: a file name is missing");
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::invalid, fmt::format("--config {}: {}", path, std::strerror(errno)));
  std::string content(kMaxSize + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad()) return fail(ErrorKind::invalid, fmt::format("--config {}: cannot be read", path));
  content.resize(static_cast<std::size_t>(file.gcount()));
  if (content.size() > kMaxSize)
    return fail(ErrorKind::too_large, fmt::format("--config {}: over 1 MiB", path));
  if (content.find('\0') != std::string::npos || !text::is_valid_utf8(content))
    return fail(ErrorKind::invalid, fmt::format("--config {}: it is no UTF-8 text", path));
  return content;
}

}  // namespace

Result<Settings> read_config_file(const std::string& path) {
  const auto content = read_all(path);
  if (!content) return fail(content.error());
  Settings settings;
  const auto bad = [&](const YAML::Mark& mark, std::string_view why) {
    return fail(ErrorKind::invalid,
                fmt::format("--config {}:{}: {}", path, mark.line + 1, text::printable(why, 200)));
  };
  try {
    const auto documents = YAML::LoadAll(*content);
    if (documents.empty() || (documents.size() == 1 && documents.front().IsNull())) return settings;
    const YAML::Node& root = documents.front();
    if (documents.size() > 1)
      return bad(documents[1].Mark(), "one document is expected, and here begins another");
    if (!root.IsMap()) return bad(root.Mark(), "a mapping of flag names to values is expected");
    for (const auto& entry : root) {
      if (!entry.first.IsScalar()) return bad(entry.first.Mark(), "a flag name is expected");
      const auto name = entry.first.Scalar();
      if (std::any_of(settings.begin(), settings.end(), [&](const auto& s) { return s.name == name; }))
        return bad(entry.first.Mark(), "\"" + name + "\" is there twice");
      Setting setting;
      setting.name = name;
      setting.line = entry.first.Mark().line + 1;
      if (entry.second.IsScalar()) {
        setting.values.push_back(entry.second.Scalar());
      } else if (entry.second.IsSequence()) {
        setting.is_list = true;
        for (const auto& item : entry.second) {
          if (!item.IsScalar()) return bad(item.Mark(), "\"" + name + "\" takes a list of plain values");
          setting.values.push_back(item.Scalar());
        }
      } else if (entry.second.IsMap()) {
        return bad(entry.first.Mark(), "\"" + name + "\" is a map, where a value or a list is expected");
      } else {
        return bad(entry.first.Mark(), "\"" + name + "\" has no value");
      }
      settings.push_back(std::move(setting));
    }
  } catch (const YAML::Exception& e) {
    return bad(e.mark, e.msg);
  }
  return settings;
}

}  // namespace digester::cli
