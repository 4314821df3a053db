// Dispatch only: parse, run one command, translate to an exit code.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <system_error>

#include "app/run.hpp"
#include "app/version.hpp"
#include "cli/function_call.hpp"
#include "cli/options.hpp"

namespace {

std::optional<std::string> environment(std::string_view name) {
  if (const char* value = std::getenv(std::string(name).c_str())) return value;
  return std::nullopt;
}

// A descriptor that we open must never take the place of a closed standard stream. Writing there still fails.
void fill_standard_streams() {
  int fd = 0;
  do {
    fd = ::open("/dev/null", O_RDONLY);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) ::close(fd);
}

void print(std::FILE* stream, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stream);
}

struct Run {
  int operator()(const digester::cli::Exit& e) const {
    print(e.code == 0 ? stdout : stderr, e.text);
    return e.code;
  }
  int operator()(const digester::cli::VersionOptions& o) const {
    print(stdout, o.json ? digester::app::version_json() : digester::app::version_text());
    return 0;
  }
  int operator()(const digester::cli::WebhookOptions& o) const {
    return digester::app::run_webhook(o, environment);
  }
  int operator()(const digester::cli::DigestOptions& o) const {
    return digester::app::run_digest(o, environment);
  }
  int operator()(const digester::cli::FnOptions& o) const { return digester::app::run_fn(o, environment); }
  int operator()(const digester::cli::ResolveOptions& o) const {
    return digester::app::run_resolve(o, environment);
  }
  int operator()(const digester::cli::CheckOptions& o) const {
    return digester::app::run_check(o, environment);
  }
  int operator()(const digester::cli::KustomizeOptions& o) const {
    return digester::app::run_kustomize(o, environment);
  }
  int operator()(const digester::cli::SettersOptions& o) const { return digester::app::run_setters(o); }
  int operator()(const digester::cli::PrepareOptions& o) const {
    return digester::app::run_prepare(o, environment);
  }
  int operator()(const digester::cli::LockUpdateOptions& o) const {
    return digester::app::run_lock_update(o, environment);
  }
};

// Hosts of functions start the program without a command, each in its way.
digester::cli::Action what_is_asked(int argc, char** argv) {
  if (auto called = digester::cli::function_call(argc, argv, environment, ::isatty(STDIN_FILENO) == 1))
    return std::move(*called);
  return digester::cli::parse(argc, argv, environment);
}

// Of what nobody foresaw: 1 for those whose every failure is 1, and 3 for those whose 1 is a finding.
int failure_of(const digester::cli::Action& action) {
  const bool one = std::holds_alternative<digester::cli::WebhookOptions>(action) ||
                   std::holds_alternative<digester::cli::DigestOptions>(action) ||
                   std::holds_alternative<digester::cli::FnOptions>(action);
  return one ? 1 : 3;
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_streams();
  int failure = 1;
  try {
    const auto action = what_is_asked(argc, argv);
    failure = failure_of(action);
    const int code = std::visit(Run{}, action);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      std::fprintf(stderr, "digester: standard output cannot be written: %s\n",
                   std::generic_category().message(errno).c_str());
      return 3;
    }
    return code;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "digester: %s\n", e.what());
    return failure;
  }
}
