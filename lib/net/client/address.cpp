#include "net/client/address.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.hpp"

namespace digester::net {
namespace {

namespace ip = boost::asio::ip;
using Bytes = ip::address_v6::bytes_type;

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

struct V4Rule {
  std::uint32_t network;
  int bits;
  AddressClass is;
};

// The first match counts: metadata services sit inside ranges that are otherwise public or private.
constexpr std::array kV4Rules = {
    V4Rule{v4(169, 254, 0, 0), 16, AddressClass::denied},      // link-local; most metadata services
    V4Rule{v4(100, 100, 100, 200), 32, AddressClass::denied},  // Alibaba Cloud's metadata
    V4Rule{v4(168, 63, 129, 16), 32, AddressClass::denied},    // Azure's wire server
    V4Rule{v4(192, 0, 0, 192), 32, AddressClass::denied},      // Oracle Cloud's metadata
    V4Rule{v4(0, 0, 0, 0), 8, AddressClass::denied},           // "this host": Linux connects it to loopback
    V4Rule{v4(224, 0, 0, 0), 4, AddressClass::denied},         // multicast
    V4Rule{v4(240, 0, 0, 0), 4, AddressClass::denied},         // reserved, broadcast
    V4Rule{v4(127, 0, 0, 0), 8, AddressClass::loopback},
    V4Rule{v4(10, 0, 0, 0), 8, AddressClass::private_address},
    V4Rule{v4(172, 16, 0, 0), 12, AddressClass::private_address},
    V4Rule{v4(192, 168, 0, 0), 16, AddressClass::private_address},
    V4Rule{v4(100, 64, 0, 0), 10, AddressClass::private_address},  // carrier-grade NAT
    // Nobody's on the internet (RFC 6890), so somebody's inside where they answer at all.
    V4Rule{v4(192, 0, 0, 0), 24, AddressClass::private_address},     // protocol assignments
    V4Rule{v4(192, 0, 2, 0), 24, AddressClass::private_address},     // documentation
    V4Rule{v4(198, 51, 100, 0), 24, AddressClass::private_address},  // documentation
    V4Rule{v4(203, 0, 113, 0), 24, AddressClass::private_address},   // documentation
    V4Rule{v4(198, 18, 0, 0), 15, AddressClass::private_address},    // benchmarks
};

AddressClass classify_v4(std::uint32_t address) {
  for (const auto& rule : kV4Rules)
    if ((address ^ rule.network) >> (32 - rule.bits) == 0) return rule.is;
  return AddressClass::public_address;
}

bool has_prefix(const Bytes& bytes, std::initializer_list<unsigned char> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

bool zeros(const Bytes& bytes, std::size_t from, std::size_t to) {
  return std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                     bytes.begin() + static_cast<std::ptrdiff_t>(to), [](unsigned char b) { return b == 0; });
}

AddressClass embedded(const Bytes& bytes, std::size_t at, unsigned char mask = 0) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(bytes[at + i] ^ mask); };
  return classify_v4(v4(byte(0), byte(1), byte(2), byte(3)));
}

// Of two readings of one address the one that is trusted less.
AddressClass worse(AddressClass a, AddressClass b) {
  return std::max(a, b);
}
static_assert(AddressClass::public_address < AddressClass::private_address &&
              AddressClass::private_address < AddressClass::loopback &&
              AddressClass::loopback < AddressClass::denied);

AddressClass classify_v6(const Bytes& b) {
  if (zeros(b, 0, 15) && b[15] == 1) return AddressClass::loopback;
  if (zeros(b, 0, 12)) return embedded(b, 12);  // ::a.b.c.d, and :: as 0.0.0.0
  if (zeros(b, 0, 10) && b[10] == 0xFF && b[11] == 0xFF) return embedded(b, 12);  // ::ffff:a.b.c.d
  if (zeros(b, 0, 8) && b[8] == 0xFF && b[9] == 0xFF && zeros(b, 10, 12))
    return embedded(b, 12);  // ::ffff:0:a.b.c.d, stateless translation (RFC 2765)
  if (has_prefix(b, {0x00, 0x64, 0xFF, 0x9B}) && zeros(b, 4, 12)) return embedded(b, 12);  // NAT64, RFC 6052
  if (has_prefix(b, {0x00, 0x64, 0xFF, 0x9B, 0x00, 0x01})) {
    // Local NAT64 (RFC 8215): the operator's prefix may be /96, or /64 with zeros after the address. With /48
    // and /56 the last four bytes are zero, which reads as 0.0.0.0.
    const AddressClass last = embedded(b, 12);
    return b[8] == 0 && zeros(b, 13, 16) ? worse(last, embedded(b, 9)) : last;
  }
  if (has_prefix(b, {0x20, 0x02})) return embedded(b, 2);  // 6to4
  if (has_prefix(b, {0x20, 0x01, 0x00, 0x00}))
    return worse(embedded(b, 4), embedded(b, 12, 0xFF));  // Teredo: server, and client in complement
  if ((b[8] & 0xFD) == 0 && b[9] == 0 && b[10] == 0x5E && b[11] == 0xFE &&
      embedded(b, 12) == AddressClass::denied)
    return AddressClass::denied;  // ISATAP

  if (b[0] == 0xFE && (b[1] & 0xC0) == 0x80) return AddressClass::denied;    // link-local
  if (b[0] == 0xFF) return AddressClass::denied;                             // multicast
  if (has_prefix(b, {0xFD, 0x00, 0x0E, 0xC2})) return AddressClass::denied;  // AWS's services on the instance
  if (has_prefix(b, {0xFD, 0x20, 0x00, 0xCE}) && zeros(b, 4, 14) && b[14] == 0x02 && b[15] == 0x54)
    return AddressClass::denied;  // Google Cloud's metadata
  if (has_prefix(b, {0xFD, 0x00, 0x00, 0x42}) && zeros(b, 4, 15) && b[15] == 0x42)
    return AddressClass::denied;                                                    // Scaleway's metadata
  if ((b[0] & 0xFE) == 0xFC) return AddressClass::private_address;                  // unique local
  if (b[0] == 0xFE && (b[1] & 0xC0) == 0xC0) return AddressClass::private_address;  // site-local, deprecated
  return AddressClass::public_address;
}

std::string_view without_trailing_dots(std::string_view host) {
  while (host.ends_with('.'))
    host.remove_suffix(1);
  return host;
}

// A number as inet_aton reads it: decimal, 0 octal, 0x hexadecimal. Digits out of range count as well, so
// that nothing that begins like a number is taken for a name.
bool is_number(std::string_view label) {
  if (label.empty()) return false;
  const auto digits = [](std::string_view s, std::string_view set) {
    return s.find_first_not_of(set) == std::string_view::npos;
  };
  if (label.starts_with("0x") || label.starts_with("0X"))
    return digits(label.substr(2), "0123456789abcdefABCDEF");
  return digits(label, "0123456789");
}

}  // namespace

AddressClass classify(const ip::address& address) {
  return address.is_v4() ? classify_v4(address.to_v4().to_uint()) : classify_v6(address.to_v6().to_bytes());
}

std::optional<ip::address> parse_literal(std::string_view host) {
  boost::system::error_code ec;
  if (host.find('%') != std::string_view::npos) return std::nullopt;
  auto address = ip::make_address(std::string(host), ec);
  if (ec) return std::nullopt;
  return address;
}

bool is_odd_ipv4(std::string_view host) {
  const std::string_view name = without_trailing_dots(host);
  if (name.empty()) return false;
  // The last label decides (as the WHATWG URL standard does): no top-level domain is a number.
  const auto labels = text::split(name, '.');
  if (!is_number(labels.back())) return false;
  return !parse_literal(host);
}

bool is_metadata_name(std::string_view host) {
  host = without_trailing_dots(host);
  constexpr std::array<std::string_view, 4> names = {"metadata.google.internal", "metadata.goog",
                                                     "instance-data", "instance-data.ec2.internal"};
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view name) { return text::iequals(host, name); });
}

bool permits(const AddressPolicy& policy, AddressClass address) {
  switch (address) {
    case AddressClass::public_address:
      return true;
    case AddressClass::private_address:
      return policy.allow_private;
    case AddressClass::loopback:
      return policy.allow_loopback;
    case AddressClass::denied:
      return policy.allow_metadata;
  }
  return false;
}

}  // namespace digester::net
