#include "app/function_settings.hpp"

#include <fmt/format.h>

#include <utility>

#include "app/image_rules.hpp"
#include "image/skip_prefixes.hpp"

namespace digester::app {
namespace {

using registry::protocol::Platform;

std::string split_warning(std::string_view where, std::string_view prefix, std::string_view cure) {
  return fmt::format(
      "{} is split at colons, which also split off a port: every image that begins with {} is "
      "left alone; {}",
      where, prefix, cure);
}

}  // namespace

Result<void> check(const cli::FnOptions& options) {
  if (options.platform)
    if (const auto platform = Platform::parse(*options.platform); !platform)
      return fail(ErrorKind::invalid, "--platform: " + platform.error().message);
  if (options.image_paths)
    if (const auto rules = image_rules(*options.image_paths); !rules) return fail(rules.error());
  return {};
}

Result<FunctionSettings> settle(const cli::FnOptions& options, const krm::Settings& package) {
  auto rules = options.image_paths   ? image_rules(*options.image_paths)
               : package.image_paths ? manifest::Rules::make(*package.image_paths)
                                     : manifest::Rules::make();
  if (!rules) return fail(ErrorKind::invalid, "image-path: " + rules.error().message);
  FunctionSettings out{.rules = std::move(*rules)};
  if (const auto& text = options.platform ? options.platform : package.platform) {
    auto platform = Platform::parse(*text);
    if (!platform) return fail(ErrorKind::invalid, "functionConfig: platform: " + platform.error().message);
    out.platform = std::move(*platform);
  }
  if (options.skip) {
    out.policy.skip_prefixes = options.skip->all();
    if (const auto split = image::split_port(options.skip->prefixes); !split.empty())
      out.warnings.push_back(split_warning("--skip-prefixes", split, "use --skip-prefix"));
  } else if (package.skip_prefixes) {
    out.policy.skip_prefixes = *package.skip_prefixes;
    if (!package.split_prefix.empty())
      out.warnings.push_back(split_warning(
          "functionConfig: skip-prefixes", package.split_prefix,
          "give a list, which an object with spec can have, or --skip-prefix to `digester fn`"));
  }
  const auto first = [](const auto& flag, const auto& other, bool otherwise) {
    return flag.value_or(other.value_or(otherwise));
  };
  out.policy.digest_only = first(options.digest_only, package.digest_only, false);
  // As every function sees it: what has no kind may still have a Pod's spec.
  out.policy.any_object = true;
  out.ignore_errors = first(options.ignore_errors, package.ignore_errors, false);
  out.offline = first(options.offline, package.offline, true);
  out.pin_setters = first(options.pin_setters, package.pin_setters, false);
  const auto least = options.results ? krm::parse_severity(*options.results) : package.results;
  out.least_result = least.value_or(krm::Severity::info);
  return out;
}

}  // namespace digester::app
