#include "net/ip_address.hpp"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace crier {
namespace {

constexpr int v4_prefix_bits = 96;
constexpr IpAddress v4_base{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0}};

}  // namespace

bool IpAddress::is_v4() const {
  return std::equal(bytes.begin(), bytes.begin() + v4_prefix_bits / 8, v4_base.bytes.begin());
}

std::optional<IpAddress> parse_ip_address(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  std::array<std::uint8_t, 4> v4{};
  if (::inet_pton(AF_INET, terminated.c_str(), v4.data()) == 1) return ip_address_from_v4(v4.data());
  IpAddress address;
  if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

IpAddress ip_address_from_v4(const std::uint8_t* four_bytes) {
  auto address = v4_base;
  std::copy_n(four_bytes, 4, address.bytes.begin() + 12);
  return address;
}

std::string to_string(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.is_v4())
    ::inet_ntop(AF_INET, address.bytes.data() + 12, text.data(), text.size());
  else
    ::inet_ntop(AF_INET6, address.bytes.data(), text.data(), text.size());
  return text.data();
}

bool is_loopback(const IpAddress& address) {
  static const auto v4 = parse_ip_network("127.0.0.0/8").value();
  static const auto v6 = parse_ip_network("::1").value();
  return v4.contains(address) || v6.contains(address);
}

bool is_loopback_host(std::string_view host) {
  const auto address = parse_ip_address(host);
  return host == "localhost" || (address && is_loopback(*address));
}

bool IpNetwork::contains(const IpAddress& address) const {
  for (int bit = 0; bit < prefix_bits; bit += 8) {
    const auto index = static_cast<std::size_t>(bit / 8);
    const int left = std::min(8, prefix_bits - bit);
    const auto mask = static_cast<std::uint8_t>(0xFF00 >> left);
    if (((address.bytes[index] ^ first.bytes[index]) & mask) != 0) return false;
  }
  return true;
}

std::optional<IpNetwork> parse_ip_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_ip_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return IpNetwork{*address, 128};
  const auto digits = text.substr(slash + 1);
  int bits = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  // "::ffff:1.2.3.4/24" would be read as IPv4 by its value and as IPv6 by its spelling.
  const bool spelled_v6 = text.substr(0, slash).find(':') != std::string_view::npos;
  if (address->is_v4() == spelled_v6) return std::nullopt;
  const int most = spelled_v6 ? 128 : 32;
  if (error != std::errc{} || end != digits.data() + digits.size() || bits < 0 || bits > most)
    return std::nullopt;
  return IpNetwork{*address, spelled_v6 ? bits : v4_prefix_bits + bits};
}

}  // namespace crier
