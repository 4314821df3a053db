// A label selector of any content, as text and as JSON: what is accepted reads back from its canonical form.
#include "kube/text/label_selector.hpp"
#include "check.hpp"

using namespace digester;
using kube::LabelSelector;

namespace {

void check(const LabelSelector& selector) {
  if (selector.matches_nothing()) return;
  const auto text = selector.to_string();
  if (text.size() > LabelSelector::kMaxText) return;
  const auto again = LabelSelector::parse(text);
  FUZZ_CHECK(again && again->to_string() == text);
  const LabelSelector::Labels labels{{"app", "web"}, {"n", "5"}, {"e", ""}};
  FUZZ_CHECK(selector.matches(labels) == again->matches(labels));
  FUZZ_CHECK(selector.matches(LabelSelector::Labels{}) == again->matches(LabelSelector::Labels{}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string input(reinterpret_cast<const char*>(data), size);
  if (const auto selector = LabelSelector::parse(input))
    check(*selector);
  else
    FUZZ_CHECK(fuzz::is_printable_line(selector.error().message, 512));

  json::Document document;
  const auto root = document.parse(input);
  if (!root) return 0;
  if (const auto selector = LabelSelector::from_json(*root))
    check(*selector);
  else
    FUZZ_CHECK(fuzz::is_printable_line(selector.error().message, 1024));
  return 0;
}
