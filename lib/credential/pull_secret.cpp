#include "credential/pull_secret.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace digester::credential {
namespace {

constexpr std::string_view kConfigType = "kubernetes.io/dockerconfigjson";
constexpr std::string_view kConfigKey = ".dockerconfigjson";
constexpr std::string_view kOldType = "kubernetes.io/dockercfg";
constexpr std::string_view kOldKey = ".dockercfg";

// The object of this kind; the API may leave `kind` out, never name another.
Result<json::Value> object_of(json::Document& document, std::string& text, std::string_view kind) {
  if (text.size() > kMaxSecretJson) return fail(ErrorKind::too_large, "is longer than 3 MiB");
  const auto root = document.parse(text);
  if (!root) return fail(ErrorKind::invalid, fmt::format("is not JSON: {}", root.error().message));
  if (!root->is_object() || root->find("kind").string_or(kind) != kind)
    return fail(ErrorKind::invalid, fmt::format("is not a {}", kind));
  return *root;
}

// The older form is what "auths" holds.
Result<DockerAuth> parse_old_form(std::string text) {
  json::Document document;
  const auto root = document.parse(text);
  if (!root) return fail(root.error());
  if (!root->is_object()) return fail(ErrorKind::invalid, "not a docker config: it is not a JSON object");
  DockerAuth auth;
  read_auths(*root, auth, kMaxPullSecretLogins);
  return auth;
}

}  // namespace

Result<DockerAuth> parse_pull_secret(std::string object) {
  json::Document document;
  const auto root = object_of(document, object, "Secret");
  if (!root) return fail(root.error());
  const auto type = root->find("type").string_or("");
  const bool is_old = type == kOldType;
  if (type != kConfigType && !is_old)
    return fail(ErrorKind::invalid, fmt::format("is of the type \"{}\", not {} or {}",
                                                text::printable(type, 64), kConfigType, kOldType));
  const auto key = is_old ? kOldKey : kConfigKey;
  const auto encoded = root->find("data").find(key).string();
  if (!encoded || encoded->empty())
    return fail(ErrorKind::invalid, fmt::format("has no {} in its data", key));
  auto decoded = text::base64_decode(*encoded);
  if (!decoded) return fail(ErrorKind::invalid, fmt::format("has a {} that is not base64", key));
  if (decoded->size() > kMaxPullSecret)
    return fail(ErrorKind::too_large, fmt::format("has a {} longer than 1 MiB", key));
  auto auth = is_old ? parse_old_form(std::move(*decoded))
                     : parse_docker_auth(std::move(*decoded), kMaxPullSecretLogins);
  if (!auth)
    return fail(auth.error().kind,
                fmt::format("has a {} that cannot be read: {}", key, auth.error().message));
  return auth;
}

Result<std::vector<std::string>> parse_account_pull_secrets(std::string object) {
  json::Document document;
  const auto root = object_of(document, object, "ServiceAccount");
  if (!root) return fail(root.error());
  std::vector<std::string> names;
  for (const auto entry : root->find("imagePullSecrets").elements()) {
    const auto name = entry.find("name").string_or("");
    if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) continue;
    if (names.size() == kMaxPullSecretNames) break;
    names.emplace_back(name);
  }
  return names;
}

}  // namespace digester::credential
