// Many texts at once: which references have to be looked up, each once, and what the texts become.
//
//   Batch batch(rules, policy);
//   for (…) batch.add(name, text);
//   for (i over batch.questions()) batch.answer(i, …);      // whoever can ask a registry
//   batch.conclude();
//   for (page : batch.pages()) …                            // new texts, an outcome for each image
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "image/digest.hpp"
#include "image/reference.hpp"
#include "manifest/edit.hpp"
#include "manifest/images.hpp"
#include "pin/policy.hpp"

namespace digester::pin {

enum class Status : std::uint8_t {
  pinned,      // gets its digest, from a registry
  replaced,    // becomes what a substitute says, with that one's digest if it has one
  had_digest,  // as it was
  skipped,     // by a prefix; or in something that is no object
  left,        // nothing was to be looked up
  expression,  // a template's, to be filled in by another program
  failed,      // no digest, or it cannot be written: `why`
};

// Of one image field.
struct Outcome {
  Status status = Status::left;
  std::string proposed = {};  // the whole new value of `pinned` and `replaced`
  Error why = {};  // of `failed` and `expression`: one line with cause and cure, without file and line
};

// A text, and what was found in it.
struct Page {
  std::string name;  // as messages have it: a path, "standard input"
  std::string text;
  manifest::Images images;
  std::vector<Outcome> outcomes;  // slot i is about images.fields[i]; set by conclude()
  // Of a text that is no manifest, "line N: cause"; or of edits that would have damaged it. It then stays as
  // it is.
  std::optional<Error> problem = std::nullopt;
  std::optional<std::string> changed = std::nullopt;  // the new text, if anything changes

  std::string_view result() const { return changed ? *changed : text; }
};

// One thread. `rules` outlives it.
class Batch {
 public:
  Batch(const manifest::Rules& rules, Policy policy);

  // Reads a text. The page is valid until the next one is added.
  Page& add(std::string name, std::string text);

  // Distinct, in the order of the texts.
  std::span<const image::Reference> questions() const { return questions_; }
  // The digest of question i, which is taken for that reference's whatever it says.
  void answer(std::size_t question, Result<image::Digest> digest);

  // Outcomes and new texts. An unanswered question counts as failed. Pages are concluded each on its own: a
  // failure in one image leaves the others pinned. Who wants all or nothing looks at the outcomes first. With
  // `later` it is the caller who reads a new text again and compares, for he does that anyway
  // (krm::append_results), and it has room to grow to twice its size.
  enum class Verify : std::uint8_t { now, later };
  void conclude(Verify verify = Verify::now);

  std::vector<Page>& pages() { return pages_; }
  const std::vector<Page>& pages() const { return pages_; }

 private:
  // What a field comes to, apart from the question's answer.
  struct Plan {
    Outcome outcome;
    std::size_t question = kNoQuestion;
  };
  static constexpr std::size_t kNoQuestion = static_cast<std::size_t>(-1);

  Plan plan(const manifest::ImageField& field, const manifest::Object& object);
  Plan ask(std::string_view image, Outcome outcome);
  Outcome settle(const Plan& plan) const;
  void conclude(Page& page, std::vector<Plan>& plans, Verify verify) const;

  const manifest::Rules& rules_;
  const Policy policy_;
  std::vector<Page> pages_;
  std::vector<std::vector<Plan>> plans_;  // by page, by field
  std::vector<image::Reference> questions_;
  std::vector<Result<image::Digest>> answers_;
  std::unordered_map<std::string, std::size_t> asked_;  // reference as written → question
};

}  // namespace digester::pin
