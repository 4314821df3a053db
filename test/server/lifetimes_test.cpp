#include "app/lifetimes.hpp"

#include <catch2/catch.hpp>

using namespace digester;
using namespace std::chrono_literals;

namespace {

std::string fault(Duration ca, Duration leaf, Duration overlap) {
  cli::WebhookOptions options;
  options.ca_lifetime = ca;
  options.cert_lifetime = leaf;
  options.ca_overlap = overlap;
  const auto checked = app::check_lifetimes(options);
  return checked ? "" : checked.error().message;
}

}  // namespace

TEST_CASE("lives that leave time for a rotation are taken, the defaults among them") {
  CHECK(app::check_lifetimes(cli::WebhookOptions{}));
  CHECK(fault(60s, 20s, 5s).empty());
  CHECK(fault(30s, 30s, 5s).empty());
  CHECK(fault(18s, 9s, 3s).empty());
}

TEST_CASE("lives that do not are named by their flags") {
  CHECK(fault(100h, 101h, 1h).starts_with("--cert-lifetime (101h) is longer than --ca-lifetime (100h)"));
  CHECK(fault(100h, 2h, 1h).starts_with("--cert-lifetime (2h) is less than three times --ca-overlap (1h)"));
  CHECK(fault(5h, 4h, 1h).starts_with("--ca-lifetime (5h) is less than six times --ca-overlap (1h)"));
}

TEST_CASE("without rotation no life is wrong") {
  cli::WebhookOptions options;
  options.disable_cert_rotation = true;
  options.ca_lifetime = 10s;
  CHECK(app::check_lifetimes(options));
}
