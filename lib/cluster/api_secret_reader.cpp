#include "cluster/api_secret_reader.hpp"

namespace digester::cluster {

net::Task<Result<std::string>> ApiSecretReader::get(std::string path) {
  kube::ApiRequest request;
  request.path = std::move(path);
  request.limit = kLimit;
  auto answer = co_await api_.call(std::move(request));
  if (!answer) co_return fail(std::move(answer.error()));
  co_return std::move(answer->body);
}

}  // namespace digester::cluster
