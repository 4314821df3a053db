// What pull secrets need of the Kubernetes API: one GET.
#pragma once

#include <string>

#include "base/result.hpp"
#include "net/task.hpp"

namespace digester::credential {

class SecretReader {
 public:
  virtual ~SecretReader() = default;

  // The body of a 200. `path` begins with "/api/v1/namespaces/" and needs no escape. Has a time limit of its
  // own. Registry thread; calls may overlap. Errors: not_found (404), forbidden (403), anything else is
  // transient.
  virtual net::Task<Result<std::string>> get(std::string path) = 0;
};

}  // namespace digester::credential
