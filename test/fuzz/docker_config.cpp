// A docker config of any content, asked for an image of any name: the first line is the image, the rest the
// file.
#include <algorithm>
#include <vector>

#include "check.hpp"
#include "credential/docker_auth.hpp"
#include "credential/keyring.hpp"

using namespace digester;
using credential::Credential;

namespace {

void check_match(const credential::DockerAuth& auth, const image::Reference& reference) {
  auto found = auth.keyring.match(reference);
  FUZZ_CHECK(found.size() <= auth.logins.size());
  for (const auto index : found)
    FUZZ_CHECK(index < auth.logins.size());
  std::sort(found.begin(), found.end());
  FUZZ_CHECK(std::adjacent_find(found.begin(), found.end()) == found.end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = input.substr(0, input.find('\n'));
  const auto rest = line.size() == input.size() ? std::string_view() : input.substr(line.size() + 1);

  // A host as its own key matches, unless no such host can exist: a label too long for DNS, or brackets,
  // which are a set in a key when they hold no address.
  const auto reference = image::Reference::parse(line);
  if (reference && !line.starts_with('[')) {
    const auto labels = text::split(reference->domain(), '.');
    const bool fits =
        std::all_of(labels.begin(), labels.end(), [](auto label) { return label.size() <= 63; });
    credential::KeyList list;
    FUZZ_CHECK(list.add(reference->domain(), 5) == credential::KeyList::Added::yes);
    if (fits)
      FUZZ_CHECK(credential::Keyring(std::move(list)).match(*reference) == std::vector<std::size_t>{5});
  }
  // As a pattern it must end, whatever it holds.
  (void)credential::glob_match(line, rest.substr(0, 253));

  const auto auth = credential::parse_docker_auth(std::string(rest));
  if (!auth) {
    FUZZ_CHECK(fuzz::is_printable_line(auth.error().message, 512));
    return 0;
  }
  FUZZ_CHECK(auth->keyring.size() == auth->logins.size());
  for (const auto& login : auth->logins) {
    FUZZ_CHECK(login.kind != Credential::Kind::anonymous && !login.secret.empty());
    FUZZ_CHECK(login.kind != Credential::Kind::basic || !login.user.empty());
    FUZZ_CHECK(login.secret.find_first_of("\r\n") == std::string::npos);
  }
  FUZZ_CHECK(auth->warnings.size() <= credential::DockerAuth::kMaxWarnings);
  for (const auto& warning : auth->warnings)
    FUZZ_CHECK(fuzz::is_printable_line(warning, 256));
  if (reference) check_match(*auth, *reference);
  check_match(*auth, *image::Reference::parse("nginx"));
  check_match(*auth, *image::Reference::parse("reg.example.com:5000/team/app"));
  return 0;
}
