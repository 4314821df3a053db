#include "admission/review.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace digester::admission {
namespace {

std::string_view group_of(std::string_view api_version) {
  const auto slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

Operation operation_of(std::string_view text) {
  if (text == "CREATE") return Operation::create;
  if (text == "UPDATE") return Operation::update;
  return Operation::other;
}

}  // namespace

std::string_view to_string(ApiVersion version) {
  return version == ApiVersion::v1 ? "admission.k8s.io/v1" : "admission.k8s.io/v1beta1";
}

Result<Review> parse_review(json::Value root) {
  if (!root.is_object())
    return fail(ErrorKind::invalid, "not an AdmissionReview: the body is no JSON object");
  const auto kind = root.find("kind").string_or("");
  if (kind != "AdmissionReview")
    return fail(ErrorKind::invalid,
                fmt::format("not an AdmissionReview: kind is \"{}\"", text::printable(kind, 64)));
  const auto version = root.find("apiVersion").string_or("");
  Review review;
  if (version == to_string(ApiVersion::v1beta1)) {
    review.api_version = ApiVersion::v1beta1;
  } else if (version != to_string(ApiVersion::v1)) {
    return fail(ErrorKind::invalid,
                fmt::format("apiVersion \"{}\" is neither admission.k8s.io/v1 nor admission.k8s.io/v1beta1",
                            text::printable(version, 64)));
  }
  const auto request = root.find("request");
  if (!request.is_object()) return fail(ErrorKind::invalid, "the AdmissionReview has no request");

  for (const auto [key, value] : request.members()) {
    if (key == "uid") {
      review.uid = value.string_or("");
    } else if (key == "kind") {
      review.kind = {value.find("group").string_or(""), value.find("version").string_or(""),
                     value.find("kind").string_or("")};
    } else if (key == "resource") {
      review.resource = value.find("resource").string_or("");
    } else if (key == "subResource") {
      review.sub_resource = value.string_or("");
    } else if (key == "namespace") {
      review.namespace_name = value.string_or("");
    } else if (key == "name") {
      review.name = value.string_or("");
    } else if (key == "operation") {
      review.operation_text = value.string_or("");
    } else if (key == "userInfo") {
      review.username = value.find("username").string_or("");
    } else if (key == "dryRun") {
      review.dry_run = value.boolean().value_or(false);
    } else if (key == "object") {
      review.object = value;
    } else if (key == "oldObject") {
      review.old_object = value;
    }
  }
  if (review.uid.empty()) return fail(ErrorKind::invalid, "the AdmissionReview's request has no uid");
  review.operation = operation_of(review.operation_text);
  review.metadata = Metadata(review.object);
  if (review.name.empty())
    review.name = review.metadata.name.string_or(review.metadata.generate_name.string_or(""));
  return review;
}

Metadata::Metadata(json::Value object) {
  for (const auto [key, value] : object.find("metadata").members()) {
    if (key == "name")
      name = value;
    else if (key == "generateName")
      generate_name = value;
    else if (key == "deletionTimestamp")
      deletion_timestamp = value;
    else if (key == "labels")
      labels = value;
    else if (key == "annotations")
      annotations = value;
    else if (key == "ownerReferences")
      owner_references = value;
  }
}

std::optional<ControllerOwner> controller_owner(const Metadata& metadata) {
  for (const auto owner : metadata.owner_references.elements())
    if (owner.find("controller").boolean() == true)
      return ControllerOwner{group_of(owner.find("apiVersion").string_or("")),
                             owner.find("kind").string_or(""), owner.find("name").string_or("")};
  return std::nullopt;
}

bool has_owner(const Metadata& metadata, std::span<const Owner> owners) {
  for (const auto reference : metadata.owner_references.elements()) {
    const auto kind = reference.find("kind").string();
    if (!kind) continue;
    for (const auto& owner : owners)
      if (owner.kind == *kind && owner.group == group_of(reference.find("apiVersion").string_or("")))
        return true;
  }
  return false;
}

bool is_being_deleted(const Metadata& metadata) {
  return metadata.deletion_timestamp.present() && !metadata.deletion_timestamp.is_null();
}

bool is_mirror_pod(const Metadata& metadata) {
  return annotation(metadata, "kubernetes.io/config.mirror").has_value();
}

std::optional<std::string_view> label(const Metadata& metadata, std::string_view key) {
  return metadata.labels.find(key).string();
}

std::optional<std::string_view> annotation(const Metadata& metadata, std::string_view key) {
  return metadata.annotations.find(key).string();
}

}  // namespace digester::admission
