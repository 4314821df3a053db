// An image reference by the distribution/reference grammar, which kubelet, containerd and CRI-O enforce.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "image/digest.hpp"

namespace digester::image {

// Immutable and validated. The parts are normalised as a runtime does it (docker.io, library/, latest);
// original() is what the user wrote.
class Reference {
 public:
  // ErrorKind::invalid with a message that says what is wrong and at which byte of the (printable) text.
  static Result<Reference> parse(std::string_view text);

  const std::string& original() const { return original_; }
  // Host with optional port, as written ("docker.io" when none was). Compare case-insensitively.
  const std::string& domain() const { return domain_; }
  // Where its API is: registry-1.docker.io for docker.io, else domain(), in lower case.
  const std::string& api_host() const { return api_host_; }
  const std::string& path() const { return path_; }  // "library/nginx"
  std::string repository() const { return domain_ + "/" + path_; }
  // The tag written, or "latest" when neither tag nor digest was written; empty with only a digest.
  const std::string& tag() const { return tag_; }
  bool has_explicit_tag() const { return explicit_tag_; }
  const std::optional<Digest>& digest() const { return digest_; }

  // original() + "@" + digest: the string otherwise untouched. Precondition: no digest yet.
  std::string pinned(const Digest& digest) const;
  // original() without its tag + "@" + digest, for runtimes that refuse both.
  std::string pinned_without_tag(const Digest& digest) const;
  // original() without tag and digest.
  std::string_view name_as_written() const;

 private:
  Reference() = default;
  std::string original_;
  std::size_t name_length_ = 0;  // of original_, without tag and digest
  std::string domain_;
  std::string api_host_;
  std::string path_;
  std::string tag_;
  bool explicit_tag_ = false;
  std::optional<Digest> digest_;
};

}  // namespace digester::image
