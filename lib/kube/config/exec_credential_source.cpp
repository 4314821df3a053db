#include "kube/config/exec_credential_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <utility>

#include "base/text.hpp"

namespace digester::kube {
namespace {

// What comes later replaces what is there under that name.
void set_variable(std::vector<std::string>& environment, std::string_view name, std::string_view value) {
  const auto prefix = fmt::format("{}=", name);
  std::erase_if(environment, [&](const std::string& variable) { return variable.starts_with(prefix); });
  environment.push_back(prefix + std::string(value));
}

}  // namespace

std::shared_ptr<ExecCredentialSource> ExecCredentialSource::make(net::asio::io_context& io,
                                                                 ExecOptions options, const Clock& clock,
                                                                 const Logger& logger) {
  return std::shared_ptr<ExecCredentialSource>(
      new ExecCredentialSource(io, std::move(options), clock, logger));
}

ExecCredentialSource::ExecCredentialSource(net::asio::io_context& io, ExecOptions options, const Clock& clock,
                                           const Logger& logger)
    : executor_(io.get_executor()),
      options_(std::move(options)),
      clock_(clock),
      log_(logger),
      landed_(executor_) {}

bool ExecCredentialSource::is_usable(bool refused) const {
  const auto now = clock_.now();
  if (!kept_ || now >= kept_until_) return false;
  return !refused || !*kept_ || now - started_at_ < options_.refresh_after;
}

net::Task<Result<ApiCredential>> ExecCredentialSource::credential(bool refused) {
  const auto self = shared_from_this();
  if (!running_) {
    if (is_usable(refused)) co_return *kept_;
    running_ = true;
    started_at_ = clock_.now();
    auto ended = [self](std::exception_ptr error) {
      if (error) self->land(fail(ErrorKind::internal, "the run of the credential plugin broke off"));
    };
    auto task = run(self);
    net::asio::co_spawn(executor_, std::move(task), std::move(ended));
  }
  // A cancelled waiter's second try throws.
  while (running_)
    co_await landed_.wait(SteadyTime::max());
  co_return *kept_;
}

net::Task<void> ExecCredentialSource::run(std::shared_ptr<ExecCredentialSource> self) {
  auto options = self->process();
  auto ended = co_await run_process(std::move(options));
  self->land(self->read(std::move(ended)));
}

ProcessOptions ExecCredentialSource::process() const {
  ProcessOptions process;
  process.command.push_back(options_.exec.command);
  process.command.insert(process.command.end(), options_.exec.args.begin(), options_.exec.args.end());
  process.environment = options_.environment;
  for (const auto& [name, value] : options_.exec.env)
    set_variable(process.environment, name, value);
  set_variable(process.environment, kExecInfo, exec_request(options_.exec.api_version, options_.cluster));
  process.limit = options_.limit;
  process.max_output = options_.max_output;
  return process;
}

Result<ExecCredential> ExecCredentialSource::read(Result<ProcessResult> ended) const {
  const auto plugin = text::printable(options_.exec.command, 200);
  if (!ended) {
    auto error = std::move(ended.error());
    error.message = "the kubeconfig's credential plugin: " + error.message;
    if (error.kind == ErrorKind::not_found && !options_.exec.install_hint.empty())
      error.message += "; " + text::printable(options_.exec.install_hint, 300);
    return fail(std::move(error));
  }
  auto said = text::printable(text::trim(ended->errors), 500);
  if (ended->exit_code != 0)
    return fail(
        ErrorKind::unauthorized,
        fmt::format(
            "the kubeconfig's credential plugin {} ended with code {}: run it, or kubectl, by hand to see "
            "why",
            plugin, ended->exit_code),
        std::move(said));
  auto credential = parse_exec_credential(std::move(ended->output), options_.exec.api_version);
  if (!credential)
    return fail(credential.error().kind,
                fmt::format("the kubeconfig's credential plugin {}: {}", plugin, credential.error().message),
                std::move(said));
  return credential;
}

void ExecCredentialSource::land(Result<ExecCredential> credential) {
  using namespace std::chrono_literals;
  running_ = false;
  const auto now = clock_.now();
  if (!credential) {
    log_.warn("no credential from the credential plugin",
              {{"plugin", text::printable(options_.exec.command, 200)},
               {"cause", credential.error().message},
               {"detail", credential.error().detail}});
    kept_until_ = now + options_.failure_life;
    kept_ = fail(std::move(credential.error()));
  } else {
    // Until somebody's 401 where it does not say. The wall clock is read once: it may jump later.
    kept_until_ = SteadyTime::max();
    if (credential->expires) {
      const Duration life = std::max<Duration>(*credential->expires - clock_.wall(), 0s);
      const auto early = std::min<Duration>(life / 10, 60s);
      // One that is over already is tried all the same; at most one run in refresh_after.
      kept_until_ = now + std::max(life - early, options_.refresh_after);
    }
    kept_ = ApiCredential{std::move(credential->token), std::move(credential->client_certificate_pem),
                          std::move(credential->client_key_pem)};
  }
  landed_.notify_all();
}

}  // namespace digester::kube
