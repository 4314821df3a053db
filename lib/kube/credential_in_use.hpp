// The credential of the next request, wherever it comes from. One thread.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "credential/file_source.hpp"
#include "kube/client_config.hpp"

namespace digester::kube {

class CredentialInUse {
 public:
  // A file is looked at when it was not for this long, and at once when its token was refused. The kubelet
  // puts a new one there at 80 % of the old one's life, of at least ten minutes.
  static constexpr std::chrono::seconds kLookAgain{30};

  // Takes the parts of the config that say who we are. Clock and logger outlive this.
  CredentialInUse(const ClientConfig& config, const Clock& clock, const Logger& log);

  // A refused credential may have a successor.
  bool renewable() const { return file_ || source_; }

  // `refused`: what got a 401 just now, else empty. A file that cannot be read any more is logged, and its
  // last token stays in use. Errors, with nothing secret in them: `unauthorized` (there is no token in the
  // file, or it holds something else), those of reading a file and those of the source. This outlives the
  // task.
  net::Task<Result<ApiCredential>> get(std::optional<ApiCredential> refused);

 private:
  Result<void> from_file(bool refused);

  const Clock& clock_;
  const Logger& log_;
  std::optional<credential::FileSource> file_;
  std::shared_ptr<CredentialSource> source_;
  ApiCredential configured_;  // the certificate alone
  ApiCredential last_;        // configured, or last got
  std::optional<Error> problem_;
  std::optional<SteadyTime> looked_;
};

}  // namespace digester::kube
