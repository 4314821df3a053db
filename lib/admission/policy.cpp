#include "admission/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace digester::admission {

std::string_view to_string(OnError value) {
  switch (value) {
    case OnError::refuse:
      return "refuse";
    case OnError::admit_controlled:
      return "admit-controlled";
    case OnError::admit:
      return "admit";
  }
  return "refuse";
}

std::optional<OnError> parse_on_error(std::string_view text) {
  for (const auto value : {OnError::refuse, OnError::admit_controlled, OnError::admit})
    if (text == to_string(value)) return value;
  return std::nullopt;
}

std::string_view to_string(OnReapply value) {
  return value == OnReapply::keep ? "keep" : "resolve";
}

std::optional<OnReapply> parse_on_reapply(std::string_view text) {
  for (const auto value : {OnReapply::keep, OnReapply::resolve})
    if (text == to_string(value)) return value;
  return std::nullopt;
}

Result<Owner> parse_owner(std::string_view text) {
  const auto slash = text.find('/');
  const bool core = slash == std::string_view::npos;
  Owner owner{std::string(core ? "" : text.substr(0, slash)),
              std::string(core ? text : text.substr(slash + 1))};
  const bool odd = owner.kind.empty() || owner.kind.find('/') != std::string::npos ||
                   text.find_first_of(" \t,") != std::string_view::npos || (!core && owner.group.empty());
  if (odd)
    return fail(ErrorKind::invalid,
                fmt::format("owner \"{}\" is not group/Kind, such as postgresql.cnpg.io/Cluster",
                            text::printable(text, 100)));
  return owner;
}

bool is_core_kind(std::string_view kind) {
  constexpr std::array<std::string_view, 17> kKinds = {"Binding",
                                                       "ComponentStatus",
                                                       "ConfigMap",
                                                       "Endpoints",
                                                       "Event",
                                                       "LimitRange",
                                                       "Namespace",
                                                       "Node",
                                                       "PersistentVolume",
                                                       "PersistentVolumeClaim",
                                                       "Pod",
                                                       "PodTemplate",
                                                       "ReplicationController",
                                                       "ResourceQuota",
                                                       "Secret",
                                                       "Service",
                                                       "ServiceAccount"};
  return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

std::vector<Owner> default_skip_owners() {
  return {{"postgresql.cnpg.io", "Cluster"},
          {"acid.zalan.do", "postgresql"},
          {"operators.coreos.com", "CatalogSource"}};
}

Result<void> validate(const Policy& policy) {
  if (policy.digest_only && policy.on_reapply == OnReapply::keep)
    return fail(
        ErrorKind::invalid,
        "--on-reapply=keep and --digest-only exclude each other: without the tag nothing tells whether "
        "an image was changed or applied again; drop one of them");
  for (const auto& prefix : policy.skip_prefixes)
    if (text::is_blank(prefix))
      return fail(ErrorKind::invalid,
                  "an empty prefix to skip: every image starts with it, nothing would be pinned");
  return {};
}

}  // namespace digester::admission
