// IpAddress and IpNetwork: addresses as values, without a socket library. Pure.
// IPv4 is held as IPv4-mapped IPv6 (RFC 4291 §2.5.5.2), so that ::ffff:127.0.0.1 and 127.0.0.1 are one
// address.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace crier {

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  ///< network byte order

  bool is_v4() const;
  auto operator<=>(const IpAddress&) const = default;
};

/// "192.0.2.1", "2001:db8::1"; no brackets, zones, ports or short spellings such as "127.1".
std::optional<IpAddress> parse_ip_address(std::string_view text);
/// 1 to 65535 in decimal digits.
std::optional<std::uint16_t> parse_port(std::string_view text);
/// From the four bytes of an IPv4 address, network byte order.
IpAddress ip_address_from_v4(const std::uint8_t* four_bytes);
std::string to_string(const IpAddress& address);
bool is_loopback(const IpAddress& address);
/// "localhost" or a loopback address, without brackets. Other names may resolve to anything.
bool is_loopback_host(std::string_view host);

/// All addresses that share the first `prefix_bits` bits of `first` (of 128; an IPv4 /8 is 104).
struct IpNetwork {
  IpAddress first;
  int prefix_bits = 128;

  bool contains(const IpAddress& address) const;
  bool operator==(const IpNetwork&) const = default;
};

/// "10.0.0.0/8", "2001:db8::/32" or a single address.
std::optional<IpNetwork> parse_ip_network(std::string_view text);

}  // namespace crier
