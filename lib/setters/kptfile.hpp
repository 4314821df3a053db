// Where a kpt package keeps the values of its setters: the functions of its Kptfile's pipeline, and the
// ConfigMaps that those name.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "setters/fields.hpp"

namespace digester::setters {

// Paths use `/`; they are all absolute, or all from one folder. A ResourceList is the files that its items'
// annotations name.
struct PackageFile {
  std::string path;
  std::string_view text;
};

struct SetterValue {
  std::string name;
  std::string folder;    // of the Kptfile: everything below is governed
  std::size_t file = 0;  // where the value stands
  const Field* field = nullptr;
};

// A field with a setter comment, and whose it is.
struct SetterField {
  std::string path;  // of the file, as the package knows it
  std::size_t file = 0;
  const Field* field = nullptr;
};

class Package {
 public:
  // Errors are "FILE: line N: cause". The files must outlive the package.
  static Result<Package> read(std::span<const PackageFile> files);

  const std::vector<SetterValue>& values() const { return values_; }
  const std::vector<SetterField>& fields() const { return fields_; }
  const Fields& fields_of(std::size_t file) const { return read_[file]; }

  // Is the file in or below the folder?
  static bool is_below(std::string_view path, std::string_view folder);

 private:
  Package() = default;
  std::vector<Fields> read_;
  std::vector<SetterValue> values_;
  std::vector<SetterField> fields_;
};

// The documents whose own kind this is, ascending.
std::vector<std::size_t> documents_of_kind(const Fields& fields, std::string_view kind);

}  // namespace digester::setters
