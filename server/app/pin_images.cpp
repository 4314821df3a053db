#include "app/pin_images.hpp"

#include <utility>

namespace digester::app {

Result<void> pin_images(pin::Batch& batch, const LookUp& how, const cli::Environment& environment,
                        const Clock& clock, const Logger& log, pin::Batch::Verify verify) {
  if (!batch.questions().empty()) {
    auto answers = look_up(batch.questions(), how, environment, clock, log);
    if (!answers) return fail(std::move(answers.error()));
    for (std::size_t i = 0; i < answers->size(); ++i)
      batch.answer(i, std::move((*answers)[i]));
  }
  batch.conclude(verify);
  return {};
}

}  // namespace digester::app
