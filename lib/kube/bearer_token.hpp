// The token of the next request, wherever it comes from. One thread.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "credential/file_source.hpp"
#include "kube/client_config.hpp"

namespace digester::kube {

class BearerToken {
 public:
  // A file is looked at when it was not for this long, and at once when its token was refused. The kubelet
  // puts a new one there at 80 % of the old one's life, of at least ten minutes.
  static constexpr std::chrono::seconds kLookAgain{30};

  // Takes the token parts of the config. Clock and logger outlive this.
  BearerToken(const ClientConfig& config, const Clock& clock, const Logger& log);

  // A refused token may have a successor.
  bool renewable() const { return file_ || source_; }

  // Empty: none is configured. `refused`: the token that got a 401 just now, else empty. A file that cannot
  // be read any more is logged, and its last token stays in use. Errors, without any of the token:
  // `unauthorized` (there is no token in the file, or it holds something else), those of reading a file and
  // those of the source. This outlives the task.
  net::Task<Result<std::string>> get(std::string refused);

 private:
  Result<std::string> from_file(bool refused);

  const Clock& clock_;
  const Logger& log_;
  std::optional<credential::FileSource> file_;
  std::shared_ptr<TokenSource> source_;
  std::string token_;  // configured, or last got
  std::optional<Error> problem_;
  std::optional<SteadyTime> looked_;
};

}  // namespace digester::kube
