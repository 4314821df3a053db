// A Secret or ServiceAccount of any content, and a docker config of any content inside of a good Secret.
#include "credential/pull_secret.hpp"
#include "base/object_name.hpp"
#include "check.hpp"

using namespace digester;

namespace {

void check(const Result<credential::DockerAuth>& auth) {
  if (!auth) {
    FUZZ_CHECK(fuzz::is_printable_line(auth.error().message, 512));
    return;
  }
  FUZZ_CHECK(auth->keyring.size() == auth->logins.size());
  for (const auto& login : auth->logins)
    FUZZ_CHECK(login.secret.find_first_of("\r\n") == std::string::npos);
  for (const auto& warning : auth->warnings)
    FUZZ_CHECK(fuzz::is_printable_line(warning, 256));
  for (const auto index : auth->keyring.match(*image::Reference::parse("reg.example.com:5000/team/app")))
    FUZZ_CHECK(index < auth->logins.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  check(credential::parse_pull_secret(input));
  for (const std::string_view type : {"dockerconfigjson", "dockercfg"}) {
    const auto name = std::string(type);
    check(credential::parse_pull_secret(R"({"kind":"Secret","type":"kubernetes.io/)" + name +
                                        R"(","data":{".)" + name + R"(":")" + text::base64_encode(input) +
                                        R"("}})"));
  }
  const auto names = credential::parse_account_pull_secrets(input);
  if (names)
    FUZZ_CHECK(names->size() <= credential::kMaxPullSecretNames);
  else
    FUZZ_CHECK(fuzz::is_printable_line(names.error().message, 512));
  // What becomes part of a path cannot leave it.
  if (is_object_name(input)) FUZZ_CHECK(input.find_first_of("/%?#") == std::string::npos && input != "..");
  if (is_namespace_name(input)) FUZZ_CHECK(is_object_name(input));
  return 0;
}
