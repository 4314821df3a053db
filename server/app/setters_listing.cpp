#include "app/setters_listing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "json/writer.hpp"
#include "setters/list.hpp"

namespace digester::app {
namespace {

struct Given {
  std::size_t file = 0, line = 0;
  std::string value;
};

struct Listed {
  std::vector<Given> given;
  std::vector<std::pair<std::size_t, setters::Use>> uses;  // file, use
  bool is_list = false;

  // Distinct; those that are given go before what fields have.
  std::vector<std::string> values() const {
    std::vector<std::string> out;
    const auto add = [&out](const std::string& value) {
      if (std::find(out.begin(), out.end(), value) == out.end()) out.push_back(value);
    };
    for (const auto& one : given)
      add(one.value);
    if (out.empty())
      for (const auto& [file, use] : uses)
        if (use.value) add(*use.value);
    return out;
  }
};

using Listing = std::map<std::string, Listed>;

Result<Listing> find(std::span<const PackageText> files) {
  const auto texts = as_package(files);
  const auto package = setters::Package::read(texts);
  if (!package) return fail(package.error());
  Listing out;
  for (const auto& value : package->values())
    out[value.name].given.push_back({value.file, value.field->line, value.field->value});
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto uses = setters::list_setters(files[i].text);
    if (!uses) return fail(uses.error());
    for (const auto& use : *uses) {
      auto& listed = out[use.name];
      listed.is_list = listed.is_list || use.is_list;
      listed.uses.emplace_back(i, use);
    }
  }
  return out;
}

}  // namespace

Result<std::string> setters_as_text(std::span<const PackageText> files) {
  const auto listing = find(files);
  if (!listing) return fail(listing.error());
  if (listing->empty()) return std::string();
  std::vector<std::array<std::string, 3>> rows{{"NAME", "VALUE", "FIELDS"}};
  for (const auto& [name, listed] : *listing)
    rows.push_back(
        {text::printable(name, 128),
         listed.is_list ? "(a list)" : text::printable(fmt::format("{}", fmt::join(listed.values(), " | "))),
         fmt::format("{}", listed.uses.size())});
  std::array<std::size_t, 2> widths{};
  for (const auto& row : rows)
    for (std::size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const auto& row : rows)
    out += fmt::format("{:{}}  {:{}}  {}\n", row[0], widths[0], row[1], widths[1], row[2]);
  return out;
}

Result<std::string> setters_as_json(std::span<const PackageText> files) {
  const auto listing = find(files);
  if (!listing) return fail(listing.error());
  json::Writer w;
  const auto place = [&](std::size_t file, std::size_t line) {
    w.begin_object()
        .member("file", std::string_view(files[file].path))
        .member("line", static_cast<std::int64_t>(line));
  };
  w.begin_array();
  for (const auto& [name, listed] : *listing) {
    w.begin_object().member("name", std::string_view(name)).key("values").begin_array();
    for (const auto& value : listed.values())
      w.string(value);
    w.end_array().key("set").begin_array();
    for (const auto& given : listed.given) {
      place(given.file, given.line);
      w.member("value", std::string_view(given.value)).end_object();
    }
    w.end_array().key("fields").begin_array();
    for (const auto& [file, use] : listed.uses) {
      place(file, use.line);
      w.member("path", std::string_view(use.path)).member("pattern", std::string_view(use.pattern));
      if (use.value) w.member("value", std::string_view(*use.value));
      w.end_object();
    }
    w.end_array().end_object();
  }
  w.end_array();
  return w.str() + "\n";
}

}  // namespace digester::app
