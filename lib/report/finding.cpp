#include "report/finding.hpp"

#include <array>

namespace digester::report {
namespace {

constexpr std::array kRules{
    RuleText{"unpinned-image", "UnpinnedImage", "The image is named by a tag, without a digest.",
             "A tag can be moved: what runs tomorrow need not be what was tested today. Write the digest "
             "behind the "
             "tag with `digester resolve -i FILE`.",
             Severity::error},
    RuleText{"missing-digest", "MissingDigest", "The registry does not have the digest any more.",
             "No node that lacks the image can start it. Push the image again, or take the digest that its "
             "tag has "
             "now: remove the digest and run `digester resolve -i FILE`.",
             Severity::error},
    RuleText{"moved-tag", "MovedTag", "The tag stands for another digest than the one written behind it.",
             "Somebody pushed a newer image under the same tag. Take it over on purpose: remove the digest "
             "and run "
             "`digester resolve -i FILE`, or let the old one stay and leave out --fresh.",
             Severity::error},
    RuleText{"unresolved-image", "UnresolvedImage", "The registry did not tell a digest for the image.",
             "The registry could not be reached, refused the credentials, or does not know the tag. The "
             "message says "
             "which, and what helps.",
             Severity::error},
    RuleText{"refused-image", "RefusedImage", "No digest can be written behind the image as it stands.",
             "Writing it would change more of the document than this image. The message says what to write "
             "instead.",
             Severity::error},
    RuleText{"image-expression", "ImageExpression",
             "The image is an expression that another program fills in.",
             "Pin what that program writes: render first, as in `helm template . | digester resolve -f -`.",
             Severity::warning},
    RuleText{"unreadable-input", "UnreadableInput", "The input cannot be read as a manifest.",
             "The file is not there, is no YAML or JSON, or is the source of a template. Nothing of it was "
             "looked at.",
             Severity::error},
    RuleText{"overwritten-digest", "OverwrittenDigest", "Another tool will write over the digest.",
             "The value comes from elsewhere the next time that the package is rendered: pin it there.",
             Severity::warning},
    RuleText{"pinned-image", "PinnedImage", "A digest was written behind the image.",
             "Nothing is to be done: commit the change.", Severity::note},
    RuleText{"remark", "Remark", "Something about the manifest is worth knowing.", "The message says what.",
             Severity::warning},
};

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  return "error";
}

const RuleText& describe(Rule rule) {
  return kRules.at(static_cast<std::size_t>(rule));
}

std::span<const RuleText> all_rules() {
  return kRules;
}

std::string Subject::str() const {
  if (kind.empty()) return {};
  std::string out = kind;
  if (name.empty()) return out;
  out += ' ';
  if (!namespace_.empty()) out += namespace_ + '/';
  return out + name;
}

Counts count(std::span<const Finding> findings) {
  Counts counts;
  for (const auto& finding : findings) {
    if (finding.severity == Severity::error)
      ++counts.errors;
    else if (finding.severity == Severity::warning)
      ++counts.warnings;
    else
      ++counts.notes;
  }
  return counts;
}

}  // namespace digester::report
