// RuleRegistry: one long-lived rule index in which equal rules are one. Whoever works with a rule holds it;
// it is in the index for as long as somebody does. So a fresh configuration takes over the rules that it
// shares with the former one, and a reload changes the index by the difference alone.
//
// Safe from any thread; matching waits for nobody. Nothing of it is on the disk: it is filled again at start.
#pragma once

#include <cstdint>
#include <memory>

#include "match/rule_index.hpp"
#include "match/rule_key.hpp"

namespace crier {

class RuleRegistry;

/// A share in a rule of a registry, which must outlive it.
class RuleHold {
 public:
  RuleHold() = default;
  ~RuleHold();
  RuleHold(const RuleHold& other);
  RuleHold(RuleHold&& other) noexcept;
  RuleHold& operator=(RuleHold other) noexcept;

  explicit operator bool() const { return registry_ != nullptr; }
  /// Of the rule in the index; equal rules have the same.
  RuleId id() const { return id_; }

 private:
  friend class RuleRegistry;
  RuleHold(RuleRegistry& registry, RuleId id) : registry_(&registry), id_(id) {}

  RuleRegistry* registry_ = nullptr;
  RuleId id_ = 0;
};

class RuleRegistry {
 public:
  /// `language` is the index's.
  explicit RuleRegistry(Language language = stemming_language("en"));
  ~RuleRegistry();
  RuleRegistry(const RuleRegistry&) = delete;
  RuleRegistry& operator=(const RuleRegistry&) = delete;

  /// Throws std::length_error as RuleIndex::add does.
  RuleHold hold(const Rule& rule);
  /// Another share in a rule that is held.
  RuleHold hold(RuleId id);

  /// Before it goes, with all that still hold a rule of it: from now on nothing is removed.
  void abandon();

  /// Ids are given out from 0 on. One that nobody holds any more is given to another rule: who matches must
  /// hold the rules that it knows, and ignore the others.
  const RuleIndex& index() const;

  /// Of the index since the beginning.
  struct Changes {
    std::uint64_t added = 0;
    std::uint64_t removed = 0;
  };
  Changes changes() const;

 private:
  friend class RuleHold;
  void release(RuleId id);

  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace crier
