#include "app/look_up.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "app/registry_client.hpp"

namespace digester::app {
namespace {

namespace asio = net::asio;

// More would wait in the resolver alone, which refuses what is over its bounds.
constexpr std::size_t kAtATime = 512;

struct Work {
  std::span<const image::Reference> references;
  registry::Resolver& resolver;
  const LookUp& how;
  const Clock& clock;
  SteadyTime end;  // with `together`
  std::vector<Result<image::Digest>> answers;
  std::size_t next = 0;
  std::size_t done = 0;
};

net::Task<> take_turns(Work& work) {
  while (work.next < work.references.size()) {
    const auto mine = work.next++;
    std::vector<registry::Query> queries;
    queries.push_back({work.references[mine], {}});
    const auto deadline = work.how.together ? work.end : work.clock.now() + work.how.timeout;
    auto answers = co_await work.resolver.resolve(std::move(queries), deadline);
    work.answers[mine] = std::move(answers.front().digest);
    ++work.done;
    if (work.how.progress) work.how.progress(work.done, work.references.size());
  }
}

}  // namespace

Result<std::vector<Result<image::Digest>>> look_up(std::span<const image::Reference> references,
                                                   const LookUp& how, const cli::Environment& environment,
                                                   const Clock& clock, const Logger& log) {
  const auto end = clock.now() + how.timeout;
  Metrics metrics;
  asio::io_context io(1);
  RegistryClient::CommandLine command_line;
  command_line.platform = how.platform;
  const std::string cure = "try again, or raise --timeout";
  auto client = RegistryClient::create(io, how.registry, {}, how.timeout, {how.timeout, cure, cure},
                                       std::move(command_line), environment, clock, log, metrics);
  if (!client) return fail(std::move(client.error()));
  if (references.empty()) return std::vector<Result<image::Digest>>{};
  auto& resolver = (*client)->resolver();
  Work work{references,
            resolver,
            how,
            clock,
            end,
            std::vector<Result<image::Digest>>(references.size(), fail(ErrorKind::internal, "not asked"))};
  auto running = std::min(references.size(), kAtATime);
  for (auto left = running; left > 0; --left)
    asio::co_spawn(io, take_turns(work), [&](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
      if (--running == 0) resolver.stop([&io] { io.stop(); });
    });
  io.run();
  return std::move(work.answers);
}

}  // namespace digester::app
