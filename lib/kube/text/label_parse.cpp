// kubectl's string form: a lexer and a parser by descent, without recursion.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "kube/text/label_selector.hpp"

namespace digester::kube {
namespace {

constexpr std::string_view kWhite = " \t\r\n";
constexpr std::string_view kSpecial = "=!(),<>";

struct Token {
  std::string_view text;  // empty: the end
  std::size_t at = 0;
  bool is_word = false;
};

// White space is dropped; "==" and "!=" are one token.
std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(kWhite, at)) != std::string_view::npos) {
    std::size_t size = 1;
    const bool is_word = kSpecial.find(text[at]) == std::string_view::npos;
    if (is_word) {
      while (at + size < text.size() && kWhite.find(text[at + size]) == std::string_view::npos &&
             kSpecial.find(text[at + size]) == std::string_view::npos)
        ++size;
    } else if (const auto pair = text.substr(at, 2); pair == "==" || pair == "!=") {
      size = 2;
    }
    tokens.push_back({text.substr(at, size), at, is_word});
    at += size;
  }
  tokens.push_back({{}, text.size(), false});
  return tokens;
}

tl::unexpected<Error> bad(std::size_t at, std::string_view why) {
  return fail(ErrorKind::invalid, fmt::format("label selector, at byte {}: {}", at, why));
}

tl::unexpected<Error> expected(const Token& token, std::string_view what) {
  const auto found = token.text.empty() ? "the end" : fmt::format("\"{}\"", text::printable(token.text, 80));
  return bad(token.at, fmt::format("{} is expected, and here is {}", what, found));
}

}  // namespace

class SelectorParser {
 public:
  explicit SelectorParser(std::string_view text) : tokens_(tokens_of(text)) {}

  Result<LabelSelector> run() {
    LabelSelector selector;
    if (is_end()) return selector;
    for (;;) {
      auto requirement = one();
      if (!requirement) return fail(std::move(requirement.error()));
      if (selector.requirements_.size() == LabelSelector::kMaxRequirements)
        return bad(peek().at, "more than 256 requirements");
      selector.requirements_.push_back(std::move(*requirement));
      if (is_end()) break;
      if (peek().text != ",") return expected(peek(), "',' or the end");
      take();
    }
    selector.normalise();
    return selector;
  }

 private:
  using Operator = LabelSelector::Operator;
  using Requirement = LabelSelector::Requirement;

  const Token& peek() const { return tokens_[next_]; }
  Token take() { return tokens_[is_end() ? next_ : next_++]; }
  bool is_end() const { return peek().text.empty(); }
  bool ends_requirement() const { return is_end() || peek().text == ","; }

  Result<Requirement> one() {
    Requirement requirement;
    const bool negated = peek().text == "!";
    if (negated) take();
    const auto key = take();
    if (!key.is_word) return expected(key, "a label key");
    if (auto valid = validate_label_key(key.text); !valid) return bad(key.at, valid.error().message);
    requirement.key = key.text;
    if (negated) {
      requirement.op = Operator::does_not_exist;
      return requirement;
    }
    if (ends_requirement()) return requirement;
    const auto op = take();
    if (op.text == "in" || op.text == "notin") {
      requirement.op = op.text == "in" ? Operator::in : Operator::not_in;
      return list(std::move(requirement));
    }
    if (op.text == "=" || op.text == "==" || op.text == "!=") {
      requirement.op = op.text == "!=" ? Operator::not_in : Operator::in;
      Token value{{}, peek().at, true};
      if (!ends_requirement()) value = take();
      if (!value.is_word) return expected(value, "a label value");
      return with_values(std::move(requirement), {value});
    }
    if (op.text == "<" || op.text == ">") {
      requirement.op = op.text == "<" ? Operator::less : Operator::greater;
      return with_bound(std::move(requirement), take());
    }
    return expected(op, "one of =, ==, !=, in, notin, <, > or ','");
  }

  // "(a,b)"; an empty place between commas or at an end is the empty value.
  Result<Requirement> list(Requirement requirement) {
    const auto open = take();
    if (open.text != "(") return expected(open, "'('");
    if (peek().text == ")") return bad(peek().at, "the list of values is empty");
    std::vector<Token> values;
    for (;;) {
      Token value{{}, peek().at, true};
      if (peek().is_word) value = take();
      values.push_back(value);
      const auto after = take();
      if (after.text == ")") break;
      if (after.text != ",") return expected(after, "',' or ')'");
    }
    return with_values(std::move(requirement), values);
  }

  static Result<Requirement> with_values(Requirement requirement, const std::vector<Token>& values) {
    if (values.size() > LabelSelector::kMaxValues) return bad(values.front().at, "more than 1024 values");
    for (const auto& value : values) {
      if (auto valid = validate_label_value(value.text); !valid) return bad(value.at, valid.error().message);
      requirement.values.emplace_back(value.text);
    }
    auto& all = requirement.values;
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return requirement;
  }

  static Result<Requirement> with_bound(Requirement requirement, const Token& token) {
    const auto* end = token.text.data() + token.text.size();
    const auto [at, error] = std::from_chars(token.text.data(), end, requirement.bound);
    if (!token.is_word || error != std::errc() || at != end) return expected(token, "a whole number");
    // As the API does: what compares with a number is a label value all the same.
    if (auto valid = validate_label_value(token.text); !valid) return bad(token.at, valid.error().message);
    return requirement;
  }

  std::vector<Token> tokens_;
  std::size_t next_ = 0;
};

Result<LabelSelector> LabelSelector::parse(std::string_view text) {
  if (text.size() > kMaxText) return fail(ErrorKind::too_large, "the label selector is longer than 64 KiB");
  return SelectorParser(text).run();
}

}  // namespace digester::kube
