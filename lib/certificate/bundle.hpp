// Our CAs in a MutatingWebhookConfiguration (admissionregistration.k8s.io/v1): which entries are ours,
// whether their caBundle is right, and the smallest patch that makes it so.
//
// A bundle that does the job is left alone, whoever wrote it: two parties that each repair the other's loop
// for ever.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "certificate/inspect.hpp"

namespace digester::certificate {

// The Service that an entry's clientConfig.service names if the entry is ours.
struct ServiceName {
  std::string name_space;
  std::string name;
};

struct BundleEntry {
  std::size_t index = 0;  // in `webhooks`
  std::string name;       // of the webhook
  bool has_bundle = false;
  std::string bundle;    // PEM, decoded; empty if it was missing or not base64
  std::string raw = {};  // as it stands there
};

// More entries of ours than this are not looked at: each costs a verification.
inline constexpr std::size_t kMostEntries = 64;

struct WebhookConfiguration {
  std::string resource_version;
  std::vector<BundleEntry> ours;  // the first kMostEntries of them
};

// Errors: ErrorKind::invalid, the text is not a JSON object.
Result<WebhookConfiguration> read_webhook_configuration(std::string_view json, const ServiceName& service);

// What a bundle must do, as decide() says.
struct BundleWish {
  std::string leaf;                    // the chain that is served, PEM: the bundle must verify it …
  std::string name;                    // … for this name
  std::vector<std::string> required;   // fingerprints that must be in it (a CA's overlap)
  std::vector<std::string> forbidden;  // fingerprints that must not (old CAs whose time is over)
  std::string content;                 // PEM: what to write when it is not right
  // Write the certificates that are there as well (those valid and not forbidden): `content` alone would not
  // verify the leaf.
  bool keep_existing = false;
};

// Why the bundle is not right, in a few words; nothing if it is.
std::optional<std::string> bundle_fault(const BundleWish& wish, std::string_view bundle_pem, Time now);
// As before, but only what would make API servers refuse us: the leaf is not verified.
bool bundle_verifies(const BundleWish& wish, std::string_view bundle_pem, Time now);

// RFC 6902: sets clientConfig.caBundle of our entries that are not right, and nothing else. A `test` of
// metadata.resourceVersion comes first, so that nothing that was written in between is overwritten: the API
// server then refuses the whole patch (with 422, which a Store reports as ErrorKind::conflict). Without a
// resourceVersion the entry's name and old bundle are tested. Empty if there is nothing to do.
std::string bundle_patch(const WebhookConfiguration& configuration, const BundleWish& wish, Time now);

}  // namespace digester::certificate
