// The API in memory: a Secret and a configuration with optimistic concurrency, faults on demand, and a say
// for the test in which call goes on when.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "certificate/bundle.hpp"
#include "certificate/rotator/store.hpp"
#include "json/value.hpp"
#include "json/writer.hpp"

namespace digester::test {

inline const certificate::ServiceName kService{"digester-system", "digester-webhook-service"};

// What all replicas share.
struct Api {
  bool has_secret = false;
  certificate::SecretData secret;
  int secret_version = 0;
  bool has_configuration = true;
  std::string bundle;  // PEM in our entry; empty: no caBundle
  int configuration_version = 1;
  int secret_writes = 0;
  int patches = 0;
  int conflicts = 0;
  std::optional<Error> secret_read_error, secret_write_error, configuration_error, patch_error;
  std::optional<WallTime> server_time;
  std::function<void()> changed = [] {};

  void put_secret(certificate::SecretData data) {
    secret = std::move(data);
    has_secret = true;
    ++secret_version;
    changed();
  }
  void put_bundle(std::string pem) {
    bundle = std::move(pem);
    ++configuration_version;
    changed();
  }

  Result<certificate::SecretSnapshot> read_secret() const {
    if (secret_read_error) return fail(Error(*secret_read_error));
    if (!has_secret) return fail(ErrorKind::not_found, "no such Secret");
    certificate::SecretSnapshot out;
    out.data = secret;
    out.resource_version = std::to_string(secret_version);
    out.server_time = server_time;
    return out;
  }

  Result<certificate::SecretSnapshot> write_secret(certificate::SecretData data, const std::string& version) {
    if (secret_write_error) return fail(Error(*secret_write_error));
    if (version != (has_secret ? std::to_string(secret_version) : "")) {
      ++conflicts;
      return fail(ErrorKind::conflict, "the Secret has changed");
    }
    ++secret_writes;
    // What goes through the API's keys comes back the same.
    put_secret(certificate::from_secret_keys(certificate::to_secret_keys(data)));
    return read_secret();
  }

  Result<std::string> read_configuration() const {
    if (configuration_error) return fail(Error(*configuration_error));
    if (!has_configuration) return fail(ErrorKind::not_found, "no such configuration");
    json::Writer out;
    out.begin_object().key("metadata").begin_object();
    out.member("resourceVersion", std::to_string(configuration_version)).end_object();
    out.key("webhooks").begin_array();
    entry(out, "another.example", "another-service", "bm90IG91cnM=");
    entry(out, "digester-webhook-service.digester-system.svc", kService.name, text::base64_encode(bundle));
    out.end_array().end_object();
    return out.str();
  }

  Result<void> patch(std::string patch) {
    if (patch_error) return fail(Error(*patch_error));
    json::Document document;
    const auto operations = document.parse(patch).value();
    std::optional<std::string> value;
    for (const auto operation : operations.elements()) {
      const auto path = operation.find("path").string_or("");
      if (operation.find("op").string() == "test") {
        if (path != "/metadata/resourceVersion") throw std::runtime_error("tests something else");
        if (operation.find("value").string() != std::to_string(configuration_version)) {
          ++conflicts;
          return fail(ErrorKind::conflict, "the configuration has changed");
        }
      } else {
        if (path != "/webhooks/1/clientConfig/caBundle") throw std::runtime_error("not our entry");
        value = text::base64_decode(operation.find("value").string_or("%")).value();
      }
    }
    if (!value) throw std::runtime_error("a patch of nothing");
    ++patches;
    put_bundle(*value);
    return {};
  }

 private:
  static void entry(json::Writer& out, const std::string& name, const std::string& service,
                    const std::string& bundle) {
    out.begin_object().member("name", name).key("clientConfig").begin_object();
    if (!bundle.empty()) out.member("caBundle", bundle);
    out.key("service").begin_object();
    out.member("namespace", kService.name_space).member("name", service);
    out.end_object().end_object().end_object();
  }
};

// Calls of all stores that wait for the test to let one go on.
class Turns {
 public:
  explicit Turns(net::Executor executor) : executor_(executor) {}

  net::Task<> wait(SteadyTime until, bool watching) {
    net::Timer timer(executor_, SteadyTime::max());
    const Waiting registration(*this, timer, until, watching);
    const auto [error] = co_await timer.async_wait(net::use_task);
    static_cast<void>(error);
    // Cancelled from outside, it throws here; let go by the test, it goes on.
    co_await net::asio::post(executor_, net::asio::use_awaitable_t<net::Executor>{});
  }

  struct Entry {
    net::Timer* timer;
    SteadyTime until;
    bool watching;  // in changed(), not in a call
  };
  std::vector<Entry> waiting;

 private:
  struct Waiting {
    Waiting(Turns& turns, net::Timer& timer, SteadyTime until, bool watching)
        : all(turns.waiting), own(&timer) {
      all.push_back({&timer, until, watching});
    }
    ~Waiting() {
      std::erase_if(all, [this](const Entry& entry) { return entry.timer == own; });
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    std::vector<Entry>& all;
    net::Timer* own;
  };
  net::Executor executor_;
};

// One replica's view. Without turns every call is answered at once.
class MemoryStore final : public certificate::Store {
 public:
  explicit MemoryStore(Api& api, Turns* turns = nullptr) : api_(api), turns_(turns) {}

  net::Task<Result<certificate::SecretSnapshot>> read_secret() override {
    co_await turn();
    co_return api_.read_secret();
  }
  net::Task<Result<certificate::SecretSnapshot>> write_secret(certificate::SecretData data,
                                                              std::string version) override {
    co_await turn();
    co_return api_.write_secret(std::move(data), version);
  }
  net::Task<Result<std::string>> read_configuration() override {
    co_await turn();
    co_return api_.read_configuration();
  }
  net::Task<Result<void>> patch_configuration(std::string patch) override {
    co_await turn();
    co_return api_.patch(std::move(patch));
  }
  net::Task<> changed(SteadyTime until) override {
    if (turns_ == nullptr) throw std::runtime_error("nobody lets it go on");
    co_await turns_->wait(until, true);
  }

 private:
  net::Task<> turn() {
    if (turns_ != nullptr) co_await turns_->wait(SteadyTime{}, false);
  }
  Api& api_;
  Turns* turns_;
};

}  // namespace digester::test
