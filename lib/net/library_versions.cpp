#include "net/library_versions.hpp"

#include <openssl/crypto.h>
#include <boost/version.hpp>

#include <fmt/format.h>

namespace digester::net {

std::vector<std::pair<std::string, std::string>> library_versions() {
  return {{"Boost",
           fmt::format("{}.{}.{}", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100)},
          {"OpenSSL", ::OpenSSL_version(OPENSSL_VERSION_STRING)}};
}

}  // namespace digester::net
