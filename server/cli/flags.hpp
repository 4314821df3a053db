// What commands build their flags from. Internal to the command line: the units of this folder that include
// it are the only ones that see CLI11, which costs three seconds to compile.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <charconv>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "base/units.hpp"
#include "cli/options.hpp"

namespace digester::cli {

// true, t, 1, yes, y, on and false, f, 0, no, n, off, in any case: everywhere a boolean is written.
std::optional<bool> parse_boolean(std::string_view text);

// Checks whose errors name the value and what is accepted; CLI11 puts the flag before them.
CLI::Validator boolean();
CLI::Validator one_of(const std::vector<std::string>& words);

// Binds one command's flags to an options struct.
class Flags {
 public:
  Flags(CLI::App& app, const char* group) : app_(&app), group_(group) {}
  Flags in(const char* group) const { return Flags(*app_, group); }

  CLI::Option* text(const std::string& flag, std::string& target, const std::string& help,
                    const char* type = "TEXT") {
    return keep(app_->add_option(flag, target, help)->type_name(type)->take_last()->capture_default_str());
  }
  // One of some words.
  CLI::Option* choice(const std::string& flag, std::string& target, const std::string& help,
                      const std::vector<std::string>& words) {
    return text(flag, target, help, fmt::format("{}", fmt::join(words, "|")).c_str())->check(one_of(words));
  }
  template <typename T>
  CLI::Option* number(const std::string& flag, T& target, const std::string& help, T low, T high) {
    return value(flag, help, "N", fmt::format("{}", target), [&target, low, high](const std::string& text) {
      T parsed{};
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
      if (error != std::errc{} || end != text.data() + text.size() || parsed < low || parsed > high)
        return fmt::format("{} is not a number from {} to {}", quoted(text), low, high);
      target = parsed;
      return std::string();
    });
  }
  CLI::Option* toggle(const std::string& flag, bool& target, const std::string& help) {
    return keep(app_->add_flag(flag, target, help)->take_last()->transform(boolean()));
  }
  // The level becomes debug.
  CLI::Option* verbose(const std::string& flag, Level& level) {
    const auto on = std::make_shared<bool>(false);
    return toggle(flag, *on, "Say on standard error what is asked of whom")
        ->each([on, &level, quiet = level](const std::string& value) {
          level = value == "true" ? Level::debug : quiet;
        });
  }
  // As often as it is given, each time with one value.
  CLI::Option* each(const std::string& flag, std::vector<std::string>& target, const std::string& help,
                    const char* type) {
    return keep(app_->add_option(flag, target, help)
                    ->type_name(type)
                    ->allow_extra_args(false)
                    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll));
  }
  // Split here: CLI11's own delimiter takes a value of nothing but commas for no value, and the next flag for
  // the value.
  CLI::Option* list(const std::string& flag, std::vector<std::string>& target, const std::string& help,
                    const char* type) {
    return keep(app_->add_option_function<std::vector<std::string>>(
                        flag,
                        [&target](const std::vector<std::string>& values) {
                          target.clear();
                          for (const auto& value : values)
                            for (const auto part : text::split(value, ','))
                              if (!text::is_blank(part)) target.emplace_back(text::trim(part));
                        },
                        help)
                    ->type_name(type)
                    ->allow_extra_args(false)
                    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll));
  }
  CLI::Option* duration(const std::string& flag, Duration& target, const std::string& help, Duration low = {},
                        Duration high = Duration::max()) {
    return value(
        flag, help, "DURATION", format_duration(target), [&target, low, high](const std::string& text) {
          const auto parsed = parse_duration(text);
          if (!parsed) return parsed.error().message;
          if (*parsed < low)
            return fmt::format("{} is too short, it must be at least {}", quoted(text), format_duration(low));
          if (*parsed > high)
            return fmt::format("{} is too long, it must be at most {}", quoted(text), format_duration(high));
          target = *parsed;
          return std::string();
        });
  }
  CLI::Option* bytes(const std::string& flag, std::uint64_t& target, const std::string& help,
                     std::uint64_t low) {
    const auto shown =
        target % (1 << 20) == 0 ? fmt::format("{}Mi", target >> 20) : fmt::format("{}", target);
    return value(flag, help, "SIZE", shown, [&target, low](const std::string& text) {
      const auto parsed = parse_bytes(text);
      if (!parsed) return parsed.error().message;
      if (*parsed < low)
        return fmt::format("{} is too small, it must be at least {} bytes", quoted(text), low);
      target = *parsed;
      return std::string();
    });
  }
  CLI::Option* output(bool& json) {
    return value("-o,--output", "How to print", "text|json", "", [&json](const std::string& text) {
      if (text != "text" && text != "json") return fmt::format("{} is none of text, json", quoted(text));
      json = text == "json";
      return std::string();
    });
  }
  // Any other: `set` takes the text, and answers what is wrong with it (empty: nothing).
  CLI::Option* value(const std::string& flag, const std::string& help, const char* type,
                     const std::string& shown_default, std::function<std::string(const std::string&)> set) {
    auto* option = app_->add_option_function<std::string>(
        flag,
        [this_flag = flag.substr(flag.rfind("--")), set = std::move(set)](const std::string& text) {
          if (const auto why = set(text); !why.empty()) throw CLI::ValidationError(this_flag, why);
        },
        help);
    return keep(option->type_name(type)->take_last()->default_str(shown_default));
  }

  static std::string quoted(std::string_view text) {
    return fmt::format("\"{}\"", text::printable(text, 64));
  }

 private:
  CLI::Option* keep(CLI::Option* option) { return option->group(group_); }
  CLI::App* app_;
  const char* group_;
};

// Which environment variable stands for which flag.
struct EnvironmentName {
  CLI::Option* option;
  const char* name;
  // Set: the variable is a boolean, and true means this value of the flag.
  const char* when_true = nullptr;
};
using EnvironmentNames = std::vector<EnvironmentName>;

void add_registry_flags(Flags flags, RegistryOptions& options);
// --platform, --timeout, the flag for more words, and those of registries.
void add_look_up_flags(Flags flags, LookUpOptions& options, const std::string& verbose = "-v,--verbose");
void add_skip_flags(Flags flags, SkipOptions& options, EnvironmentNames& environment);

}  // namespace digester::cli
