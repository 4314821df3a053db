// What stands behind "# kpt-set: ": text with setters in it, `${image}:${tag}`.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace digester::setters {

inline constexpr std::string_view kMark = "# kpt-set: ";

// Where the digest of a pinned image begins, behind the `@`; nothing where there is none.
std::optional<std::size_t> digest_at(std::string_view image);

class Pattern {
 public:
  struct Part {
    std::string text;  // the setter's name, or what stands between setters
    bool is_setter = false;
  };
  struct Capture {
    std::string_view name;           // of the pattern, which must outlive this
    std::size_t begin = 0, end = 0;  // in the value
  };
  using Values = std::function<std::optional<std::string_view>(std::string_view name)>;

  explicit Pattern(std::string_view text);
  // Of a comment with its `#`; nothing unless it begins with exactly kMark and something follows.
  static std::optional<Pattern> of_comment(std::string_view comment);

  const std::string& text() const { return text_; }
  const std::vector<Part>& parts() const { return parts_; }
  bool has(std::string_view name) const;
  bool has_setters() const;
  bool is_single() const;  // one setter and nothing else

  // The setters' parts of a value, each as long as can be, the first ones first: as a regular expression of
  // `(.*)` would have it. Nothing if the value as a whole is not of this form, if a part would be empty, or
  // if a setter that stands here twice had two values.
  std::optional<std::vector<Capture>> match(std::string_view value) const;

  // With the setters' values; `missing` gets the names of those that have none.
  std::string fill(const Values& values, std::vector<std::string>& missing) const;

 private:
  std::string text_;
  std::vector<Part> parts_;
};

// Does the match divide the digest of a pinned image?
bool cuts_digest(const std::vector<Pattern::Capture>& captures, std::string_view value);

// The setter whose part is the digest and no more; nothing if there is none.
std::optional<std::string_view> digest_setter(const std::vector<Pattern::Capture>& captures,
                                              std::string_view value);

}  // namespace digester::setters
