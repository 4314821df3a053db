// Names of Kubernetes objects (RFC 1123). What is none must not become part of a path.
#pragma once

#include <string_view>

namespace digester {

// Of a Secret, a ServiceAccount and most others: a subdomain, at most 253 bytes.
bool is_object_name(std::string_view name);
// A label, at most 63 bytes.
bool is_namespace_name(std::string_view name);

}  // namespace digester
