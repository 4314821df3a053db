#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "net/server/fixture.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_certs.hpp"

using namespace digester;
using namespace digester::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// CertificateFiles on a thread of its own, as the main thread has it in the program.
class Watcher {
 public:
  // The files belong to the thread: it starts after they are open and ends before they go.
  ~Watcher() {
    threads_.stop();
    threads_.join();
  }

  Result<void> open(const std::string& certificate, const std::string& key) {
    auto opened =
        net::CertificateFiles::open(*threads_.contexts()[0], certificate, key, clock_, log.logger(), metrics);
    if (!opened) return fail(std::move(opened.error()));
    files_ = std::move(*opened);
    threads_.start();
    return {};
  }
  const std::shared_ptr<net::ServerTls>& tls() const { return files_->tls(); }
  bool lasts_over(std::chrono::hours hours) const {
    return tls()->not_after() > std::chrono::system_clock::now() + hours;
  }
  double reloads(const std::string& result) const {
    const auto text = metrics.exposition();
    const auto at = text.find("digester_tls_certificate_reloads_total{result=\"" + result + "\"}");
    return at == text.npos ? -1 : std::strtod(text.c_str() + text.find('}', at) + 1, nullptr);
  }

  CaptureLog log;
  Metrics metrics;

 private:
  SystemClock clock_;
  net::IoThreads threads_{1, "watch"};
  std::unique_ptr<net::CertificateFiles> files_;
};

// As the kubelet lays a secret out: a folder with the files, `..data` to it, and links through `..data`.
void publish(const TemporaryDirectory& volume, const std::string& version, const TestCertificate& pair) {
  volume.write("..v" + version + "/tls.crt", pair.certificate_pem);
  volume.write("..v" + version + "/tls.key", pair.key_pem);
  fs::create_symlink("..v" + version, volume / "..data_tmp");
  fs::rename(volume / "..data_tmp", volume / "..data");
  for (const auto* name : {"tls.crt", "tls.key"})
    if (!fs::is_symlink(volume / name)) fs::create_symlink(std::string("..data/") + name, volume / name);
}

TestCertificate lasting(const TestCa& ca, std::chrono::hours hours) {
  CertificateSpec spec;
  spec.ends = hours;
  return ca.issue(spec);
}

}  // namespace

TEST_CASE("A swapped secret volume is one reload, and connections live on") {
  const TestCa ca;
  const TemporaryDirectory volume;
  publish(volume, "1", lasting(ca, 10h));
  Watcher watcher;
  REQUIRE(watcher.open(volume / "tls.crt", volume / "tls.key"));
  TestServer server({}, watcher.tls());
  const auto context = client_context(ca.certificate_pem());
  RawClient before(server.port(), context.get());
  REQUIRE(before.ask(get("/")));

  publish(volume, "2", lasting(ca, 20h));
  REQUIRE(eventually([&] { return watcher.lasts_over(19h); }));
  fs::remove_all(volume / "..v1");
  RawClient after(server.port(), context.get());
  CHECK(after.ask(get("/")).value().status == 200);
  CHECK(before.ask(get("/")).value().status == 200);
  std::this_thread::sleep_for(300ms);
  CHECK(watcher.reloads("success") == 1);

  publish(volume, "3", lasting(ca, 30h));
  CHECK(eventually([&] { return watcher.lasts_over(29h); }));
  CHECK(eventually([&] { return watcher.reloads("success") == 2; }));
  CHECK(watcher.reloads("failure") == 0);
  const auto exposition = watcher.metrics.exposition();
  CHECK(exposition.find("digester_tls_certificate_not_after_timestamp_seconds " +
                        std::to_string(std::chrono::system_clock::to_time_t(watcher.tls()->not_after()))) !=
        std::string::npos);
}

TEST_CASE("A pair that does not match or is rubbish is logged and counted, and the old one stays") {
  const TestCa ca;
  const TemporaryDirectory folder;
  const auto first = lasting(ca, 10h);
  folder.write("tls.crt", first.certificate_pem);
  folder.write("tls.key", first.key_pem);
  Watcher watcher;
  REQUIRE(watcher.open(folder / "tls.crt", folder / "tls.key"));
  const auto second = lasting(ca, 20h);
  folder.write("tls.crt", second.certificate_pem);
  REQUIRE(eventually([&] { return watcher.reloads("failure") == 1; }));
  CHECK(eventually(
      [&] { return watcher.log.text().find("is not the key of the certificate") != std::string::npos; }));
  CHECK_FALSE(watcher.lasts_over(11h));
  // The other half arrives.
  folder.write("tls.key", second.key_pem);
  REQUIRE(eventually([&] { return watcher.reloads("success") == 1; }));
  CHECK(watcher.lasts_over(19h));
  fs::remove(folder / "tls.key");
  REQUIRE(eventually([&] { return watcher.reloads("failure") == 2; }));
  CHECK(watcher.lasts_over(19h));
}

TEST_CASE("At start a missing or unreadable file is one line that names it and the cure") {
  const TestCa ca;
  const TemporaryDirectory folder;
  Watcher watcher;
  const auto error_of = [&] {
    const auto opened = watcher.open(folder / "tls.crt", folder / "tls.key");
    return opened ? std::string("none") : opened.error().message;
  };
  CHECK(error_of() == "cannot read " + folder / "tls.crt" +
                          ": No such file or directory; put the certificate and " +
                          "its key there, or name another directory");
  const auto pair = ca.issue();
  folder.write("tls.crt", pair.certificate_pem);
  CHECK(error_of().find("cannot read " + folder / "tls.key" + ": No such file") == 0);
  folder.write("tls.key", std::string(1024 * 1024 + 1, 'x'));
  CHECK(error_of() == folder / "tls.key" + " is larger than 1 MiB: not a certificate or key");
  folder.write("tls.key", "rubbish");
  CHECK(error_of().find(folder / "tls.key" + " holds no private key") == 0);
  fs::remove(folder / "tls.key");
  fs::create_directory(folder / "tls.key");
  CHECK(error_of() == "cannot read " + folder / "tls.key" + ": Is a directory; check the file");
}

TEST_CASE("An expired certificate is used, and said to be expired") {
  const TestCa ca;
  CertificateSpec spec;
  spec.starts = -2h;
  spec.ends = -1h;
  const auto pair = ca.issue(spec);
  const TemporaryDirectory folder;
  folder.write("tls.crt", pair.certificate_pem);
  folder.write("tls.key", pair.key_pem);
  Watcher watcher;
  REQUIRE(watcher.open(folder / "tls.crt", folder / "tls.key"));
  CHECK(watcher.log.text().find("the certificate has expired") != std::string::npos);
}
