// What a token service answers (distribution/distribution: docs/spec/auth/token.md).
#pragma once

#include <chrono>
#include <string>

#include "base/result.hpp"

namespace digester::registry::protocol {

struct TokenAnswer {
  std::string token;          // fit for an Authorization header
  std::chrono::seconds life;  // 60 s to 24 h, counted from receipt
};

// `token` or `access_token`, whichever is not empty. `expires_in` as a number or as text; absent, zero,
// negative or absurd (over ten years) means 60 s. `issued_at` is not read: a server whose clock runs behind
// would make every token be born expired. Errors: protocol, without the peer's text.
Result<TokenAnswer> read_token_answer(std::string body);

}  // namespace digester::registry::protocol
