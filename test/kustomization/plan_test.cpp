#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "kustomization/plan.hpp"

namespace digester::kustomization {
namespace {

using Lines = std::vector<std::string>;

Lines planned(std::string_view images, const std::vector<std::string>& built, PlanOptions options = {},
              const std::vector<std::string>& elsewhere = {}) {
  const auto file = read(fmt::format("images:\n{}", images)).value();
  const auto result = plan(file, built, options, elsewhere);
  Lines out;
  for (const auto& step : result.steps)
    out.push_back(fmt::format("{} {}{}", step.entry ? fmt::format("entry {}", *step.entry) : "new",
                              step.image, step.tag ? " newTag " + *step.tag : ""));
  for (const auto& refusal : result.refusals)
    out.push_back(fmt::format("{}: {}; {}", refusal.line, refusal.cause, refusal.cure));
  for (const auto& image : result.uncovered)
    out.push_back("uncovered " + image);
  return out;
}

TEST_CASE("An entry gets the digest of what the build yields") {
  CHECK(planned("- name: r/web\n  newTag: '1.10'\n", {"r/web:1.10", "r/web:1.10", "nginx"}) ==
        Lines{"entry 0 r/web:1.10", "uncovered nginx"});
  CHECK(planned("- name: web\n  newName: r/web\n", {"r/web:1.10"}) ==
        Lines{"entry 0 r/web:1.10 newTag 1.10"});
  CHECK(planned("- name: web\n  newName: r/web\n", {"r/web"}) == Lines{"entry 0 r/web"});
  CHECK(planned("- name: a\n  newName: b\n- name: b\n  newTag: '1'\n", {"b:1"}) == Lines{"entry 1 b:1"});
}

TEST_CASE("Images without an entry are added on demand") {
  CHECK(planned("- name: r/web\n  newTag: '1.10'\n", {"nginx:1.27", "r/web:1.10", "r/db"}, {true, false}) ==
        Lines{"new nginx:1.27 newTag 1.27", "new r/db", "entry 0 r/web:1.10"});
}

TEST_CASE("A digest stays, unless it is to be looked up anew") {
  const std::string_view entry = "- name: r/web\n  newTag: '1.10'\n  digest: sha256:ab\n";
  CHECK(planned(entry, {"r/web:1.10@sha256:ab"}).empty());
  CHECK(planned(entry, {"r/web:1.10@sha256:ab"}, {false, true}) == Lines{"entry 0 r/web:1.10"});
  CHECK(planned("- name: r/web\n  digest: sha256:ab\n", {"r/web@sha256:ab"}, {false, true}) ==
        Lines{"2: r/web has a digest and no newTag, so nobody knows of which tag; write newTag beside it"});
  CHECK(planned(entry, {"r/web:1.11"}) == Lines{"4: r/web has a digest here, and the build yields "
                                                "r/web:1.11; look for another entry, an overlay or "
                                                "a replacement that writes over it"});
}

TEST_CASE("What one digest would damage is refused") {
  CHECK(
      planned("- name: r/web\n  newName: r/w\n", {"r/w:1", "r/w:2"}) ==
      Lines{
          "2: r/w comes as r/w:1 and r/w:2, and one digest would make them the same; pin them where they are "
          "written, with digester resolve -i"});
  CHECK(planned("- name: nginx\n", {"nginx", "nginx:1@sha256:ab"})
            .front()
            .find("2: nginx comes as nginx and "
                  "nginx:1@sha256:ab") == 0);
  CHECK(planned("- name: nginx\n", {"r/w:1", "r/w:2"}, {true, false}).front().find("0: r/w comes as") == 0);
  CHECK(planned("- name: nginx\n", {"r/w:1", "r/w:2"}) == Lines{"uncovered r/w:1", "uncovered r/w:2"});
  CHECK(planned("- name: nginx\n  tagSuffix: -x\n", {"nginx:1-x"}) ==
        Lines{"3: the tagSuffix of nginx vanishes beside a digest; write the whole tag as newTag"});
}

TEST_CASE("What another file covers is left to it") {
  CHECK(planned("- name: nginx\n", {"nginx:1", "r/w:1"}, {true, false}, {"nginx"}) ==
        Lines{"new r/w:1 newTag 1"});
}

}  // namespace
}  // namespace digester::kustomization
