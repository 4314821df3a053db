#include "registry/protocol/token_question.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace digester::registry::protocol {
namespace {

constexpr std::size_t kMaxScopes = 4;
constexpr std::size_t kMaxScope = 1024;  // bytes of one

// Empty for what must not be asked.
std::string narrowed(std::string_view scope) {
  if (scope.empty() || scope.size() > kMaxScope || scope.find('*') != std::string_view::npos) return {};
  if (!scope.starts_with("repository:") && !scope.starts_with("repository(")) return std::string(scope);
  const auto actions_at = scope.rfind(':');
  const auto actions = text::split(scope.substr(actions_at + 1), ',');
  if (std::ranges::find(actions, "pull") == actions.end()) return {};
  return std::string(scope.substr(0, actions_at)) + ":pull";
}

}  // namespace

std::vector<std::string> narrowed_scopes(std::string_view challenge_scope) {
  std::vector<std::string> scopes;
  for (const auto part : text::split(challenge_scope, ' ')) {
    if (scopes.size() == kMaxScopes) break;
    auto scope = narrowed(part);
    if (!scope.empty() && std::ranges::find(scopes, scope) == scopes.end())
      scopes.push_back(std::move(scope));
  }
  return scopes;
}

std::vector<std::string> pull_scopes(std::string_view path, std::string_view challenge_scope) {
  std::vector<std::string> scopes{"repository:" + std::string(path) + ":pull"};
  for (auto& scope : narrowed_scopes(challenge_scope))
    if (scope != scopes.front()) scopes.push_back(std::move(scope));
  return scopes;
}

std::string token_target(std::string_view target, std::string_view service,
                         const std::vector<std::string>& scopes) {
  std::string out(target);
  char separator = out.find('?') == std::string::npos ? '?' : '&';
  if (out.ends_with('?') || out.ends_with('&')) separator = '\0';
  const auto add = [&](std::string_view name, std::string_view value) {
    if (separator != '\0') out += separator;
    out.append(name).append("=").append(text::percent_encode(value));
    separator = '&';
  };
  if (!service.empty()) add("service", service);
  for (const auto& scope : scopes)
    add("scope", scope);
  return out;
}

std::string refresh_form(std::string_view refresh_token, std::string_view service,
                         const std::vector<std::string>& scopes) {
  std::string form = "grant_type=refresh_token&refresh_token=" + text::percent_encode(refresh_token);
  if (!service.empty()) form += "&service=" + text::percent_encode(service);
  std::string joined;
  for (const auto& scope : scopes)
    joined += (joined.empty() ? "" : " ") + scope;
  return form + "&scope=" + text::percent_encode(joined) + "&client_id=digester";
}

}  // namespace digester::registry::protocol
