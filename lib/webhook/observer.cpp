#include "webhook/observer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace digester::webhook {

using admission::Verdict;

Handler::Observer::Observer(const Logger& log, Metrics& metrics) : log_(&log) {
  const auto outcome = [&](const char* name) {
    return &metrics.counter("digester_admissions_total", "Admission requests answered, by outcome.",
                            {{"outcome", name}});
  };
  outcomes_ = {outcome("patched"), outcome("unchanged"), outcome("admitted_with_errors"), outcome("denied"),
               outcome("bad_request")};
  for (const auto verdict : {Verdict::pinned, Verdict::restored, Verdict::unresolved, Verdict::untouched})
    images_[static_cast<std::size_t>(verdict)] = &metrics.counter(
        "digester_admission_images_total", "Image fields that a rule applied to, by what became of them.",
        {{"verdict", std::string(to_string(verdict))}});
  latency_ = &metrics.histogram(
      "digester_admission_duration_seconds", "Time from a request's first byte to its answer, in seconds.",
      {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10});
}

namespace {

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// A Pod has a handful; who sends thousands does not get a line of a megabyte for it.
constexpr std::size_t kLoggedImages = 64;

void append_member(std::string& out, std::string_view key, std::string_view value) {
  out.append(",\"").append(key).append("\":");
  text::append_json_string(out, value);
}

// `"images":[…]`, for the end of the log line. Appends to one string: this runs on every request.
std::string images_json(const admission::Answer& answer) {
  constexpr std::size_t kExpected = 256;
  std::string out;
  out.reserve(16 + kExpected * std::min(answer.images.size(), kLoggedImages));
  out += "\"images\":[";
  std::size_t left = kLoggedImages;
  for (const auto& image : answer.images) {
    if (image.verdict == Verdict::untouched || left == 0) continue;
    if (left-- != kLoggedImages) out += ',';
    out += "{\"image\":";
    text::append_json_string(out, text::printable(image.field.image, 512));
    append_member(out, "verdict", to_string(image.verdict));
    if (const auto digest = admission::digest_of(image.written); !digest.empty())
      append_member(out, "digest", text::printable(digest, 256));
    if (image.source) {
      append_member(out, "source", to_string(*image.source));
      fmt::format_to(std::back_inserter(out), ",\"took_ms\":{:.6g}", milliseconds(image.took));
      if (image.age.count() > 0)
        fmt::format_to(std::back_inserter(out), ",\"age_seconds\":{:.0f}",
                       std::chrono::duration<double>(image.age).count());
    }
    if (image.failure) append_member(out, "failure", to_string(*image.failure));
    out += '}';
  }
  return out += ']';
}

}  // namespace

void Handler::Observer::answered(const admission::Review& review, const admission::Plan& plan,
                                 const admission::Answer& answer, Duration took) const {
  const bool failed = !answer.unresolved.empty() || answer.reason == admission::Reason::error_ignored;
  const auto outcome = !answer.allowed ? denied
                       : failed        ? admitted_with_errors
                       : answer.patch  ? patched
                                       : unchanged;
  outcomes_[outcome]->Increment();
  for (const auto& image : answer.images)
    images_[static_cast<std::size_t>(image.verdict)]->Increment();
  latency_->Observe(std::chrono::duration<double>(took).count());

  const auto level = outcome == denied || outcome == admitted_with_errors ? Level::warn
                     : outcome == patched                                 ? Level::info
                                                                          : Level::debug;
  if (!log_->enabled(level)) return;
  log_->log(level, to_string(answer.reason),
            {{"uid", review.uid},
             {"operation", review.operation_text},
             {"kind", review.kind.kind},
             {"namespace", review.namespace_name},
             {"name", review.name},
             {"user", review.username},
             {"dry_run", review.dry_run},
             {"allowed", answer.allowed},
             {"why", answer.message.empty() ? plan.why : std::string_view(answer.message)},
             {"took_ms", milliseconds(took)}},
            images_json(answer));
}

void Handler::Observer::refused(unsigned status, std::string_view why) const {
  outcomes_[bad_request]->Increment();
  log_->warn("request refused", {{"status", status}, {"why", why}});
}

}  // namespace digester::webhook
