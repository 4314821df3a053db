#include "app/version.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <vector>

#include "build_info.hpp"
#include "json/library_versions.hpp"
#include "json/writer.hpp"
#include "net/library_versions.hpp"

namespace digester::app {
namespace {

std::vector<std::pair<std::string, std::string>> libraries() {
  auto found = net::library_versions();
  for (auto& library : json::library_versions())
    found.push_back(std::move(library));
  found.emplace_back(
      "fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100));
  return found;
}

}  // namespace

std::string version_text() {
  std::string out =
      fmt::format("digester {}\ncommit    {}\ncompiler  {}, {} build, C++{}\n", DIGESTER_VERSION,
                  DIGESTER_COMMIT, DIGESTER_COMPILER, DIGESTER_BUILD_TYPE, __cplusplus / 100 % 100);
  std::string_view label = "libraries";
  for (const auto& [name, version] : libraries()) {
    out += fmt::format("{:<9} {} {}\n", label, name, version);
    label = "";
  }
  return out;
}

std::string version_json() {
  json::Writer w;
  w.begin_object()
      .member("version", DIGESTER_VERSION)
      .member("commit", DIGESTER_COMMIT)
      .member("compiler", DIGESTER_COMPILER);
  w.member("build", DIGESTER_BUILD_TYPE).key("libraries").begin_object();
  for (const auto& [name, version] : libraries())
    w.member(name, std::string_view(version));
  w.end_object().end_object();
  return w.str() + "\n";
}

}  // namespace digester::app
