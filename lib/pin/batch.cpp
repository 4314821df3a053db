#include "pin/batch.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"

namespace digester::pin {
namespace {

Outcome failed(Error why) {
  return {Status::failed, {}, std::move(why)};
}

Error invalid(std::string message) {
  return {ErrorKind::invalid, std::move(message)};
}

std::string told(const manifest::Remark& remark) {
  return remark.cure.empty() ? remark.cause : remark.cause + "; " + remark.cure;
}

}  // namespace

Batch::Batch(const manifest::Rules& rules, Policy policy) : rules_(rules), policy_(std::move(policy)) {}

Page& Batch::add(std::string name, std::string text) {
  auto& page = pages_.emplace_back();
  auto& plans = plans_.emplace_back();
  page.name = std::move(name);
  page.text = std::move(text);
  auto images = manifest::find_images(page.text, rules_);
  if (!images) {
    page.problem = std::move(images.error());
    return page;
  }
  page.images = std::move(*images);
  plans.reserve(page.images.fields.size());
  for (const auto& field : page.images.fields)
    plans.push_back(plan(field, page.images.objects[field.object]));
  return page;
}

Batch::Plan Batch::plan(const manifest::ImageField& field, const manifest::Object& object) {
  if (!policy_.any_object && (object.api_version.empty() || object.kind.empty())) return {{Status::skipped}};
  if (field.state == manifest::State::pinned) return {{Status::had_digest}};
  // Whatever it looks like: a placeholder of somebody's is no image.
  if (is_skipped(policy_, field.value)) return {{Status::skipped}};
  switch (field.state) {
    case manifest::State::pinned:
    case manifest::State::expression:
      return {{Status::expression, {}, invalid(told(field.why))}};
    case manifest::State::refused:
      return {failed(invalid(told(field.why)))};
    case manifest::State::open:
      break;
  }
  for (const auto& substitute : policy_.substitutes)
    if (auto value = substitute(field.value)) return ask(*value, {Status::replaced, *value});
  if (is_ko(field.value))
    return {failed(
        invalid(fmt::format("unresolved ko:// reference {}: nothing has built it; give --image-map FILE, "
                            "or --ko to build it now",
                            text::printable(field.value, 256))))};
  return ask(field.value, {Status::pinned});
}

Batch::Plan Batch::ask(std::string_view image, Outcome outcome) {
  if (const auto known = asked_.find(std::string(image)); known != asked_.end())
    return {std::move(outcome), known->second};
  auto reference = image::Reference::parse(image);
  if (!reference) return {failed(std::move(reference.error()))};
  if (reference->digest()) return {std::move(outcome)};
  if (policy_.offline) {
    if (outcome.status == Status::pinned) outcome.status = Status::left;
    return {std::move(outcome)};
  }
  const auto question = questions_.size();
  asked_.emplace(image, question);
  questions_.push_back(std::move(*reference));
  answers_.push_back(
      fail(ErrorKind::internal, fmt::format("{}: it was not looked up", questions_.back().original())));
  return {std::move(outcome), question};
}

void Batch::answer(std::size_t question, Result<image::Digest> digest) {
  answers_[question] = std::move(digest);
}

Outcome Batch::settle(const Plan& plan) const {
  if (plan.question == kNoQuestion) return plan.outcome;
  const auto& digest = answers_[plan.question];
  if (!digest) return failed(digest.error());
  const auto& reference = questions_[plan.question];
  auto out = plan.outcome;
  out.proposed = policy_.digest_only ? reference.pinned_without_tag(*digest) : reference.pinned(*digest);
  return out;
}

void Batch::conclude(Page& page, std::vector<Plan>& plans, Verify verify) const {
  std::vector<manifest::Edit> edits;
  page.outcomes.reserve(plans.size());
  edits.reserve(plans.size());
  for (std::size_t i = 0; i < plans.size(); ++i) {
    auto outcome = settle(plans[i]);
    const bool changes = outcome.status == Status::pinned || outcome.status == Status::replaced;
    if (changes && outcome.proposed != page.images.fields[i].value) {
      auto edit = manifest::replacing(page.images.fields[i], outcome.proposed);
      if (edit)
        edits.push_back(std::move(*edit));
      else
        outcome = failed(std::move(edit.error()));
    }
    page.outcomes.push_back(std::move(outcome));
  }
  std::vector<Plan>().swap(plans);  // so that there is room for the new text
  if (edits.empty()) return;
  auto changed = verify == Verify::now ? manifest::apply_edits(page.text, std::move(edits), page.images.sum)
                                       : manifest::splice(page.text, std::move(edits), page.text.size());
  if (changed)
    page.changed = std::move(*changed);
  else
    page.problem = std::move(changed.error());
}

void Batch::conclude(Verify verify) {
  for (std::size_t i = 0; i < pages_.size(); ++i)
    if (!pages_[i].problem) conclude(pages_[i], plans_[i], verify);
  plans_.clear();
}

}  // namespace digester::pin
