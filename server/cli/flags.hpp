// What commands build their flags from. Internal to the command line: the units of this folder that include
// it are the only ones that see CLI11, which costs three seconds to compile.
#pragma once

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "base/units.hpp"
#include "cli/options.hpp"

namespace digester::cli {

// Binds one command's flags to an options struct.
class Flags {
 public:
  Flags(CLI::App& app, const char* group) : app_(&app), group_(group) {}
  Flags in(const char* group) const { return Flags(*app_, group); }

  CLI::Option* text(const std::string& flag, std::string& target, const std::string& help,
                    const char* type = "TEXT") {
    return keep(app_->add_option(flag, target, help)->type_name(type)->take_last()->capture_default_str());
  }
  template <typename T>
  CLI::Option* number(const std::string& flag, T& target, const std::string& help, T low, T high) {
    return keep(app_->add_option(flag, target, help)
                    ->check(CLI::Range(low, high).description(""))
                    ->type_name("N")
                    ->take_last()
                    ->capture_default_str());
  }
  CLI::Option* toggle(const std::string& flag, bool& target, const std::string& help) {
    return keep(app_->add_flag(flag, target, help));
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
  CLI::Option* duration(const std::string& flag, Duration& target, const std::string& help,
                        Duration low = {}) {
    return keep(app_->add_option_function<std::string>(
                        flag,
                        [&target, flag, low](const std::string& value) {
                          const auto parsed = parse_duration(value);
                          if (!parsed) throw CLI::ValidationError(flag, parsed.error().message);
                          if (*parsed < low)
                            throw CLI::ValidationError(
                                flag, fmt::format("must be at least {}", format_duration(low)));
                          target = *parsed;
                        },
                        help)
                    ->type_name("DURATION")
                    ->take_last()
                    ->default_str(format_duration(target)));
  }
  CLI::Option* bytes(const std::string& flag, std::uint64_t& target, const std::string& help,
                     std::uint64_t low) {
    return keep(app_->add_option_function<std::string>(
                        flag,
                        [&target, flag, low](const std::string& value) {
                          const auto parsed = parse_bytes(value);
                          if (!parsed) throw CLI::ValidationError(flag, parsed.error().message);
                          if (*parsed < low)
                            throw CLI::ValidationError(flag, fmt::format("must be at least {} bytes", low));
                          target = *parsed;
                        },
                        help)
                    ->type_name("SIZE")
                    ->take_last()
                    ->default_str(target % (1 << 20) == 0 ? fmt::format("{}Mi", target >> 20)
                                                          : fmt::format("{}", target)));
  }

 private:
  CLI::Option* keep(CLI::Option* option) { return option->group(group_); }
  CLI::App* app_;
  const char* group_;
};

// Which environment variable stands for which flag.
using EnvironmentNames = std::vector<std::pair<CLI::Option*, const char*>>;

void add_registry_flags(Flags flags, RegistryOptions& options);

// One command each: flags, their help, and the examples below it.
void add_webhook(CLI::App& app, WebhookOptions& options, EnvironmentNames& environment, std::string& config);
void add_digest(CLI::App& app, DigestOptions& options, bool& verbose);

}  // namespace digester::cli
