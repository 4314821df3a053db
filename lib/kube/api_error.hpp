// What an answer of the Kubernetes API other than 2xx means, and what to do about it. Pure.
//
// Kubernetes API conventions, "Response Status Kind"; RFC 9110 §10.2.3 for Retry-After.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/client/http_client.hpp"

namespace digester::kube {

// What a request needs, in the words of a Role.
struct Right {
  std::string verb;            // get, list, watch, create, update, patch, delete, deletecollection
  std::string resource;        // "secrets", "pods/status"; empty: `path` is no resource
  std::string group;           // "apps"; empty: the core group
  std::string namespace_name;  // empty: the whole cluster
  std::string name;            // empty: the collection
  std::string path;            // without the query

  // `get secrets "x" in namespace "y"`: printable, bounded.
  std::string words() const;
};

// `path` as ApiRequest::path has it.
Right right_of(net::Method method, std::string_view path);

// 401 unauthorized, 403 forbidden, 404 and 410 not_found, 409 and 412 conflict, 429 rate_limited, 413
// too_large, 400 and 422 invalid, 408 and 5xx unavailable, what it does not do unsupported, else protocol;
// with retry_after if the answer says so, at most an hour. The message names the right that was asked for
// and, printable and shortened, what the API's Status object says, unless `secret` is in it.
Error read_error(const net::Response& response, const Right& right, std::string_view secret);

}  // namespace digester::kube
