#include "prepare/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace digester::prepare {
namespace {

constexpr std::string_view kAlphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kLowerAlphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789";

bool is_of(std::string_view text, std::string_view ends, std::string_view inside, std::size_t most) {
  if (text.empty() || text.size() > most) return false;
  const auto is = [](char c, std::string_view set) { return set.find(c) != std::string_view::npos; };
  return is(text.front(), ends) && is(text.back(), ends) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return is(c, ends) || is(c, inside); });
}

// apimachinery's qualified names and label values.
bool is_label_word(std::string_view text) {
  return is_of(text, kAlphanumeric, "-_.", 63);
}
bool is_label_key(std::string_view key) {
  const auto slash = key.find('/');
  if (slash == std::string_view::npos) return is_label_word(key);
  return is_of(key.substr(0, slash), kLowerAlphanumeric, "-.", 253) && is_label_word(key.substr(slash + 1));
}

Error wrong(std::string_view flag, std::string_view value, std::string_view why) {
  return {ErrorKind::invalid, fmt::format("{} \"{}\": {}", flag, text::printable(value, 128), why)};
}

constexpr std::string_view kValueRule =
    "no value of a label: at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends";

Result<void> read_label(const std::string& written, Labels& labels) {
  const auto equals = written.find('=');
  if (equals == std::string::npos) return fail(wrong("--label", written, "write KEY=VALUE"));
  const auto key = std::string(text::trim(written.substr(0, equals)));
  const auto value = std::string(text::trim(std::string_view(written).substr(equals + 1)));
  for (const auto& [label, cure] : std::array<std::pair<std::string_view, std::string_view>, 3>{
           {{kNameLabel, "it is set by -a, --app"},
            {kVersionLabel, "it is set by -v, --version"},
            {kManagedByLabel, "it cannot be set"}}})
    if (key == label) return fail(wrong("--label", written, cure));
  if (!is_label_key(key))
    return fail(wrong("--label", written,
                      "its key is no key of a label: write name=value or example.com/name=value"));
  if (!is_label_word(value)) return fail(wrong("--label", written, kValueRule));
  std::erase_if(labels, [&](const auto& label) { return label.first == key; });
  labels.emplace_back(key, value);
  return {};
}

}  // namespace

Result<Options> read_options(const Words& words) {
  Options options;
  for (const auto& image : words.images) {
    auto reference = image::Reference::parse(image);
    if (!reference) return fail(ErrorKind::invalid, "--image: " + reference.error().message);
    for (const auto& other : options.images)
      if (other.repository() == reference->repository())
        return fail(wrong("--image", image,
                          fmt::format("{} is of the same repository; name one of them",
                                      text::printable(other.original(), 128))));
    options.images.push_back(std::move(*reference));
  }
  if (!words.app.empty() && !is_label_word(words.app)) return fail(wrong("--app", words.app, kValueRule));
  if (!words.version.empty() && !is_label_word(words.version))
    return fail(wrong("--version", words.version, kValueRule));
  if (!words.name_space.empty() && !is_of(words.name_space, kLowerAlphanumeric, "-", 63))
    return fail(
        wrong("--namespace", words.name_space,
              "no name of a namespace: at most 63 lower-case letters, digits and '-', a letter or digit "
              "at both ends"));
  options.app = words.app;
  options.version = words.version;
  options.name_space = words.name_space;
  for (const auto& label : words.labels)
    if (auto read = read_label(label, options.labels); !read) return fail(std::move(read.error()));
  return options;
}

}  // namespace digester::prepare
