// Finds and pins with a resolver that knows every image.
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/edit.hpp"
#include "manifest/images.hpp"

namespace digester::test {

inline const std::string kWebDigest =
    "sha256:9dab7788e2fd002c77676d2f2744033a1af2cac56af68930424602123ecbe098";
inline const std::string kMigrateDigest =
    "sha256:f20c43161d73848408ef247f0ec7111b19fe58ffebc0cbcaa0d2c8bda4967268";

// What scripts/seed.sh pushes has its true digest.
inline image::Digest digest_of(std::string_view image) {
  return *image::Digest::parse(image.find("team/migrate") == std::string_view::npos ? kWebDigest
                                                                                    : kMigrateDigest);
}

inline const manifest::Rules& built_in() {
  static const auto rules = manifest::Rules::make().value();
  return rules;
}

inline std::string in_short(const manifest::ImageField& field) {
  constexpr std::string_view kStates[] = {"", " pinned", " expression", " refused"};
  return fmt::format("{}{}{} {}{}", field.path, field.container.empty() ? "" : " " + field.container,
                     field.is_alias ? " alias" : "", field.value,
                     kStates[static_cast<std::size_t>(field.state)]);
}

// A field a line of text; the error's message alone.
inline std::vector<std::string> images_in(std::string_view text, const manifest::Rules& rules = built_in()) {
  const auto images = manifest::find_images(text, rules);
  if (!images) return {"error: " + images.error().message};
  std::vector<std::string> out;
  for (const auto& field : images->fields)
    out.push_back(in_short(field));
  return out;
}

struct Pinned {
  std::string text;                  // unchanged on an error
  std::vector<std::string> remarks;  // refusals, errors
  std::vector<std::string> warnings;
  std::vector<manifest::Edit> edits;
  friend bool operator==(const Pinned&, const Pinned&) = default;
};

inline Pinned pin(std::string_view text, const manifest::Rules& rules = built_in()) {
  Pinned out{std::string(text), {}, {}, {}};
  const auto images = manifest::find_images(text, rules);
  if (!images) {
    out.remarks.push_back(images.error().message);
    return out;
  }
  for (const auto& warning : images->warnings)
    out.warnings.push_back(warning.text());
  for (const auto& field : images->fields) {
    if (field.state == manifest::State::refused) out.remarks.push_back(field.why.text());
    if (field.state == manifest::State::open)
      out.edits.push_back(pinning(field, digest_of(field.value)).value());
  }
  auto changed = apply_edits(text, out.edits, images->sum);
  if (changed)
    out.text = std::move(*changed);
  else
    out.remarks.push_back(changed.error().message);
  return out;
}

inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

inline std::string without_digests(std::string text) {
  return replaced(replaced(std::move(text), "@" + kWebDigest, ""), "@" + kMigrateDigest, "");
}

inline std::string file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A Pod whose only container has this behind `image:`.
inline std::string pod(std::string_view after_image) {
  return "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - image:" +
         std::string(after_image) + "\n    name: c\n";
}

}  // namespace digester::test
