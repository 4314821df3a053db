// Pinned fields that the next render of a kpt package would write over, and the setters' values to be pinned
// so that it does not.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "manifest/edit.hpp"
#include "setters/kptfile.hpp"
#include "setters/setter.hpp"

namespace digester::setters {

// One value of a setter that has to change.
struct SetterPin {
  std::string setter;
  std::size_t file = 0;  // of the value, in what was given
  std::size_t line = 0;
  std::string before, after;
  manifest::Edit edit;
  // A field that needs it.
  std::size_t field_file = 0;
  std::size_t field_line = 0;
  std::string field_value;
};

struct FileRemark {
  std::size_t file = 0;
  Remark remark;
};

struct SetterPins {
  std::vector<SetterPin> pins;  // each value once, by file and place
  // Fields that the next render would un-pin, and that no setter's value can save as things are: a composite
  // comment without a setter for the digest, a value that is not the field's, one value for two images.
  std::vector<FileRemark> refusals;
};

// Where something stands, for people; without it, the file's path and the line.
using PlaceOf = std::function<std::string(std::size_t file, std::size_t line)>;

// Takes the whole package as it is after its fields were pinned: every file, the Kptfiles and the ConfigMaps
// that they name among them. A field counts if a setter comment stands behind it and its value has a digest;
// a setter's value counts if a function of a Kptfile in the field's folder or above has it. Validators too:
// they do not write, but are not to see something else.
Result<SetterPins> find_setter_pins(std::span<const PackageFile> files, const PlaceOf& place = nullptr);

// Without --pin-setters: what to say, a remark a field that a setter's value would write over.
std::vector<FileRemark> overwrite_warnings(const SetterPins& pins, std::span<const PackageFile> files,
                                           const PlaceOf& place = nullptr);

// The text of one file with its setters' values pinned.
Result<std::string> pin_setters(std::size_t file, std::string_view text, const SetterPins& pins);

}  // namespace digester::setters
