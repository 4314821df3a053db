#include "base/object_name.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace digester;

TEST_CASE("names that could leave their place in a path are none") {
  for (const char* good : {"a", "a-b", "a.b", "0", "regcred", "a.b-c.d9"})
    CHECK(is_object_name(good));
  for (const char* bad :
       {"", ".", "..", "a..b", "a/b", "../x", "A", "a_b", "-a", "a-", "a%2f", "a?b", "a#b", "a ", "é"}) {
    INFO(bad);
    CHECK_FALSE(is_object_name(bad));
    CHECK_FALSE(is_namespace_name(bad));
  }
  CHECK(is_object_name(std::string(253, 'a')));
  CHECK_FALSE(is_object_name(std::string(254, 'a')));
  CHECK(is_namespace_name(std::string(63, 'a')));
  CHECK_FALSE(is_namespace_name(std::string(64, 'a')));
  CHECK_FALSE(is_namespace_name("a.b"));
}
