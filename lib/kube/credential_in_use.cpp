#include "kube/credential_in_use.hpp"

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

CredentialInUse::CredentialInUse(const ClientConfig& config, const Clock& clock, const Logger& log)
    : clock_(clock), log_(log) {
  last_.certificate_pem = config.client_certificate_pem;
  last_.key_pem = config.client_key_pem;
  configured_ = last_;
  if (!config.token_file.empty())
    file_.emplace(config.token_file);
  else if (!config.token.empty())
    last_.token = text::trim(config.token);
  else
    source_ = config.credential_source;
}

net::Task<Result<ApiCredential>> CredentialInUse::get(std::optional<ApiCredential> refused) {
  if (file_) {
    if (auto read = from_file(refused.has_value()); !read) co_return fail(std::move(read.error()));
    co_return last_;
  }
  if (!source_) {
    if (!is_token(last_.token)) co_return fail(ErrorKind::invalid, "the configured token is none");
    co_return last_;
  }
  // Of many that were refused together only the first asks for a new one.
  const bool renew = refused && *refused == last_;
  auto made = co_await source_->credential(renew);
  if (!made) co_return made;
  if (!is_token(made->token))
    co_return fail(ErrorKind::unauthorized, "what was to be a token for the API is none");
  if (made->certificate_pem.empty()) {
    made->certificate_pem = configured_.certificate_pem;
    made->key_pem = configured_.key_pem;
  }
  last_ = *made;
  co_return made;
}

Result<void> CredentialInUse::from_file(bool refused) {
  const auto now = clock_.now();
  if (looked_ && now - *looked_ < kLookAgain && !refused && !last_.token.empty()) return {};
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
      last_.token = token;
  }
  if (!problem_) return {};
  if (last_.token.empty()) return fail(*problem_);
  if (!before || before->message != problem_->message)
    log_.warn("the token of the Kubernetes API cannot be read again, the last one stays in use",
              {{"error", problem_->message}});
  return {};
}

}  // namespace digester::kube
