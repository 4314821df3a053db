// Whatever the style: what create writes is comments and nothing else, and what apply writes can be taken
// back.
#include <catch2/catch.hpp>

#include <algorithm>

#include "manifest/generator.hpp"
#include "setters/apply.hpp"
#include "setters/create.hpp"
#include "setters/list.hpp"
#include "setters/write.hpp"

namespace digester::setters {
namespace {

// Without the comments behind the fields that are named.
std::string without_comments(std::string_view text, const Fields& fields,
                             const std::vector<Change>& changes) {
  std::string out(text);
  std::vector<std::pair<std::size_t, std::size_t>> cuts;
  for (const auto& field : fields.fields)
    for (const auto& change : changes)
      if (field.line == change.line && field.path == change.path && field.comment) {
        auto begin = field.comment->begin;
        while (text[begin - 1] == ' ' || text[begin - 1] == '\t')
          --begin;
        cuts.emplace_back(begin, field.comment->end);
        break;
      }
  std::sort(cuts.rbegin(), cuts.rend());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  for (const auto& [begin, end] : cuts)
    out.erase(begin, end - begin);
  return out;
}

// Blanks before a comment that was not there before may have stood at the end of the line.
std::string without_trailing_blanks(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' || c == '\r')
      while (!out.empty() && (out.back() == ' ' || out.back() == '\t'))
        out.pop_back();
    out += c;
  }
  while (!out.empty() && (out.back() == ' ' || out.back() == '\t'))
    out.pop_back();
  return out;
}

TEST_CASE("random streams: comments alone are created, and applied values can be taken back") {
  std::size_t created = 0, applied = 0;
  for (std::uint32_t seed = 1; seed <= 1'500; ++seed) {
    test::Generator generator(seed);
    const auto text = generator.stream();
    INFO("seed " << seed << "\n" << text);
    const auto fields = find_fields(text);
    if (!fields || fields->fields.empty()) continue;
    const auto& chosen = fields->fields[seed % fields->fields.size()].value;
    if (chosen.empty() || chosen.find_first_of("\r\n") != std::string::npos || chosen.front() == '[')
      continue;
    const std::vector<Setter> setters{{"it", chosen}};
    const auto made = create_setters(text, setters);
    if (!made && made.error().message.find("a list for a value") != std::string::npos) continue;
    INFO((made ? made->text : made.error().message));
    REQUIRE(made);
    const auto now = find_fields(made->text).value();
    REQUIRE(without_trailing_blanks(without_comments(made->text, now, made->changes)) ==
            without_trailing_blanks(without_comments(text, *fields, made->changes)));
    REQUIRE(create_setters(made->text, setters)->text == made->text);
    created += made->changes.size();
    const auto uses = list_setters(made->text).value();
    REQUIRE(static_cast<std::size_t>(std::count_if(uses.begin(), uses.end(), [](const Use& use) {
              return use.name == "it" && use.value;
            })) >= std::min<std::size_t>(made->changes.size(), 1));

    const auto there = apply_setters(made->text, std::vector<Setter>{{"it", "other/value:2"}});
    if (!there) continue;  // a digest in two, a block scalar of several lines
    const auto back = apply_setters(there->text, setters);
    INFO(there->text);
    REQUIRE(back);
    const auto before = find_fields(made->text).value();
    const auto after = find_fields(back->text).value();
    REQUIRE(before.fields.size() == after.fields.size());
    for (std::size_t i = 0; i < before.fields.size(); ++i) {
      REQUIRE(before.fields[i].value == after.fields[i].value);
      REQUIRE(before.fields[i].comment_text(made->text) == after.fields[i].comment_text(back->text));
    }
    applied += there->changes.size();
  }
  CHECK(created > 1'000);
  CHECK(applied > 500);
}

}  // namespace
}  // namespace digester::setters
