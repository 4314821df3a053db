// What a command that pins manifests takes from builds and locks, and writes for the next one.
//
//   auto known = KnownSources::open(options.known, options.digest_only);
//   known->add_to(policy);                 // before the batch is made of it
//   …                                      // the batch is concluded
//   for (trouble : known->conclude(batch)) …
//   known->write(batch, say);              // once the manifests are
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "cli/known_options.hpp"
#include "known/artifacts.hpp"
#include "known/image_map.hpp"
#include "known/images_lock.hpp"
#include "pin/batch.hpp"

namespace digester::app {

class KnownSources {
 public:
  // Reads the files. The error is one line with file, line, cause and cure. Blocks.
  static Result<std::unique_ptr<KnownSources>> open(const cli::KnownOptions& options, bool digest_only);

  // Substitutes, which call back here: this outlives the policy. With --ko, a reference that is asked for the
  // first time is built, which takes as long as it takes.
  void add_to(pin::Policy& policy);

  struct Trouble {
    std::optional<std::size_t> page = std::nullopt;  // none: of an artifact
    std::size_t line = 0;                            // 0: of no line
    std::string value;
    std::string message;     // cause and cure
    bool is_unused = false;  // an artifact that was built and that nothing names: a line of --build-artifacts
  };
  // ko:// references outside of images, which the batch does not know: replaces them in the pages' new texts.
  // What is left of them. A build that failed is why its images have; artifacts that nothing names. Pages
  // with a problem, and those without an object, are left alone. After the batch's own conclude().
  std::vector<Trouble> conclude(pin::Batch& batch);

  // --image-refs and --imgpkg-lock-output. `say` is told of entries of the lock that nothing has any more.
  Result<void> write(const pin::Batch& batch, const std::function<void(std::string_view)>& say) const;

 private:
  explicit KnownSources(cli::KnownOptions options, bool digest_only)
      : options_(std::move(options)), digest_only_(digest_only) {}
  Result<void> read_locks();
  std::optional<std::string> find(std::string_view image);
  // What images that were replaced have become, by what they were.
  using Become = std::unordered_map<std::string_view, std::string_view>;
  static Become become(const pin::Batch& batch);
  std::optional<std::string> find_elsewhere(const Become& images, std::string_view value);
  void explain_failed_builds(pin::Batch& batch) const;
  void find_unused(const pin::Batch& batch, std::vector<Trouble>& troubles) const;
  std::optional<std::string> built(std::string_view image);

  struct Replaced {
    std::string before, after;
  };
  std::vector<Replaced> all_of(const pin::Batch& batch) const;

  const cli::KnownOptions options_;
  const bool digest_only_;
  std::optional<known::Artifacts> artifacts_;
  std::optional<known::ImageMap> map_;
  std::vector<known::ImagesLock> locks_;
  known::ImagesLock old_lock_;                                      // of --imgpkg-lock-output
  std::map<std::string, Result<std::string>, std::less<>> builds_;  // ko://… → reference
  std::vector<Replaced> elsewhere_;                                 // outside of images
};

}  // namespace digester::app
