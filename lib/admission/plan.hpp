// What a review asks of the registries, and what is to be done with each image, before anything is known.
//
// The rule behind it: a request that would not have changed what runs must not change it because of us.
//
//  1. Owned objects. What another controller owns passes untouched: it compares templates. Not so Pods, and
//     Jobs of CronJobs. What an owner out of --skip-owners owns passes in any case.
//  2. UPDATE, image unchanged. It stays, unless the request changes that pod template elsewhere: then a
//     rollout happens anyway, and it is pinned if it resolves. Never for Pods and Jobs, and never for custom
//     resources that hold containers right under spec: nothing tells what of their spec is the template.
//  3. UPDATE that takes our digest off again. Where the image cannot change or a change restarts the
//     container (Jobs, Pods), the digest goes back. Elsewhere by --on-reapply: `keep` puts it back, `resolve`
//     asks, and only a fresh answer of the registry may replace it.
//  4. What cannot be resolved is refused or let in by --on-error.
//  5. Freshness. What people and pipelines apply is answered by a request sent after the review arrived.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admission/images.hpp"
#include "admission/policy.hpp"
#include "admission/review.hpp"
#include "base/result.hpp"
#include "image/digest.hpp"
#include "image/reference.hpp"
#include "image/reference_memo.hpp"

namespace digester::admission {

// How new an answer has to be (rule 5).
enum class Freshness {
  cached,   // what controllers create: the cache will do, a stale entry too when the registry is slow
  current,  // what people and pipelines apply: a registry request sent after the review arrived
};

// One distinct reference to resolve.
struct Lookup {
  image::Reference reference;  // has no digest
  Freshness freshness = Freshness::current;
  // False where nothing but the registry's own fresh answer is of use (rule 3): then neither a stale entry
  // nor one that --apply-ttl keeps helps, and asking for it is wasted.
  bool stale_allowed = true;
};

// Different strings in one review, beyond which the rest counts as failed. Real Pods have under 100.
inline constexpr std::size_t kMaxLookups = 512;

enum class Treatment : std::uint8_t {
  resolve,             // new or changed: pin it, or rule 4
  resolve_if_changed,  // rule 2: pin it if the pod template changes anyway, else leave it; never refuse
  restore,             // rule 3: the old string goes back, nothing is asked
  refresh,             // rule 3: the registry's fresh answer, or the old string goes back
};

struct Decision {
  ImageField field;
  Treatment treatment = Treatment::resolve;
  std::uint32_t lookup = kNone;   // index into Plan::lookups
  std::uint32_t failure = kNone;  // index into Plan::failures: known to fail without asking
  std::string_view old_image;     // for restore and refresh: with the digest

  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
};

enum class Reason { no_mutation_for_operation, no_self_management, not_patched, patched, error_ignored };
std::string_view to_string(Reason reason);  // k8s-digester's words: "NoMutationForOperation"

// Points into the Review's document and the Policy.
struct Plan {
  // Set: nothing to do, the object passes untouched. `why` says it for the log.
  std::optional<Reason> pass;
  std::string_view why;

  std::vector<Decision> decisions;
  std::vector<Lookup> lookups;  // ask all of them, at once; the order is decide()'s
  std::vector<Error> failures;  // of strings that are no references, and of look-ups over the limit
  std::vector<std::string> warnings;
  // By the request itself, whatever the look-ups say. Known only where a decision depends on it.
  std::array<bool, kSpecPaths> changes_template{};

  // What a controller creates: rule 4's admit-controlled lets it in.
  bool controlled = false;
  OnError on_error = OnError::refuse;
  bool digest_only = false;
  bool dry_run = false;
};

// `namespace_on_reapply` is the namespace's annotation digester.dev/on-reapply, where it is known; the
// object's own goes before it, the policy after.
//
// An UPDATE whose oldObject is missing passes with a warning: nothing tells what it changes. An object with
// the same key twice on the way to an image passes with a warning as well.
//
// `memo` saves parsing what earlier reviews named; the plan does not depend on it.
Plan make_plan(const Review& review, const Policy& policy,
               std::optional<std::string_view> namespace_on_reapply = std::nullopt,
               image::ReferenceMemo* memo = nullptr);

}  // namespace digester::admission
