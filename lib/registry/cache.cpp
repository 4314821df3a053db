#include "registry/cache.hpp"

#include "base/text.hpp"

namespace digester::registry {
namespace {

// A refusal's texts are ours, but they carry names that anybody may have chosen.
constexpr std::size_t kMaxText = 512;

std::size_t part_of(std::size_t whole, double part) {
  return static_cast<std::size_t>(static_cast<double>(whole) * part);
}

CacheLimits refusal_limits(const CacheSettings& settings) {
  return {part_of(settings.bytes, settings.negative_part), part_of(settings.entries, settings.negative_part),
          settings.namespace_share};
}

CacheLimits digest_limits(const CacheSettings& settings) {
  const auto refusals = refusal_limits(settings);
  return {settings.bytes - refusals.bytes, settings.entries - refusals.entries, settings.namespace_share};
}

}  // namespace

Cache::Cache(const Clock& clock, const CacheSettings& settings)
    : clock_(clock),
      retention_(settings.retention),
      negative_retention_(settings.negative_retention),
      digests_(digest_limits(settings)),
      refusals_(refusal_limits(settings)) {}

std::optional<Cache::Hit> Cache::find(const image::Reference& reference, const AskerView& asker,
                                      const Since& since, SteadyTime now) {
  const auto image = keys_.image(reference);
  const auto oldest = now - retention_;
  for (const auto* credential : asker.credentials()) {
    const auto found = digests_.find(image.shown_to(credential->fingerprint), oldest);
    if (found && found->sent > since.digest) return Hit{found->value.unpack(), found->sent};
  }
  const auto refusal =
      refusals_.find(image.refused_to(asker.credentials(), asker.is_complete()), now - negative_retention_);
  if (refusal && refusal->sent > since.refusal) return Hit{fail(*refusal->value.error), refusal->sent};
  return std::nullopt;
}

std::optional<Cache::Hit> Cache::newest(const image::Reference& reference, const AskerView& asker) {
  const auto image = keys_.image(reference);
  const auto oldest = clock_.now() - retention_;
  std::optional<CacheRegion<PackedDigest>::Found> best;
  for (const auto* credential : asker.credentials()) {
    auto found = digests_.find(image.shown_to(credential->fingerprint), oldest);
    if (found && (!best || found->sent > best->sent)) best = std::move(found);
  }
  if (!best) return std::nullopt;
  return Hit{best->value.unpack(), best->sent};
}

void Cache::store(const image::Reference& reference, const credential::Credential& shown_to,
                  const image::Digest& digest, SteadyTime sent, const std::string& namespace_name) {
  const auto oldest = clock_.now() - retention_;
  if (sent <= oldest) return;
  digests_.store(keys_.image(reference).shown_to(shown_to.fingerprint), PackedDigest(digest), sent,
                 keys_.tenant(namespace_name), oldest);
}

void Cache::store_refusal(const image::Reference& reference, const AskerView& asker, const Error& error,
                          SteadyTime sent, const std::string& namespace_name) {
  const auto oldest = clock_.now() - negative_retention_;
  if (sent <= oldest) return;
  auto copy = std::make_shared<Error>(error);
  copy->message = text::truncate(error.message, kMaxText);
  copy->detail = text::truncate(error.detail, kMaxText);
  Refusal refusal{std::move(copy)};
  refusals_.store(keys_.image(reference).refused_to(asker.credentials(), asker.is_complete()),
                  std::move(refusal), sent, keys_.tenant(namespace_name), oldest);
}

void Cache::forget(const image::Reference& reference, const credential::Credential& shown_to,
                   SteadyTime sent) {
  digests_.erase(keys_.image(reference).shown_to(shown_to.fingerprint), sent);
}

std::size_t Cache::Refusal::heap_bytes() const {
  return sizeof(Error) + 32 + error->message.capacity() + error->detail.capacity();
}

}  // namespace digester::registry
