// What a token service is asked: scopes, query and form (docs/spec/auth/{scope,token,oauth}.md of
// distribution).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace digester::registry::protocol {

// What a challenge asks for, cut down to what we need: of repositories only `pull`, nothing with a wildcard,
// at most four, none twice.
std::vector<std::string> narrowed_scopes(std::string_view challenge_scope);

// "repository:<path>:pull" first, then what the registry's challenge asked for beyond it, narrowed.
std::vector<std::string> pull_scopes(std::string_view path, std::string_view challenge_scope);

// `target` (path and query of the realm) with `service` (unless empty) and each scope appended; the realm's
// own query stays as it is.
std::string token_target(std::string_view target, std::string_view service,
                         const std::vector<std::string>& scopes);

// The POST form of an identity token: grant_type, refresh_token, service, scope (joined by spaces),
// client_id.
std::string refresh_form(std::string_view refresh_token, std::string_view service,
                         const std::vector<std::string>& scopes);

}  // namespace digester::registry::protocol
