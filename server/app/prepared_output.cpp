#include "app/prepared_output.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <vector>

#include "base/text.hpp"
#include "files/replace.hpp"
#include "prepare/prepare.hpp"

namespace digester::app {
namespace {

namespace fs = std::filesystem;

Error trouble(const std::string& path, std::string_view why) {
  return {ErrorKind::conflict, fmt::format("{}: {}", text::printable(path, 512), why)};
}

// What was made is removed again unless all went well; never what was there.
class Made {
 public:
  ~Made() {
    std::error_code ignored;
    for (auto path = paths_.rbegin(); path != paths_.rend(); ++path)
      fs::remove(*path, ignored);
  }
  Made() = default;
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;

  Result<void> directory(const fs::path& path) {
    const auto parent = path.parent_path();
    std::error_code error;
    if (!parent.empty() && !fs::exists(parent, error))
      if (auto made = directory(parent); !made) return made;
    if (path.filename().empty() || path.filename() == ".") return {};
    if (fs::create_directory(path, error)) paths_.push_back(path);
    if (error) return fail(trouble(path, fmt::format("it cannot be made: {}", error.message())));
    return {};
  }
  Result<void> file(const std::string& path, std::string_view content) {
    if (auto written = files::write_file(path, content); !written) return written;
    paths_.emplace_back(path);
    return {};
  }
  void keep() { paths_.clear(); }

 private:
  std::vector<fs::path> paths_;
};

}  // namespace

PreparedOutput::PreparedOutput(const std::string& folder)
    : folder_(folder),
      suggested_(fs::path(folder) / "suggested"),
      expanded_(fs::path(folder) / "expanded"),
      suggested_file_(fs::path(suggested_) / prepare::kFileName),
      expanded_file_(fs::path(expanded_) / prepare::kFileName) {}

Result<void> PreparedOutput::check() const {
  for (const auto& path : {suggested_, expanded_}) {
    std::error_code error;
    const auto status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) continue;
    if (status.type() != fs::file_type::directory)
      return fail(trouble(path, "it is no directory; remove it, or name another with --output"));
    const bool is_empty = fs::is_empty(path, error);
    if (error) return fail(trouble(path, fmt::format("it cannot be read: {}", error.message())));
    if (!is_empty)
      return fail(
          trouble(path, "the directory is not empty; remove what is in it, or name another with --output"));
  }
  return {};
}

Result<void> PreparedOutput::write(std::string_view suggested, std::string_view expanded) const {
  Made made;
  if (auto done = made.directory(suggested_); !done) return done;
  if (auto done = made.directory(expanded_); !done) return done;
  if (auto done = made.file(suggested_file_, suggested); !done) return done;
  if (auto done = made.file(expanded_file_, expanded); !done) return done;
  made.keep();
  return {};
}

}  // namespace digester::app
