#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "app/look_up.hpp"
#include "app/once.hpp"
#include "app/run.hpp"
#include "base/text.hpp"
#include "files/read.hpp"
#include "files/replace.hpp"
#include "known/images_lock.hpp"
#include "known/limits.hpp"

namespace digester::app {
namespace {

constexpr int kFailed = 3;

Result<known::ImagesLock> read_lock(const std::string& path, bool must_be_there) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 && errno == ENOENT) {
    if (!must_be_there) return known::ImagesLock();
    return fail(
        ErrorKind::not_found,
        fmt::format("{}: there is no such lock; check its name, or name the images that a new one is to have",
                    text::printable(path, 512)));
  }
  const auto text = files::read_file(path, known::kMaxFile);
  if (!text) return fail(text.error());
  auto lock = known::ImagesLock::read(*text);
  if (!lock)
    return fail(lock.error().kind, fmt::format("{}: {}", text::printable(path, 512), lock.error().message));
  return lock;
}

class Update {
 public:
  Update(const cli::LockUpdateOptions& options, Once& once) : options_(options), once_(once) {}

  int run(const LookUp& how, const cli::Environment& environment, const Clock& clock, const Logger& log) {
    auto lock = read_lock(options_.lock, options_.all);
    if (!lock) return failed(lock.error().message);
    if (!(options_.all ? take_all(*lock) : take_named(*lock))) return kFailed;
    const auto digests = look_up(questions_, how, environment, clock, log);
    if (!digests) return usage_error("lock update", digests.error().message);
    std::vector<known::LockEntry> fresh;
    bool complete = true;
    for (std::size_t i = 0; i < questions_.size(); ++i) {
      const auto& digest = (*digests)[i];
      if (digest) {
        fresh.push_back(known::lock_entry(ids_[i], questions_[i].pinned(*digest)).value());
      } else {
        once_.say(digest.error().message);
        complete = false;
      }
    }
    if (!complete) return failed("nothing was written");
    return put_out(std::move(*lock), fresh);
  }

 private:
  int failed(std::string_view line) {
    once_.say(line);
    return kFailed;
  }

  // False: it has been said why not.
  bool take(const std::string& id) {
    auto reference = image::Reference::parse(id);
    if (reference && reference->digest())
      reference = fail(
          ErrorKind::invalid,
          fmt::format("{} names a digest, which cannot be updated; name its tag", text::printable(id, 256)));
    if (!reference) {
      once_.say(reference.error().message);
      return false;
    }
    ids_.push_back(id);
    questions_.push_back(std::move(*reference));
    return true;
  }

  bool take_named(const known::ImagesLock& lock) {
    for (const auto& image : options_.images) {
      const auto* entry = lock.entry(image);
      if (!take(entry != nullptr ? entry->id : image)) return false;
    }
    return true;
  }

  // What was built, or comes from elsewhere, is no affair of the registry that the id names.
  bool take_all(const known::ImagesLock& lock) {
    for (const auto& entry : lock.entries()) {
      const auto reference = image::Reference::parse(entry.id);
      const auto locked = image::Reference::parse(entry.image);
      if (reference && locked && !reference->digest() && reference->repository() == locked->repository()) {
        if (!take(entry.id)) return false;
      } else {
        once_.say(fmt::format("{}:{}: {} stays: its id names no tag of the same repository",
                              text::printable(options_.lock, 512), entry.line,
                              text::printable(entry.id.empty() ? entry.image : entry.id, 256)));
      }
    }
    return true;
  }

  int put_out(known::ImagesLock lock, const std::vector<known::LockEntry>& fresh) {
    std::string changes;
    for (const auto& entry : fresh) {
      const auto* old = lock.entry(entry.id);
      if (old != nullptr && old->image == entry.image) continue;
      const auto digest_of = [](const std::string& image) { return image.substr(image.find('@') + 1); };
      changes += fmt::format("{} {} -> {}\n", entry.id, old != nullptr ? digest_of(old->image) : "(new)",
                             digest_of(entry.image));
    }
    if (changes.empty()) {
      once_.say(fmt::format("nothing has moved: {} in {}",
                            fresh.size() == 1 ? std::string("the image is as it is")
                                              : fmt::format("{} images are as they are", fresh.size()),
                            text::printable(options_.lock, 512)));
      return 0;
    }
    lock.merge(fresh);
    const auto text = lock.write();
    if (!text) return failed(fmt::format("{}: {}", options_.lock, text.error().message));
    if (auto written = files::write_file(options_.lock, *text); !written)
      return failed(written.error().message);
    std::fwrite(changes.data(), 1, changes.size(), stdout);
    return 0;
  }

  const cli::LockUpdateOptions& options_;
  Once& once_;
  std::vector<std::string> ids_;
  std::vector<image::Reference> questions_;
};

}  // namespace

int run_lock_update(const cli::LockUpdateOptions& options, const cli::Environment& environment) {
  Once once("lock update", options.log_level);
  auto how = look_ups(options, environment);
  if (!how) return usage_error("lock update", how.error().message);
  return Update(options, once).run(*how, environment, once.clock, once.log);
}

}  // namespace digester::app
