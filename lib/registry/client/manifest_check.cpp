#include "registry/client/manifest_check.hpp"

#include "base/text.hpp"
#include "net/crypto.hpp"

namespace digester::registry {
namespace {

using image::Digest;
using protocol::MediaType;

constexpr std::string_view kDigestField = "Docker-Content-Digest";

MediaType type_of(const net::Response& response) {
  const auto types = response.headers.get_all("Content-Type");
  return types.size() == 1 ? protocol::parse_media_type(types.front()) : MediaType::other;
}

tl::unexpected<Error> schema1() {
  return fail(ErrorKind::unsupported,
              "it has this image only in the obsolete schema 1 format; push it again with a current tool");
}

tl::unexpected<Error> sha384() {
  return fail(ErrorKind::unsupported, "it names a sha384 digest, which container runtimes do not take");
}

}  // namespace

Result<std::optional<Digest>> digest_of_head(const net::Response& response) {
  const auto type = type_of(response);
  if (type == MediaType::schema1) return schema1();
  const auto fields = response.headers.get_all(kDigestField);
  if (fields.size() != 1) return std::nullopt;
  auto digest = Digest::parse(fields.front());
  if (!digest) return std::nullopt;
  if (digest->algorithm() == Digest::Algorithm::sha384) return sha384();
  if (digest->algorithm() != Digest::Algorithm::sha256 || type == MediaType::other) return std::nullopt;
  return std::move(*digest);
}

bool has_digest(const std::string& body, const Digest& digest) {
  switch (digest.algorithm()) {
    case Digest::Algorithm::sha256:
      return digest.hex() == net::sha256_hex(body);
    case Digest::Algorithm::sha512:
      return digest.hex() == net::sha512_hex(body);
    case Digest::Algorithm::sha384:
      return false;
  }
  return false;
}

Result<CheckedManifest> check_manifest(const net::Response& response) {
  const auto encoding = text::trim(response.headers.get("Content-Encoding").value_or(""));
  if (!encoding.empty() && !text::iequals(encoding, "identity"))
    return fail(ErrorKind::protocol, "it compressed the manifest, so that its digest cannot be checked");
  if (type_of(response) == MediaType::schema1) return schema1();
  auto manifest = protocol::read_manifest(response.body);
  if (!manifest) {
    if (manifest.error().kind == ErrorKind::unsupported) return schema1();
    return fail(std::move(manifest.error()));
  }

  auto digest = Digest::from_hex(Digest::Algorithm::sha256, net::sha256_hex(response.body));
  if (!digest) return fail(std::move(digest.error()));
  for (const auto field : response.headers.get_all(kDigestField)) {
    auto named = Digest::parse(field);
    if (named && named->algorithm() == Digest::Algorithm::sha384) return sha384();
    if (!named || !has_digest(response.body, *named))
      return fail(ErrorKind::protocol, "the digest it names is not that of the manifest it sent");
    if (named->algorithm() == Digest::Algorithm::sha512) digest = std::move(named);
  }
  CheckedManifest checked{std::move(*digest), std::move(*manifest)};
  return checked;
}

}  // namespace digester::registry
