#include "krm/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "image/skip_prefixes.hpp"
#include "manifest/field_specs.hpp"
#include "yaml/writer.hpp"

namespace digester::krm {
namespace {

using yaml::Tree;

constexpr std::string_view kKeys =
    "skip-prefixes, platform, digest-only, image-path, ignore-errors, offline, pin-setters and results";

// What only the caller may say: each is a flag.
constexpr std::string_view kForbidden[] = {
    "ca-file",     "context",        "debug",  "insecure-registries",  "kubeconfig",
    "realm-allow", "redirect-allow", "config", "registry-concurrency", "timeout",
    "log-level",   "image-map",      "lock",   "build-artifacts"};

constexpr std::string_view kBooleans[] = {"digest-only", "ignore-errors", "offline", "pin-setters"};

std::optional<bool> boolean(std::string_view text) {
  const auto word = text::to_lower(text);
  for (const std::string_view yes : {"true", "yes", "on"})
    if (word == yes) return true;
  for (const std::string_view no : {"false", "no", "off"})
    if (word == no) return false;
  return std::nullopt;
}

std::string quoted(std::string_view value) {
  return fmt::format("\"{}\"", text::printable(value, 64));
}

class Reader {
 public:
  Result<Settings> run(const Tree& config) {
    if (config.is_null()) return std::move(out_);
    if (!config.is_mapping()) return invalid("it is no object: give a ConfigMap, or kind: Digester");
    const auto* api_version = config.find("apiVersion");
    const auto* kind = config.find("kind");
    is_config_map_ = kind && kind->scalar == "ConfigMap" && (!api_version || api_version->scalar == "v1");
    section_ = is_config_map_ ? "data" : "spec";
    for (const auto& member : config.members) {
      const auto& key = member.key;
      const auto& value = member.value;
      if (key == "apiVersion" || key == "kind" || key == "metadata") continue;
      if (key != section_)
        return invalid(fmt::format("it has the key {}, but settings stand under {}: move it there",
                                   quoted(key), section_));
      if (value.is_null()) continue;
      if (!value.is_mapping()) return invalid(fmt::format("its {} is no mapping of settings", section_));
      for (const auto& setting : value.members)
        if (auto taken = take(setting.key, setting.value); !taken) return fail(std::move(taken.error()));
    }
    return std::move(out_);
  }

 private:
  static tl::unexpected<Error> invalid(std::string_view why) {
    return fail(ErrorKind::invalid, fmt::format("functionConfig: {}", why));
  }

  tl::unexpected<Error> bad(std::string_view why) const {
    return invalid(fmt::format("{}.{} {}", section_, text::printable(name_, 64), why));
  }

  // To YAML 1.1 alone: hosts take the quotes off what is text to them.
  static bool is_old_boolean(std::string_view name, const Tree& value) {
    return std::find(std::begin(kBooleans), std::end(kBooleans), name) != std::end(kBooleans) &&
           boolean(value.scalar) && !text::iequals(value.scalar, "true") &&
           !text::iequals(value.scalar, "false");
  }

  Result<void> take(std::string_view name, const Tree& value) {
    name_ = name;
    if (name == "skip-prefix") return bad("is called skip-prefixes here: write that");
    if (std::find(std::begin(kForbidden), std::end(kForbidden), name) != std::end(kForbidden))
      return bad(fmt::format("is not for a package to say: give --{} to `digester fn`", name));
    if (is_config_map_ && !(value.is_scalar() && (value.is_text || yaml::is_plain_text(value.scalar) ||
                                                  is_old_boolean(name, value))))
      return bad("is no string, and a ConfigMap has strings alone: write it in quotes");
    if (value.is_null()) return bad("has no value: give it one, or remove it");
    if (name == "skip-prefixes") return skip_prefixes(value);
    if (name == "image-path") return image_paths(value);
    if (name == "platform") return text_of(value, out_.platform);
    if (name == "digest-only") return boolean_of(value, out_.digest_only);
    if (name == "ignore-errors") return boolean_of(value, out_.ignore_errors);
    if (name == "pin-setters") return boolean_of(value, out_.pin_setters);
    if (name == "offline") return offline(value);
    if (name == "results") return results(value);
    return bad(fmt::format("is unknown: there are {}", kKeys));
  }

  Result<void> skip_prefixes(const Tree& value) {
    auto& prefixes = out_.skip_prefixes.emplace();
    if (value.is_scalar()) {
      prefixes = image::split_prefixes(value.scalar);
      out_.split_prefix = image::split_port(value.scalar);
      return {};
    }
    if (!value.is_sequence()) return bad("is neither a list of prefixes nor text with colons between them");
    for (const auto& element : value.items) {
      if (!element.is_scalar() || text::is_blank(element.scalar))
        return bad("has a prefix that is no text, or empty");
      prefixes.emplace_back(text::trim(element.scalar));
    }
    return {};
  }

  Result<void> image_paths(const Tree& value) {
    auto specs = value.is_scalar() ? manifest::read_field_specs(std::string_view(value.scalar))
                                   : manifest::read_field_specs(value);
    if (!specs) {
      // Lines mean nothing in what a host hands over.
      std::string_view why = specs.error().message;
      if (why.starts_with("line ")) why.remove_prefix(std::min(why.find(": ") + 2, why.size()));
      return bad(fmt::format("is no image path: {}", why));
    }
    out_.image_paths = std::move(*specs);
    return {};
  }

  Result<void> text_of(const Tree& value, std::optional<std::string>& target) {
    if (!value.is_scalar() || text::is_blank(value.scalar)) return bad("is no text");
    target = value.scalar;
    return {};
  }

  Result<void> boolean_of(const Tree& value, std::optional<bool>& target) {
    if (value.is_scalar()) target = boolean(value.scalar);
    if (!target) return bad(fmt::format("is {}, neither true nor false", quoted(value.scalar)));
    return {};
  }

  Result<void> offline(const Tree& value) {
    if (auto read = boolean_of(value, out_.offline); !read) return read;
    if (*out_.offline) return {};
    return bad(
        "can only be true: whether the cluster's pull secrets are read is not for a package to say; give "
        "--offline=false to `digester fn`, or OFFLINE=false in its environment");
  }

  Result<void> results(const Tree& value) {
    if (value.is_scalar()) out_.results = parse_severity(value.scalar);
    if (!out_.results) return bad(fmt::format("is {}, none of error, warning, info", quoted(value.scalar)));
    return {};
  }

  Settings out_;
  bool is_config_map_ = false;
  std::string_view section_;
  std::string_view name_;
};

}  // namespace

Result<Settings> read_settings(const Tree& function_config) {
  return Reader().run(function_config);
}

Result<Settings> read_settings(std::string_view text) {
  const auto trees = yaml::read_trees(text, kConfigLimits);
  if (!trees) return fail(trees.error());
  const Tree* config = nullptr;
  for (const auto& tree : *trees) {
    if (tree.is_null()) continue;
    if (config) return fail(ErrorKind::invalid, fmt::format("line {}: a second document", tree.line));
    config = &tree;
  }
  return read_settings(config ? *config : Tree());
}

}  // namespace digester::krm
