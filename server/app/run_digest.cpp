#include <fmt/format.h>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "app/look_up.hpp"
#include "app/once.hpp"
#include "app/run.hpp"
#include "base/text.hpp"
#include "json/writer.hpp"

namespace digester::app {
namespace {

// One image of the command line on its way to a digest.
struct Item {
  std::string text;
  std::optional<image::Reference> reference;
  Result<image::Digest> digest = fail(ErrorKind::internal, "not asked");

  // As it is to be written: the image itself when it carries a digest already.
  std::string pinned() const {
    return reference->digest() ? reference->original() : reference->pinned(*digest);
  }
};

// A platform's digest cannot be read off the index's.
std::vector<Item> read_items(const std::vector<std::string>& images, bool for_platform) {
  std::vector<Item> items;
  for (const auto& text : images) {
    Item item;
    item.text = text;
    auto reference = image::Reference::parse(text);
    if (!reference) {
      item.digest = fail(std::move(reference.error()));
    } else {
      if (reference->digest() && for_platform)
        item.digest = fail(ErrorKind::invalid,
                           fmt::format("{}: it names a digest already; --platform needs a tag", text));
      else if (reference->digest())
        item.digest = *reference->digest();
      item.reference = std::move(*reference);
    }
    items.push_back(std::move(item));
  }
  return items;
}

void print_text(const std::vector<Item>& items, bool full) {
  for (const auto& item : items) {
    if (item.digest) fmt::print("{}\n", full ? item.pinned() : item.digest->str());
  }
}

void print_json(const std::vector<Item>& items) {
  json::Writer w;
  w.begin_array();
  for (const auto& item : items) {
    w.begin_object().member("image", std::string_view(item.text));
    if (item.digest)
      w.member("digest", std::string_view(item.digest->str()))
          .member("pinned", std::string_view(item.pinned()));
    else
      w.member("error", std::string_view(item.digest.error().message))
          .member("kind", to_string(item.digest.error().kind));
    w.end_object();
  }
  w.end_array();
  fmt::print("{}\n", w.view());
}

}  // namespace

int run_digest(const cli::DigestOptions& options, const cli::Environment& environment) {
  Once once("digest", options.log_level);
  auto how = look_ups(options, environment);
  if (!how) return usage_error("digest", how.error().message);
  how->together = true;
  how->progress = nullptr;
  auto items = read_items(options.images, how->platform.has_value());
  std::vector<image::Reference> asked;
  std::vector<Item*> askers;
  for (auto& item : items) {
    if (!item.reference || item.reference->digest()) continue;
    asked.push_back(*item.reference);
    askers.push_back(&item);
  }
  auto answers = look_up(asked, *how, environment, once.clock, once.log);
  if (!answers) return usage_error("digest", answers.error().message);
  for (std::size_t i = 0; i < askers.size(); ++i)
    askers[i]->digest = std::move((*answers)[i]);

  if (options.json)
    print_json(items);
  else
    print_text(items, options.full);
  int code = 0;
  for (const auto& item : items) {
    if (item.digest) continue;
    code = 1;
    once.sink.write(fmt::format("digester digest: {}\n", text::printable(item.digest.error().message, 1024)));
  }
  return code;
}

}  // namespace digester::app
