#include "credential/docker_auth.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace digester::credential {
namespace {

// docker's credential helpers mark an identity token by this user name, and files made from them keep it.
constexpr std::string_view kTokenUser = "<token>";

struct Read {
  std::optional<Login> login;
  std::string_view fault;  // why there is none although something was written
};

struct UserAndPassword {
  std::string user;
  std::string password;
};

std::optional<UserAndPassword> decode_auth(std::string_view encoded) {
  auto decoded = text::base64_decode(text::trim(encoded));
  if (!decoded) return std::nullopt;
  const auto colon = decoded->find(':');
  if (colon == std::string::npos) return std::nullopt;
  UserAndPassword out{decoded->substr(0, colon), decoded->substr(colon + 1)};
  // Old clients padded the password with NULs.
  while (out.password.ends_with('\0'))
    out.password.pop_back();
  return out;
}

// In a header or a form such a login could only be mangled.
bool has_control_characters(const Login& login) {
  for (const auto* part : {&login.user, &login.secret})
    for (const char c : *part)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return true;
  return false;
}

Read read_entry(json::Value entry) {
  if (entry.is_null()) return {};
  if (!entry.is_object()) return {{}, "it is not an object"};
  for (const std::string_view key : {"registrytoken", "identitytoken", "username", "password", "auth"}) {
    const auto value = entry.find(key);
    if (value.present() && !value.is_null() && !value.is_string())
      return {{}, "a field of it is not a string"};
  }
  const auto field = [&](std::string_view key) { return std::string(entry.find(key).string_or({})); };

  if (auto token = field("registrytoken"); !token.empty())
    return {Login{Credential::Kind::registry_token, {}, std::move(token)}, {}};

  UserAndPassword basic{field("username"), field("password")};
  bool undecodable = false;
  if (basic.user.empty() || basic.password.empty()) {
    if (const auto encoded = field("auth"); !encoded.empty()) {
      if (auto decoded = decode_auth(encoded))
        basic = std::move(*decoded);
      else
        undecodable = true;
    }
  }
  if (auto token = field("identitytoken"); !token.empty()) {
    if (basic.user == kTokenUser) basic.user.clear();
    return {Login{Credential::Kind::identity_token, std::move(basic.user), std::move(token)}, {}};
  }
  if (undecodable) return {{}, "its auth is not the base64 form of user:password"};
  if (basic.user.empty() && basic.password.empty()) return {};
  if (basic.user == kTokenUser && !basic.password.empty())
    return {Login{Credential::Kind::identity_token, {}, std::move(basic.password)}, {}};
  if (basic.user.empty() || basic.password.empty()) return {{}, "its user or its password is empty"};
  return {Login{Credential::Kind::basic, std::move(basic.user), std::move(basic.password)}, {}};
}

// User information would be a secret, and is dropped.
std::string show_key(std::string_view key) {
  if (const auto at = key.rfind('@'); at != std::string_view::npos) key.remove_prefix(at + 1);
  return text::printable(key.substr(0, key.find('?')), 64);
}

}  // namespace

void read_auths(json::Value auths, DockerAuth& into, std::size_t most) {
  KeyList keys;
  const auto warn = [&](std::string_view key, std::string_view why) {
    if (into.warnings.size() < DockerAuth::kMaxWarnings)
      into.warnings.push_back(fmt::format("the entry \"{}\" is left out: {}", show_key(key), why));
  };
  std::map<std::string_view, std::size_t> last;
  std::size_t position = 0;
  for (const json::Member member : auths.members())
    last[member.key] = position++;
  position = 0;
  for (const json::Member member : auths.members()) {
    if (last[member.key] != position++) continue;
    auto read = read_entry(member.value);
    if (read.login && has_control_characters(*read.login)) {
      read.login.reset();
      read.fault = "it holds control characters";
    }
    if (!read.login) {
      if (!read.fault.empty()) warn(member.key, read.fault);
      continue;
    }
    if (into.logins.size() == most) {
      into.warnings.push_back(fmt::format("it has more than {} logins; the rest is left out", most));
      break;
    }
    switch (keys.add(member.key, into.logins.size())) {
      case KeyList::Added::yes:
        into.logins.push_back(std::move(*read.login));
        break;
      case KeyList::Added::no_host:
        warn(member.key, "its key names no registry");
        break;
      case KeyList::Added::too_many_patterns:
        warn(member.key, "there are too many different hosts with patterns");
        break;
    }
  }
  into.keyring = Keyring(std::move(keys));
}

Result<DockerAuth> parse_docker_auth(std::string text, std::size_t most) {
  json::Document document;
  // The parser's own message says what is wrong and shows nothing of the text.
  const auto root = document.parse(text);
  if (!root) return fail(root.error());
  if (!root->is_object()) return fail(ErrorKind::invalid, "not a docker config: it is not a JSON object");
  DockerAuth auth;
  const auto helpers = root->find("credHelpers");
  auth.names_helpers = !root->find("credsStore").string_or({}).empty() || helpers.size() > 0;
  const auto auths = root->find("auths");
  if (auths.present() && !auths.is_null() && !auths.is_object())
    auth.warnings.emplace_back("its auths is not an object");
  else
    read_auths(auths, auth, most);
  return auth;
}

}  // namespace digester::credential
