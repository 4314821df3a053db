#include "cluster/api_secret_reader.hpp"

namespace digester::cluster {

net::Task<Result<std::string>> ApiSecretReader::get(std::string path) {
  auto answer = co_await api_.get(std::move(path));
  if (!answer) co_return fail(std::move(answer.error()));
  co_return std::move(answer->body);
}

}  // namespace digester::cluster
