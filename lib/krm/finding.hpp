// One entry of a ResourceList's `results`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace digester::krm {

enum class Severity : std::uint8_t { error, warning, info };
std::string_view to_string(Severity severity);
std::optional<Severity> parse_severity(std::string_view text);  // error, warning, info

// What is empty is left out. The texts may be anything: they are written so that they are read the same.
struct Finding {
  Severity severity = Severity::info;
  std::string message;
  std::string api_version, kind, name, namespace_;  // resourceRef
  std::string field_path, current_value, proposed_value;
  std::string file_path, file_index;  // the index as the annotation has it; no number: left out
  // Where in the old text the scalar begins that says proposed_value in the new one. Not written.
  std::optional<std::size_t> replaced_at = std::nullopt;
};

}  // namespace digester::krm
