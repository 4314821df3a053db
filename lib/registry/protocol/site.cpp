#include "registry/protocol/site.hpp"

#include <libpsl.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace digester::registry::protocol {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 1> kPairs = {{
    {"registry-1.docker.io", "auth.docker.io"},
}};

bool is_address(std::string_view host) {
  if (host.find(':') != std::string_view::npos) return true;
  // Numeric last label: no public name has one, and resolvers read such hosts as addresses.
  const auto last = host.substr(host.rfind('.') + 1);
  return !last.empty() && last[0] >= '0' && last[0] <= '9';
}

bool is_in_cluster(std::string_view host) {
  return host.ends_with(".svc") || host.ends_with(".cluster.local") ||
         host.find(".svc.") != std::string_view::npos;
}

// Empty if the name has none: it is a public suffix itself, or no name.
std::string site_of(std::string_view host) {
  if (host.empty() || host.front() == '.' || host.back() == '.' || is_address(host) || is_in_cluster(host))
    return {};
  const std::string name(host);
  const char* site = psl_registrable_domain(psl_builtin(), name.c_str());
  return site == nullptr ? std::string() : std::string(site);
}

}  // namespace

bool same_site(std::string_view a, std::string_view b) {
  if (a == b) return !a.empty();
  const std::pair forward{a, b};
  const std::pair backward{b, a};
  if (std::ranges::any_of(kPairs, [&](const auto& pair) { return pair == forward || pair == backward; }))
    return true;
  const auto site = site_of(a);
  return !site.empty() && site == site_of(b);
}

}  // namespace digester::registry::protocol
