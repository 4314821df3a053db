#include "cluster/certificate_store.hpp"

#include <map>

#include "base/text.hpp"
#include "cluster/api_paths.hpp"
#include "json/value.hpp"

namespace digester::cluster {
namespace {

// So that `kubectl get -o yaml --show-managed-fields` says who wrote what.
constexpr std::string_view kManager = "?fieldManager=digester";

// The API server takes objects of up to 3 MiB.
constexpr std::size_t kBodyLimit = 4 * 1024 * 1024;

kube::ApiRequest bounded_get(std::string path) {
  kube::ApiRequest request;
  request.path = std::move(path);
  request.body_limit = kBodyLimit;
  return request;
}

std::string secrets_of(const std::string& name_space) {
  return "/api/v1/namespaces/" + name_space + "/secrets";
}

Result<certificate::SecretSnapshot> read_snapshot(kube::ApiAnswer answer) {
  json::Document document;
  const auto root = document.parse(answer.body);
  if (!root) return fail(ErrorKind::protocol, "the Secret is no JSON: " + root.error().message);
  certificate::SecretSnapshot snapshot;
  snapshot.server_time = answer.date;
  snapshot.resource_version = std::string(root->at({"metadata", "resourceVersion"}).string_or(""));
  if (snapshot.resource_version.empty())
    return fail(ErrorKind::protocol, "the Secret has no resourceVersion");
  std::map<std::string, std::string> keys;
  for (const auto [key, value] : root->find("data").members())
    // What is not base64 cannot be used: it counts as rubbish, which is repaired.
    if (const auto text = value.string())
      keys[std::string(key)] = text::base64_decode(*text).value_or("not base64");
  snapshot.data = certificate::from_secret_keys(keys);
  return snapshot;
}

// A merge patch of our keys alone: null takes one out, and others' keys, labels and annotations stay.
std::string secret_patch(const certificate::SecretData& data, const std::string& resource_version) {
  std::string out = R"({"metadata":{"resourceVersion":)";
  text::append_json_string(out, resource_version);
  out += R"(},"data":{)";
  bool first = true;
  for (const auto& [key, value] : certificate::to_secret_keys(data)) {
    if (!first) out += ',';
    first = false;
    text::append_json_string(out, key);
    out += ':';
    if (value.empty())
      out += "null";
    else
      text::append_json_string(out, text::base64_encode(value));
  }
  return out += "}}";
}

std::string new_secret(const CertificateStore::Names& names, const certificate::SecretData& data) {
  std::string out = R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":)";
  text::append_json_string(out, names.secret);
  out += R"(,"labels":{"digester/system":"yes"}},"data":{)";
  bool first = true;
  for (const auto& [key, value] : certificate::to_secret_keys(data)) {
    if (value.empty()) continue;
    if (!first) out += ',';
    first = false;
    text::append_json_string(out, key);
    out += ':';
    text::append_json_string(out, text::base64_encode(value));
  }
  return out += "}}";
}

}  // namespace

CertificateStore::CertificateStore(net::asio::io_context& io, kube::ApiClient& api, const Clock& clock,
                                   const Logger& log, Names names)
    : api_(api),
      names_(std::move(names)),
      rings_(io.get_executor()),
      bell_(rings_),
      secret_watch_(io, api, kube::WatchTarget{secrets_of(names_.name_space), names_.secret}, bell_, clock,
                    log),
      configuration_watch_(io, api, kube::WatchTarget{std::string(kConfigurations), names_.configuration},
                           bell_, clock, log) {}

void CertificateStore::start() {
  secret_watch_.start();
  configuration_watch_.start();
}

void CertificateStore::stop() {
  secret_watch_.stop();
  configuration_watch_.stop();
}

std::string CertificateStore::secret_path() const {
  return secrets_of(names_.name_space) + "/" + names_.secret;
}

std::string CertificateStore::configuration_path() const {
  return std::string(kConfigurations) + "/" + names_.configuration;
}

net::Task<Result<certificate::SecretSnapshot>> CertificateStore::read_secret() {
  auto request = bounded_get(secret_path());
  auto answer = co_await api_.call(std::move(request));
  if (!answer) co_return fail(std::move(answer.error()));
  co_return read_snapshot(std::move(*answer));
}

net::Task<Result<certificate::SecretSnapshot>> CertificateStore::write_secret(certificate::SecretData data,
                                                                              std::string resource_version) {
  kube::ApiRequest request;
  if (resource_version.empty()) {
    request.method = net::Method::post;
    request.path = secrets_of(names_.name_space).append(kManager);
    request.body = new_secret(names_, data);
  } else {
    request.method = net::Method::patch;
    request.path = secret_path().append(kManager);
    request.body = secret_patch(data, resource_version);
    request.content_type = "application/merge-patch+json";
  }
  auto answer = co_await api_.call(std::move(request));
  if (!answer) {
    // Deleted between reading and writing.
    if (answer.error().kind == ErrorKind::not_found) answer.error().kind = ErrorKind::conflict;
    co_return fail(std::move(answer.error()));
  }
  co_return read_snapshot(std::move(*answer));
}

net::Task<Result<std::string>> CertificateStore::read_configuration() {
  auto request = bounded_get(configuration_path());
  auto answer = co_await api_.call(std::move(request));
  if (!answer) co_return fail(std::move(answer.error()));
  co_return std::move(answer->body);
}

net::Task<Result<void>> CertificateStore::patch_configuration(std::string patch) {
  kube::ApiRequest request;
  request.method = net::Method::patch;
  request.path = configuration_path().append(kManager);
  request.body = std::move(patch);
  request.content_type = "application/json-patch+json";
  auto answer = co_await api_.call(std::move(request));
  if (answer) co_return Result<void>();
  // 422: the patch's own `test` found something else than was read.
  if (answer.error().kind == ErrorKind::invalid) answer.error().kind = ErrorKind::conflict;
  co_return fail(std::move(answer.error()));
}

net::Task<> CertificateStore::changed(SteadyTime until) {
  co_await rings_.wait(until);
}

}  // namespace digester::cluster
