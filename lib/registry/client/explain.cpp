#include "registry/client/explain.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "registry/protocol/error_answer.hpp"
#include "registry/protocol/inflate.hpp"

namespace digester::registry {
namespace {

using credential::Credential;

protocol::ErrorAnswer read_body(const net::Response& response, std::size_t limit, WallTime now) {
  if (response.body.empty() || response.body.size() > limit) return {};
  const auto encoding = std::string(response.headers.get("Content-Encoding").value_or(""));
  auto body = protocol::decode_body(response.body, encoding, limit);
  if (!body) return {};
  return protocol::read_error_answer(std::move(*body), now);
}

std::string words(ErrorKind kind, unsigned status, const Credential& credential,
                  const RegistrySettings& settings) {
  const bool anonymous = credential.is_anonymous();
  switch (kind) {
    case ErrorKind::not_found:
      return anonymous ? "no such image, or not visible without credentials; check its name and tag"
                       : "no such image; check its name and tag";
    case ErrorKind::unauthorized:
      return anonymous ? fmt::format("it wants credentials, or there is no such image; check its name, or {}",
                                     where_credentials_go(settings))
                       : "the credentials were refused; check that they are current and may pull this image";
    case ErrorKind::forbidden:
      return anonymous ? fmt::format("access denied; {}", where_credentials_go(settings))
                       : "access denied; these credentials may not pull this image";
    case ErrorKind::rate_limited:
      return anonymous ? "too many requests; wait, or add credentials with a larger quota"
                       : "too many requests; wait, or raise the account's quota";
    case ErrorKind::invalid:
      return "the registry does not accept this name or tag; check it";
    case ErrorKind::unsupported:
      return fmt::format("it does not serve manifests this way (status {})", status);
    case ErrorKind::unavailable:
      return fmt::format("the registry failed with status {}; try again later", status);
    default:
      return fmt::format("unexpected answer with status {}", status);
  }
}

}  // namespace

std::string_view where_credentials_go(const RegistrySettings& settings) {
  return settings.command_line
             ? "log in with docker login, or name a configuration by DOCKER_CONFIG"
             : "add credentials that may pull it (imagePullSecrets of the Pod or its ServiceAccount)";
}

Error explain_status(const Answer& answer, const Credential& credential, const RegistrySettings& settings,
                     WallTime now) {
  const auto& response = answer.response;
  const auto body = read_body(response, settings.error_limit, now);
  Error error;
  error.kind = protocol::classify(response.status, body.code);
  error.message = words(error.kind, response.status, credential, settings);
  error.detail =
      fmt::format("status {}{}{} from {}", response.status, body.code == protocol::ErrorCode::none ? "" : " ",
                  protocol::to_string(body.code), answer.last.origin());
  const auto wait = answer.retry_after ? answer.retry_after : body.retry_after;
  if (wait && (error.kind == ErrorKind::rate_limited || error.kind == ErrorKind::unavailable))
    error.retry_after = std::chrono::ceil<std::chrono::seconds>(*wait);
  return error;
}

tl::unexpected<Error> explain(const image::Reference& reference, Error cause) {
  const auto registry = text::to_lower(reference.domain());
  if (cause.message.starts_with(registry + " ")) cause.message.replace(0, registry.size(), "it");
  const bool latest =
      cause.kind == ErrorKind::not_found && !reference.has_explicit_tag() && !reference.digest();
  cause.message = fmt::format("{}: {}: {}{}", text::printable(reference.original()), registry, cause.message,
                              latest ? "; no tag was written, so \"latest\" was asked for" : "");
  return fail(std::move(cause));
}

}  // namespace digester::registry
