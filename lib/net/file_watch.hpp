// Tells when files change, whichever way they are changed: written in place, replaced by rename, or swapped
// through a Kubernetes volume's `..data` link.
//
// inotify on the files' folders (folders, because a replaced file is a new inode) wakes the watch; what
// counts is then whether device, inode, size or time of any file differs from what was last reported, so that
// one swap, however many events it makes, is one report. File systems that send no events (network, FUSE) are
// covered by looking every `poll` as well. A folder that vanishes is watched again once it is back.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/units.hpp"
#include "net/task.hpp"

namespace digester::net {

class FileWatch {
 public:
  struct Options {
    // A change is reported when this long nothing more has happened: writers need several steps.
    Duration settle = std::chrono::milliseconds(100);
    Duration poll = std::chrono::minutes(1);
  };

  // `changed` runs on the thread of `io`. Files may be missing for now. The state at construction counts as
  // known: read the files after making the watch, so that no change in between is lost.
  FileWatch(asio::io_context& io, std::vector<std::string> files, std::function<void()> changed,
            Options options);
  FileWatch(asio::io_context& io, std::vector<std::string> files, std::function<void()> changed);
  // On the thread of `io`, or when it does not run; `changed` is not called after it.
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace digester::net
