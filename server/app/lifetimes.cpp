#include "app/lifetimes.hpp"

#include <fmt/format.h>

namespace digester::app {

Result<void> check_lifetimes(const cli::WebhookOptions& options) {
  if (options.disable_cert_rotation) return {};
  const auto ca = format_duration(options.ca_lifetime);
  const auto leaf = format_duration(options.cert_lifetime);
  const auto overlap = format_duration(options.ca_overlap);
  if (options.cert_lifetime > options.ca_lifetime)
    return fail(
        ErrorKind::invalid,
        fmt::format("--cert-lifetime ({}) is longer than --ca-lifetime ({}): no certificate outlives its "
                    "authority",
                    leaf, ca));
  if (options.cert_lifetime < 3 * options.ca_overlap)
    return fail(
        ErrorKind::invalid,
        fmt::format("--cert-lifetime ({}) is less than three times --ca-overlap ({}): a certificate would "
                    "end before every replica has its successor",
                    leaf, overlap));
  if (options.ca_lifetime < 6 * options.ca_overlap)
    return fail(
        ErrorKind::invalid,
        fmt::format("--ca-lifetime ({}) is less than six times --ca-overlap ({}): an authority would end "
                    "before its successor has taken over",
                    ca, overlap));
  return {};
}

}  // namespace digester::app
