// Everything of a collection at one moment, fetched page by page.
#pragma once

#include <functional>
#include <span>
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

struct ListLimits {
  std::size_t page = 500;                    // objects
  std::size_t pages = 1000;                  // of one list
  std::size_t empty_pages = 16;              // of them, with more to come
  std::size_t bytes = 512 * 1024 * 1024;     // of all pages together
  Duration each = std::chrono::seconds(30);  // page
};

// The objects of one page, which live as long as the call. False: no more.
using OnPage = std::function<bool(std::span<const json::Value> objects)>;

// Where a watch goes on from; empty if `on_page` ended it. A page over the client's limit is asked for again
// with fewer objects: `limits.page` is what worked in the end. Errors are those of call(), `protocol` for an
// answer that is no list, `too_large` over `pages`, `empty_pages` or `bytes`, and what `on_page` throws.
// `api`, `target` and `limits` outlive the task.
net::Task<Result<std::string>> list_all(ApiClient& api, const WatchTarget& target, ListLimits& limits,
                                        OnPage on_page);

}  // namespace digester::kube
