#include "outbox/members.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace crier {
namespace {

void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

[[noreturn]] void corrupt() {
  throw std::runtime_error("the outbox holds an audience that crier did not write: the database is damaged");
}

std::uint64_t take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (bytes.empty()) corrupt();
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  corrupt();
}

}  // namespace

Audience audience_of(std::span<const Member> members, const std::vector<std::string>& reasons) {
  Audience audience;
  std::vector<std::uint32_t> renumbered(reasons.size(), UINT32_MAX);
  for (const auto& member : members) {
    auto& index = renumbered.at(member.reason);
    if (index == UINT32_MAX) {
      index = static_cast<std::uint32_t>(audience.reasons.size());
      audience.reasons.push_back(reasons[member.reason]);
    }
    audience.members.push_back({member.number, index});
  }
  return audience;
}

std::string encode_audience(const Audience& audience) {
  std::string out;
  put_varint(out, audience.reasons.size());
  for (const auto& reason : audience.reasons) {
    put_varint(out, reason.size());
    out += reason;
  }
  put_varint(out, audience.members.size());
  std::uint32_t previous = 0;
  for (const auto& member : audience.members) {
    put_varint(out, member.number - previous);
    previous = member.number;
    if (audience.reasons.size() > 1) put_varint(out, member.reason);
  }
  return out;
}

Audience decode_audience(std::string_view bytes, NumberRange range) {
  Audience audience;
  const auto reasons = take_varint(bytes);
  if (reasons > bytes.size()) corrupt();
  for (std::uint64_t i = 0; i < reasons; ++i) {
    const auto size = take_varint(bytes);
    if (size > bytes.size()) corrupt();
    audience.reasons.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  const auto count = take_varint(bytes);
  if (count > bytes.size()) corrupt();
  audience.members.reserve(std::min<std::uint64_t>(count, std::uint64_t{range.last} - range.first + 1));
  std::uint64_t number = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    number += take_varint(bytes);
    const auto reason = reasons > 1 ? take_varint(bytes) : 0;
    if (number > UINT32_MAX || (reasons > 0 && reason >= reasons)) corrupt();
    if (number > range.last) return audience;
    if (number >= range.first)
      audience.members.push_back({static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(reason)});
  }
  if (!bytes.empty()) corrupt();
  return audience;
}

std::string_view reason_for(const Audience& audience, std::uint32_t number) {
  const auto position = position_of(audience, number);
  if (!position || audience.reasons.empty()) return {};
  return audience.reasons.at(audience.members[*position].reason);
}

std::optional<std::size_t> position_of(const Audience& audience, std::uint32_t number) {
  const auto member = std::ranges::lower_bound(audience.members, number, {}, &Member::number);
  if (member == audience.members.end() || member->number != number) return std::nullopt;
  return static_cast<std::size_t>(member - audience.members.begin());
}

bool SettledBits::test(std::size_t position) const {
  return (static_cast<unsigned char>(bytes_.at(position / 8)) >> position % 8 & 1) != 0;
}

void SettledBits::set(std::size_t position) {
  auto& byte = bytes_.at(position / 8);
  byte = static_cast<char>(static_cast<unsigned char>(byte) | 1U << position % 8);
}

std::size_t SettledBits::count() const {
  std::size_t total = 0;
  for (const char byte : bytes_)
    total += static_cast<std::size_t>(std::popcount(static_cast<unsigned char>(byte)));
  return total;
}

}  // namespace crier
