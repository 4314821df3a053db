#include "certificate/bundle.hpp"

#include <catch2/catch.hpp>

#include "base/text.hpp"
#include "certificate/issue.hpp"
#include "json/value.hpp"
#include "json/writer.hpp"

using namespace digester;
using namespace digester::certificate;
using namespace std::chrono_literals;
using std::chrono::days;

namespace {

const Time kNow = Time(1'800'000'000s);
const std::string kName = "digester-webhook-service.digester-system.svc";
const ServiceName kService{"digester-system", "digester-webhook-service"};

std::string entry(const std::string& name, const std::string& service, const std::string& bundle_field) {
  return R"({"name":")" + name + R"(","clientConfig":{"service":{"namespace":"digester-system","name":")" +
         service + R"(","path":"/v1/mutate"})" + bundle_field + R"(},"failurePolicy":"Ignore"})";
}

std::string configuration(const std::vector<std::string>& entries, const std::string& version = "42") {
  std::string all;
  for (const auto& one : entries)
    all += (all.empty() ? "" : ",") + one;
  return R"({"kind":"MutatingWebhookConfiguration","metadata":{"name":"x")" +
         (version.empty() ? "" : R"(,"resourceVersion":")" + version + '"') + R"(},"webhooks":[)" + all +
         "]}";
}

std::string field(const std::string& pem) {
  return R"(,"caBundle":")" + text::base64_encode(pem) + '"';
}

struct Fixture {
  KeyPair ca = make_ca("digester CA", days(3650), kNow).value();
  KeyPair other = make_ca("other", days(3650), kNow).value();
  BundleWish wish;

  Fixture() {
    wish.leaf = make_serving(ca, {kName}, days(365), kNow)->certificate_pem;
    wish.name = kName;
    wish.content = ca.certificate_pem;
  }
  std::string patch(const std::string& json) const {
    return bundle_patch(read_webhook_configuration(json, kService).value(), wish, kNow);
  }
  static std::string fingerprint(const KeyPair& pair) {
    return parse_certificates(pair.certificate_pem).list.at(0).fingerprint;
  }
  std::string set(const std::string& op, int index, const std::string& pem) const {
    return R"({"op":")" + op + R"(","path":"/webhooks/)" + std::to_string(index) +
           R"(/clientConfig/caBundle","value":")" + text::base64_encode(pem) + R"("})";
  }
};

const std::string kTest = R"({"op":"test","path":"/metadata/resourceVersion","value":"42"})";

}  // namespace

TEST_CASE("a bundle that is missing or wrong is set, in our entries alone") {
  const Fixture f;
  const auto ours = "digester-webhook-service";
  const auto& good = f.ca.certificate_pem;
  CHECK(f.patch(configuration({entry("a", ours, "")})) == "[" + kTest + "," + f.set("add", 0, good) + "]");
  CHECK(f.patch(configuration({entry("other.svc", "other", ""), entry("renamed", ours, field("x")),
                               entry("right", ours, field(good)), entry("b", ours, R"(,"caBundle":"")")})) ==
        "[" + kTest + "," + f.set("replace", 1, good) + "," + f.set("replace", 3, good) + "]");
  CHECK(f.patch(configuration({entry("a", ours, R"(,"caBundle":"%%%")")})) ==
        "[" + kTest + "," + f.set("replace", 0, good) + "]");
  CHECK(f.patch(configuration({entry("a", ours, R"(,"caBundle":null)")})) ==
        "[" + kTest + "," + f.set("add", 0, good) + "]");
}

TEST_CASE("what is right already, or not ours, is not touched") {
  const Fixture f;
  const auto ours = "digester-webhook-service";
  CHECK(f.patch(configuration({entry("a", ours, field(f.ca.certificate_pem))})).empty());
  // Somebody else's bundle that does the job.
  CHECK(f.patch(configuration({entry("a", ours, field(f.other.certificate_pem + f.ca.certificate_pem))}))
            .empty());
  CHECK(f.patch(configuration({entry("a", "another-service", "")})).empty());
  CHECK(f.patch(configuration({})).empty());
  CHECK(f.patch(R"({"webhooks":[{"name":"a","clientConfig":{"url":"https://x"}},{},3,null]})").empty());
  CHECK(f.patch(R"({"webhooks":{"a":1}})").empty());
  CHECK(f.patch("{}").empty());
  CHECK_FALSE(read_webhook_configuration("[]", kService));
  CHECK_FALSE(read_webhook_configuration("{", kService));
}

TEST_CASE("without a version the entry's name and old bundle are tested") {
  const Fixture f;
  const auto patch = f.patch(configuration({entry("a", "digester-webhook-service", field("x"))}, ""));
  CHECK(patch == R"([{"op":"test","path":"/webhooks/0/name","value":"a"},)"
                 R"({"op":"test","path":"/webhooks/0/clientConfig/caBundle","value":"eA=="},)" +
                     f.set("replace", 0, f.ca.certificate_pem) + "]");
}

TEST_CASE("a rotation demands and forbids CAs") {
  Fixture f;
  const auto both = f.ca.certificate_pem + f.other.certificate_pem;
  CHECK_FALSE(bundle_fault(f.wish, both, kNow));
  CHECK(bundle_fault(f.wish, "", kNow) == "it is empty");
  CHECK(bundle_fault(f.wish, f.other.certificate_pem, kNow)->starts_with("it does not verify"));
  f.wish.required = {Fixture::fingerprint(f.other)};
  CHECK(bundle_fault(f.wish, f.ca.certificate_pem, kNow) == "a CA of the rotation is missing");
  CHECK_FALSE(bundle_fault(f.wish, both, kNow));
  f.wish.required.clear();
  f.wish.forbidden = {Fixture::fingerprint(f.other)};
  CHECK(bundle_fault(f.wish, both, kNow) == "it holds a CA that has been replaced");
  CHECK_FALSE(bundle_fault(f.wish, f.ca.certificate_pem, kNow));
}

TEST_CASE("what is there is kept where the Secret has no CA to put in its place") {
  Fixture f;
  const auto next = make_ca("next", days(1), kNow).value();
  f.wish.content = next.certificate_pem;
  f.wish.required = {Fixture::fingerprint(next)};
  f.wish.forbidden = {Fixture::fingerprint(f.other)};
  f.wish.keep_existing = true;
  const auto ours = "digester-webhook-service";
  const auto there = "noise\n" + f.ca.certificate_pem + f.other.certificate_pem;
  CHECK(f.patch(configuration({entry("a", ours, field(there))})) ==
        "[" + kTest + "," + f.set("replace", 0, next.certificate_pem + f.ca.certificate_pem) + "]");
}

TEST_CASE("of thousands of entries the first 64 of ours are looked at, wherever they are") {
  std::vector<std::string> entries(100, entry("theirs", "another-service", ""));
  for (int i = 0; i < 10'000; ++i)
    entries.push_back(entry("ours", kService.name, ""));
  const auto read = read_webhook_configuration(configuration(entries), kService).value();
  REQUIRE(read.ours.size() == kMostEntries);
  CHECK(read.ours.front().index == 100);
  CHECK(read.ours.back().index == 163);
}
