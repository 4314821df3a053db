#include "files/apart.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <system_error>

#include "files/read.hpp"
#include "files/system_error.hpp"

namespace digester::files {
namespace {

// By its inode where it is there, else by where it will be. Empty: nobody's.
std::string identity(const std::string& path) {
  if (path.empty() || path == kStandardInput) return {};
  struct stat seen {};
  if (::stat(path.c_str(), &seen) == 0)
    return S_ISREG(seen.st_mode) ? fmt::format("{}:{}", seen.st_dev, seen.st_ino) : std::string();
  std::error_code error;
  const auto real = std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  return error ? path : real.string();
}

}  // namespace

Result<void> are_apart(std::span<const std::string> outputs, std::span<const std::string> inputs) {
  std::map<std::string, const std::string*> written;
  for (const auto& output : outputs) {
    const auto id = identity(output);
    if (id.empty()) continue;
    if (const auto [other, is_new] = written.emplace(id, &output); !is_new)
      return fail(refuse(output, fmt::format("it is where {} is to be written, too", shown(*other->second)),
                         "name two files"));
  }
  if (written.empty()) return {};
  for (const auto& input : inputs)
    if (const auto output = written.find(identity(input)); output != written.end())
      return fail(refuse(*output->second,
                         fmt::format("it would be written over {}, which is read", shown(input)),
                         "name another file"));
  return {};
}

}  // namespace digester::files
