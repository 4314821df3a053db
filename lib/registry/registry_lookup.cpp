#include "registry/registry_lookup.hpp"

#include <fmt/format.h>

#include <random>

#include "registry/client/explain.hpp"
#include "registry/client/manifest_check.hpp"
#include "registry/client/session.hpp"

namespace digester::registry {
namespace {

using credential::Credential;
using image::Digest;
using image::Reference;

net::Task<> sleep_on_timer(Duration duration) {
  const auto executor = co_await net::asio::this_coro::executor;
  net::Timer timer(executor, duration);
  co_await timer.async_wait(net::use_task);
}

// ECR Public and Red Hat's registry answer these to HEAD where GET works.
bool ask_by_get(unsigned status) {
  return status == 400 || status == 403 || status == 404 || status == 405 || status == 501;
}

Error status_error(Session& session, const Answer& answer) {
  auto& services = session.services();
  return explain_status(answer, session.credential(), services.settings, services.clock.wall());
}

net::Task<Result<CheckedManifest>> get_manifest(Session& session, std::string name) {
  const auto limit = session.services().settings.manifest_limit;
  auto answer = co_await session.ask(net::Method::get, std::move(name), limit);
  if (!answer) co_return fail(std::move(answer.error()));
  if (answer->response.status != 200) co_return fail(status_error(session, *answer));
  co_return check_manifest(answer->response);
}

net::Task<Result<Digest>> find_digest(Session& session, std::string tag) {
  auto name = tag;
  auto head =
      co_await session.ask(net::Method::head, std::move(name), session.services().settings.error_limit);
  if (!head) co_return fail(std::move(head.error()));
  const auto status = head->response.status;
  if (status == 200) {
    auto digest = digest_of_head(head->response);
    if (!digest) co_return fail(std::move(digest.error()));
    if (*digest) co_return std::move(**digest);
  } else if (!ask_by_get(status)) {
    co_return fail(status_error(session, *head));
  }
  auto manifest = co_await get_manifest(session, std::move(tag));
  if (!manifest) co_return fail(std::move(manifest.error()));
  co_return std::move(manifest->digest);
}

Error other_bytes() {
  return {ErrorKind::protocol, "it sent other bytes than the digest stands for"};
}

// Is it there? The digest itself, which what is found must have.
net::Task<Result<Digest>> find_by_digest(Session& session, Digest digest) {
  auto name = digest.str();
  auto head =
      co_await session.ask(net::Method::head, std::move(name), session.services().settings.error_limit);
  if (!head) co_return fail(std::move(head.error()));
  const auto status = head->response.status;
  if (status == 200) {
    auto told = digest_of_head(head->response);
    if (!told) co_return fail(std::move(told.error()));
    if (*told && **told == digest) co_return std::move(digest);
  } else if (!ask_by_get(status)) {
    co_return fail(status_error(session, *head));
  }
  name = digest.str();
  auto answer =
      co_await session.ask(net::Method::get, std::move(name), session.services().settings.manifest_limit);
  if (!answer) co_return fail(std::move(answer.error()));
  if (answer->response.status != 200) co_return fail(status_error(session, *answer));
  if (!has_digest(answer->response.body, digest)) co_return fail(other_bytes());
  co_return std::move(digest);
}

net::Task<Result<Digest>> find_child(Session& session, std::string name, std::optional<Digest> expected,
                                     protocol::Platform platform) {
  const auto limit = session.services().settings.manifest_limit;
  auto answer = co_await session.ask(net::Method::get, std::move(name), limit);
  if (!answer) co_return fail(std::move(answer.error()));
  if (answer->response.status != 200) co_return fail(status_error(session, *answer));
  auto checked = check_manifest(answer->response);
  if (!checked) co_return fail(std::move(checked.error()));
  if (expected && !has_digest(answer->response.body, *expected)) co_return fail(other_bytes());
  if (!checked->manifest.index) co_return expected ? std::move(*expected) : std::move(checked->digest);

  const auto* child = protocol::choose_child(checked->manifest, platform);
  if (child == nullptr)
    co_return fail(ErrorKind::not_found,
                   fmt::format("the image is not there for {}, only for {}", platform.str(),
                               protocol::list_platforms(checked->manifest)));
  auto digest = Digest::parse(child->digest);
  if (!digest) co_return fail(ErrorKind::protocol, "its index names a child by something that is no digest");
  auto child_name = digest->str();
  auto image = co_await session.ask(net::Method::get, std::move(child_name), limit);
  if (!image) co_return fail(std::move(image.error()));
  if (image->response.status != 200) co_return fail(status_error(session, *image));
  if (!has_digest(image->response.body, *digest)) co_return fail(other_bytes());
  co_return std::move(*digest);
}

class Client final : public RegistryLookup {
 public:
  explicit Client(std::shared_ptr<Services> services) : services_(std::move(services)) {}

  net::Task<Result<Digest>> find(Reference reference, Credential credential, SteadyTime deadline,
                                 std::string tenant) override {
    const auto services = services_;  // outlives this object in a look-up that does
    auto registry = Registry::of(reference, services->settings);
    if (!registry) co_return explain(reference, std::move(registry.error()));
    Session session(services, std::move(*registry), reference.path(), std::move(credential), deadline,
                    std::move(tenant));
    auto expected = reference.digest();
    auto tag = reference.tag();
    Result<Digest> digest = fail(ErrorKind::internal, "not asked");
    if (expected)
      digest = co_await find_by_digest(session, std::move(*expected));
    else
      digest = co_await find_digest(session, std::move(tag));
    if (!digest) co_return explain(reference, std::move(digest.error()));
    services->metrics.proven(session.registry().name);
    co_return digest;
  }

  net::Task<Result<Digest>> find_platform(Reference reference, Credential credential,
                                          protocol::Platform platform, SteadyTime deadline,
                                          std::string tenant) override {
    const auto services = services_;
    auto registry = Registry::of(reference, services->settings);
    if (!registry) co_return explain(reference, std::move(registry.error()));
    Session session(services, std::move(*registry), reference.path(), std::move(credential), deadline,
                    std::move(tenant));
    auto expected = reference.digest();
    auto name = expected ? expected->str() : reference.tag();
    auto digest = co_await find_child(session, std::move(name), std::move(expected), std::move(platform));
    if (!digest) co_return explain(reference, std::move(digest.error()));
    co_return digest;
  }

 private:
  std::shared_ptr<Services> services_;
};

}  // namespace

std::unique_ptr<RegistryLookup> create_lookup(net::HttpClient& http, const Clock& clock,
                                              RegistrySettings settings, Metrics& metrics, const Logger& log,
                                              LookupHooks hooks) {
  if (!hooks.sleep) hooks.sleep = sleep_on_timer;
  if (!hooks.random)
    hooks.random = [engine = std::minstd_rand(std::random_device()())]() mutable {
      return std::uniform_real_distribution<double>(0, 1)(engine);
    };
  auto services = std::make_shared<Services>(http, clock, std::move(settings), std::move(hooks.random),
                                             std::move(hooks.sleep), metrics, log);
  return std::make_unique<Client>(std::move(services));
}

}  // namespace digester::registry
