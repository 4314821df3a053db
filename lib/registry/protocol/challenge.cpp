#include "registry/protocol/challenge.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace digester::registry::protocol {
namespace {

constexpr std::size_t kMaxChallenges = 32;
constexpr std::size_t kMaxParameters = 32;
constexpr std::size_t kMaxBytes = 32 * 1024;

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// RFC 9110 §5.6.2.
bool is_token_char(char c) {
  return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// RFC 9110 §11.2, without the padding.
bool is_token68_char(char c) {
  return is_alnum(c) || std::string_view("-._~+/").find(c) != std::string_view::npos;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// One pass over one line; every function leaves the position at the first character it did not take.
class Line {
 public:
  explicit Line(std::string_view text) : text_(text) {}

  bool done() const { return at_ >= text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  void skip() { ++at_; }
  void end() { at_ = text_.size(); }

  void skip_blanks() {
    while (!done() && is_blank(text_[at_]))
      ++at_;
  }
  void skip_separators() {
    while (!done() && (is_blank(text_[at_]) || text_[at_] == ','))
      ++at_;
  }
  std::string_view token() { return take(is_token_char); }

  // "=" with blanks around it, as bad implementations write it.
  bool equals_sign() {
    const auto before = at_;
    skip_blanks();
    if (peek() != '=') {
      at_ = before;
      return false;
    }
    skip();
    skip_blanks();
    return true;
  }

  // A token68 is all of its scheme's content: it counts only if a comma or the line's end follows, else the
  // same characters are a parameter's name or the next scheme.
  std::optional<std::string_view> token68() {
    const auto before = at_;
    take(is_token68_char);
    if (at_ == before) return std::nullopt;
    while (peek() == '=')
      skip();
    const auto value = text_.substr(before, at_ - before);
    skip_blanks();
    if (done() || peek() == ',') return value;
    at_ = before;
    return std::nullopt;
  }

  // Empty optional: a quote without end. Unquoted values run to a blank or a comma: some registries leave a
  // URL unquoted.
  std::optional<std::string> value() {
    if (peek() != '"') return std::string(take([](char c) { return !is_blank(c) && c != ','; }));
    skip();
    std::string out;
    for (; !done(); skip()) {
      char c = peek();
      if (c == '"') {
        skip();
        return out;
      }
      if (c == '\\') {
        skip();
        if (done()) break;
        c = peek();
      }
      out += c;
    }
    return std::nullopt;
  }

 private:
  template <typename Predicate>
  std::string_view take(Predicate wanted) {
    const auto from = at_;
    while (!done() && wanted(text_[at_]))
      ++at_;
    return text_.substr(from, at_ - from);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

void parse_line(std::string_view text, std::vector<Challenge>& challenges) {
  Line line(text);
  Challenge* current = nullptr;  // parameters before any scheme belong to nobody
  for (line.skip_separators(); !line.done(); line.skip_separators()) {
    const auto name = line.token();
    if (name.empty()) {
      line.skip();
      continue;
    }
    if (line.equals_sign()) {
      auto value = line.value();
      if (!value) return line.end();
      if (current != nullptr && current->parameters.size() < kMaxParameters)
        current->parameters.emplace_back(text::to_lower(name), std::move(*value));
      continue;
    }
    if (challenges.size() == kMaxChallenges) return;
    current = &challenges.emplace_back();
    current->scheme = text::to_lower(name);
    line.skip_blanks();
    if (const auto token = line.token68()) current->token68 = *token;
  }
}

}  // namespace

std::optional<std::string_view> Challenge::find(std::string_view key) const {
  const auto found = std::ranges::find(parameters, key, &std::pair<std::string, std::string>::first);
  if (found == parameters.end()) return std::nullopt;
  return found->second;
}

std::vector<Challenge> parse_challenges(std::span<const std::string_view> lines) {
  std::vector<Challenge> challenges;
  std::size_t budget = kMaxBytes;
  for (const auto line : lines) {
    if (line.size() > budget) break;
    budget -= line.size();
    parse_line(line, challenges);
  }
  return challenges;
}

Demand choose_demand(std::span<const Challenge> challenges) {
  Demand demand;
  for (const auto& challenge : challenges) {
    if (challenge.scheme == "bearer") {
      const auto realm = challenge.find("realm").value_or("");
      if (realm.empty()) continue;
      demand.kind = Demand::Kind::bearer;
      demand.realm = realm;
      demand.service = challenge.find("service").value_or("");
      demand.scope = challenge.find("scope").value_or("");
      return demand;
    }
    if (challenge.scheme == "basic") demand.kind = Demand::Kind::basic;
  }
  return demand;
}

}  // namespace digester::registry::protocol
