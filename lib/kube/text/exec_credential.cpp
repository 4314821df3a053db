#include "kube/text/exec_credential.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/text.hpp"
#include "json/value.hpp"
#include "json/writer.hpp"

namespace digester::kube {
namespace {

tl::unexpected<Error> broken(std::string_view why) {
  return fail(ErrorKind::protocol, fmt::format("not an ExecCredential: {}", why));
}

// Digits at fixed places.
class Digits {
 public:
  explicit Digits(std::string_view text) : text_(text) {}
  int take(std::size_t count) {
    int number = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (text_.empty() || text_.front() < '0' || text_.front() > '9') {
        ok_ = false;
        return 0;
      }
      number = number * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    return number;
  }
  void expect(std::string_view any_of) {
    ok_ = ok_ && !text_.empty() && any_of.find(text_.front()) != std::string_view::npos;
    if (ok_) text_.remove_prefix(1);
  }
  std::string_view rest() const { return text_; }
  void skip(std::size_t count) { text_.remove_prefix(count); }
  bool ok() const { return ok_; }

 private:
  std::string_view text_;
  bool ok_ = true;
};

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
    credential.expires = parse_rfc3339(expires);
    if (!credential.expires) return broken("status.expirationTimestamp is no time by RFC 3339");
  }
  return credential;
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  Digits digits(text);
  const int year_number = digits.take(4);
  digits.expect("-");
  const int month_number = digits.take(2);
  digits.expect("-");
  const int day_number = digits.take(2);
  digits.expect("Tt");
  const int hour_number = digits.take(2);
  digits.expect(":");
  const int minute_number = digits.take(2);
  digits.expect(":");
  const int second_number = digits.take(2);
  nanoseconds fraction{0};
  if (digits.ok() && digits.rest().starts_with('.')) {
    digits.skip(1);
    std::int64_t unit = 100'000'000;
    std::size_t count = 0;
    for (const char c : digits.rest()) {
      if (c < '0' || c > '9') break;
      fraction += nanoseconds(unit * (c - '0'));
      unit /= 10;
      ++count;
    }
    if (count == 0) return std::nullopt;
    digits.skip(count);
  }
  minutes offset{0};
  if (digits.rest() == "Z" || digits.rest() == "z") {
    digits.skip(1);
  } else {
    const bool west = digits.rest().starts_with('-');
    digits.expect("+-");
    const int offset_hours = digits.take(2);
    digits.expect(":");
    const int offset_minutes = digits.take(2);
    if (offset_hours > 23 || offset_minutes > 59) return std::nullopt;
    offset = hours(offset_hours) + minutes(offset_minutes);
    if (west) offset = -offset;
  }
  if (!digits.ok() || !digits.rest().empty()) return std::nullopt;
  const year_month_day date(year(year_number), month(static_cast<unsigned>(month_number)),
                            day(static_cast<unsigned>(day_number)));
  if (!date.ok() || year_number < 1970 || year_number > 2200 || hour_number > 23 || minute_number > 59 ||
      second_number > 60)
    return std::nullopt;
  const auto time =
      sys_days(date) + hours(hour_number) + minutes(minute_number) + seconds(second_number) - offset;
  return WallTime(duration_cast<WallTime::duration>(time.time_since_epoch() + fraction));
}

}  // namespace digester::kube
