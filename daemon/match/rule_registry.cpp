#include "match/rule_registry.hpp"

#include <mutex>
#include <unordered_set>
#include <utility>
#include <vector>

namespace crier {

struct RuleRegistry::Parts {
  struct Record {
    RuleKey key{};
    std::uint32_t holders = 0;
  };
  // Ids in a set, found by the key that is in their record.
  struct ByKey {
    using is_transparent = void;
    const std::vector<Record>* records;

    const RuleKey& of(RuleId id) const { return (*records)[id].key; }
    static const RuleKey& of(const RuleKey& key) { return key; }
    std::size_t operator()(const auto& each) const { return of(each)[0]; }
    bool operator()(const auto& a, const auto& b) const { return of(a) == of(b); }
  };

  explicit Parts(Language language) : index(language) {}

  mutable std::mutex writing;
  RuleIndex index;
  std::vector<Record> records;  // by rule id
  std::unordered_set<RuleId, ByKey, ByKey> known{0, ByKey{&records}, ByKey{&records}};
  std::vector<RuleId> free;
  Changes changes;
  bool is_abandoned = false;
};

RuleRegistry::RuleRegistry(Language language) : parts_(std::make_unique<Parts>(language)) {}
RuleRegistry::~RuleRegistry() = default;

RuleHold RuleRegistry::hold(const Rule& rule) {
  const auto key = key_of(rule);
  auto& parts = *parts_;
  const std::lock_guard lock(parts.writing);
  if (const auto known = parts.known.find(key); known != parts.known.end()) {
    ++parts.records[*known].holders;
    return {*this, *known};
  }
  const auto id = parts.free.empty() ? static_cast<RuleId>(parts.records.size()) : parts.free.back();
  parts.index.add(id, rule);
  if (parts.free.empty())
    parts.records.emplace_back();
  else
    parts.free.pop_back();
  parts.records[id] = {key, 1};
  parts.known.insert(id);
  ++parts.changes.added;
  return {*this, id};
}

RuleHold RuleRegistry::hold(RuleId id) {
  const std::lock_guard lock(parts_->writing);
  ++parts_->records.at(id).holders;
  return {*this, id};
}

void RuleRegistry::release(RuleId id) {
  auto& parts = *parts_;
  const std::lock_guard lock(parts.writing);
  if (parts.is_abandoned || --parts.records[id].holders > 0) return;
  parts.known.erase(id);
  parts.index.remove(id);
  parts.free.push_back(id);
  ++parts.changes.removed;
}

void RuleRegistry::abandon() {
  const std::lock_guard lock(parts_->writing);
  parts_->is_abandoned = true;
}

const RuleIndex& RuleRegistry::index() const {
  return parts_->index;
}

RuleRegistry::Changes RuleRegistry::changes() const {
  const std::lock_guard lock(parts_->writing);
  return parts_->changes;
}

RuleHold::~RuleHold() {
  if (registry_ != nullptr) registry_->release(id_);
}

RuleHold::RuleHold(const RuleHold& other)
    : RuleHold(other.registry_ != nullptr ? other.registry_->hold(other.id_) : RuleHold()) {}

RuleHold::RuleHold(RuleHold&& other) noexcept
    : registry_(std::exchange(other.registry_, nullptr)), id_(other.id_) {}

RuleHold& RuleHold::operator=(RuleHold other) noexcept {
  std::swap(registry_, other.registry_);
  std::swap(id_, other.id_);
  return *this;
}

}  // namespace crier
