#include "net/address_guard.hpp"

#include <algorithm>
#include <span>

#include <boost/url/url_view.hpp>
#include <fmt/core.h>

#include "base/encoding.hpp"
#include "base/url.hpp"

namespace crier {
namespace {

namespace urls = boost::urls;

constexpr std::size_t max_url_bytes = 8192;
constexpr std::size_t max_host_bytes = 253;

std::vector<IpNetwork> networks(std::initializer_list<std::string_view> texts) {
  std::vector<IpNetwork> out;
  for (const auto text : texts) out.push_back(parse_ip_network(text).value());
  return out;
}

bool within(std::span<const IpNetwork> list, const IpAddress& address) {
  return std::ranges::any_of(list, [&](const IpNetwork& network) { return network.contains(address); });
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

// libc reads "127.1", "0x7f.1" and "2130706433" as IPv4; every such spelling ends in a number
// (WHATWG URL, "ends in a number checker").
bool ends_in_number(std::string_view host) {
  const auto dot = host.rfind('.');
  const auto last = dot == std::string_view::npos ? host : host.substr(dot + 1);
  if (last.starts_with("0x")) return true;
  return std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_host_name(std::string_view host) {
  return !host.empty() && host.size() <= max_host_bytes && std::ranges::all_of(host, is_name_character) &&
         !host.starts_with('.') && !host.ends_with('.') && host.find("..") == std::string_view::npos &&
         !ends_in_number(host);
}

IpAddress v4_at(const IpAddress& address, std::size_t offset) {
  return ip_address_from_v4(address.bytes.data() + offset);
}

bool is_public_v4(const IpAddress& address) {
  static const auto refused =
      networks({"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
                "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"});
  return !within(refused, address);
}

Result<std::string> read_host(const urls::url_view& url, std::optional<IpAddress>& literal) {
  const auto host = to_lower_ascii(std::string(url.encoded_host()));
  switch (url.host_type()) {
    case urls::host_type::ipv4:
    case urls::host_type::ipv6: {
      const bool bracketed = host.starts_with('[') && host.ends_with(']');
      auto text = bracketed ? host.substr(1, host.size() - 2) : host;
      literal = parse_ip_address(text);
      if (literal) return text;
      break;
    }
    case urls::host_type::name:
      if (is_host_name(host)) return host;
      break;
    case urls::host_type::none:
    case urls::host_type::ipvfuture:
      break;
  }
  return Error{
      "URL: the host is neither a name in ASCII letters (IDNs in their xn-- form, no final dot) nor "
      "a complete IP address"};
}

}  // namespace

std::string UrlTarget::origin() const {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", tls ? "https" : "http", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

bool is_public(const IpAddress& address) {
  if (address.is_v4()) return is_public_v4(address);
  // ::/96 holds the unspecified address, loopback and the long dead IPv4-compatible addresses.
  static const auto refused =
      networks({"::/96", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "2001:db8::/32"});
  static const auto nat64 = parse_ip_network("64:ff9b::/96").value();
  static const auto local_nat64 = parse_ip_network("64:ff9b:1::/48").value();
  static const auto six_to_four = parse_ip_network("2002::/16").value();
  static const auto teredo = parse_ip_network("2001::/32").value();
  if (within(refused, address)) return false;
  if (nat64.contains(address)) return is_public_v4(v4_at(address, 12));
  if (local_nat64.contains(address)) {
    // Only a /96 prefix in it can be unwrapped without knowing the network's choice (RFC 6052 §2.2).
    const bool prefix_96 = std::all_of(address.bytes.begin() + 8, address.bytes.begin() + 12,
                                       [](auto byte) { return byte == 0; });
    return prefix_96 && is_public_v4(v4_at(address, 12));
  }
  if (six_to_four.contains(address)) return is_public_v4(v4_at(address, 2));
  if (teredo.contains(address)) {
    auto client = v4_at(address, 12);  // stored inverted (RFC 4380 §4)
    for (std::size_t i = 12; i < 16; ++i) client.bytes[i] = static_cast<std::uint8_t>(~client.bytes[i]);
    return is_public_v4(v4_at(address, 4)) && is_public_v4(client);
  }
  return true;
}

Result<AddressGuard> AddressGuard::create(const AddressRules& rules) {
  AddressGuard guard;
  guard.allow_http_ = rules.allow_http;
  guard.ports_ = rules.ports;
  for (const auto& entry : rules.allow) {
    if (const auto network = parse_ip_network(entry)) {
      guard.networks_.push_back(*network);
    } else if (const auto host = to_lower_ascii(entry); is_host_name(host)) {
      guard.hosts_.push_back(host);
    } else {
      return Error{
          fmt::format("\"{}\" is neither a host name, an address nor a network such as 10.1.0.0/16", entry)};
    }
  }
  return guard;
}

Result<UrlTarget> AddressGuard::check_url(std::string_view text) const {
  if (text.size() > max_url_bytes) return Error{fmt::format("URL: longer than {} bytes", max_url_bytes)};
  const auto url = parse_url(text);
  if (!url) return Error{"URL: not an absolute URL in the characters of RFC 3986"};
  UrlTarget target;
  target.tls = url->scheme_id() == urls::scheme::https;
  if (!target.tls && url->scheme_id() != urls::scheme::http) return Error{"URL: not http or https"};
  if (!target.tls && !allow_http_) return Error{"URL: plain http is not allowed here; use https"};
  if (!url->has_authority()) return Error{"URL: no host"};
  if (url->has_userinfo()) return Error{"URL: a user name or password is not allowed in it"};
  if (url->has_fragment()) return Error{"URL: a fragment (#…) is not allowed in it"};
  auto host = read_host(*url, target.literal);
  if (!host) return host.error();
  target.host = std::move(*host);
  target.port = target.tls ? 443 : 80;
  if (url->has_port()) {
    const auto port = parse_port(std::string_view(url->port()));
    if (!port) return Error{"URL: the port is not a number from 1 to 65535"};
    target.port = *port;
  }
  return target;
}

Result<void> AddressGuard::check_written(std::string_view url) const {
  const auto target = check_url(url);
  if (!target) return target.error();
  return target->literal ? check_address(*target, *target->literal) : Result<void>();
}

Result<void> AddressGuard::check_written_port(std::string_view url) const {
  const auto target = check_url(url);
  if (!target) return target.error();
  // A name may turn out to be in an allowed network.
  const bool may_be_allowed = !networks_.empty() || std::ranges::find(hosts_, target->host) != hosts_.end();
  return may_be_allowed ? Result<void>() : check_port(*target);
}

Result<void> AddressGuard::check_port(const UrlTarget& target) const {
  const bool is_listed = std::ranges::find(ports_, target.port) != ports_.end();
  if (is_listed && (target.port != 80 || allow_http_)) return {};
  return Error{fmt::format("{}: port {} is not allowed", target.host, target.port)};
}

bool AddressGuard::is_allowed(const UrlTarget& target, const IpAddress& address) const {
  return within(networks_, address) || std::ranges::find(hosts_, target.host) != hosts_.end();
}

Result<void> AddressGuard::check_address(const UrlTarget& target, const IpAddress& address) const {
  if (is_allowed(target, address)) return {};
  if (!is_public(address)) {
    const auto which =
        target.literal ? target.host : fmt::format("{} is at {}, which", target.host, to_string(address));
    return Error{which + " is not a public address"};
  }
  return check_port(target);
}

}  // namespace crier
