#include "webhook/handler.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/text.hpp"
#include "json/value.hpp"
#include "support/manual_clock.hpp"
#include "support/run_task.hpp"

using namespace digester;

namespace {

image::Digest digest(char c) {
  return image::Digest::parse("sha256:" + std::string(64, c)).value();
}

// Stands in for the resolver: knows what the test told it.
class FakeResolver final : public registry::Resolver {
 public:
  std::map<std::string, image::Digest> cached;
  std::map<std::string, image::Digest> registry;
  std::map<std::string, image::Digest> stale;
  std::vector<registry::Query> asked;
  std::set<const credential::Context*> contexts;  // of the questions
  SteadyTime deadline;

  std::vector<std::optional<registry::Resolution>> peek_all(
      std::span<const registry::Question> questions) override {
    std::vector<std::optional<registry::Resolution>> answers;
    for (const auto& question : questions) {
      contexts.insert(&question.context);
      const auto found = cached.find(question.reference.original());
      auto& answer = answers.emplace_back();
      if (found != cached.end() && question.freshness == registry::Freshness::cached)
        answer = registry::Resolution{found->second, registry::Source::cache};
    }
    return answers;
  }

  net::Task<std::vector<registry::Resolution>> resolve(std::vector<registry::Query> queries,
                                                       SteadyTime until) override {
    deadline = until;
    std::vector<registry::Resolution> answers;
    for (auto& query : queries) {
      const auto found = registry.find(query.reference.original());
      const auto older = stale.find(query.reference.original());
      if (found != registry.end())
        answers.push_back({found->second});
      else if (older != stale.end())
        answers.push_back({older->second,
                           registry::Source::stale,
                           std::chrono::seconds(5),
                           {},
                           Error{ErrorKind::unreachable, "127.0.0.1:5000: connection refused"}});
      else
        answers.push_back({fail(ErrorKind::not_found, query.reference.original() + ": no such image")});
      asked.push_back(std::move(query));
    }
    co_return answers;
  }
};

std::string captured(const std::string& name) {
  std::ifstream file(std::string(DIGESTER_TEST_DATA) + "/reviews/" + name);
  REQUIRE(file);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

// Stands in for the cluster's namespaces.
class FakeNamespaces final : public webhook::Namespaces {
 public:
  std::optional<webhook::NamespaceState> known;
  webhook::NamespaceState live;
  std::vector<std::string> confirmed;

  std::optional<webhook::NamespaceState> look(std::string_view) const override { return known; }
  net::Task<webhook::NamespaceState> confirm(std::string name, SteadyTime) override {
    confirmed.push_back(std::move(name));
    co_return live;
  }
};

struct Fixture {
  test::ManualClock clock;
  std::string log_text;
  Logger log{clock, [this](std::string_view line) { log_text.append(line); }, Level::debug, LogFormat::json};
  Metrics metrics;
  FakeResolver resolver;
  admission::Policy policy;
  net::ServerRequest request;
  net::ServerResponse response;
  json::Document document;
  FakeNamespaces* namespaces = nullptr;

  // Sends the body through the handler and returns the parsed response body.
  json::Value post(std::string body, std::string_view query = "timeout=10s") {
    webhook::Handler handler({}, policy, resolver, clock, log, metrics, namespaces);
    request.method = "POST";
    request.path = "/v1/mutate";
    request.query = query;
    request.fields = {{"Content-Type", "application/json"}};
    request.body = std::move(body);
    request.received = clock.now();
    response.clear();
    if (!handler.try_handle(request, response)) {
      net::asio::io_context io;
      test::run_task(io, [&] { return handler.handle(request, response); });
    }
    std::string copy = response.body;
    const auto root = document.parse(copy);
    return root ? *root : json::Value();
  }

  std::string patch(json::Value review) {
    return text::base64_decode(review.at({"response", "patch"}).string_or("")).value_or("not base64");
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a namespace that is known to be switched on costs no look at the API") {
  FakeNamespaces cluster;
  namespaces = &cluster;
  cluster.known.emplace();
  resolver.cached.emplace("127.0.0.1:5000/team/web:1.10", digest('a'));
  CHECK(post(captured("create-pod-by-replicaset.json")).at({"response", "patch"}).present());
  CHECK(cluster.confirmed.empty());
}

TEST_CASE_METHOD(Fixture, "an object passes for its namespace only after a look at the API") {
  FakeNamespaces cluster;
  namespaces = &cluster;
  resolver.cached.emplace("127.0.0.1:5000/team/web:1.10", digest('a'));
  const bool known = GENERATE(false, true);
  if (known) cluster.known = webhook::NamespaceState{false, {}};
  cluster.live.selected = false;
  auto review = post(captured("create-pod-by-replicaset.json"));
  CHECK(review.at({"response", "allowed"}).boolean() == true);
  CHECK_FALSE(review.at({"response", "patch"}).present());
  CHECK(cluster.confirmed == std::vector<std::string>{"cap"});
  CHECK(log_text.find("not selected") != std::string::npos);
  // Switched on meanwhile: memory is behind.
  cluster.live.selected = true;
  CHECK(post(captured("create-pod-by-replicaset.json")).at({"response", "patch"}).present());
}

TEST_CASE_METHOD(Fixture, "a controller's Pod is answered from the cache without a coroutine") {
  resolver.cached.emplace("127.0.0.1:5000/team/web:1.10", digest('a'));
  const auto review = post(captured("create-pod-by-replicaset.json"));
  CHECK(response.status == 200);
  CHECK(review.at({"response", "uid"}).string() == "c45804ac-eb85-47bb-b369-5024e0b6c445");
  CHECK(review.at({"response", "allowed"}).boolean() == true);
  CHECK(patch(review) ==
        R"([{"op":"replace","path":"/spec/containers/0/image","value":"127.0.0.1:5000/team/web:1.10@)" +
            digest('a').str() + "\"}]");
  CHECK(resolver.asked.empty());
}

TEST_CASE_METHOD(Fixture, "all images of a review are asked for on behalf of one context") {
  auto body = captured("create-pod-by-replicaset.json");
  const std::string list = "\"containers\":[";
  auto at = body.find(list);
  REQUIRE(at != std::string::npos);
  body.insert(at + list.size(),
              R"({"name":"one","image":"reg.io/one:1"},{"name":"two","image":"reg.io/two:2"},)");
  post(std::move(body));
  CHECK(resolver.asked.size() == 3);
  CHECK(resolver.contexts.size() == 1);
}

TEST_CASE_METHOD(Fixture, "what a person applies is asked of the registry, with the review's deadline") {
  resolver.cached.emplace("127.0.0.1:5000/team/web:1.10", digest('a'));
  resolver.registry.emplace("127.0.0.1:5000/team/web:1.10", digest('b'));
  const auto review = post(captured("create-deployment.json"), "timeout=3s");
  CHECK(patch(review).find(digest('b').str()) != std::string::npos);
  REQUIRE_FALSE(resolver.asked.empty());
  CHECK(resolver.asked[0].freshness == registry::Freshness::current);
  CHECK(resolver.deadline - request.received == std::chrono::milliseconds(2700));
  CHECK(request.attachment == nullptr);
}

TEST_CASE_METHOD(Fixture, "an answer with an older digest is logged as a warning that says why") {
  resolver.stale.emplace("127.0.0.1:5000/team/web:1.10", digest('a'));
  post(captured("create-deployment.json"));
  CHECK(log_text.find("\"level\":\"warn\"") != std::string::npos);
  CHECK(log_text.find("\"source\":\"stale\"") != std::string::npos);
  CHECK(log_text.find("127.0.0.1:5000: connection refused") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "an image that does not exist is refused with 403 and named") {
  const auto review = post(captured("create-deployment.json"));
  CHECK(response.status == 200);
  CHECK(review.at({"response", "allowed"}).boolean() == false);
  CHECK(review.at({"response", "status", "code"}).integer() == 403);
  CHECK(review.at({"response", "status", "message"}).string_or("").find("127.0.0.1:5000/team/web:1.10") !=
        std::string_view::npos);
  CHECK_FALSE(review.at({"response", "patchType"}).present());
  CHECK(metrics.exposition().find("digester_admissions_total{outcome=\"denied\"} 1") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "each admission leaves one JSON line with its images") {
  resolver.cached.emplace("127.0.0.1:5000/team/web:1.10", digest('a'));
  post(captured("create-pod-by-replicaset.json"));
  CHECK(std::count(log_text.begin(), log_text.end(), '\n') == 1);
  const auto line = document.parse(log_text);
  REQUIRE(line);
  CHECK(line->find("msg").string() == "Patched");
  CHECK(line->find("uid").string() == "c45804ac-eb85-47bb-b369-5024e0b6c445");
  CHECK(line->find("namespace").string() == "cap");
  const auto image = *line->find("images").elements().begin();
  CHECK(image.find("image").string() == "127.0.0.1:5000/team/web:1.10");
  CHECK(image.find("digest").string() == digest('a').str());
  CHECK(image.find("source").string() == "cache");
  CHECK(image.find("took_ms").number() == 0);
}

TEST_CASE_METHOD(Fixture, "HTTP that is not an admission review is refused in one line") {
  webhook::Handler handler({}, policy, resolver, clock, log, metrics);
  struct Row {
    const char* method;
    const char* path;
    const char* type;
    const char* body;
    unsigned status;
  };
  const auto row = GENERATE(
      Row{"POST", "/", "application/json", "{}", 404},
      Row{"POST", "/v1/mutate/", "application/json", "{}", 404},
      Row{"GET", "/v1/mutate", "application/json", "", 405},
      Row{"POST", "/v1/mutate", "text/plain", "{}", 415}, Row{"POST", "/v1/mutate", "", "{}", 415},
      Row{"POST", "/v1/mutate", "application/json", "", 400},
      Row{"POST", "/v1/mutate", "application/json", "no", 400},
      Row{"POST", "/v1/mutate", "application/json", "{}", 400},
      Row{"POST", "/v1/mutate", "application/json", "[]", 400},
      Row{"POST", "/v1/mutate", "application/json; charset=utf-8", "{\"kind\":\"Pod\"}", 400},
      Row{"POST", "/v1/mutate", "application/json",
          R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v2","request":{"uid":"x"}})", 400},
      Row{"POST", "/v1/mutate", "application/json",
          R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"})", 400},
      Row{"POST", "/v1/mutate", "application/json",
          R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{}})", 400});
  INFO(row.method << ' ' << row.path << ' ' << row.type << ' ' << row.body);
  request.method = row.method;
  request.path = row.path;
  request.fields = {{"Content-Type", row.type}};
  request.body = row.body;
  CHECK(handler.try_handle(request, response));
  CHECK(response.status == row.status);
  CHECK(std::count(response.body.begin(), response.body.end(), '\n') == 1);
}

TEST_CASE_METHOD(Fixture, "admission is answered in the version it was asked in") {
  auto body = captured("create-pod-by-replicaset.json");
  const std::string v1 = "admission.k8s.io/v1";
  body.replace(body.find(v1), v1.size(), "admission.k8s.io/v1beta1");
  resolver.cached.emplace("127.0.0.1:5000/team/web:1.10", digest('a'));
  CHECK(post(body).find("apiVersion").string() == "admission.k8s.io/v1beta1");
}
