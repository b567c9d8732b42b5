// Headers that strangers send: those of a signed webhook, Retry-After, freshness, links, and URLs for the
// address guard. The input is cut into fields at its line ends.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "channel/webhook.hpp"
#include "net/address_guard.hpp"
#include "net/envelope.hpp"
#include "net/http_headers.hpp"
#include "net/link_header.hpp"

using namespace crier;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view left(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> fields;
  for (int i = 0; i < 5; ++i) {
    const auto end = std::min(left.find('\n'), left.size());
    fields.push_back(left.substr(0, end));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  const Time now{std::chrono::seconds(1614265330)};
  const std::vector<std::string> keys{"not the key the seeds are signed with"};
  if (verify_webhook({fields[0], fields[1], fields[2]}, left, keys, now)) std::abort();
  const auto wait = parse_retry_after(fields[3], now);
  if (wait && (*wait < Duration::zero() || *wait > std::chrono::hours(24))) std::abort();
  const auto fresh = parse_freshness(fields[3], fields[0]);
  if (fresh && (*fresh < Duration::zero() || *fresh > std::chrono::hours(24 * 365))) std::abort();
  for (const auto& link : parse_links(fields[4]))
    if (link.target.find('>') != std::string_view::npos || link.has("") || link.has("HUB")) std::abort();
  static const auto guard = AddressGuard::create({.allow_http = true}).value();
  if (const auto target = guard.check_url(fields[4]); target && (target->host.empty() || target->port == 0))
    std::abort();
  if (const auto address = to_wire_address(fields[4]);
      address && address->text.find_first_of("\r\n <>\"") != std::string::npos)
    std::abort();
  return 0;
}
