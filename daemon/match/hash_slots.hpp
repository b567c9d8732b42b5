// HashSlots: from 64-bit hashes to numbers. One writer inserts, readers look up without locks. It grows a few
// slots with each insertion, so that no single one takes long; entries change, but are never removed. A slot
// holds the number and half of the hash; the caller compares the rest.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "match/zero_pages.hpp"

namespace crier {

class HashSlots {
 public:
  /// `retire` keeps a table that readers may still look at until none can.
  using Retire = std::function<void(std::shared_ptr<void>)>;

  /// There is room for `expected` insertions before it grows.
  explicit HashSlots(Retire retire, std::size_t expected = 0)
      : retire_(std::move(retire)),
        newest_(std::make_shared<Table>(std::bit_ceil(std::max<std::size_t>(expected * 3 / 2 + 2, 64)))) {
    current_.store(newest_.get(), std::memory_order_release);
  }

  /// The number above 0 that was inserted with this hash and for which `is_right(number)`; 0 when there is
  /// none.
  template <class IsRight>
  std::uint32_t find(std::uint64_t hash, const IsRight& is_right) const {
    // In this order: an entry is in the former table until all are in the current one.
    const auto* current = current_.load(std::memory_order_acquire);
    if (const auto* former = former_.load(std::memory_order_acquire))
      if (const auto number = former->find(hash, is_right); number != 0) return number;
    return current->find(hash, is_right);
  }

  void prefetch(std::uint64_t hash) const {
    __builtin_prefetch(current_.load(std::memory_order_acquire)->slot(hash));
  }
  /// What find() will look at first: a number that was inserted with the same half of the hash, and so, but
  /// for one in billions, with the whole; 0 when there is none.
  std::uint32_t peek(std::uint64_t hash) const {
    const auto any = [](std::uint32_t) { return true; };
    return find(hash, any);
  }

  void insert(std::uint64_t hash, std::uint32_t number) {
    if (size_ * 3 >= (newest_->mask + 1) * 2 && !older_) begin_growing();
    newest_->insert((hash >> 32 << 32) | number);
    ++size_;
    move_some();
  }

  /// Gives what `number` was inserted for another number.
  void replace(std::uint64_t hash, std::uint32_t number, std::uint32_t by) {
    newest_->replace(hash, number, by);
    if (older_) older_->replace(hash, number, by);
  }

  std::size_t size() const { return size_; }
  std::size_t bytes() const {
    return (newest_->mask + 1 + (older_ ? older_->mask + 1 : 0)) * sizeof(std::uint64_t);
  }

 private:
  using Slot = std::atomic<std::uint64_t>;

  struct Table {
    explicit Table(std::size_t size)
        : mask(size - 1), memory(size * sizeof(Slot)), slots(static_cast<Slot*>(memory.data())) {}

    const Slot* slot(std::uint64_t hash) const { return &slots[(hash >> 32) & mask]; }

    template <class IsRight>
    std::uint32_t find(std::uint64_t hash, const IsRight& is_right) const {
      for (auto at = (hash >> 32) & mask;; at = (at + 1) & mask) {
        const auto slot = slots[at].load(std::memory_order_acquire);
        if (slot == 0) return 0;
        const auto number = static_cast<std::uint32_t>(slot);
        if (slot >> 32 == hash >> 32 && is_right(number)) return number;
      }
    }

    void insert(std::uint64_t entry) {
      auto at = (entry >> 32) & mask;
      while (slots[at].load(std::memory_order_relaxed) != 0) at = (at + 1) & mask;
      slots[at].store(entry, std::memory_order_release);
    }

    void replace(std::uint64_t hash, std::uint32_t number, std::uint32_t by) {
      const auto tag = hash >> 32 << 32;
      for (auto at = (hash >> 32) & mask;; at = (at + 1) & mask) {
        const auto slot = slots[at].load(std::memory_order_relaxed);
        if (slot == 0) return;
        if (slot != (tag | number)) continue;
        slots[at].store(tag | by, std::memory_order_release);
        return;
      }
    }

    std::size_t mask;
    ZeroPages memory;
    Slot* slots;
  };

  void begin_growing() {
    older_ = newest_;
    moved_ = 0;
    newest_ = std::make_shared<Table>((older_->mask + 1) * 2);
    former_.store(older_.get(), std::memory_order_release);
    current_.store(newest_.get(), std::memory_order_release);
  }

  void move_some() {
    if (!older_) return;
    constexpr std::size_t step = 8;  // of a table two thirds full: done long before the new one is
    const auto end = std::min(moved_ + step, older_->mask + 1);
    for (; moved_ < end; ++moved_)
      if (const auto slot = older_->slots[moved_].load(std::memory_order_relaxed); slot != 0)
        newest_->insert(slot);
    if (moved_ <= older_->mask) return;
    former_.store(nullptr, std::memory_order_release);
    retire_(std::move(older_));
    older_.reset();
  }

  Retire retire_;
  std::shared_ptr<Table> newest_;
  std::shared_ptr<Table> older_;  // while its entries are moved
  std::size_t moved_ = 0;         // slots of older_ that were
  std::size_t size_ = 0;
  std::atomic<const Table*> current_{nullptr};
  std::atomic<const Table*> former_{nullptr};
};

}  // namespace crier
