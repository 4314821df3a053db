// Any text as an image reference and as a digest.
#include "image/reference.hpp"

#include "check.hpp"

using namespace digester;
using image::Digest;
using image::Reference;

namespace {

void check_reference(const Reference& r, std::string_view input) {
  FUZZ_CHECK(r.original() == input);
  FUZZ_CHECK(!r.domain().empty() && !r.path().empty() && r.path().size() <= 255);
  FUZZ_CHECK(r.tag().size() <= 128);
  FUZZ_CHECK(r.tag().empty() == (r.digest() && !r.has_explicit_tag()));
  FUZZ_CHECK(input.starts_with(r.name_as_written()));
  FUZZ_CHECK(r.api_host() == text::to_lower(r.api_host()));
  // The normalised name names the same.
  const auto again = Reference::parse(r.repository());
  FUZZ_CHECK(again && again->repository() == r.repository() && again->api_host() == r.api_host());
}

void check_pins(const Reference& r, const Digest& digest) {
  if (r.digest()) return;
  const auto pinned = Reference::parse(r.pinned(digest));
  FUZZ_CHECK(pinned && pinned->digest() == digest && pinned->repository() == r.repository());
  FUZZ_CHECK(pinned->tag() == (r.has_explicit_tag() ? r.tag() : ""));
  FUZZ_CHECK(pinned->original().starts_with(r.original()));
  const auto without_tag = Reference::parse(r.pinned_without_tag(digest));
  FUZZ_CHECK(without_tag && without_tag->digest() == digest && without_tag->repository() == r.repository());
  FUZZ_CHECK(!without_tag->has_explicit_tag());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  static const Digest digest = *Digest::parse("sha256:" + std::string(64, 'f'));

  if (const auto r = Reference::parse(input)) {
    check_reference(*r, input);
    check_pins(*r, digest);
  } else {
    FUZZ_CHECK(r.error().kind == ErrorKind::invalid);
    FUZZ_CHECK(fuzz::is_printable_line(r.error().message, 512));
  }
  if (const auto d = Digest::parse(input)) {
    FUZZ_CHECK(d->str() == input && input.ends_with(d->hex()));
    FUZZ_CHECK(Digest::from_hex(d->algorithm(), d->hex()) == *d);
  } else {
    FUZZ_CHECK(fuzz::is_printable_line(d.error().message, 512));
  }
  return 0;
}
