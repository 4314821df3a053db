#include "setters/pattern.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace digester::setters {

std::optional<std::size_t> digest_at(std::string_view image) {
  const auto at = image.find('@');
  if (at == std::string_view::npos || image.find(':', at) == std::string_view::npos) return std::nullopt;
  return at + 1;
}

Pattern::Pattern(std::string_view text) : text_(text::trim(text)) {
  const std::string_view all = text_;
  std::size_t at = 0;
  while (at < all.size()) {
    const auto open = all.find("${", at);
    const auto close = open == std::string_view::npos ? open : all.find('}', open);
    const auto literal_end = close == std::string_view::npos ? all.size() : open;
    if (literal_end > at) parts_.push_back({std::string(all.substr(at, literal_end - at)), false});
    if (close == std::string_view::npos) break;
    parts_.push_back({std::string(text::trim(all.substr(open + 2, close - open - 2))), true});
    at = close + 1;
  }
}

std::optional<Pattern> Pattern::of_comment(std::string_view comment) {
  if (!comment.starts_with(kMark)) return std::nullopt;
  Pattern pattern(comment.substr(kMark.size()));
  if (pattern.text_.empty()) return std::nullopt;
  return pattern;
}

bool Pattern::has(std::string_view name) const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [&](const Part& part) { return part.is_setter && part.text == name; });
}

bool Pattern::has_setters() const {
  return std::any_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.is_setter; });
}

bool Pattern::is_single() const {
  return parts_.size() == 1 && parts_.front().is_setter;
}

std::optional<std::vector<Pattern::Capture>> Pattern::match(std::string_view value) const {
  if (value.find('\n') != std::string_view::npos) return std::nullopt;
  // From the end: with each text between setters as late as can be, the first setters get the most.
  std::vector<Capture> captures;
  std::size_t end = value.size();  // what is not yet accounted for
  bool after_setter = false;       // the part behind is a setter whose beginning is open
  for (std::size_t i = parts_.size(); i-- > 0;) {
    const auto& part = parts_[i];
    if (part.is_setter) {
      if (after_setter) return std::nullopt;  // the later one of two in a row would be empty
      captures.push_back({part.text, 0, end});
      after_setter = true;
      continue;
    }
    const auto rest = value.substr(0, end);
    std::size_t at = 0;
    if (i == 0) {
      if (!rest.starts_with(part.text)) return std::nullopt;
    } else if (!after_setter) {
      if (!rest.ends_with(part.text)) return std::nullopt;
      at = end - part.text.size();
    } else {
      at = rest.rfind(part.text);
      if (at == std::string_view::npos) return std::nullopt;
    }
    if (after_setter) captures.back().begin = at + part.text.size();
    after_setter = false;
    end = at;
    if (i == 0 && parts_.size() == 1 && rest != part.text) return std::nullopt;
  }
  std::reverse(captures.begin(), captures.end());
  for (std::size_t i = 0; i < captures.size(); ++i) {
    const auto& one = captures[i];
    if (one.begin >= one.end) return std::nullopt;
    for (std::size_t k = 0; k < i; ++k)
      if (captures[k].name == one.name &&
          value.substr(captures[k].begin, captures[k].end - captures[k].begin) !=
              value.substr(one.begin, one.end - one.begin))
        return std::nullopt;
  }
  return captures;
}

std::string Pattern::fill(const Values& values, std::vector<std::string>& missing) const {
  std::string out;
  for (const auto& part : parts_) {
    if (!part.is_setter) {
      out += part.text;
    } else if (const auto value = values(part.text)) {
      out += *value;
    } else if (std::find(missing.begin(), missing.end(), part.text) == missing.end()) {
      missing.push_back(part.text);
    }
  }
  return out;
}

bool cuts_digest(const std::vector<Pattern::Capture>& captures, std::string_view value) {
  const auto at = digest_at(value);
  if (!at) return false;
  const auto inside = [&](std::size_t place) { return place > *at && place < value.size(); };
  return std::any_of(captures.begin(), captures.end(), [&](const Pattern::Capture& capture) {
    return inside(capture.begin) || inside(capture.end);
  });
}

std::optional<std::string_view> digest_setter(const std::vector<Pattern::Capture>& captures,
                                              std::string_view value) {
  const auto at = digest_at(value);
  if (!at) return std::nullopt;
  for (const auto& capture : captures)
    if (capture.begin == *at && capture.end == value.size()) return capture.name;
  return std::nullopt;
}

}  // namespace digester::setters
