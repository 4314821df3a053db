// Everything of a collection at one moment, fetched page by page.
#pragma once

#include <list>
#include <string>
#include <vector>

#include "json/value.hpp"
#include "kube/api_client.hpp"

namespace digester::kube {

// What is watched.
struct WatchTarget {
  std::string path;                 // of the collection: "/api/v1/namespaces/x/secrets", percent-encoded
  std::string name = {};            // this object alone (metadata.name); empty: all
  std::string label_selector = {};  // not encoded; empty: all
};

// The path with both selectors and, encoded, these parameters.
std::string target_path(const WatchTarget& target,
                        const std::vector<std::pair<std::string, std::string>>& parameters);

struct Listing {
  std::string version;  // where a watch goes on from
  std::vector<json::Value> objects;
  std::list<json::Document> pages;  // own the objects
};

struct ListLimits {
  std::size_t page = 500;                    // objects
  std::size_t bytes = 128 * 1024 * 1024;     // of all pages together
  Duration each = std::chrono::seconds(30);  // page
};

// A page over the client's limit is asked for again with fewer objects: `limits.page` is what worked in the
// end. Errors are those of call(), `protocol` for an answer that is no list, `too_large` over `bytes`.
// `api`, `target` and `limits` outlive the task.
net::Task<Result<Listing>> list_all(ApiClient& api, const WatchTarget& target, ListLimits& limits);

}  // namespace digester::kube
