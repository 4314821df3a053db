// Tokens and client certificates from a client-go credential plugin: run when needed, one at a time, its
// answer kept until shortly before it expires.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "kube/client_config.hpp"
#include "kube/config/exec_process.hpp"
#include "kube/text/exec_credential.hpp"
#include "net/condition.hpp"

namespace digester::kube {

struct ExecOptions {
  ExecConfig exec;
  std::optional<ExecCluster> cluster;    // where the plugin asks for it
  std::vector<std::string> environment;  // "NAME=value", beneath the plugin's own
  Duration limit = std::chrono::seconds(30);
  std::size_t max_output = kMaxExecAnswer;
  Duration failure_life = std::chrono::seconds(10);  // a failure is the answer for so long
  Duration refresh_after = std::chrono::seconds(5);  // what was refused is asked for anew no sooner than this
};

// The io_context's thread. A run goes on for the next who asks when the one that started it gives up.
class ExecCredentialSource final : public CredentialSource,
                                   public std::enable_shared_from_this<ExecCredentialSource> {
 public:
  // Clock and logger outlive this and the handlers of `io`.
  static std::shared_ptr<ExecCredentialSource> make(net::asio::io_context& io, ExecOptions options,
                                                    const Clock& clock, const Logger& logger);

  // Errors name the plugin and the cure, never what it printed (that is in `detail`, for the log):
  //   not_found     there is no such program; its installHint is said
  //   timed_out, too_large, protocol, internal
  //   unauthorized  it ended with an error of its own
  net::Task<Result<ApiCredential>> credential(bool refused) override;

 private:
  ExecCredentialSource(net::asio::io_context& io, ExecOptions options, const Clock& clock,
                       const Logger& logger);

  static net::Task<void> run(std::shared_ptr<ExecCredentialSource> self);
  ProcessOptions process() const;
  Result<ExecCredential> read(Result<ProcessResult> ended) const;
  void land(Result<ExecCredential> credential);
  bool is_usable(bool refused) const;

  const net::Executor executor_;
  const ExecOptions options_;
  const Clock& clock_;
  const Logger& log_;
  net::Condition landed_;
  bool running_ = false;
  std::optional<Result<ApiCredential>> kept_;
  SteadyTime started_at_{};
  SteadyTime kept_until_{};
};

}  // namespace digester::kube
