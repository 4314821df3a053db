// What a function gets on its standard input: a ResourceList, a raw stream of manifests, or nothing.
// https://github.com/kubernetes-sigs/kustomize/blob/master/cmd/config/docs/api-conventions/functions-spec.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "yaml/tree.hpp"

namespace digester::krm {

enum class Form : std::uint8_t {
  nothing,        // no byte but white space
  manifests,      // documents, to be answered with documents
  resource_list,  // the only document that is not empty is one
};

// Where results can be written, in bytes of the text. `event` numbers count what yaml::Expander gives.
struct Layout {
  bool is_json = false;
  bool is_flow = false;  // the root is written in brackets
  std::size_t root_begin = 0;
  std::size_t first_key = 0, first_key_event = 0;
  std::size_t last_content = 0;  // where the last value ends: what is behind it in brackets' way is known
  std::size_t root_end_event = 0;
  std::size_t document_end = 0;  // of its `...`, the next `---`, or the text
  // Columns behind the root's keys; none where items are not a block sequence.
  std::optional<std::size_t> items_indent;

  enum class Results : std::uint8_t { absent, null, list, other };
  Results results = Results::absent;
  bool results_are_flow = false;
  std::size_t results_begin = 0, results_end = 0;  // of what is written there
  std::size_t results_count = 0;
  std::size_t results_content = 0;  // where the last one ends
  std::size_t results_indent = 0;   // column of the `-` of block results
  std::size_t results_event = 0;    // that ends the list, or is null

  std::uint64_t sum = 0;  // of all events: the same for texts that mean the same
};

struct Input {
  Form form = Form::nothing;
  // Of a ResourceList; null if there is none, an error if it cannot be read as settings.
  Result<yaml::Tree> function_config = yaml::Tree();
  std::size_t items = 0;  // likewise
  Layout layout;          // likewise
};

// Errors: not YAML as far as it was read, or a ResourceList that no function can work on. Of a raw stream no
// more is read than tells that it is one.
Result<Input> read_input(std::string_view text);

// Is an object of a ResourceList one of its items? `place` as in manifest::Object.
bool is_item(std::string_view place);

}  // namespace digester::krm
