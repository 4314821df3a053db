// An image reference by the distribution/reference grammar, which kubelet, containerd and CRI-O enforce.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "image/digest.hpp"

namespace digester::image {

// Immutable and validated. The parts are normalised as a runtime does it (docker.io, library/, latest);
// original() is what the user wrote. Copies share their text, also between threads: a copy costs no memory.
// A moved-from one may only be assigned to or destroyed.
class Reference {
 public:
  // ErrorKind::invalid with a message that says what is wrong and at which byte of the (printable) text.
  static Result<Reference> parse(std::string_view text);

  const std::string& original() const { return parts_->original; }
  // Host with optional port, as written ("docker.io" when none was). Compare case-insensitively.
  const std::string& domain() const { return parts_->domain; }
  // Where its API is: registry-1.docker.io for docker.io, else domain(), in lower case.
  const std::string& api_host() const { return parts_->api_host; }
  const std::string& path() const { return parts_->path; }  // "library/nginx"
  std::string repository() const { return domain() + "/" + path(); }
  // The tag written, or "latest" when neither tag nor digest was written; empty with only a digest.
  const std::string& tag() const { return parts_->tag; }
  bool has_explicit_tag() const { return parts_->explicit_tag; }
  const std::optional<Digest>& digest() const { return parts_->digest; }

  // original() + "@" + digest: the string otherwise untouched. Precondition: no digest yet.
  std::string pinned(const Digest& digest) const;
  // original() without its tag + "@" + digest, for runtimes that refuse both.
  std::string pinned_without_tag(const Digest& digest) const;
  // original() without tag and digest.
  std::string_view name_as_written() const;

 private:
  struct Parts {
    std::string original;
    std::size_t name_length = 0;  // of the original, without tag and digest
    std::string domain;
    std::string api_host;
    std::string path;
    std::string tag;
    bool explicit_tag = false;
    std::optional<Digest> digest;
  };
  explicit Reference(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

}  // namespace digester::image
