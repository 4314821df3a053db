#include "credential/docker_config.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "credential/docker_auth.hpp"

namespace digester::credential {
namespace {

std::optional<std::string> set_value(const Environment& environment, std::string_view name) {
  auto value = environment(name);
  if (value && value->empty()) return std::nullopt;
  return value;
}

}  // namespace

std::vector<std::string> docker_config_paths(const Environment& environment) {
  std::vector<std::string> paths;
  const auto home = set_value(environment, "HOME");
  if (const auto directory = set_value(environment, "DOCKER_CONFIG"))
    paths.push_back(*directory + "/config.json");
  else if (home)
    paths.push_back(*home + "/.docker/config.json");
  if (auto file = set_value(environment, "REGISTRY_AUTH_FILE")) paths.push_back(std::move(*file));
  if (const auto directory = set_value(environment, "XDG_RUNTIME_DIR"))
    paths.push_back(*directory + "/containers/auth.json");
  if (home) paths.push_back(*home + "/.config/containers/auth.json");
  return paths;
}

DockerConfig::DockerConfig(const Environment& environment, const Clock& clock, const Logger& logger)
    : clock_(clock), log_(logger) {
  if (auto text = set_value(environment, "DOCKER_AUTH_CONFIG"))
    inline_ = parse(std::move(*text), "DOCKER_AUTH_CONFIG");
  for (auto& path : docker_config_paths(environment))
    files_.emplace_back(std::move(path));
  from_files_.resize(files_.size());
  if (files_.empty()) refresh();
}

DockerConfig::~DockerConfig() = default;

// Null when the text is no docker config.
SharedLogins DockerConfig::parse(std::string text, const std::string& where) const {
  if (text.size() > FileSource::kMaxBytes) {
    log_.warn("docker config is too long and is not read", {{"source", where}});
    return nullptr;
  }
  auto parsed = parse_docker_auth(std::move(text));
  if (!parsed) {
    log_.warn("docker config is left out", {{"source", where}, {"cause", parsed.error().message}});
    return nullptr;
  }
  for (const auto& warning : parsed->warnings)
    log_.warn("docker config is used in part", {{"source", where}, {"cause", warning}});
  if (parsed->names_helpers)
    log_.warn(
        "docker config names credential helpers (credHelpers or credsStore), which are not supported: only "
        "its "
        "static auths are used",
        {{"source", where}});
  return std::make_shared<const LoginSet>(std::move(*parsed));
}

void DockerConfig::refresh() {
  // Before the look: what changes during it is seen next time.
  const auto now = clock_.now().time_since_epoch();
  for (std::size_t i = 0; i < files_.size(); ++i) {
    auto content = files_[i].changed();
    if (!content && content.error().kind == ErrorKind::unavailable) {
      log_.warn("docker config is not known to be unchanged: what was read last is used",
                {{"cause", content.error().message}});
    } else if (!content) {
      log_.warn("docker config is left out", {{"cause", content.error().message}});
      from_files_[i] = nullptr;
    } else if (content->has_value()) {
      auto& text = **content;
      if (text::is_blank(text)) {
        from_files_[i] = nullptr;
      } else if (auto logins = parse(std::move(text), files_[i].path())) {
        from_files_[i] = std::move(logins);
      }
    }
  }
  auto next = std::make_shared<Snapshot>();
  if (inline_) next->push_back(inline_);
  for (const auto& logins : from_files_)
    if (logins) next->push_back(logins);
  {
    const std::lock_guard lock(mutex_);
    snapshot_ = std::move(next);
  }
  checked_.store(std::chrono::nanoseconds(now).count(), std::memory_order_release);
}

std::shared_ptr<const DockerConfig::Snapshot> DockerConfig::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

bool DockerConfig::is_fresh() const {
  const auto checked = checked_.load(std::memory_order_acquire);
  if (checked == kNever) return false;
  if (files_.empty()) return true;
  const auto now = std::chrono::nanoseconds(clock_.now().time_since_epoch()).count();
  return now - checked < std::chrono::nanoseconds(kCheckInterval).count();
}

void DockerConfig::hold(Holdings& into) const {
  const auto held = snapshot();
  for (const auto& logins : *held) {
    into.next_ring();
    into.add(logins);
  }
}

bool DockerConfig::gather(const Context&, Holdings& into) const {
  if (!is_fresh()) return false;
  hold(into);
  return true;
}

std::vector<Credential> DockerConfig::look_up(const image::Reference& reference) {
  if (!is_fresh()) refresh();
  Holdings holdings;
  hold(holdings);
  return holdings.copies(reference);
}

net::Task<Result<std::vector<Credential>>> DockerConfig::fetch(const image::Reference& reference,
                                                               const Context&) {
  co_return look_up(reference);
}

}  // namespace digester::credential
