// The files behind a ServerTls (declared in server_tls.hpp).
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "base/time_text.hpp"
#include "net/file_watch.hpp"
#include "net/server/server_tls.hpp"

namespace digester::net {
namespace {

constexpr std::size_t kMaxFile = 1024 * 1024;

Result<std::string> read_file(const std::string& path) {
  // A pipe in the file's place would hold up the thread: not waited for, and not read.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  const int open_error = errno;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(fd < 0 ? nullptr : ::fdopen(fd, "rb"),
                                                             std::fclose);
  const auto failed = [&path](int error) {
    const auto cure = error == ENOENT   ? "put the certificate and its key there, or name another directory"
                      : error == EACCES ? "let this user read it"
                                        : "check the file";
    return fail(ErrorKind::invalid,
                fmt::format("cannot read {}: {}; {}", path, std::generic_category().message(error), cure));
  };
  if (!file) return failed(open_error);
  struct stat status {};
  if (::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) return failed(EISDIR);
  if (!S_ISREG(status.st_mode))
    return fail(ErrorKind::invalid, fmt::format("cannot read {}: it is not a regular file", path));
  std::string text(kMaxFile + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return failed(errno);
  if (text.size() > kMaxFile)
    return fail(ErrorKind::too_large, fmt::format("{} is larger than 1 MiB: not a certificate or key", path));
  return text;
}

std::string printable_time(WallTime time) {
  return format_rfc3339(std::chrono::floor<std::chrono::seconds>(time));
}

}  // namespace

struct CertificateFiles::Impl {
  Impl(std::string certificate, std::string key, const Clock& the_clock, const Logger& logger,
       Metrics& metrics)
      : certificate_path(std::move(certificate)),
        key_path(std::move(key)),
        clock(the_clock),
        log(logger),
        not_after(metrics.gauge("digester_tls_certificate_not_after_timestamp_seconds",
                                "When the certificate in use expires, in seconds since the epoch.")),
        reloads(metrics.counter("digester_tls_certificate_reloads_total",
                                "Certificates taken from changed files, or refused.",
                                {{"result", "success"}})),
        failures(metrics.counter("digester_tls_certificate_reloads_total",
                                 "Certificates taken from changed files, or refused.",
                                 {{"result", "failure"}})) {}

  Result<void> load() {
    auto certificate = read_file(certificate_path);
    if (!certificate) return fail(std::move(certificate.error()));
    auto key = read_file(key_path);
    if (!key) return fail(std::move(key.error()));
    if (tls) {
      if (auto replaced = tls->replace(*certificate, *key); !replaced) return replaced;
    } else {
      auto created = ServerTls::create(*certificate, *key, certificate_path, key_path);
      if (!created) return fail(std::move(created.error()));
      tls = std::move(*created);
    }
    const auto expiry = tls->not_after();
    not_after.Set(static_cast<double>(std::chrono::system_clock::to_time_t(expiry)));
    if (expiry <= clock.wall())
      log.warn("the certificate has expired: clients will refuse it",
               {{"file", certificate_path}, {"not_after", printable_time(expiry)}});
    return {};
  }

  void reload() {
    if (auto loaded = load(); !loaded) {
      failures.Increment();
      log.error("the changed certificate is not used, the one before stays",
                {{"error", loaded.error().message}});
      return;
    }
    reloads.Increment();
    log.info("certificate reloaded",
             {{"file", certificate_path}, {"not_after", printable_time(tls->not_after())}});
  }

  const std::string certificate_path;
  const std::string key_path;
  const Clock& clock;
  const Logger& log;
  prometheus::Gauge& not_after;
  prometheus::Counter& reloads;
  prometheus::Counter& failures;
  std::shared_ptr<ServerTls> tls;
  std::unique_ptr<FileWatch> watch;
};

Result<std::unique_ptr<CertificateFiles>> CertificateFiles::open(asio::io_context& io,
                                                                 const std::string& certificate_path,
                                                                 const std::string& key_path,
                                                                 const Clock& clock, const Logger& log,
                                                                 Metrics& metrics) {
  auto impl = std::make_unique<Impl>(certificate_path, key_path, clock, log, metrics);
  // Before the first reading, so that no change is missed. The watch dies with the Impl it points to.
  impl->watch = std::make_unique<FileWatch>(io, std::vector<std::string>{certificate_path, key_path},
                                            [raw = impl.get()] { raw->reload(); });
  if (auto loaded = impl->load(); !loaded) return fail(std::move(loaded.error()));
  return std::unique_ptr<CertificateFiles>(new CertificateFiles(std::move(impl)));
}

CertificateFiles::CertificateFiles(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CertificateFiles::~CertificateFiles() = default;

const std::shared_ptr<ServerTls>& CertificateFiles::tls() const {
  return impl_->tls;
}

}  // namespace digester::net
