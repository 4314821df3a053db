#include "kube/text/exec_credential.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/text.hpp"
#include "base/time_text.hpp"
#include "json/value.hpp"
#include "json/writer.hpp"

namespace digester::kube {
namespace {

tl::unexpected<Error> broken(std::string_view why) {
  return fail(ErrorKind::protocol, fmt::format("not an ExecCredential: {}", why));
}

// Years that a WallTime can hold, with room to reckon.
std::optional<WallTime> parse_time(std::string_view text) {
  using namespace std::chrono;
  const auto time = parse_rfc3339(text);
  if (!time || *time < sys_days(year(1970) / 1 / 1) || *time >= sys_days(year(2201) / 1 / 1))
    return std::nullopt;
  return WallTime(*time);
}

bool is_header_safe(std::string_view token) {
  return std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

bool is_exec_version(std::string_view api_version) {
  return api_version == "client.authentication.k8s.io/v1" ||
         api_version == "client.authentication.k8s.io/v1beta1";
}

std::string exec_request(std::string_view api_version, const std::optional<ExecCluster>& cluster) {
  json::Writer out;
  out.begin_object().member("kind", "ExecCredential").member("apiVersion", api_version);
  out.key("spec").begin_object();
  if (cluster) {
    out.key("cluster").begin_object().member("server", cluster->server);
    if (!cluster->tls_server_name.empty()) out.member("tls-server-name", cluster->tls_server_name);
    if (cluster->insecure_skip_tls_verify) out.member("insecure-skip-tls-verify", true);
    if (!cluster->ca_pem.empty())
      out.member("certificate-authority-data", text::base64_encode(cluster->ca_pem));
    if (!cluster->proxy_url.empty()) out.member("proxy-url", cluster->proxy_url);
    out.key("config").null();
    out.end_object();
  }
  out.member("interactive", false).end_object().end_object();
  return out.str();
}

Result<ExecCredential> parse_exec_credential(std::string output, std::string_view api_version) {
  if (output.size() > kMaxExecAnswer) return fail(ErrorKind::too_large, "the plugin printed more than 1 MiB");
  json::Document document;
  const auto root = document.parse(output);
  if (!root) return broken(root.error().message);
  if (!root->is_object()) return broken("it is not a JSON object");
  if (root->find("kind").string_or("") != "ExecCredential") return broken("its kind is another");
  if (root->find("apiVersion").string_or("") != api_version)
    return broken(fmt::format("its apiVersion is \"{}\", and {} was asked for",
                              text::printable(root->find("apiVersion").string_or(""), 64), api_version));
  const auto status = root->find("status");
  if (!status.is_object()) return broken("it has no status");
  for (const std::string_view key :
       {"token", "clientCertificateData", "clientKeyData", "expirationTimestamp"}) {
    const auto value = status.find(key);
    if (value.present() && !value.is_null() && !value.is_string())
      return broken(fmt::format("status.{} is not a string", key));
  }
  ExecCredential credential;
  credential.token = status.find("token").string_or("");
  credential.client_certificate_pem = status.find("clientCertificateData").string_or("");
  credential.client_key_pem = status.find("clientKeyData").string_or("");
  if (!is_header_safe(credential.token))
    return broken("status.token holds a character that no header can carry");
  if (credential.client_certificate_pem.empty() != credential.client_key_pem.empty())
    return broken("only one of status.clientCertificateData and clientKeyData is there");
  if (credential.token.empty() && credential.client_key_pem.empty())
    return broken("its status holds neither a token nor a client certificate");
  if (const auto expires = status.find("expirationTimestamp").string_or(""); !expires.empty()) {
    credential.expires = parse_time(expires);
    if (!credential.expires) return broken("status.expirationTimestamp is no time by RFC 3339");
  }
  return credential;
}

}  // namespace digester::kube
