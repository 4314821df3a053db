// Any WWW-Authenticate header lines, one a line of the input.
#include "registry/protocol/challenge.hpp"

#include "check.hpp"

using namespace digester;
using namespace digester::registry;

namespace {

constexpr std::size_t kMaxChallenges = 32;
constexpr std::size_t kMaxParameters = 32;

void check_challenge(const protocol::Challenge& challenge, std::size_t input_size) {
  FUZZ_CHECK(!challenge.scheme.empty() && challenge.scheme == text::to_lower(challenge.scheme));
  FUZZ_CHECK(challenge.parameters.size() <= kMaxParameters);
  std::size_t bytes = challenge.scheme.size() + challenge.token68.size();
  for (const auto& [key, value] : challenge.parameters) {
    FUZZ_CHECK(!key.empty() && key == text::to_lower(key));
    FUZZ_CHECK(challenge.find(key));
    bytes += key.size() + value.size();
  }
  FUZZ_CHECK(bytes <= input_size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto lines = text::split(input, '\n');
  const auto challenges = protocol::parse_challenges(lines);
  FUZZ_CHECK(challenges.size() <= kMaxChallenges);
  for (const auto& challenge : challenges)
    check_challenge(challenge, size);

  const auto demand = protocol::choose_demand(challenges);
  using Kind = protocol::Demand::Kind;
  FUZZ_CHECK((demand.kind == Kind::bearer) == !demand.realm.empty());
  if (challenges.empty()) FUZZ_CHECK(demand == protocol::Demand{});
  return 0;
}
