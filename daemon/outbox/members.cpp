#include "outbox/members.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <stdexcept>

#include "base/varint.hpp"

namespace crier {
namespace {

// What an audience with runs begins with: a zero that no older crier wrote in so many bytes.
constexpr std::string_view in_runs("\x80\0", 2);
// And one that has places, too, by which a part is found without reading all that is before it.
constexpr std::string_view with_places("\x81\0", 2);
// Bytes of runs from one place to the next.
constexpr std::size_t place_distance = 1024;

// Where a run begins, and the number of the member before it.
struct Place {
  std::uint64_t number = 0;
  std::size_t offset = 0;
};

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

std::string_view take_bytes(std::string_view& bytes) {
  const auto size = take_varint(bytes);
  if (size > bytes.size()) corrupt();
  const auto taken = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return taken;
}

// Takes the places off the bytes, and of the runs behind them what is outside the range. Returns where the
// rest begins.
Place narrow(std::string_view& bytes, NumberRange range) {
  auto places = take_bytes(bytes);
  Place from;
  Place each;
  while (!places.empty()) {
    each.number += take_varint(places);
    const auto distance = take_varint(places);
    if (distance > bytes.size() - each.offset) corrupt();
    each.offset += distance;
    if (each.number < range.first) from = each;
    if (each.number < range.last) continue;
    bytes = bytes.substr(0, each.offset);
    break;
  }
  bytes.remove_prefix(from.offset);
  return from;
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

SplitAudience split(const Audience& audience, std::span<const std::uint32_t> numbers) {
  std::vector<Member> kept;
  std::vector<Member> gone;
  auto next = numbers.begin();
  for (const auto& member : audience.members) {
    while (next != numbers.end() && *next < member.number) ++next;
    (next != numbers.end() && *next == member.number ? gone : kept).push_back(member);
  }
  return {audience_of(kept, audience.reasons), audience_of(gone, audience.reasons)};
}

void AudienceBuilder::add(std::uint32_t number, std::string_view reason) {
  members_.push_back({number, index_of(reason)});
}

void AudienceBuilder::add(const Audience& audience) {
  std::vector<std::uint32_t> indexes;
  for (const auto& reason : audience.reasons) indexes.push_back(index_of(reason));
  for (const auto& [number, reason] : audience.members) members_.push_back({number, indexes.at(reason)});
}

void AudienceBuilder::remove(std::span<const std::uint32_t> numbers) {
  std::erase_if(members_,
                [&](const Member& member) { return std::ranges::binary_search(numbers, member.number); });
}

Audience AudienceBuilder::build() {
  std::ranges::sort(members_, {}, &Member::number);
  return audience_of(members_, reasons_);
}

std::uint32_t AudienceBuilder::index_of(std::string_view reason) {
  const auto known = indexes_.find(reason);
  if (known != indexes_.end()) return known->second;
  reasons_.emplace_back(reason);
  return indexes_.emplace(reason, static_cast<std::uint32_t>(reasons_.size() - 1)).first->second;
}

std::string encode_audience(const Audience& audience) {
  std::string head;
  append_varint(head, audience.reasons.size());
  for (const auto& reason : audience.reasons) {
    append_varint(head, reason.size());
    head += reason;
  }
  const auto& members = audience.members;
  append_varint(head, members.size());
  std::string runs;
  std::string places;
  Place last;
  std::uint32_t previous = 0;
  for (std::size_t i = 0; i < members.size();) {
    if (runs.size() >= last.offset + place_distance) {
      append_varint(places, previous - last.number);
      append_varint(places, runs.size() - last.offset);
      last = {previous, runs.size()};
    }
    const auto& first = members[i];
    std::size_t length = 1;
    while (i + length < members.size() && members[i + length].number == first.number + length &&
           members[i + length].reason == first.reason)
      ++length;
    append_varint(runs, std::uint64_t{first.number - previous} << 1 | (length > 1 ? 1 : 0));
    if (length > 1) append_varint(runs, length);
    if (audience.reasons.size() > 1) append_varint(runs, first.reason);
    i += length;
    previous = members[i - 1].number;
  }
  // A chunk is read as a whole.
  if (members.size() <= chunk_capacity) return std::string(in_runs) + head + runs;
  std::string out(with_places);
  out += head;
  append_varint(out, places.size());
  return out + places + runs;
}

Audience decode_audience(std::string_view bytes, NumberRange range) {
  const bool has_places = bytes.starts_with(with_places);
  const bool has_runs = has_places || bytes.starts_with(in_runs);
  if (has_runs) bytes.remove_prefix(in_runs.size());
  Audience audience;
  const auto reasons = take_varint(bytes);
  if (reasons > bytes.size()) corrupt();
  for (std::uint64_t i = 0; i < reasons; ++i) audience.reasons.emplace_back(take_bytes(bytes));
  const auto count = take_varint(bytes);
  constexpr std::uint64_t most = 1 << 24;  // far more than readers; a few damaged bytes may claim any
  if (count > (has_runs ? most : bytes.size())) corrupt();
  const auto whole = bytes.size();
  const auto from = has_places ? narrow(bytes, range) : Place();
  const bool is_part = has_places && (from.offset > 0 || range.last < UINT32_MAX);
  constexpr std::uint64_t trusted = 1 << 20;
  audience.members.reserve(
      std::min({count, std::uint64_t{range.last} - range.first + 1, std::max(trusted, whole)}));
  auto number = from.number;  // of the member before
  std::uint64_t taken = 0;
  while (!bytes.empty()) {
    const auto step = take_varint(bytes);
    const bool is_run = has_runs && (step & 1) != 0;
    const auto length = is_run ? take_varint(bytes) : 1;
    const auto reason = reasons > 1 ? take_varint(bytes) : 0;
    const auto distance = has_runs ? step >> 1 : step;
    if (distance > UINT32_MAX || (distance == 0 && taken > 0) || length == 0 || length > count - taken ||
        (reasons > 0 && reason >= reasons))
      corrupt();
    const auto first = number + distance;
    number = first + length - 1;
    if (number > UINT32_MAX) corrupt();
    for (auto each = std::max<std::uint64_t>(first, range.first);
         each <= std::min<std::uint64_t>(number, range.last); ++each)
      audience.members.push_back({static_cast<std::uint32_t>(each), static_cast<std::uint32_t>(reason)});
    if (number > range.last) return audience;
    taken += length;
  }
  if (taken != count && !is_part) corrupt();
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

SettledBits::SettledBits(std::string_view bytes) : bytes_(bytes) {
  for (const char byte : bytes_)
    count_ += static_cast<std::size_t>(std::popcount(static_cast<unsigned char>(byte)));
}

bool SettledBits::test(std::size_t position) const {
  return (static_cast<unsigned char>(bytes_.at(position / 8)) >> position % 8 & 1) != 0;
}

void SettledBits::set(std::size_t position) {
  auto& byte = bytes_.at(position / 8);
  if (!test(position)) ++count_;
  byte = static_cast<char>(static_cast<unsigned char>(byte) | 1U << position % 8);
}

void LateMarks::add(const LateMark& mark) {
  append_varint(bytes_, mark.position);
  append_varint(bytes_, static_cast<std::uint64_t>(std::max(mark.attempts, 0)));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(mark.at.time_since_epoch()).count();
  append_varint(bytes_, static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 0)));
}

std::optional<LateMark> LateMarks::find(std::size_t position) const {
  std::optional<LateMark> found;
  for (std::string_view rest = bytes_; !rest.empty();) {
    const auto whose = take_varint(rest);
    const auto attempts = take_varint(rest);
    const auto seconds = take_varint(rest);
    constexpr std::uint64_t far_off = 1ULL << 33;  // in the 23rd century
    if (attempts > INT32_MAX || seconds > far_off) corrupt();
    if (whose == position)
      found = {static_cast<std::uint32_t>(whose), static_cast<int>(attempts),
               Time(std::chrono::seconds(static_cast<std::int64_t>(seconds)))};
  }
  return found;
}

}  // namespace crier
