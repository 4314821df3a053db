// Whatever the style: output less digests is the input, and a second run changes nothing.
#include <catch2/catch.hpp>

#include "generator.hpp"
#include "support.hpp"

namespace digester::manifest {
namespace {

using test::pin;

// The output with the digests taken out where they were put in.
std::string taken_back(std::string text, std::vector<Edit> edits) {
  std::sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
  edits.erase(std::unique(edits.begin(), edits.end()), edits.end());
  for (const auto& edit : edits)
    text.erase(edit.begin, edit.text.size());
  return text;
}

std::size_t distinct(std::vector<Edit> edits) {
  std::sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
  return static_cast<std::size_t>(std::unique(edits.begin(), edits.end()) - edits.begin());
}

TEST_CASE(
    "random streams in every style: output less digests is the input, and a second run changes nothing") {
  int digests = 0;
  for (std::uint32_t seed = 1; seed <= 3'000; ++seed) {
    test::Generator generator(seed);
    const auto text = generator.stream();
    const auto pinned = pin(text);
    INFO("seed " << seed << "\n" << text << "\n" << (pinned.remarks.empty() ? "" : pinned.remarks[0]));
    REQUIRE(distinct(pinned.edits) == static_cast<std::size_t>(generator.open()));
    REQUIRE(pinned.remarks.size() == static_cast<std::size_t>(generator.refused()));
    REQUIRE(taken_back(pinned.text, pinned.edits) == text);
    REQUIRE(pinned.text.size() == text.size() + generator.open() * (1 + test::kWebDigest.size()));
    const auto again = pin(pinned.text);
    REQUIRE(again.edits.empty());
    REQUIRE(again.text == pinned.text);
    REQUIRE(again.remarks.size() == pinned.remarks.size());
    digests += generator.open();
  }
  CHECK(digests > 10'000);
}

// Any manifests: `DIGESTER_MANIFESTS=LIST test_manifest "[.public]"`, with a file name a line in LIST.
TEST_CASE("other people's manifests: output less digests is the input", "[.public]") {
  const char* list = std::getenv("DIGESTER_MANIFESTS");
  REQUIRE(list != nullptr);
  std::ifstream names(list);
  std::size_t files = 0, unreadable = 0, digests = 0, with_images = 0, refused = 0, bytes = 0;
  for (std::string name; std::getline(names, name);) {
    const auto text = test::file(name);
    INFO(name);
    ++files;
    bytes += text.size();
    const auto images = find_images(text, test::built_in());
    if (!images) {
      ++unreadable;
      WARN(name << ": " << images.error().message);
      continue;
    }
    const auto pinned = pin(text);
    for (const auto& remark : pinned.remarks)
      WARN(name << ": " << remark);
    refused += pinned.remarks.size();
    digests += distinct(pinned.edits);
    with_images += pinned.edits.empty() ? 0 : 1;
    CHECK(taken_back(pinned.text, pinned.edits) == text);
    CHECK(pinned.text.size() == text.size() + distinct(pinned.edits) * (1 + test::kWebDigest.size()));
    CHECK(pin(pinned.text).edits.empty());
  }
  WARN(fmt::format("{} files, {} bytes: {} not YAML; {} digests in {} files, {} refusals", files, bytes,
                   unreadable, digests, with_images, refused));
}

}  // namespace
}  // namespace digester::manifest
