#include "certificate/bundle.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "json/value.hpp"
#include "json/writer.hpp"

namespace digester::certificate {
namespace {

void test_operation(json::Writer& out, std::string_view path, std::string_view value) {
  out.begin_object().member("op", "test").member("path", path).member("value", value).end_object();
}

bool contains(const std::vector<std::string>& list, const std::string& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

// PEM of what is to stand in the bundle.
std::string content_for(const BundleWish& wish, const BundleEntry& entry, Time now) {
  if (!wish.keep_existing) return wish.content;
  std::string out = wish.content;
  const auto ours = parse_certificates(wish.content);
  for (const auto& one : parse_certificates(entry.bundle).list)
    if (one.valid_at(now) && !contains(wish.forbidden, one.fingerprint) &&
        ours.find(one.fingerprint) == nullptr)
      out += one.pem;
  return out;
}

}  // namespace

Result<WebhookConfiguration> read_webhook_configuration(std::string_view json, const ServiceName& service) {
  json::Document document;
  const auto root = document.parse(std::string(json));
  if (!root)
    return fail(ErrorKind::invalid, "the webhook configuration is not JSON: " + root.error().message);
  if (!root->is_object()) return fail(ErrorKind::invalid, "the webhook configuration is not a JSON object");
  WebhookConfiguration out;
  out.resource_version = root->at({"metadata", "resourceVersion"}).string_or("");
  std::size_t index = 0;
  for (const auto webhook : root->find("webhooks").elements()) {
    const std::size_t at = index++;
    const auto client = webhook.find("clientConfig");
    const auto wanted = client.find("service");
    if (wanted.find("namespace").string() != service.name_space ||
        wanted.find("name").string() != service.name)
      continue;
    BundleEntry entry;
    entry.index = at;
    entry.name = webhook.find("name").string_or("");
    if (const auto bundle = client.find("caBundle").string()) {
      entry.has_bundle = true;
      entry.raw = *bundle;
      entry.bundle = text::base64_decode(*bundle).value_or("");
    }
    out.ours.push_back(std::move(entry));
    if (out.ours.size() == kMostEntries) break;
  }
  return out;
}

bool bundle_verifies(const BundleWish& wish, std::string_view bundle_pem, Time now) {
  return verify(wish.leaf, bundle_pem, wish.name, now).has_value();
}

std::optional<std::string> bundle_fault(const BundleWish& wish, std::string_view bundle_pem, Time now) {
  if (text::is_blank(bundle_pem)) return "it is empty";
  if (const auto verified = verify(wish.leaf, bundle_pem, wish.name, now); !verified)
    return "it does not verify the certificate in use: " + verified.error().message;
  if (wish.required.empty() && wish.forbidden.empty()) return std::nullopt;
  const auto there = parse_certificates(bundle_pem);
  for (const auto& one : wish.required)
    if (there.find(one) == nullptr) return "a CA of the rotation is missing";
  for (const auto& one : wish.forbidden)
    if (there.find(one) != nullptr) return "it holds a CA that has been replaced";
  return std::nullopt;
}

std::string bundle_patch(const WebhookConfiguration& configuration, const BundleWish& wish, Time now) {
  json::Writer out;
  out.begin_array();
  if (!configuration.resource_version.empty())
    test_operation(out, "/metadata/resourceVersion", configuration.resource_version);
  bool any = false;
  for (const auto& entry : configuration.ours) {
    if (!bundle_fault(wish, entry.bundle, now)) continue;
    const auto value = text::base64_encode(content_for(wish, entry, now));
    // What cannot be made right is not written again and again.
    if (entry.has_bundle && entry.raw == value) continue;
    const auto path = fmt::format("/webhooks/{}", entry.index);
    if (configuration.resource_version.empty()) {
      test_operation(out, path + "/name", entry.name);
      if (entry.has_bundle) test_operation(out, path + "/clientConfig/caBundle", entry.raw);
    }
    out.begin_object();
    out.member("op", entry.has_bundle ? "replace" : "add");
    out.member("path", path + "/clientConfig/caBundle");
    out.member("value", value);
    out.end_object();
    any = true;
  }
  out.end_array();
  return any ? out.str() : std::string();
}

}  // namespace digester::certificate
