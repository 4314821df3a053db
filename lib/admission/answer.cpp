#include "admission/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "admission/wording.hpp"
#include "base/text.hpp"

namespace digester::admission {
namespace {

const Error& not_answered() {
  static const Error error{ErrorKind::timed_out, "the registry was not asked in time", {}, {}};
  return error;
}

// A comma-separated list of bounded length.
class ImageList {
 public:
  void add(std::string_view image) {
    if (full_) return;
    constexpr std::string_view kMore = "…";
    full_ = text_.size() + image.size() + kMore.size() + 2 > kMaxAuditBytes;
    if (!text_.empty()) text_ += ',';
    text_ += full_ ? kMore : image;
  }
  // Each image once.
  void add_once(std::string_view image) {
    if (!contains(image)) add(image);
  }
  // The same for what somebody wrote who may mean harm: printable, and of one entry only.
  void add_foreign(std::string_view image, std::size_t max_bytes) {
    auto shown = text::printable(image, max_bytes);
    for (std::size_t at = 0; (at = shown.find(',', at)) != std::string::npos;)
      shown.replace(at, 1, "\\x2c");
    add_once(shown);
  }
  std::string take() { return std::move(text_); }

 private:
  bool contains(std::string_view image) const {
    const std::string_view list = text_;
    for (std::size_t at = 0; at < list.size();) {
      const auto end = std::min(list.find(',', at), list.size());
      if (list.substr(at, end - at) == image) return true;
      at = end + 1;
    }
    return false;
  }

  std::string text_;
  bool full_ = false;
};

// A look-up or a failure serves many fields; what is said of it is said once.
class Once {
 public:
  enum What : std::uint8_t { unresolved = 1, kept = 2, pinned = 4 };

  explicit Once(const Plan& plan) : plan_(plan), said_(plan.lookups.size() + plan.failures.size()) {}

  bool first(const Decision& decision, What what) {
    auto& said =
        said_[decision.lookup != Decision::kNone ? decision.lookup : plan_.lookups.size() + decision.failure];
    const bool is_first = (said & what) == 0;
    said |= what;
    return is_first;
  }

 private:
  const Plan& plan_;
  std::vector<std::uint8_t> said_;
};

class Decider {
 public:
  Decider(const Plan& plan, std::span<const Outcome> outcomes)
      : plan_(plan), outcomes_(outcomes), once_(plan) {}

  Answer decide() && {
    for (const auto& warning : plan_.warnings)
      warn(wording::plain(warning));
    if (plan_.pass) {
      answer_.reason = *plan_.pass;
      return finish();
    }
    if (refused()) return refuse();
    changes_ = plan_.changes_template;
    for (const auto& decision : plan_.decisions)
      if (decision.treatment == Treatment::refresh && fresh_other_digest(decision) != nullptr)
        changes_[static_cast<std::size_t>(decision.field.spec)] = true;
    answer_.images.reserve(plan_.decisions.size());
    for (const auto& decision : plan_.decisions) {
      switch (decision.treatment) {
        case Treatment::resolve:
          resolve(decision);
          break;
        case Treatment::resolve_if_changed:
          resolve_if_changed(decision);
          break;
        case Treatment::restore:
          restore(decision, result(decision));
          break;
        case Treatment::refresh:
          refresh(decision);
          break;
      }
    }
    return finish();
  }

 private:
  const Outcome* outcome(const Decision& decision) const {
    return decision.lookup < outcomes_.size() ? &outcomes_[decision.lookup] : nullptr;
  }

  const Error* error(const Decision& decision) const {
    if (decision.failure != Decision::kNone) return &plan_.failures[decision.failure];
    const auto* answered = outcome(decision);
    if (answered == nullptr) return &not_answered();
    return answered->digest ? nullptr : &answered->digest.error();
  }

  // Rule 3: what replaces the digest that was taken off, if anything may.
  const image::Digest* fresh_other_digest(const Decision& decision) const {
    if (error(decision) != nullptr) return nullptr;
    const auto& answered = *outcome(decision);
    if (answered.source != Source::registry || answered.digest->str() == digest_of(decision.old_image))
      return nullptr;
    return &*answered.digest;
  }

  wording::Subject subject(const Decision& decision) const {
    if (decision.lookup == Decision::kNone) return {decision.field.image, {}};
    return {decision.field.image, plan_.lookups[decision.lookup].reference.domain()};
  }

  // Rule 4.
  bool refused() const {
    if (plan_.dry_run || plan_.on_error == OnError::admit) return false;
    if (plan_.on_error == OnError::admit_controlled && plan_.controlled) return false;
    return std::any_of(plan_.decisions.begin(), plan_.decisions.end(), [this](const auto& decision) {
      return decision.treatment == Treatment::resolve && error(decision) != nullptr;
    });
  }

  // Would be, if this were not a dry run.
  bool tolerated() const {
    return plan_.on_error == OnError::admit ||
           (plan_.on_error == OnError::admit_controlled && plan_.controlled);
  }

  Answer refuse() {
    constexpr std::size_t kListed = 4;
    bool permanent = false;
    std::size_t listed = 0;
    std::unordered_set<std::string_view> failed;
    std::string reasons;
    for (const auto& decision : plan_.decisions) {
      if (decision.treatment != Treatment::resolve) continue;
      const auto* cause = error(decision);
      if (cause == nullptr) continue;
      permanent = permanent || decision.failure != Decision::kNone || is_permanent(cause->kind);
      result(decision).failure = cause->kind;
      answer_.images.back().verdict = Verdict::unresolved;
      if (!failed.insert(decision.field.image).second) continue;
      unresolved_.add_foreign(decision.field.image, 200);
      // What serves many images, as a limit does, is said once.
      if (listed == kListed || !once_.first(decision, Once::unresolved)) continue;
      ++listed;
      if (!reasons.empty()) reasons += "; ";
      reasons += wording::reason(decision.field, *cause);
    }
    if (failed.size() > listed) reasons += fmt::format("; and {} more", failed.size() - listed);
    answer_.allowed = false;
    answer_.code = permanent ? 403 : 500;
    answer_.message = text::truncate(
        fmt::format("cannot pin {}: {}",
                    failed.size() == 1 ? "an image" : fmt::format("{} images", failed.size()), reasons),
        kMaxMessageBytes);
    return finish();
  }

  ImageResult& result(const Decision& decision) {
    auto& made = answer_.images.emplace_back();
    made.field = decision.field;
    return made;
  }

  void resolve(const Decision& decision) {
    if (const auto* cause = error(decision)) {
      unresolved(decision, *cause);
      ignored_ = true;
    } else {
      pin(decision);
    }
  }

  void resolve_if_changed(const Decision& decision) {
    if (!changes_[static_cast<std::size_t>(decision.field.spec)]) {
      result(decision);
    } else if (const auto* cause = error(decision)) {
      unresolved(decision, *cause);
    } else {
      pin(decision);
    }
  }

  void refresh(const Decision& decision) {
    if (fresh_other_digest(decision) != nullptr) return pin(decision);
    auto& made = result(decision);
    std::string_view why;
    if (const auto* cause = error(decision)) {
      made.failure = cause->kind;
      why = wording::cause(cause->kind);
    } else {
      const auto& answered = *outcome(decision);
      found(made, answered);
      const bool same = answered.digest->str() == digest_of(decision.old_image);
      if (answered.source == Source::stale) {
        why = answered.because ? wording::cause(answered.because->kind) : "no fresh answer";
        remembered(decision, answered);
      }
      if (answered.source == Source::cache && !same) why = "only a cached answer";
    }
    if (!why.empty() && once_.first(decision, Once::kept)) warn(wording::kept(subject(decision), why));
    restore(decision, made);
  }

  // For the log: the registry and what failed there. `result` of this decision was the last one made.
  void remembered(const Decision& decision, const Outcome& answered) {
    auto& because = answer_.images.back().because;
    because = answered.because ? wording::reason(decision.field, *answered.because)
                               : "its registry gave no answer in time";
    if (answer_.message.empty()) answer_.message = text::truncate(because, kMaxMessageBytes);
  }

  static void found(ImageResult& made, const Outcome& answered) {
    made.source = answered.source;
    made.age = answered.age;
    made.took = answered.took;
  }

  void restore(const Decision& decision, ImageResult& made) {
    made.verdict = Verdict::restored;
    made.written = decision.old_image;
    answer_.patch = true;
    if (plan_.dry_run)
      warn(wording::would_write(made.field.image, made.written));
    else  // the old object's string, whatever else it is
      pinned_.add_foreign(made.written, 512);
    restored_ = true;
  }

  void pin(const Decision& decision) {
    const auto& answered = *outcome(decision);
    const auto& reference = plan_.lookups[decision.lookup].reference;
    auto& made = result(decision);
    made.verdict = Verdict::pinned;
    found(made, answered);
    made.written = plan_.digest_only ? reference.pinned_without_tag(*answered.digest)
                                     : reference.pinned(*answered.digest);
    answer_.patch = true;
    if (plan_.dry_run)
      warn(wording::would_write(made.field.image, made.written));
    else if (restored_ || plan_.digest_only)  // then several references are written as one string
      pinned_.add_once(made.written);
    else if (once_.first(decision, Once::pinned))
      pinned_.add(made.written);
    if (answered.source != Source::stale) return;
    remembered(decision, answered);
    warn(wording::stale(subject(decision), answered.age,
                        answered.because ? wording::cause(answered.because->kind) : "no answer"));
    if (!plan_.dry_run) stale_.add_once(made.written);
  }

  void unresolved(const Decision& decision, const Error& cause) {
    auto& made = result(decision);
    made.verdict = Verdict::unresolved;
    made.failure = cause.kind;
    if (!once_.first(decision, Once::unresolved)) return;
    unresolved_.add_foreign(decision.field.image, 200);
    if (answer_.message.empty())
      answer_.message = text::truncate(wording::reason(decision.field, cause), kMaxMessageBytes);
    const bool would_be_refused = plan_.dry_run && decision.treatment == Treatment::resolve && !tolerated();
    warn(would_be_refused ? wording::would_refuse(subject(decision), cause.kind)
                          : wording::not_pinned(subject(decision), cause.kind));
  }

  // One line less than the limit, which is for saying that there are more.
  void warn(std::string text) {
    auto& warnings = answer_.warnings;
    if (std::find(warnings.begin(), warnings.end(), text) != warnings.end()) return;
    if (warnings.size() < kMaxWarnings - 1)
      warnings.push_back(std::move(text));
    else
      more_warnings_ = true;
  }

  Answer finish() {
    answer_.pinned = pinned_.take();
    answer_.unresolved = unresolved_.take();
    answer_.stale = stale_.take();
    if (more_warnings_)
      answer_.warnings.push_back(wording::plain("more images have warnings: see the server's log"));
    if (plan_.dry_run) answer_.patch = false;
    if (!plan_.pass)
      answer_.reason = ignored_        ? Reason::error_ignored
                       : answer_.patch ? Reason::patched
                                       : Reason::not_patched;
    return std::move(answer_);
  }

  const Plan& plan_;
  std::span<const Outcome> outcomes_;
  Once once_;
  std::array<bool, kSpecPaths> changes_{};
  bool ignored_ = false;
  bool restored_ = false;  // an image, to whatever string: then a pin may write the same
  bool more_warnings_ = false;
  ImageList pinned_;
  ImageList unresolved_;
  ImageList stale_;
  Answer answer_;
};

}  // namespace

std::string_view digest_of(std::string_view image) {
  const auto* at =
      image.empty() ? nullptr : static_cast<const char*>(::memrchr(image.data(), '@', image.size()));
  return at == nullptr ? std::string_view() : image.substr(static_cast<std::size_t>(at - image.data()) + 1);
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::pinned:
      return "pinned";
    case Verdict::restored:
      return "restored";
    case Verdict::unresolved:
      return "unresolved";
    case Verdict::untouched:
      return "untouched";
  }
  return "untouched";
}

Answer decide(const Plan& plan, std::span<const Outcome> outcomes) {
  return Decider(plan, outcomes).decide();
}

}  // namespace digester::admission
