// The directories that `digester prepare` writes into.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digester::app {

class PreparedOutput {
 public:
  explicit PreparedOutput(const std::string& folder);

  // Each directory is not there, or empty. Errors name it and the cure.
  Result<void> check() const;
  // Makes the directories and both files, or takes back what it made.
  Result<void> write(std::string_view suggested, std::string_view expanded) const;

  const std::string& expanded_file() const { return expanded_file_; }
  const std::string& suggested_file() const { return suggested_file_; }

 private:
  std::string folder_, suggested_, expanded_, suggested_file_, expanded_file_;
};

}  // namespace digester::app
