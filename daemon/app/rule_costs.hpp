// What rules cost the matching of each story, by the stories of the past: for the order in which the rule
// index keeps them, and to warn of those that cost an absurd amount.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.hpp"
#include "base/diagnostic.hpp"

namespace crier {

class Sqlite;

/// Tells the rule index which words are rare, by the latest stories of the log; then it keeps the rules under
/// those. Returns the number of stories.
std::size_t learn_words(Sqlite& db, const Newsroom& newsroom, Time now);
/// The same by the story log of a configuration, if it has one that can be read.
void learn_words(const Config& config);

/// What to say of a rule that asks only for words that nearly every text in the language has; empty of
/// others.
std::string complain_of_common_words(const Rule& rule, std::string_view language);

/// Those of Config::rule_warnings, then the rules that nearly every story leads to, or that are looked at
/// very often for an average one, each at its place; at most twenty. Of the latter none before enough stories
/// have been seen to tell.
std::vector<Diagnostic> find_costly_rules(const Config& config);

}  // namespace crier
