#pragma once

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace digester::test {

inline const std::string kDigest = "sha256:9dab7788e2fd002c77676d2f2744033a1af2cac56af68930424602123ecbe098";
inline const std::string kOther = "sha256:f20c43161d73848408ef247f0ec7111b19fe58ffebc0cbcaa0d2c8bda4967268";

// A file of the scenarios, for a registry at 127.0.0.1:5000.
inline std::string scenario(const std::string& name) {
  std::ifstream in(std::string(DIGESTER_TEST_DATA "/manifests/") + name, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + name);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  constexpr std::string_view kName = "REGISTRY", kRegistry = "127.0.0.1:5000";
  for (auto at = text.find(kName); at != std::string::npos; at = text.find(kName, at + kRegistry.size()))
    text.replace(at, kName.size(), kRegistry);
  return text;
}

template <typename R>
std::string error_of(const R& result) {
  return result ? "" : result.error().message;
}

}  // namespace digester::test
