// Any text as a kustomization file. Each entry gets a digest, or none does; then there is nothing more to do.
#include "check.hpp"
#include "kustomization/edit.hpp"
#include "kustomization/plan.hpp"

using namespace digester;
using namespace digester::kustomization;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const auto digest =
      image::Digest::parse("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a").value();
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto file = read(text);
  if (!file) {
    FUZZ_CHECK(fuzz::is_printable_line(file.error().message, 1'024));
    FUZZ_CHECK(file.error().message.starts_with("line "));
    return 0;
  }
  std::vector<std::string> built{"new/one:1.10"};
  for (const auto& entry : file->images) {
    FUZZ_CHECK(entry.name && !entry.name->value.empty() && entry.last_end <= text.size());
    built.push_back(std::string(entry.result_name()) + ":2");
  }
  const auto planned = plan(*file, built, {true, false});
  for (const auto& refusal : planned.refusals)
    FUZZ_CHECK(fuzz::is_printable_line(refusal.cause + "; " + refusal.cure, 4'096));
  std::vector<Answer> answers;
  for (const auto& step : planned.steps)
    answers.push_back({step, digest});
  const auto written = write_digests(text, *file, answers);
  if (!written) {
    FUZZ_CHECK(fuzz::is_printable_line(written.error().message, 1'024));
    return 0;
  }
  const auto now = read(*written);
  FUZZ_CHECK(now);
  std::size_t added = 0;
  for (const auto& step : planned.steps)
    added += step.entry ? 0U : 1U;
  FUZZ_CHECK(now->images.size() == file->images.size() + added);
  for (const auto& step : planned.steps)
    if (step.entry) FUZZ_CHECK(now->images[*step.entry].digest->value == digest.str());
  FUZZ_CHECK(all_but_images(text).value() == all_but_images(*written).value());
  return 0;
}
