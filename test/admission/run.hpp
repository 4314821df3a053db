// One admission in a test: a review, a policy and a registry out of a table; everything that came of it.
#pragma once

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "admission/answer.hpp"
#include "admission/plan.hpp"
#include "admission/review.hpp"
#include "base/text.hpp"
#include "json/value.hpp"
#include "support/json_edit.hpp"

namespace digester::test {

inline const std::string kWeb = "127.0.0.1:5000/team/web:1.10";
inline const std::string kMigrate = "127.0.0.1:5000/team/migrate:2";
inline const std::string kModel = "127.0.0.1:5000/team/model:3";

// sha256 digests that tell themselves apart: 64 times one hexadecimal digit.
inline std::string digest(char c) {
  return "sha256:" + std::string(64, c);
}
inline std::string at(const std::string& image, char c) {
  return image + "@" + digest(c);
}

inline std::string captured(const std::string& name) {
  std::ifstream file(std::string(DIGESTER_TEST_DATA) + "/reviews/" + name + ".json", std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (content.str().empty()) throw std::runtime_error("no captured review " + name);
  return content.str();
}

// The captured one with each image `from` in both objects (not in annotations) written as `to`.
inline std::string with_image(std::string text, const std::string& from, const std::string& to) {
  for (const auto* key : {"\"image\":\"", "\"reference\":\""}) {
    const std::string old_text = key + from + "\"";
    const std::string new_text = key + to + "\"";
    for (auto place = text.find(old_text); place != std::string::npos;
         place = text.find(old_text, place + new_text.size()))
      text.replace(place, old_text.size(), new_text);
  }
  return text;
}

// A CREATE turned into an UPDATE of the very same object.
inline std::string as_update(const std::string& create) {
  const auto object = json_get(create, "/request/object");
  return json_set(json_set_string(create, "/request/operation", "UPDATE"), "/request/oldObject", object);
}

inline admission::Outcome known(char c, admission::Source source = admission::Source::registry,
                                Duration age = {}) {
  return {image::Digest::parse(digest(c)).value(), source, age};
}
inline admission::Outcome failing(ErrorKind kind, const std::string& message = "the registry said no") {
  return {tl::unexpected<Error>(Error{kind, message, {}, {}}), admission::Source::registry, {}};
}

using Registry = std::map<std::string, admission::Outcome>;

// What every test's registry knows unless it says otherwise.
inline Registry registry() {
  return {{kWeb, known('a')}, {kMigrate, known('b')}, {kModel, known('c')}};
}

struct Run {
  std::string review;              // what was sent
  std::vector<std::string> asked;  // look-ups, in order
  std::vector<admission::Freshness> freshness;
  std::vector<bool> stale_allowed;
  admission::Answer answer;
  std::string why;       // of a plan that passes
  std::string patch;     // as rendered
  std::string response;  // the whole AdmissionReview
  std::string object;    // after the patch

  std::string image(const std::string& pointer) const {
    const auto text = json_get(object, pointer);
    return text.substr(1, text.size() - 2);
  }
  bool untouched() const { return answer.allowed && patch == "[]"; }
  std::string warnings() const {
    std::string all;
    for (const auto& warning : answer.warnings)
      all += warning + "\n";
    return all;
  }
  std::string reason() const { return std::string(to_string(answer.reason)); }
};

inline Run run(const std::string& review, const admission::Policy& policy = {},
               const Registry& known_images = registry(),
               std::optional<std::string_view> namespace_on_reapply = std::nullopt) {
  Run out;
  out.review = review;
  json::Document document;
  std::string text = review;
  const auto parsed = admission::parse_review(document.parse(text).value()).value();
  const auto plan = admission::make_plan(parsed, policy, namespace_on_reapply);
  out.why = plan.why;
  std::vector<admission::Outcome> outcomes;
  for (const auto& lookup : plan.lookups) {
    out.asked.push_back(lookup.reference.original());
    out.freshness.push_back(lookup.freshness);
    out.stale_allowed.push_back(lookup.stale_allowed);
    const auto found = known_images.find(lookup.reference.original());
    outcomes.push_back(found == known_images.end() ? failing(ErrorKind::not_found, "no such image")
                                                   : found->second);
  }
  out.answer = admission::decide(plan, outcomes);
  out.patch = render_patch(out.answer);
  out.response = render(parsed, out.answer);
  out.object = parsed.object.is_object() ? json_apply_patch(JsonEdit::text_of(parsed.object), out.patch) : "";
  return out;
}

inline constexpr const char* kPodImage = "/spec/containers/0/image";
inline constexpr const char* kTemplateImage = "/spec/template/spec/containers/0/image";

}  // namespace digester::test
