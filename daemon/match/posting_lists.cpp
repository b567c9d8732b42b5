#include "match/posting_lists.hpp"

#include <algorithm>
#include <array>

namespace crier {
namespace {

// Postings in a chunk. A list is one chunk until it has the largest; then a new first one grows before it.
constexpr std::array<std::uint32_t, 20> capacities{1,  2,  3,  4,   6,   8,   12,  16,  24,  32,
                                                   48, 64, 96, 128, 192, 256, 384, 512, 768, 1024};
constexpr std::uint32_t largest_class = capacities.size() - 1;

struct Info {
  std::uint32_t count;
  std::uint32_t dead;
  std::uint32_t size_class;

  static Info of(const std::uint32_t* chunk) {
    return {chunk[1] & 0xFFF, (chunk[1] >> 12) & 0xFFF, chunk[1] >> 24};
  }
  void put(std::uint32_t* chunk) const {
    std::atomic_ref(chunk[1]).store(count | dead << 12 | size_class << 24, std::memory_order_release);
  }
};

std::uint32_t class_for(std::uint32_t count) {
  return static_cast<std::uint32_t>(std::ranges::lower_bound(capacities, count) - capacities.begin());
}

}  // namespace

Arena::Address PostingLists::make_chunk(std::uint32_t size_class, Arena::Address next) {
  const auto address = arena_.allocate(header_words + capacities[size_class] * posting_words);
  auto* chunk = arena_.at(address);
  std::atomic_ref(chunk[0]).store(next, std::memory_order_relaxed);
  Info{0, 0, size_class}.put(chunk);
  return address;
}

// A chunk of another size with the living postings of `from`.
Arena::Address PostingLists::copy_chunk(const std::uint32_t* from, std::uint32_t size_class) {
  const auto address = make_chunk(size_class, from[0]);
  auto* chunk = arena_.at(address);
  auto* to = chunk + header_words;
  const auto count = Info::of(from).count;
  std::uint32_t living = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto* posting = from + header_words + i * posting_words;
    if (posting[0] == never_true) continue;
    std::copy_n(posting, posting_words, to + living * posting_words);
    ++living;
  }
  Info{living, 0, size_class}.put(chunk);
  return address;
}

PostingLists::Unlinked PostingLists::add(TermId term, const Posting& posting) {
  reach(family_of(term));
  auto& head = heads_[family_of(term)];
  auto address = head.load(std::memory_order_relaxed);
  Unlinked unlinked;
  if (address == 0) {
    address = make_chunk(0, 0);
  } else if (const auto info = Info::of(arena_.at(address)); info.count == capacities[info.size_class]) {
    if (info.size_class == largest_class) {
      address = make_chunk(class_for(64), address);
    } else {
      unlinked = {address, header_words + capacities[info.size_class] * posting_words};
      address = copy_chunk(arena_.at(address), info.size_class + 1);
    }
  }
  auto* chunk = arena_.at(address);
  auto info = Info::of(chunk);
  auto* words = chunk + header_words + info.count * posting_words;
  std::atomic_ref(words[0]).store(posting.guard1 | member_of(term) * 2 << anchor_shift,
                                  std::memory_order_relaxed);
  words[1] = posting.guard2 | (posting.either ? either_bit : 0);
  words[2] = posting.target;
  ++info.count;
  info.put(chunk);
  head.store(address, std::memory_order_release);
  return unlinked;
}

PostingLists::Unlinked PostingLists::remove(TermId term, Target target) {
  Arena::Address before = 0;
  for (auto address = heads_[family_of(term)].load(std::memory_order_relaxed); address != 0;) {
    auto* chunk = arena_.at(address);
    auto info = Info::of(chunk);
    bool found = false;
    for (std::uint32_t i = 0; i < info.count; ++i) {
      auto* posting = chunk + header_words + i * posting_words;
      if (posting[2] != target || posting[0] == never_true) continue;
      std::atomic_ref(posting[1]).store(posting[1] & ~either_bit, std::memory_order_relaxed);
      std::atomic_ref(posting[0]).store(never_true, std::memory_order_release);
      ++info.dead;
      found = true;
    }
    if (found) {
      info.put(chunk);
      return info.dead * 2 >= info.count ? shrink(family_of(term), before, address) : Unlinked{};
    }
    before = address;
    address = chunk[0];
  }
  return {};
}

// Puts a chunk of the living postings, or nothing, in the place of one that is mostly dead.
PostingLists::Unlinked PostingLists::shrink(Family family, Arena::Address before, Arena::Address address) {
  auto* chunk = arena_.at(address);
  const auto info = Info::of(chunk);
  const auto living = info.count - info.dead;
  const auto instead = living == 0 ? chunk[0] : copy_chunk(chunk, class_for(living));
  if (before == 0)
    heads_[family].store(instead, std::memory_order_release);
  else
    std::atomic_ref(arena_.at(before)[0]).store(instead, std::memory_order_release);
  return {address, header_words + capacities[info.size_class] * posting_words};
}

}  // namespace crier
