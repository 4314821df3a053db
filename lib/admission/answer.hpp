// From a plan and what the look-ups brought to the AdmissionReview that goes back.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admission/plan.hpp"
#include "admission/review.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "image/digest.hpp"

namespace digester::admission {

using image::Source;

// What came of one look-up.
struct Outcome {
  Result<image::Digest> digest;
  Source source = Source::registry;
  Duration age{};   // of a cached or stale digest
  Duration took{};  // how long the look-up was waited for
  // Of a stale digest: why there is no fresh one.
  std::optional<Error> because = std::nullopt;
};

enum class Verdict {
  pinned,      // `written` has a digest that the object did not have
  restored,    // `written` is the old object's string
  unresolved,  // goes in without a digest, or is why the answer is no
  untouched,   // rule 2: the template did not change after all
};
std::string_view to_string(Verdict verdict);

// One image field, for the patch, the log and the metrics. `field` points into the document.
struct ImageResult {
  ImageField field;
  Verdict verdict = Verdict::untouched;
  std::string written;               // what the patch puts in; empty: nothing
  std::optional<Source> source;      // empty: nothing was asked, or it failed
  Duration age{};                    // of a cached or stale digest
  Duration took{};                   // of the look-up, where there is a source
  std::optional<ErrorKind> failure;  // also of a look-up after which the old digest went back
  std::string because;               // of a stale digest: what failed, for the log
};

struct Answer {
  bool allowed = true;
  int code = 200;  // 403: the cause is permanent; 500: it is not
  Reason reason = Reason::not_patched;
  // One printable line: why it is refused; else, for the log, why the first image goes in without a digest,
  // or with a remembered one.
  std::string message;
  bool patch = false;  // false under --dry-run, for refusals, and where nothing changes
  std::vector<ImageResult> images;
  std::vector<std::string> warnings;  // each at most kMaxWarningBytes, at most kMaxWarnings
  // Audit annotations; an empty one is not sent. Comma-separated images, each once.
  std::string pinned;      // what the patch writes, restored digests included
  std::string unresolved;  // what goes in without a digest, or is why the answer is no
  std::string stale;       // of `pinned`, what is a remembered answer
};

// What is behind the last '@'; empty without one.
std::string_view digest_of(std::string_view image);

inline constexpr std::size_t kMaxWarningBytes = 120;
inline constexpr std::size_t kMaxWarnings = 16;
inline constexpr std::size_t kMaxMessageBytes = 2048;
inline constexpr std::size_t kMaxAuditBytes = 4096;

// outcomes[i] answers plan.lookups[i]; a missing one counts as timed out.
Answer decide(const Plan& plan, std::span<const Outcome> outcomes);

// The JSONPatch of an answer (RFC 6902): only `replace`, only what changes. "[]" without a patch.
std::string render_patch(const Answer& answer);

// The whole AdmissionReview, in the review's own version.
std::string render(const Review& review, const Answer& answer);
// The same, in place of what `out` holds, whose memory is used again.
void render(const Review& review, const Answer& answer, std::string& out);

}  // namespace digester::admission
