// An AdmissionReview as the API server sends it (admission.k8s.io v1 and v1beta1), and what it says of the
// object under review. Unknown fields are ignored; a known field of the wrong type counts as absent.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "admission/policy.hpp"
#include "base/result.hpp"
#include "json/value.hpp"

namespace digester::admission {

enum class ApiVersion { v1, v1beta1 };
std::string_view to_string(ApiVersion version);  // "admission.k8s.io/v1"

enum class Operation { create, update, other };

struct Kind {
  std::string_view group;  // empty: core
  std::string_view version;
  std::string_view kind;
  bool is(std::string_view g, std::string_view k) const { return group == g && kind == k; }
};

// What of an object's metadata matters to us, found in one walk; of a doubled key the last counts.
struct Metadata {
  Metadata() = default;
  Metadata(json::Value object);  // NOLINT(google-explicit-constructor): an object has metadata

  json::Value name;
  json::Value generate_name;
  json::Value deletion_timestamp;
  json::Value labels;
  json::Value annotations;
  json::Value owner_references;
};

// Everything here points into the json::Document: keep that one alive and unparsed meanwhile.
struct Review {
  ApiVersion api_version = ApiVersion::v1;
  std::string_view uid;  // never empty
  Operation operation = Operation::other;
  std::string_view operation_text;  // as sent: CREATE, UPDATE, DELETE, CONNECT
  Kind kind;                        // of the object as sent to us
  std::string_view resource;        // plural: "deployments"
  std::string_view sub_resource;    // empty mostly: "ephemeralcontainers"
  std::string_view namespace_name;
  std::string_view name;      // or metadata.generateName where the API server has not chosen a name yet
  std::string_view username;  // userInfo.username
  bool dry_run = false;
  json::Value object;      // absent or null: none
  Metadata metadata;       // the object's
  json::Value old_object;  // the same

  bool is_pod() const { return kind.is("", "Pod"); }
  bool is_job() const { return kind.is("batch", "Job"); }
  bool is_ephemeral_containers() const { return is_pod() && sub_resource == "ephemeralcontainers"; }
};

// ErrorKind::invalid with one line for the HTTP 400: not an AdmissionReview, a version that is not ours, no
// request, no uid.
Result<Review> parse_review(json::Value root);

// The first ownerReferences entry with controller: true.
struct ControllerOwner {
  std::string_view group;
  std::string_view kind;
  std::string_view name;
};
std::optional<ControllerOwner> controller_owner(const Metadata& metadata);
// Whether any ownerReferences entry, a controller or not, is one of these.
bool has_owner(const Metadata& metadata, std::span<const Owner> owners);

bool is_being_deleted(const Metadata& metadata);  // deletionTimestamp is set
bool is_mirror_pod(const Metadata& metadata);     // annotation kubernetes.io/config.mirror
// Absent labels and annotations, and those that are not strings: empty optional.
std::optional<std::string_view> label(const Metadata& metadata, std::string_view key);
std::optional<std::string_view> annotation(const Metadata& metadata, std::string_view key);

inline constexpr std::string_view kPinLabel = "digester.dev/pin";                    // "false" opts out
inline constexpr std::string_view kOnReapplyAnnotation = "digester.dev/on-reapply";  // keep, resolve

}  // namespace digester::admission
