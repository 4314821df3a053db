#include "kube/watch_list.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace digester::kube {
namespace {

tl::unexpected<Error> no_list() {
  return fail(ErrorKind::protocol, "the Kubernetes API answered with something that is no list");
}

struct Page {
  json::Document document;
  std::vector<json::Value> objects;
  std::string version;
  std::string next;  // the token of the next one; empty: the last
};

Result<Page> read_page(std::string& body) {
  Page page;
  const auto root = page.document.parse(body);
  if (!root && root.error().kind == ErrorKind::unavailable) return fail(root.error());
  if (!root) return no_list();
  const auto items = root->find("items");
  if (items.present() && !items.is_array() && !items.is_null()) return no_list();
  page.version = root->at({"metadata", "resourceVersion"}).string_or("");
  if (page.version.empty()) return no_list();
  page.next = root->at({"metadata", "continue"}).string_or("");
  for (const auto item : items.elements())
    if (item.is_object()) page.objects.push_back(item);
  return page;
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

net::Task<Result<std::string>> list_all(ApiClient& api, const WatchTarget& target, ListLimits& limits,
                                        OnPage on_page) {
  std::size_t bytes = 0;
  std::size_t pages = 0;
  std::size_t empty_pages = 0;
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
      co_return fail(ErrorKind::too_large, "the Kubernetes API has more objects there than are listed here");
    auto page = read_page(answer->body);
    if (!page) co_return fail(std::move(page.error()));
    if (!page->next.empty() && page->next == next) co_return no_list();
    ++pages;
    if (page->objects.empty()) ++empty_pages;
    if (!page->next.empty() && (pages >= limits.pages || empty_pages >= limits.empty_pages))
      co_return fail(ErrorKind::too_large,
                     fmt::format("the Kubernetes API's list has not ended after {} pages, {} of them empty",
                                 pages, empty_pages));
    if (!on_page(page->objects)) co_return std::string();
    if (page->next.empty()) co_return std::move(page->version);
    next = std::move(page->next);
  }
}

}  // namespace digester::kube
