// AddressGuard: which URLs and socket addresses crier may connect to on somebody else's word (webhooks,
// feeds, images), so that nobody uses it to reach into the operator's network (SSRF). Pure: it resolves
// nothing. The address is what is judged, never its spelling: resolve once, check each address, connect to
// that address.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/ip_address.hpp"

namespace crier {

/// What the operator writes.
struct AddressRules {
  bool allow_http = false;                       ///< plain http, not only https
  std::vector<std::uint16_t> ports = {80, 443};  ///< 80 counts only with allow_http
  /// Host names, addresses ("127.0.0.1") or networks ("10.1.0.0/16") that may be reached although they are
  /// private, at any port.
  std::vector<std::string> allow;
};

/// What a checked URL points at.
struct UrlTarget {
  bool tls = true;
  std::string host;  ///< lower case, without brackets
  std::uint16_t port = 443;
  std::optional<IpAddress> literal;  ///< set when the host is written as an address

  /// "https://example.org:8443": for logs; paths and queries hold secrets.
  std::string origin() const;
};

class AddressGuard {
 public:
  /// Fails when an entry of `allow` is neither a network nor a host name.
  static Result<AddressGuard> create(const AddressRules& rules);

  /// An absolute http(s) URL without userinfo and fragment (RFC 3986), at most 8 KiB. The host is a name in
  /// ASCII or a whole IP address; anything libc would also read as an address ("0x7f.1") is refused.
  Result<UrlTarget> check_url(std::string_view url) const;

  /// The same, and its address where it is written as one: all that can be said without resolving.
  Result<void> check_written(std::string_view url) const;

  /// The same about its port: an Error when no address of the host could make that good.
  Result<void> check_written_port(std::string_view url) const;

  /// May `target` be reached at this resolved address? Transition addresses (NAT64, 6to4, Teredo) count as
  /// the IPv4 address inside.
  Result<void> check_address(const UrlTarget& target, const IpAddress& address) const;

 private:
  Result<void> check_port(const UrlTarget& target) const;
  bool is_allowed(const UrlTarget& target, const IpAddress& address) const;

  bool allow_http_ = false;
  std::vector<std::uint16_t> ports_;
  std::vector<std::string> hosts_;
  std::vector<IpNetwork> networks_;
};

/// True for an address on the public Internet: unicast, not private, not for documentation, and, where it
/// carries an IPv4 address, that one too (RFC 6890, RFC 6052, RFC 3056, RFC 4380).
bool is_public(const IpAddress& address);

}  // namespace crier
