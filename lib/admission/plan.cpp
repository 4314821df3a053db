#include "admission/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "admission/match.hpp"
#include "admission/template.hpp"
#include "base/text.hpp"
#include "image/skip_prefixes.hpp"

namespace digester::admission {
namespace {

std::size_t slot(SpecPath path) {
  return static_cast<std::size_t>(path);
}

struct Pass {
  Reason reason;
  std::string_view why;
};

// What is left alone whatever images it holds.
std::optional<Pass> passes(const Review& review, const Policy& policy) {
  const auto not_patched = [](std::string_view why) { return Pass{Reason::not_patched, why}; };
  if (review.operation == Operation::other)
    return Pass{Reason::no_mutation_for_operation, "neither CREATE nor UPDATE"};
  if (!policy.own_namespace.empty() && review.namespace_name == policy.own_namespace)
    return Pass{Reason::no_self_management, "the server's own namespace"};
  const bool debug = review.is_ephemeral_containers() && review.operation == Operation::update;
  if (!review.sub_resource.empty() && !debug) return not_patched("a subresource without images of its own");
  if (!review.object.is_object()) return not_patched("no object");
  if (is_being_deleted(review.metadata)) return not_patched("being deleted");
  if (is_mirror_pod(review.metadata)) return not_patched("a mirror pod");
  if (label(review.metadata, kPinLabel) == "false") return not_patched("opted out by label");
  if (has_owner(review.metadata, policy.skip_owners)) return not_patched("owned by one of --skip-owners");
  return std::nullopt;
}

// Pods and CronJobs' Jobs are what controllers create and do not compare with a template afterwards.
bool may_be_pinned_though_owned(const Review& review, const ControllerOwner& owner) {
  return review.is_pod() || (review.is_job() && owner.group == "batch" && owner.kind == "CronJob");
}

class Planner {
 public:
  Planner(const Review& review, const Policy& policy, std::optional<std::string_view> namespace_on_reapply,
          image::ReferenceMemo* memo)
      : review_(review), policy_(policy), memo_(memo) {
    plan_.on_error = policy.on_error;
    plan_.digest_only = policy.digest_only;
    plan_.dry_run = policy.dry_run;
    namespace_on_reapply_ = namespace_on_reapply;
  }

  Plan make() && {
    if (const auto passed = passes(review_, policy_)) return pass(passed->reason, passed->why);
    const auto owner = controller_owner(review_.metadata);
    if (owner && !may_be_pinned_though_owned(review_, *owner)) return pass("owned by a controller");
    // Who debugs a controller's Pod is a person.
    plan_.controlled = owner && !review_.is_ephemeral_containers();

    if (!owner) warn_of_marks();
    const auto images = find_images(review_.object);
    if (!images.doubled_key.empty()) return pass_with_doubled_key(images.doubled_key);
    if (std::none_of(images.fields.begin(), images.fields.end(),
                     [this](const auto& f) { return concerns_us(f); }))
      return pass("no image without a digest");
    if (review_.operation == Operation::create) {
      create(images);
    } else if (!review_.old_object.is_object()) {
      plan_.warnings.emplace_back("the update came without its oldObject: left alone");
      return pass("no oldObject");
    } else {
      const auto old_images = find_images(review_.old_object);
      if (!old_images.doubled_key.empty()) return pass_with_doubled_key(old_images.doubled_key);
      if (images.too_many || old_images.too_many) {
        plan_.warnings.push_back(fmt::format("over {} images in one object: left alone", kMaxImageFields));
        return pass("too many images");
      }
      choose_on_reapply();
      update(images, old_images);
    }
    if (plan_.decisions.empty()) return pass("no image to pin");
    return std::move(plan_);
  }

 private:
  Plan pass(std::string_view why) { return pass(Reason::not_patched, why); }
  Plan pass(Reason reason, std::string_view why) {
    plan_.pass = reason;
    plan_.why = why;
    return std::move(plan_);
  }
  Plan pass_with_doubled_key(std::string_view key) {
    plan_.warnings.push_back(fmt::format("the object has the key \"{}\" twice: left alone", key));
    return pass("a key twice");
  }

  // Not pinned yet, and neither empty nor a placeholder that something else replaces.
  bool concerns_us(const ImageField& field) const {
    if (review_.is_ephemeral_containers() && field.list != List::ephemeral_containers) return false;
    return field.image.find('@') == std::string_view::npos && !text::is_blank(field.image) &&
           !image::is_placeholder(field.image);
  }

  bool skipped(const ImageField& field) const {
    return image::starts_with_any(field.image, policy_.skip_prefixes);
  }

  void make_room(std::size_t images) {
    plan_.decisions.reserve(images);
    plan_.lookups.reserve(std::min(images, kMaxLookups));
    asked_.reserve(images);
  }

  void create(const ImageFields& images) {
    if (images.too_many) {
      const auto first = std::find_if(images.fields.begin(), images.fields.end(),
                                      [this](const auto& field) { return concerns_us(field); });
      plan_.decisions.push_back({*first, Treatment::resolve, Decision::kNone, 0, {}});
      plan_.failures.push_back({ErrorKind::too_large,
                                fmt::format("the object names over {} images; split it", kMaxImageFields),
                                {},
                                {}});
      return;
    }
    make_room(images.fields.size());
    for (const auto& field : images.fields)
      if (concerns_us(field) && !skipped(field)) ask(field, Treatment::resolve);
  }

  void update(const ImageFields& images, const ImageFields& old_images) {
    OldImages old(old_images.fields, policy_.digest_only);
    std::vector<ImageField> unchanged;
    std::array<bool, kSpecPaths> may_change{};
    for (const auto& field : images.fields) {
      if (!concerns_us(field)) continue;
      const auto match = old.find(field);
      switch (match.kind) {
        case Match::Kind::unchanged:
          unchanged.push_back(field);
          break;
        case Match::Kind::unpinned:
          if (unpinned(field, match.old_image)) may_change[slot(field.spec)] = true;
          break;
        case Match::Kind::ambiguous:
          if (!is_restored_always() && !skipped(field)) ask(field, Treatment::resolve);
          break;
        case Match::Kind::added:
        case Match::Kind::changed:
          // A Job's template cannot change: the API server says so better than we do.
          if (!review_.is_job() && !skipped(field)) ask(field, Treatment::resolve);
          break;
      }
    }
    pin_along(unchanged, may_change);
  }

  // Rule 3: what cannot change, and what would restart a container.
  bool is_restored_always() const { return review_.is_pod() || review_.is_job(); }

  // True if the digest may become another one.
  bool unpinned(const ImageField& field, std::string_view old_image) {
    if (is_restored_always()) {
      plan_.decisions.push_back({field, Treatment::restore, Decision::kNone, Decision::kNone, old_image});
      // With the tag gone, an image changed on purpose looks the same.
      if (review_.is_pod() && !old_image.starts_with(field.image))
        plan_.warnings.push_back(fmt::format("{} keeps its digest: --digest-only cannot tell a changed tag",
                                             text::printable(field.image, 50)));
      return false;
    }
    if (skipped(field)) return false;
    if (on_reapply_ == OnReapply::keep) {
      plan_.decisions.push_back({field, Treatment::restore, Decision::kNone, Decision::kNone, old_image});
      return false;
    }
    ask(field, Treatment::refresh, old_image);
    return true;
  }

  // Rule 2: unchanged images of a template that changes anyway, or may do so.
  void pin_along(const std::vector<ImageField>& unchanged, std::array<bool, kSpecPaths> may_change) {
    if (unchanged.empty() || is_restored_always()) return;
    std::array<bool, kSpecPaths> compared{};
    for (const auto& field : unchanged) {
      const auto path = slot(field.spec);
      if (field.spec == SpecPath::spec || skipped(field)) continue;
      if (!compared[path]) {
        compared[path] = true;
        plan_.changes_template[path] =
            !same_template(pod_template(review_.old_object, field.spec),
                           pod_template(review_.object, field.spec), policy_.digest_only);
      }
      if (plan_.changes_template[path] || may_change[path]) ask(field, Treatment::resolve_if_changed);
    }
  }

  void ask(const ImageField& field, Treatment treatment, std::string_view old_image = {}) {
    const auto& answer = asked(field.image);
    // Rule 2 is never a reason to refuse; what is no reference stays as it was.
    if (answer.failure != Decision::kNone && treatment == Treatment::resolve_if_changed) return;
    if (answer.lookup != Decision::kNone && treatment != Treatment::refresh)
      plan_.lookups[answer.lookup].stale_allowed = true;
    plan_.decisions.push_back({field, treatment, answer.lookup, answer.failure, old_image});
  }

  struct Asked {
    std::string_view image;
    std::uint32_t lookup = Decision::kNone;
    std::uint32_t failure = Decision::kNone;
  };

  // What became of an image: looked through while there are few, which is nearly always, else by an index.
  const Asked& asked(std::string_view image) {
    constexpr std::size_t kFew = 16;
    if (asked_.size() <= kFew) {
      const auto same = [&](const Asked& other) { return other.image == image; };
      const auto known = std::find_if(asked_.begin(), asked_.end(), same);
      if (known != asked_.end()) return *known;
    } else {
      for (auto i = asked_at_.size(); i < asked_.size(); ++i)
        asked_at_.emplace(asked_[i].image, i);
      if (const auto known = asked_at_.find(image); known != asked_at_.end()) return asked_[known->second];
    }
    return asked_.emplace_back(look_up(image));
  }

  Asked look_up(std::string_view image) {
    if (plan_.lookups.size() + plan_.failures.size() >= kMaxLookups) {
      if (over_limit_ == Decision::kNone)
        over_limit_ = fail({ErrorKind::too_large,
                            fmt::format("the object names over {} different images; split it", kMaxLookups),
                            {},
                            {}});
      return {image, Decision::kNone, over_limit_};
    }
    auto reference = memo_ ? memo_->parse(image) : image::Reference::parse(image);
    if (!reference) return {image, Decision::kNone, fail(std::move(reference.error()))};
    const auto freshness = plan_.controlled ? Freshness::cached : Freshness::current;
    plan_.lookups.push_back({std::move(*reference), freshness, false});
    return {image, static_cast<std::uint32_t>(plan_.lookups.size() - 1), Decision::kNone};
  }

  std::uint32_t fail(Error error) {
    plan_.failures.push_back(std::move(error));
    return static_cast<std::uint32_t>(plan_.failures.size() - 1);
  }

  // What somebody has written for us, and we do not heed.
  void warn_of_marks() {
    if (const auto value = label(review_.metadata, kPinLabel); value && *value != "true")
      plan_.warnings.push_back(fmt::format("label {}: \"{}\" does nothing, \"false\" opts out", kPinLabel,
                                           text::printable(*value, 24)));
    if (annotation(review_.metadata, kPinLabel))
      plan_.warnings.push_back(fmt::format("annotation {}: ignored, it has to be a label", kPinLabel));
    if (label(review_.metadata, kOnReapplyAnnotation))
      plan_.warnings.push_back(
          fmt::format("label {}: ignored, it has to be an annotation", kOnReapplyAnnotation));
  }

  // The object's own annotation, else the namespace's, else the flag.
  void choose_on_reapply() {
    on_reapply_ = policy_.on_reapply;
    const auto own = annotation(review_.metadata, kOnReapplyAnnotation);
    for (const auto text : {own, namespace_on_reapply_}) {
      if (!text) continue;
      const auto value = parse_on_reapply(*text);
      if (value && !(*value == OnReapply::keep && policy_.digest_only)) {
        on_reapply_ = *value;
        return;
      }
      plan_.warnings.push_back(
          value ? fmt::format("{}: keep is ignored with --digest-only", kOnReapplyAnnotation)
                : fmt::format("{}: \"{}\" is neither keep nor resolve: ignored", kOnReapplyAnnotation,
                              text::printable(*text, 24)));
    }
  }

  const Review& review_;
  const Policy& policy_;
  image::ReferenceMemo* memo_;
  std::optional<std::string_view> namespace_on_reapply_;
  OnReapply on_reapply_ = OnReapply::resolve;
  Plan plan_;
  std::vector<Asked> asked_;
  std::unordered_map<std::string_view, std::size_t> asked_at_;  // of all but the latest
  std::uint32_t over_limit_ = Decision::kNone;
};

}  // namespace

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::no_mutation_for_operation:
      return "NoMutationForOperation";
    case Reason::no_self_management:
      return "NoSelfManagement";
    case Reason::not_patched:
      return "NotPatched";
    case Reason::patched:
      return "Patched";
    case Reason::error_ignored:
      return "ErrorIgnored";
  }
  return "NotPatched";
}

Plan make_plan(const Review& review, const Policy& policy,
               std::optional<std::string_view> namespace_on_reapply, image::ReferenceMemo* memo) {
  return Planner(review, policy, namespace_on_reapply, memo).make();
}

}  // namespace digester::admission
