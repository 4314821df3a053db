// One thing to tell about one place of an input, before it takes the form that somebody reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace digester::report {

enum class Severity : std::uint8_t { error, warning, note };
std::string_view to_string(Severity severity);  // "error"

// What kinds of findings there are. Their ids are stable: people filter by them.
enum class Rule : std::uint8_t {
  unpinned,     // an image without a digest
  missing,      // a digest that the registry does not have any more
  moved,        // a tag that stands for another digest by now
  unresolved,   // the registry was asked and gave no answer to go by
  refused,      // an image behind which no digest can be written
  expression,   // of a template language: another program fills it in
  unreadable,   // an input that is not there, or that is no manifest
  overwritten,  // a digest that another tool would write over
  pinned,       // a digest was written
  remark,       // of the manifest itself
};

struct RuleText {
  std::string_view id;       // "unpinned-image"
  std::string_view name;     // "UnpinnedImage", as SARIF likes them
  std::string_view summary;  // one sentence
  std::string_view help;     // what it means and what to do
  Severity usual;            // what a finding of it has unless it says otherwise
};
const RuleText& describe(Rule rule);
// All of them, in the order of the enumeration.
std::span<const RuleText> all_rules();

// What the object is that has the field; empty strings where it does not say.
struct Subject {
  std::string api_version, kind, name, namespace_;
  // "Deployment demo/web"; empty without a kind.
  std::string str() const;
};

struct Finding {
  Rule rule = Rule::remark;
  Severity severity = Severity::error;
  std::string file;      // as the user named it; "-" is standard input, empty is none
  std::size_t line = 0;  // from 1; 0 where there is none
  Subject object = {};
  std::string field = {};     // "spec.template.spec.containers[0].image"
  std::string image = {};     // as it is written
  std::string proposed = {};  // what should stand there, or stands there now
  std::string message = {};   // the cause, one printable line
  std::string cure = {};      // what to do; empty where there is nothing
  // "cause; cure"
  std::string text() const { return cure.empty() ? message : message + "; " + cure; }
};

struct Counts {
  std::size_t errors = 0, warnings = 0, notes = 0;
};
Counts count(std::span<const Finding> findings);

}  // namespace digester::report
