// What makes two rules equal: a short name that equal rules share, for finding a rule again among a million.
// Pure.
#pragma once

#include <array>
#include <cstdint>

#include "match/rule.hpp"

namespace crier {

/// The beginning of a SHA-256: nobody finds two rules that share one.
using RuleKey = std::array<std::uint64_t, 2>;

/// Rules that are equal (==) have the same key, and so have those that differ in nothing but the order, or
/// the repetition, of what AND and OR join.
RuleKey key_of(const Rule& rule);

}  // namespace crier
