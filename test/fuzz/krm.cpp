// Any text as a function's input. Whatever results are written into it, they can be read, and the rest is
// what it was.
#include "check.hpp"
#include "krm/input.hpp"
#include "krm/results.hpp"
#include "krm/settings.hpp"

using namespace digester;
using namespace digester::krm;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto settings = read_settings(std::string_view(text)); !settings)
    FUZZ_CHECK(fuzz::is_printable_line(settings.error().message, 1'024));
  const auto input = read_input(text);
  if (!input) {
    FUZZ_CHECK(fuzz::is_printable_line(input.error().message, 1'024));
    return 0;
  }
  if (input->form != Form::resource_list) return 0;
  if (!input->function_config)
    FUZZ_CHECK(fuzz::is_printable_line(input->function_config.error().message, 1'024));
  else if (const auto settings = read_settings(*input->function_config); !settings)
    FUZZ_CHECK(fuzz::is_printable_line(settings.error().message, 1'024));
  // The text itself as every value: what is hard to write comes in.
  Finding finding;
  finding.message = finding.name = finding.file_path = text.substr(0, 256);
  finding.file_index = "3";
  auto after = text;
  if (const auto appended = append_results(after, input->layout, {&finding, 1}); !appended) {
    FUZZ_CHECK(fuzz::is_printable_line(appended.error().message, 1'024));
    FUZZ_CHECK(after == text);
    return 0;
  }
  const auto again = read_input(after);
  FUZZ_CHECK(again && again->form == Form::resource_list && again->items == input->items);
  FUZZ_CHECK(again->layout.results_count == input->layout.results_count + 1);
  return 0;
}
