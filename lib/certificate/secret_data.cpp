#include "certificate/secret_data.hpp"

#include "base/time_text.hpp"

namespace digester::certificate {
namespace {

std::optional<Time> parse_time(std::string_view text) {
  const auto time = parse_rfc3339(text);
  if (!time) return std::nullopt;
  return std::chrono::floor<seconds>(*time);
}

}  // namespace

SecretData from_secret_keys(const std::map<std::string, std::string>& data) {
  const auto text = [&data](const char* key) {
    const auto found = data.find(key);
    return found == data.end() ? std::string() : found->second;
  };
  SecretData out;
  out.ca_crt = text("ca.crt");
  out.ca_key = text("ca.key");
  out.tls_crt = text("tls.crt");
  out.tls_key = text("tls.key");
  out.ca_next_crt = text("ca-next.crt");
  out.ca_next_key = text("ca-next.key");
  out.ca_old_crt = text("ca-old.crt");
  out.next_published = parse_time(text("ca-next-published"));
  out.old_since = parse_time(text("ca-old-since"));
  return out;
}

std::map<std::string, std::string> to_secret_keys(const SecretData& secret) {
  const auto time = [](const std::optional<Time>& at) { return at ? format_rfc3339(*at) : std::string(); };
  return {{"ca.crt", secret.ca_crt},
          {"ca.key", secret.ca_key},
          {"tls.crt", secret.tls_crt},
          {"tls.key", secret.tls_key},
          {"ca-next.crt", secret.ca_next_crt},
          {"ca-next.key", secret.ca_next_key},
          {"ca-next-published", time(secret.next_published)},
          {"ca-old.crt", secret.ca_old_crt},
          {"ca-old-since", time(secret.old_since)}};
}

}  // namespace digester::certificate
