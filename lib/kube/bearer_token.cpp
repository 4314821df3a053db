#include "kube/bearer_token.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace digester::kube {
namespace {

constexpr std::size_t kMostToken = 64 * 1024;  // of bytes: a server takes no longer head

bool is_token(std::string_view text) {
  return text.size() <= kMostToken &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

BearerToken::BearerToken(const ClientConfig& config, const Clock& clock, const Logger& log)
    : clock_(clock), log_(log) {
  if (!config.token_file.empty())
    file_.emplace(config.token_file);
  else if (!config.token.empty())
    token_ = text::trim(config.token);
  else
    source_ = config.token_source;
}

net::Task<Result<std::string>> BearerToken::get(std::string refused) {
  if (file_) co_return from_file(!refused.empty());
  if (!source_) {
    if (!is_token(token_)) co_return fail(ErrorKind::invalid, "the configured token is none");
    co_return token_;
  }
  // Of many that were refused together only the first asks for a new one.
  const bool renew = !refused.empty() && refused == token_;
  auto made = co_await source_->token(renew);
  if (!made) co_return made;
  if (!is_token(*made)) co_return fail(ErrorKind::unauthorized, "what was to be a token for the API is none");
  token_ = *made;
  co_return made;
}

Result<std::string> BearerToken::from_file(bool refused) {
  const auto now = clock_.now();
  if (looked_ && now - *looked_ < kLookAgain && !refused && !token_.empty()) return token_;
  looked_ = now;
  const auto before = problem_;
  const auto shown = text::printable(file_->path(), 256);
  if (auto content = file_->changed(); !content) {
    problem_ = content.error();
  } else if (*content) {
    const auto token = text::trim(**content);
    problem_.reset();
    if (token.empty())
      problem_ = Error{ErrorKind::unauthorized, fmt::format("there is no token in {}", shown)};
    else if (!is_token(token))
      problem_ = Error{ErrorKind::unauthorized, fmt::format("what {} holds is no token", shown)};
    else
      token_ = token;
  }
  if (!problem_) return token_;
  if (token_.empty()) return fail(*problem_);
  if (!before || before->message != problem_->message)
    log_.warn("the token of the Kubernetes API cannot be read again, the last one stays in use",
              {{"error", problem_->message}});
  return token_;
}

}  // namespace digester::kube
