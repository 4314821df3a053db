// Credentials from docker's and podman's configuration files: static logins.
//
// Asked in this order, every match is kept: DOCKER_AUTH_CONFIG (inline JSON); config.json in $DOCKER_CONFIG
// or
// ~/.docker; $REGISTRY_AUTH_FILE; $XDG_RUNTIME_DIR/containers/auth.json; ~/.config/containers/auth.json. A
// file that is not there is nothing; one that cannot be read or parsed is a warning, said once, and the rest
// counts. A file that stops being valid keeps what it held before (an editor may be writing it); one that
// vanishes is gone.
//
// Threads: ready() from any; fetch() on the registry thread, which then reads local files: the one place
// there that blocks, for as long as opening a few small files takes, at most every kCheckInterval.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "credential/credential.hpp"
#include "credential/file_source.hpp"
#include "credential/holdings.hpp"

namespace digester::credential {

// A variable's value; empty optional when it is not set. An empty value counts as not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

// The files to look into, in order.
std::vector<std::string> docker_config_paths(const Environment& environment);

class DockerConfig final : public Provider {
 public:
  static constexpr std::chrono::seconds kCheckInterval{5};

  // The environment is read now and not kept; files are read when first asked for, or by refresh(). Clock and
  // logger outlive this.
  DockerConfig(const Environment& environment, const Clock& clock, const Logger& logger);
  ~DockerConfig() override;

  std::string_view name() const override { return "docker config"; }
  // False when the files were last looked at kCheckInterval ago or more.
  bool gather(const Context& context, Holdings& into) const override;
  net::Task<Result<std::vector<Credential>>> fetch(const image::Reference& reference,
                                                   const Context& context) override;

  // Looks at the files now. Registry thread, or before there is one: what is read at the start is not missing
  // because descriptors run out later.
  void refresh();

  // fetch() without a coroutine. Registry thread.
  std::vector<Credential> look_up(const image::Reference& reference);

 private:
  using Snapshot = std::vector<SharedLogins>;

  SharedLogins parse(std::string text, const std::string& where) const;
  std::shared_ptr<const Snapshot> snapshot() const;
  bool is_fresh() const;
  void hold(Holdings& into) const;

  const Clock& clock_;
  const Logger& log_;
  SharedLogins inline_;                   // of DOCKER_AUTH_CONFIG
  std::vector<FileSource> files_;         // registry thread
  std::vector<SharedLogins> from_files_;  // registry thread; one slot a file, null: nothing there

  // The time of the last look at the files, on the steady clock, in nanoseconds; kNever before the first.
  static constexpr std::int64_t kNever = INT64_MIN;
  std::atomic<std::int64_t> checked_{kNever};
  mutable std::mutex mutex_;  // guards the pointer alone
  std::shared_ptr<const Snapshot> snapshot_;
};

}  // namespace digester::credential
