// The query language of rules: what a person types into YAML or a subscription form. Pure; takes any bytes.
//
//   chips AND (China OR Taiwan) NOT sport      AND before NOT may be left out; NOT binds before AND before OR
//   "Belt and Road"  state-of-the-art          a phrase
//   sanction*        =Apple                    words beginning so; this form only, without stemming
//   "Belt and Road" NEAR/10 summit             within 10 words; ONEAR/10: in this order
//   ATLEAST(2, chips, Taiwan, "export ban")    any two of them
//   title:summit      title:(summit OR talks)       in the title
//   topic: region: section: author: source: site: lang:      a field's whole value: region:"East Asia"
//   urgency<=2       published>=2023-01-01     = < > <= >=; a date is the whole UTC day
//
// Operators are upper-case. Whatever could mean two things is an error that says what to write instead.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/diagnostic.hpp"
#include "match/rule.hpp"

namespace crier {

inline constexpr std::size_t max_query_bytes = std::size_t{64} * 1024;
inline constexpr int max_query_depth = 200;       ///< of parentheses, NOT and ATLEAST within each other
inline constexpr std::size_t max_clauses = 4096;  ///< words and conditions in one query
inline constexpr std::size_t max_phrase_words = 64;
inline constexpr unsigned max_near = 100;  ///< words
static_assert(max_near < field_gap);

/// Whether the column of an error in a file is the query's first column plus the place within the query:
/// not for scalars with escapes or folded over lines.
enum class Columns { add_up, start_only };

/// The rule, or nullopt and one diagnostic with the offending place and an excerpt of the query. `start` is
/// the place of the query's first character; where columns do not add up (and always in a query of several
/// lines) the diagnostic has that place and says the column within the query. The rule may lack a positive
/// clause (has_positive_clause), since it may be a part of one.
std::optional<Rule> parse_query(std::string_view query, const Place& start, Diagnostics& diagnostics,
                                Columns columns = Columns::add_up);

}  // namespace crier
