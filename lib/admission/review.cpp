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
  if (review.name.empty()) {
    const auto metadata = review.object.find("metadata");
    review.name = metadata.find("name").string_or(metadata.find("generateName").string_or(""));
  }
  return review;
}

std::optional<ControllerOwner> controller_owner(json::Value object) {
  for (const auto owner : object.at({"metadata", "ownerReferences"}).elements())
    if (owner.find("controller").boolean() == true)
      return ControllerOwner{group_of(owner.find("apiVersion").string_or("")),
                             owner.find("kind").string_or(""), owner.find("name").string_or("")};
  return std::nullopt;
}

bool has_owner(json::Value object, std::string_view group, std::string_view kind) {
  for (const auto owner : object.at({"metadata", "ownerReferences"}).elements())
    if (owner.find("kind").string() == kind && group_of(owner.find("apiVersion").string_or("")) == group)
      return true;
  return false;
}

bool is_being_deleted(json::Value object) {
  const auto since = object.at({"metadata", "deletionTimestamp"});
  return since.present() && !since.is_null();
}

bool is_mirror_pod(json::Value object) {
  return annotation(object, "kubernetes.io/config.mirror").has_value();
}

std::optional<std::string_view> label(json::Value object, std::string_view key) {
  return object.at({"metadata", "labels", key}).string();
}

std::optional<std::string_view> annotation(json::Value object, std::string_view key) {
  return object.at({"metadata", "annotations", key}).string();
}

}  // namespace digester::admission
