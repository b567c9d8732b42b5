// Any bytes as a stored audience: they are refused, or give members of the range, ascending. And any members:
// they are read as they were written, whole or in part.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "outbox/members.hpp"

namespace {

using namespace crier;

bool same(const std::vector<Member>& a, const std::vector<Member>& b) {
  return std::ranges::equal(
      a, b, [](const Member& x, const Member& y) { return x.number == y.number && x.reason == y.reason; });
}

void read_hostile(std::string_view bytes, NumberRange range) {
  try {
    const auto audience = decode_audience(bytes, range);
    std::optional<std::uint32_t> before;
    for (const auto& [number, reason] : audience.members) {
      if (number < range.first || number > range.last || (before && number <= *before)) std::abort();
      if (!audience.reasons.empty() && reason >= audience.reasons.size()) std::abort();
      before = number;
    }
  } catch (const std::runtime_error&) {  // refused
  }
  try {
    LateMarks(bytes).find(range.first);
  } catch (const std::runtime_error&) {  // refused
  }
}

// Each byte is a step to the next member: its low bits how far, one bit which reason.
Audience audience_from(std::string_view bytes) {
  Audience audience{{"a", "b"}, {}};
  std::uint32_t number = 0;
  for (const auto byte : bytes.substr(0, 65'536)) {  // further steps would not fit
    const auto value = static_cast<std::uint8_t>(byte);
    const auto far = value & 0x3FU;
    number += far < 0x38 ? 1 + far / 8 : 1U << (far - 0x30);
    audience.members.push_back({number, static_cast<std::uint32_t>(value >> 7U)});
  }
  return audience;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint32_t first = 0;
  if (size < sizeof first) return 0;
  std::memcpy(&first, data, sizeof first);
  constexpr std::uint32_t most = 100'000;  // a few bytes may stand for very many in a row
  const NumberRange range{first, first + std::min(most, UINT32_MAX - first)};
  const std::string_view bytes(reinterpret_cast<const char*>(data) + sizeof first, size - sizeof first);
  read_hostile(bytes, range);

  const auto audience = audience_from(bytes);
  const auto written = encode_audience(audience);
  const auto whole = decode_audience(written);
  if (whole.reasons != audience.reasons || !same(whole.members, audience.members)) std::abort();
  const auto last_number = audience.members.empty() ? 0 : audience.members.back().number;
  const NumberRange near{first % (last_number + 1), first % (last_number + 1) + (first >> 24U)};
  auto part = audience.members;
  std::erase_if(
      part, [&](const Member& member) { return member.number < near.first || member.number > near.last; });
  if (!same(decode_audience(written, near).members, part)) std::abort();
  return 0;
}
