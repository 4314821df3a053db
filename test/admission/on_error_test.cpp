// Rule 4: what cannot be resolved.
#include <catch2/catch.hpp>

#include "run.hpp"

namespace digester::admission {
namespace {

using namespace digester::test;

Policy with(OnError on_error) {
  Policy policy;
  policy.on_error = on_error;
  return policy;
}

TEST_CASE("refused, unless the policy lets it in") {
  struct Row {
    OnError on_error;
    const char* review;
    bool allowed;
  };
  for (const auto& [on_error, review, allowed] : {
           Row{OnError::refuse, "create-deployment", false},
           Row{OnError::refuse, "create-pod-by-replicaset", false},
           Row{OnError::admit_controlled, "create-deployment", false},
           Row{OnError::admit_controlled, "create-pod-dry-run", false},
           Row{OnError::admit_controlled, "create-pod-by-replicaset", true},
           Row{OnError::admit, "create-deployment", true},
           Row{OnError::admit, "create-pod-by-replicaset", true},
       }) {
    CAPTURE(to_string(on_error), review);
    const auto result = run(captured(review), with(on_error), {{kWeb, failing(ErrorKind::unreachable)}});
    CHECK(result.answer.allowed == allowed);
    CHECK(result.patch == "[]");
    CHECK(result.answer.unresolved == kWeb);
    CHECK(result.reason() == (allowed ? "ErrorIgnored" : "NotPatched"));
    CHECK(result.answer.code == (allowed ? 200 : 500));
    CHECK(result.warnings() ==
          (allowed ? "digester: " + kWeb + " not pinned: 127.0.0.1:5000: unreachable\n" : ""));
    CHECK(result.answer.images.at(0).verdict == Verdict::unresolved);
    CHECK(result.answer.images.at(0).failure == ErrorKind::unreachable);
  }
}

TEST_CASE("403 where the cause is permanent, 500 otherwise") {
  for (const auto kind : {ErrorKind::invalid, ErrorKind::not_found, ErrorKind::unauthorized,
                          ErrorKind::forbidden, ErrorKind::unsupported})
    CHECK(run(captured("create-deployment"), {}, {{kWeb, failing(kind)}}).answer.code == 403);
  for (const auto kind :
       {ErrorKind::rate_limited, ErrorKind::timed_out, ErrorKind::unreachable, ErrorKind::unavailable,
        ErrorKind::protocol, ErrorKind::cancelled, ErrorKind::internal})
    CHECK(run(captured("create-deployment"), {}, {{kWeb, failing(kind)}}).answer.code == 500);
  // One permanent cause is enough: asking again will not help.
  const auto both = run(captured("create-pod-full"), {},
                        {{kWeb, failing(ErrorKind::timed_out)},
                         {kMigrate, known('b')},
                         {kModel, failing(ErrorKind::not_found)}});
  CHECK(both.answer.code == 403);
}

TEST_CASE("a string that is no reference is refused without asking anybody") {
  const auto result = run(with_image(captured("create-deployment"), kWeb, "Nginx:1"));
  CHECK_FALSE(result.answer.allowed);
  CHECK(result.answer.code == 403);
  CHECK(result.asked.empty());
  CHECK(result.answer.message.find("cannot pin an image: container web: ") == 0);
  CHECK(result.answer.message.find("Nginx:1") != std::string::npos);
  const auto admitted = run(with_image(captured("create-deployment"), kWeb, "Nginx:1"), with(OnError::admit));
  CHECK(admitted.untouched());
  CHECK(admitted.warnings() == "digester: Nginx:1 not pinned: not a valid reference\n");
  CHECK(admitted.answer.images.at(0).failure == ErrorKind::invalid);
}

TEST_CASE("an image's text can neither end the list of the unresolved nor look like two of them") {
  auto review = with_image(captured("create-pod-full"), kMigrate, "evil…");
  review = with_image(review, kModel, "a," + kMigrate);
  const auto result = run(review, with(OnError::admit), {{kWeb, failing(ErrorKind::not_found)}});
  CHECK(result.answer.unresolved == kWeb + ",evil…,a\\x2c" + kMigrate);
}

TEST_CASE("with --digest-only, tags of one digest are one string in the audit log, however many they are") {
  Policy policy;
  policy.digest_only = true;
  const auto first = kWeb.substr(0, kWeb.rfind(':')) + ":1";
  const auto second = kWeb.substr(0, kWeb.rfind(':')) + ":2";
  auto review = with_image(captured("create-pod-full"), kMigrate, first);
  review = with_image(review, kModel, second);
  const auto result = run(review, policy, {{kWeb, known('a')}, {first, known('a')}, {second, known('a')}});
  CHECK(result.answer.pinned == kWeb.substr(0, kWeb.rfind(':')) + "@" + digest('a'));
}

TEST_CASE("partial pins: what resolved is patched, each failure is told once") {
  const auto result =
      run(captured("create-pod-full"), with(OnError::admit),
          {{kWeb, failing(ErrorKind::rate_limited)}, {kMigrate, known('b')}, {kModel, known('c')}});
  CHECK(result.answer.allowed);
  CHECK(result.reason() == "ErrorIgnored");
  CHECK(result.image("/spec/containers/0/image") == kWeb);
  CHECK(result.image("/spec/initContainers/0/image") == at(kMigrate, 'b'));
  CHECK(result.image("/spec/initContainers/1/image") == kWeb);
  CHECK(result.image("/spec/volumes/1/image/reference") == at(kModel, 'c'));
  CHECK(result.warnings() == "digester: " + kWeb + " not pinned: 127.0.0.1:5000: rate limited\n");
  CHECK(result.answer.unresolved == kWeb);
  CHECK(result.answer.pinned == at(kMigrate, 'b') + "," + at(kModel, 'c'));
}

TEST_CASE("a refusal names each image once, where it is and why, and pins nothing") {
  const auto result =
      run(captured("create-pod-full"), {},
          {{kWeb, failing(ErrorKind::not_found, kWeb + ": 127.0.0.1:5000 has no tag 1.10; push it first")},
           {kMigrate, known('b')},
           {kModel, failing(ErrorKind::unauthorized, "127.0.0.1:5000 wants credentials\n")}});
  CHECK(result.answer.message == "cannot pin 2 images: container web: " + kWeb +
                                     ": 127.0.0.1:5000 has no tag 1.10; push it first; volume model: " +
                                     kModel + ": 127.0.0.1:5000 wants credentials\\x0a");
  CHECK(result.patch == "[]");
  CHECK(result.answer.warnings.empty());
  CHECK(result.answer.unresolved == kWeb + "," + kModel);
  CHECK(result.answer.pinned.empty());
}

TEST_CASE("an outcome that is missing counts as timed out") {
  json::Document document;
  auto text = captured("create-deployment");
  const auto review = parse_review(document.parse(text).value()).value();
  const auto answer = decide(make_plan(review, {}), {});
  CHECK_FALSE(answer.allowed);
  CHECK(answer.code == 500);
  CHECK(answer.images.at(0).failure == ErrorKind::timed_out);
}

TEST_CASE("a stale digest pins what has none, with a warning that names its age") {
  for (const auto* review : {"create-deployment", "create-pod-by-replicaset"}) {
    const auto result =
        run(captured(review), {}, {{kWeb, known('a', Source::stale, std::chrono::milliseconds(754'300))}});
    CHECK(result.reason() == "Patched");
    CHECK(result.answer.stale == at(kWeb, 'a'));
    CHECK(result.answer.pinned == at(kWeb, 'a'));
    CHECK(result.warnings() ==
          "digester: " + kWeb + " pinned as known for 12m35s: 127.0.0.1:5000: no answer\n");
  }
}

TEST_CASE("why an older digest was given is said, in the warning and for the log") {
  auto stale = known('a', Source::stale, std::chrono::seconds(5));
  stale.because =
      Error{ErrorKind::unreachable, kWeb + ": 127.0.0.1:5000: cannot connect: connection refused"};
  const auto result = run(captured("create-deployment"), {}, {{kWeb, stale}});
  CHECK(result.warnings() == "digester: " + kWeb + " pinned as known for 5s: 127.0.0.1:5000: unreachable\n");
  CHECK(result.answer.images.at(0).because.find("127.0.0.1:5000: cannot connect: connection refused") !=
        std::string::npos);
  CHECK(result.answer.message.find("connection refused") != std::string::npos);
}

TEST_CASE("our own dry run never patches, never refuses, and says what it would do") {
  Policy policy;
  policy.dry_run = true;
  const auto pins =
      run(captured("create-pod-full"), policy,
          {{kWeb, known('a')}, {kMigrate, failing(ErrorKind::not_found)}, {kModel, known('c')}});
  CHECK(pins.untouched());
  CHECK(pins.answer.pinned.empty());
  CHECK(pins.answer.unresolved == kMigrate);
  CHECK(pins.warnings() == "digester: would pin " + kWeb + " to sha256:aaaaaaaaaaaa\n" +
                               "digester: would refuse " + kMigrate + ": 127.0.0.1:5000: no such image\n" +
                               "digester: would pin " + kModel + " to sha256:cccccccccccc\n");
  CHECK(pins.answer.images.at(0).written == at(kWeb, 'a'));
  SECTION("a failure that would be let in is told as such") {
    policy.on_error = OnError::admit;
    CHECK(run(captured("create-deployment"), policy, {}).warnings() ==
          "digester: " + kWeb + " not pinned: 127.0.0.1:5000: no such image\n");
  }
  SECTION("so is a digest that would go back") {
    const auto job = json_set_string(as_update(captured("create-job")),
                                     std::string("/request/oldObject") + kTemplateImage, at(kMigrate, 'f'));
    CHECK(run(job, policy).warnings() == "digester: would pin " + kMigrate + " to sha256:ffffffffffff\n");
    CHECK(run(job, policy).untouched());
  }
}

}  // namespace
}  // namespace digester::admission
