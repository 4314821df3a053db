// Any text as an AdmissionReview, under several policies, with look-ups that succeed and fail. Whatever comes
// in, a patch only ever adds a digest to an image that is there, or puts an old image back.
#include <functional>
#include <set>
#include <vector>

#include "admission/answer.hpp"
#include "admission/plan.hpp"
#include "admission/review.hpp"
#include "check.hpp"
#include "json/value.hpp"

using namespace digester;
using namespace digester::admission;

namespace {

std::vector<Policy> make_policies() {
  std::vector<Policy> policies(4);
  policies[1].on_error = OnError::admit;
  policies[1].on_reapply = OnReapply::keep;
  policies[1].skip_prefixes = {"gcr.io/", "k8s"};
  policies[2].on_error = OnError::admit_controlled;
  policies[2].digest_only = true;
  policies[2].own_namespace = "digester-system";
  policies[3].dry_run = true;
  return policies;
}

image::Digest fake_digest(std::size_t hash) {
  std::string hex(64, '0');
  for (std::size_t i = 0; i < 16; ++i)
    hex[i] = "0123456789abcdef"[hash >> (4 * i) & 15];
  return *image::Digest::from_hex(image::Digest::Algorithm::sha256, hex);
}

// Half of the references resolve; the others fail in one way or another. The same for every policy.
std::vector<Outcome> look_up(const Plan& plan) {
  constexpr ErrorKind kKinds[] = {ErrorKind::not_found, ErrorKind::forbidden, ErrorKind::timed_out,
                                  ErrorKind::unavailable};
  std::vector<Outcome> outcomes;
  for (const auto& lookup : plan.lookups) {
    FUZZ_CHECK(!lookup.reference.digest());
    const auto hash = std::hash<std::string>()(lookup.reference.original());
    Outcome outcome{
        fail(kKinds[hash / 4 % 4], "registry.example.com has no such image"), Source::registry, {}};
    if (hash % 4 < 2) outcome.digest = fake_digest(hash);
    if (hash % 4 == 1) outcome.source = Source::stale;
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

// The value at a JSON Pointer whose keys need no unescaping. Absent also where a key on the way occurs twice.
json::Value resolve(json::Value root, std::string_view pointer) {
  FUZZ_CHECK(pointer.starts_with('/') && pointer.find('~') == std::string_view::npos);
  auto value = root;
  for (const auto part : text::split(pointer.substr(1), '/')) {
    if (value.is_array()) {
      std::size_t index = 0;
      json::Value found;
      for (const json::Value element : value.elements())
        if (std::to_string(index++) == part) found = element;
      value = found;
    } else {
      std::size_t count = 0;
      for (const json::Member member : value.members())
        if (member.key == part) ++count;
      if (count != 1) return {};
      value = value.find(part);
    }
  }
  return value;
}

void collect_strings(json::Value value, std::set<std::string, std::less<>>& into) {
  if (const auto text = value.string()) into.emplace(*text);
  for (const json::Value element : value.elements())
    collect_strings(element, into);
  for (const json::Member member : value.members())
    collect_strings(member.value, into);
}

void check_operation(json::Value operation, const Review& review, const Plan& plan,
                     const std::vector<Outcome>& outcomes,
                     const std::set<std::string, std::less<>>& old_strings) {
  FUZZ_CHECK(operation.find("op").string() == "replace");
  const auto before = resolve(review.object, operation.find("path").string_or({})).string();
  const auto after = operation.find("value").string();
  FUZZ_CHECK(before && after && before != after);
  FUZZ_CHECK(before->find('@') == std::string_view::npos);
  const auto at = after->rfind('@');
  FUZZ_CHECK(at != std::string_view::npos && image::Digest::parse(after->substr(at + 1)));
  if (old_strings.contains(*after)) return;

  bool from_outcome = false;
  for (std::size_t i = 0; i < plan.lookups.size(); ++i) {
    const auto& digest = outcomes[i].digest;
    if (plan.lookups[i].reference.original() == *before && digest && digest->str() == after->substr(at + 1))
      from_outcome = true;
  }
  FUZZ_CHECK(from_outcome);
  const auto reference = image::Reference::parse(*before);
  FUZZ_CHECK(reference);
  FUZZ_CHECK(after->substr(0, at) == (plan.digest_only ? reference->name_as_written() : *before));
}

void check_patch(const std::string& patch, const Review& review, const Plan& plan,
                 const std::vector<Outcome>& outcomes, const Answer& answer) {
  json::Document document;
  const auto operations = document.parse(std::string(patch));
  FUZZ_CHECK(operations && operations->is_array());
  FUZZ_CHECK((operations->size() > 0) == answer.patch);
  if (plan.pass || plan.dry_run || !answer.allowed) FUZZ_CHECK(!answer.patch);
  std::set<std::string, std::less<>> old_strings;
  if (answer.patch) collect_strings(review.old_object, old_strings);
  std::set<std::string, std::less<>> paths;
  for (const json::Value operation : operations->elements()) {
    check_operation(operation, review, plan, outcomes, old_strings);
    FUZZ_CHECK(paths.emplace(operation.find("path").string_or({})).second);
  }
}

void check_answer(const Answer& answer) {
  FUZZ_CHECK(answer.allowed ? answer.code == 200 : answer.code == 403 || answer.code == 500);
  FUZZ_CHECK((answer.allowed && answer.message.empty()) ||
             fuzz::is_printable_line(answer.message, kMaxMessageBytes));
  FUZZ_CHECK(answer.warnings.size() <= kMaxWarnings);
  for (const auto& warning : answer.warnings)
    FUZZ_CHECK(fuzz::is_printable_line(warning, kMaxWarningBytes));
  for (const auto* audit : {&answer.pinned, &answer.unresolved, &answer.stale})
    FUZZ_CHECK(audit->size() <= kMaxAuditBytes && text::is_valid_utf8(*audit));
}

void check_rendered(const Review& review, const Answer& answer, const std::string& patch) {
  json::Document document;
  const auto root = document.parse(render(review, answer));
  FUZZ_CHECK(root);
  const auto response = root->find("response");
  FUZZ_CHECK(root->find("apiVersion").string() == to_string(review.api_version));
  FUZZ_CHECK(response.find("uid").string() == review.uid);
  FUZZ_CHECK(response.find("allowed").boolean() == answer.allowed);
  FUZZ_CHECK(response.find("patch").present() == answer.patch);
  FUZZ_CHECK(response.find("patchType").present() == answer.patch);
  if (answer.patch) FUZZ_CHECK(text::base64_decode(*response.find("patch").string()) == patch);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  json::Document document;
  const auto root = document.parse(std::string(reinterpret_cast<const char*>(data), size));
  if (!root) return 0;
  const auto review = parse_review(*root);
  if (!review) {
    FUZZ_CHECK(review.error().kind == ErrorKind::invalid);
    FUZZ_CHECK(fuzz::is_printable_line(review.error().message, 512));
    return 0;
  }
  FUZZ_CHECK(!review->uid.empty());
  static const auto policies = make_policies();
  for (const auto& policy : policies) {
    const auto plan = make_plan(*review, policy);
    FUZZ_CHECK(plan.lookups.size() <= kMaxLookups);
    const auto outcomes = look_up(plan);
    const auto answer = decide(plan, outcomes);
    check_answer(answer);
    const auto patch = render_patch(answer);
    check_patch(patch, *review, plan, outcomes, answer);
    check_rendered(*review, answer, patch);
  }
  return 0;
}
