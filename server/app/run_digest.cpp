#include <fmt/format.h>
#include <unistd.h>
#include <boost/asio/co_spawn.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "app/log_sink.hpp"
#include "app/registry_client.hpp"
#include "app/run.hpp"
#include "base/text.hpp"
#include "json/writer.hpp"

namespace digester::app {
namespace {

namespace asio = net::asio;

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

bool is_open(const Item& item) {
  return item.reference && !item.reference->digest();
}

net::Task<> resolve(registry::Resolver& resolver, std::vector<Item>& items, SteadyTime deadline) {
  std::vector<registry::Query> queries;
  std::vector<Item*> asked;
  for (auto& item : items) {
    if (!is_open(item)) continue;
    queries.push_back({*item.reference, {}});
    asked.push_back(&item);
  }
  auto answers = co_await resolver.resolve(std::move(queries), deadline);
  for (std::size_t i = 0; i < answers.size(); ++i)
    asked[i]->digest = std::move(answers[i].digest);
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
  const SystemClock clock;
  const auto deadline = clock.now() + options.timeout;
  LogSink sink(STDERR_FILENO);
  const Logger log(
      clock, [&sink](std::string_view line) { sink.write(line); }, options.log_level, LogFormat::text);
  Metrics metrics;

  RegistryClient::CommandLine command_line;
  if (!options.platform.empty()) {
    auto platform = registry::protocol::Platform::parse(options.platform);
    if (!platform) return usage_error("digest", "--platform: " + platform.error().message);
    command_line.platform = std::move(*platform);
  }
  auto items = read_items(options.images, command_line.platform.has_value());
  asio::io_context io(1);
  const std::string cure = "try again, or raise --timeout";
  auto client =
      RegistryClient::create(io, options.registry, {}, options.timeout, {options.timeout, cure, cure},
                             std::move(command_line), environment, clock, log, metrics);
  if (!client) return usage_error("digest", client.error().message);
  asio::co_spawn(io, resolve((*client)->resolver(), items, deadline), [&](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
    (*client)->resolver().stop([&io] { io.stop(); });
  });
  io.run();

  if (options.json)
    print_json(items);
  else
    print_text(items, options.full);
  int code = 0;
  for (const auto& item : items) {
    if (item.digest) continue;
    code = 1;
    sink.write(fmt::format("digester digest: {}\n", text::printable(item.digest.error().message, 1024)));
  }
  return code;
}

}  // namespace digester::app
