#include "kube/watch_list.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace digester::kube {
namespace {

tl::unexpected<Error> no_list() {
  return fail(ErrorKind::protocol, "the Kubernetes API answered with something that is no list");
}

// Adds one page; the token of the next one, empty after the last.
Result<std::string> add_page(Listing& listing, std::string& body) {
  const auto root = listing.pages.emplace_back().parse(body);
  if (!root && root.error().kind == ErrorKind::unavailable) return fail(root.error());
  if (!root) return no_list();
  const auto items = root->find("items");
  if (items.present() && !items.is_array() && !items.is_null()) return no_list();
  listing.version = root->at({"metadata", "resourceVersion"}).string_or("");
  if (listing.version.empty()) return no_list();
  for (const auto item : items.elements())
    if (item.is_object()) listing.objects.push_back(item);
  return std::string(root->at({"metadata", "continue"}).string_or(""));
}

}  // namespace

std::string target_path(const WatchTarget& target,
                        const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string out = target.path;
  char before = target.path.find('?') == std::string::npos ? '?' : '&';
  const auto add = [&](std::string_view name, std::string_view value) {
    out += before;
    out.append(name).append("=").append(text::percent_encode(value));
    before = '&';
  };
  if (!target.name.empty()) add("fieldSelector", "metadata.name=" + target.name);
  if (!target.label_selector.empty()) add("labelSelector", target.label_selector);
  for (const auto& [name, value] : parameters)
    add(name, value);
  return out;
}

net::Task<Result<Listing>> list_all(ApiClient& api, const WatchTarget& target, ListLimits& limits) {
  Listing listing;
  std::size_t bytes = 0;
  std::string next;
  for (;;) {
    std::vector<std::pair<std::string, std::string>> parameters{{"limit", std::to_string(limits.page)}};
    if (!next.empty()) parameters.emplace_back("continue", next);
    ApiRequest request;
    request.path = target_path(target, parameters);
    request.limit = limits.each;
    auto answer = co_await api.call(std::move(request));
    if (!answer) {
      const bool shorter = answer.error().kind == ErrorKind::too_large && limits.page > 1;
      if (!shorter) co_return fail(std::move(answer.error()));
      limits.page = std::max<std::size_t>(limits.page / 5, 1);
      continue;
    }
    bytes += answer->body.size();
    if (bytes > limits.bytes)
      co_return fail(ErrorKind::too_large, "the Kubernetes API has more objects there than are held here");
    auto token = add_page(listing, answer->body);
    if (!token) co_return fail(std::move(token.error()));
    if (!token->empty() && *token == next) co_return no_list();
    next = std::move(*token);
    if (next.empty()) co_return listing;
  }
}

}  // namespace digester::kube
