#include "net/file_watch.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cstdint>
#include <filesystem>

namespace digester::net {
namespace {

// Until a folder that is missing exists.
constexpr Duration kRetry = std::chrono::seconds(1);
// A folder that never comes to rest is looked at all the same, after this many times `settle`.
constexpr int kMostPostponements = 10;

constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                  IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

// What tells one state of a file from another; links are followed.
struct Fingerprint {
  bool exists = false;
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t modified = 0;  // nanoseconds
  bool operator==(const Fingerprint&) const = default;
};

Fingerprint fingerprint_of(const std::string& file) {
  struct stat s {};
  if (::stat(file.c_str(), &s) != 0) return {};
  return {true, s.st_dev, s.st_ino, s.st_size,
          s.st_mtim.tv_sec * std::int64_t{1'000'000'000} + s.st_mtim.tv_nsec};
}

}  // namespace

struct FileWatch::Impl : std::enable_shared_from_this<FileWatch::Impl> {
  Impl(asio::io_context& io, std::vector<std::string> watched, std::function<void()> callback, Options chosen)
      : files(std::move(watched)),
        changed(std::move(callback)),
        options(chosen),
        events(io.get_executor()),
        settle_timer(io.get_executor()),
        poll_timer(io.get_executor()) {
    for (const auto& file : files) {
      auto folder = std::filesystem::path(file).parent_path().string();
      if (folder.empty()) folder = ".";
      if (std::find(folders.begin(), folders.end(), folder) == folders.end())
        folders.push_back(std::move(folder));
    }
    // Without inotify (a limit on instances, perhaps) looking now and then has to do.
    if (const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC); descriptor >= 0)
      events.assign(descriptor);
    watch_folders();
    known = look();
  }

  void start() {
    wait_for_events();
    wait_for_poll();
  }

  void stop() {
    stopped = true;
    boost::system::error_code ignored;
    events.close(ignored);
    settle_timer.cancel();
    poll_timer.cancel();
  }

  std::vector<Fingerprint> look() const {
    std::vector<Fingerprint> seen;
    for (const auto& file : files)
      seen.push_back(fingerprint_of(file));
    return seen;
  }

  // Adding a folder again changes nothing; one that was made anew is a new folder to the kernel.
  void watch_folders() {
    if (!events.is_open()) return;
    folder_missing = false;
    for (const auto& folder : folders)
      if (::inotify_add_watch(events.native_handle(), folder.c_str(), kEvents) < 0) folder_missing = true;
  }

  void wait_for_events() {
    if (!events.is_open()) return;
    events.async_wait(decltype(events)::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                        if (error || self->stopped) return;
                        // What happened does not matter, only that something did.
                        alignas(inotify_event) std::array<char, 4096> dropped;
                        while (::read(self->events.native_handle(), dropped.data(), dropped.size()) > 0) {
                        }
                        self->wait_until_settled();
                        self->wait_for_events();
                      });
  }

  void wait_until_settled() {
    if (postponements == kMostPostponements) return;
    ++postponements;
    settle_timer.expires_after(options.settle);
    settle_timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error && !self->stopped) self->check();
    });
  }

  void wait_for_poll() {
    poll_timer.expires_after(folder_missing ? std::min(kRetry, options.poll) : options.poll);
    poll_timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error || self->stopped) return;
      self->check();
      if (!self->stopped) self->wait_for_poll();
    });
  }

  void check() {
    postponements = 0;
    const bool was_missing = folder_missing;
    watch_folders();
    if (folder_missing && !was_missing) wait_for_poll();
    auto seen = look();
    if (seen == known) return;
    known = std::move(seen);
    changed();
  }

  const std::vector<std::string> files;
  std::vector<std::string> folders;
  const std::function<void()> changed;
  const Options options;
  asio::posix::basic_stream_descriptor<Executor> events;
  Timer settle_timer;
  Timer poll_timer;
  std::vector<Fingerprint> known;
  int postponements = 0;
  bool folder_missing = false;
  bool stopped = false;
};

FileWatch::FileWatch(asio::io_context& io, std::vector<std::string> files, std::function<void()> changed,
                     Options options)
    : impl_(std::make_shared<Impl>(io, std::move(files), std::move(changed), options)) {
  impl_->start();
}

FileWatch::FileWatch(asio::io_context& io, std::vector<std::string> files, std::function<void()> changed)
    : FileWatch(io, std::move(files), std::move(changed), Options{}) {}

FileWatch::~FileWatch() {
  impl_->stop();
}

}  // namespace digester::net
