#include "app/look_up.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <exception>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "app/cluster_access.hpp"
#include "app/registry_client.hpp"

namespace digester::app {
namespace {

namespace asio = net::asio;

class Loop : public asio::io_context {
 public:
  Loop() : io_context(1) {}
  void drop_handlers() { shutdown(); }
};

// What is still suspended, reads for others, ends before the parts that it uses.
struct Dropping {
  Loop& loop;
  ~Dropping() { loop.drop_handlers(); }
};

// Asked of one registry at a time, and of all. More would only wait, and take memory meanwhile: a registry is
// asked for far fewer at once. Each registry has turns of its own, so that a silent one keeps nobody else
// waiting.
constexpr std::size_t kOfOne = 64, kOfAll = 512;

// What is asked of one registry.
struct Lane {
  std::vector<std::size_t> references;
  std::size_t next = 0;
};

struct Work {
  std::span<const image::Reference> references;
  registry::Resolver& resolver;
  const LookUp& how;
  const Clock& clock;
  SteadyTime end;  // with `together`
  std::string own_namespace = {};
  std::vector<Result<image::Digest>> answers;
  std::size_t done = 0;
};

// Never none.
std::vector<credential::Context> contexts_of(const Work& work, std::size_t reference) {
  std::vector<credential::Context> out;
  if (work.how.cluster && reference < work.how.contexts.size()) out = work.how.contexts[reference];
  if (out.size() > LookUp::kMaxContexts) out.resize(LookUp::kMaxContexts);
  for (auto& context : out)
    if (context.namespace_name.empty()) context.namespace_name = work.own_namespace;
  if (out.empty()) out.emplace_back();
  return out;
}

net::Task<> take_turns(Work& work, Lane& lane) {
  while (lane.next < lane.references.size()) {
    const auto mine = lane.references[lane.next++];
    const auto deadline = work.how.together ? work.end : work.clock.now() + work.how.timeout;
    for (const auto& context : contexts_of(work, mine)) {
      std::vector<registry::Query> queries;
      queries.push_back({work.references[mine], context});
      auto answers = co_await work.resolver.resolve(std::move(queries), deadline);
      work.answers[mine] = std::move(answers.front().digest);
      // What one may not see another may. Some registries say of what one may not see that it is not there.
      if (work.answers[mine] || !is_permanent(work.answers[mine].error().kind)) break;
    }
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
  Loop io;
  RegistryClient::CommandLine command_line;
  command_line.platform = how.platform;
  const std::string cure = "try again, or raise --timeout";
  std::unique_ptr<ClusterAccess> cluster;
  if (how.cluster) {
    auto found =
        ClusterAccess::create(io, how.cluster->kubeconfig, how.cluster->context, environment, clock, log);
    if (!found) return fail(std::move(found.error()));
    cluster = std::move(*found);
  }
  auto client = RegistryClient::create(io, how.registry, {}, how.timeout, {how.timeout, cure, cure},
                                       std::move(command_line), environment, clock, log, metrics,
                                       cluster ? cluster->pull_secrets() : nullptr);
  if (!client) return fail(std::move(client.error()));
  const Dropping dropping{io};
  if (references.empty()) return std::vector<Result<image::Digest>>{};
  auto& resolver = (*client)->resolver();
  Work work{references,
            resolver,
            how,
            clock,
            end,
            cluster ? cluster->namespace_name() : std::string(),
            std::vector<Result<image::Digest>>(references.size(), fail(ErrorKind::internal, "not asked"))};
  std::map<std::string_view, Lane> lanes;
  for (std::size_t i = 0; i < references.size(); ++i)
    lanes[references[i].api_host()].references.push_back(i);
  const auto turns = std::clamp<std::size_t>(kOfAll / lanes.size(), 1, kOfOne);
  std::size_t running = 0;
  for (auto& [host, lane] : lanes)
    for (auto left = std::min(lane.references.size(), turns); left > 0; --left) {
      ++running;
      asio::co_spawn(io, take_turns(work, lane), [&](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
        if (--running == 0) resolver.stop([&io] { io.stop(); });
      });
    }
  io.run();
  return std::move(work.answers);
}

}  // namespace digester::app
