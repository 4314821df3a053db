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
  not_selected_ = &metrics.counter("digester_admissions_not_selected_total",
                                   "Objects sent to us though their namespace is not selected.");
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

constexpr std::size_t kMaxImage = 512;

void append_text(std::string& out, std::string_view text) {
  if (text.size() > kMaxImage)
    text::append_json_string(out, text::truncate(text, kMaxImage));
  else
    text::append_json_string(out, text);
}

// Nearly all are zero: what the cache knows.
void append_milliseconds(std::string& out, Duration duration) {
  if (duration == Duration::zero())
    out += '0';
  else
    fmt::format_to(std::back_inserter(out), "{:.6g}", milliseconds(duration));
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
    append_text(out, image.field.image);
    out.append(",\"verdict\":\"").append(to_string(image.verdict)).append("\"");
    if (const auto digest = admission::digest_of(image.written); !digest.empty()) {
      out += ",\"digest\":";
      append_text(out, digest);
    }
    if (image.source) {
      out.append(",\"source\":\"").append(to_string(*image.source)).append("\",\"took_ms\":");
      append_milliseconds(out, image.took);
      if (const auto age = std::chrono::floor<std::chrono::seconds>(image.age).count(); age > 0)
        out.append(",\"age_seconds\":").append(fmt::format_int(age).c_str());
    }
    if (!image.because.empty()) {
      out += ",\"because\":";
      append_text(out, image.because);
    }
    if (image.failure) out.append(",\"failure\":\"").append(to_string(*image.failure)).append("\"");
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
  std::array<std::size_t, 4> count{};
  for (const auto& image : answer.images)
    ++count[static_cast<std::size_t>(image.verdict)];
  for (std::size_t i = 0; i < count.size(); ++i)
    if (count[i] != 0) images_[i]->Increment(static_cast<double>(count[i]));
  latency_->Observe(std::chrono::duration<double>(took).count());

  const bool stale = std::any_of(answer.images.begin(), answer.images.end(),
                                 [](const auto& image) { return image.source == image::Source::stale; });
  const auto level = outcome == denied || outcome == admitted_with_errors || stale ? Level::warn
                     : outcome == patched                                          ? Level::info
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

void Handler::Observer::not_selected(const admission::Review& review) const {
  not_selected_->Increment();
  log_->info("passed untouched: its namespace is not selected", {{"uid", review.uid},
                                                                 {"kind", review.kind.kind},
                                                                 {"namespace", review.namespace_name},
                                                                 {"name", review.name}});
}

void Handler::Observer::refused(unsigned status, std::string_view why) const {
  outcomes_[bad_request]->Increment();
  log_->warn("request refused", {{"status", status}, {"why", why}});
}

}  // namespace digester::webhook
