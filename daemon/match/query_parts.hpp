// The query parser's parts that need no grammar: values, signs of other languages, and what to suggest.
// Only the query parser uses them. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "match/query_lexer.hpp"
#include "match/rule.hpp"

namespace crier {

/// A piece of a query as messages show it: long pieces are cut.
std::string shown_in_message(std::string_view text);

/// Decimal digits and nothing else.
std::optional<unsigned> parse_whole_number(std::string_view text);

/// urgency<=2, published>=2023-01-01: `name` and `value` are words, `sign` is one of = < > <= >=.
std::variant<clause::Between, QueryError> make_comparison(const QueryToken& name, const QueryToken& sign,
                                                          const QueryToken& value);

/// A sign in a word that other search languages give a meaning (-sport, AT&T, wom?n) and that the analysis
/// would silently drop.
std::optional<QueryError> find_foreign_sign(const QueryToken& word);

/// What to say of a field that is none of `known`.
QueryError unknown_field_error(const QueryToken& name, std::span<const std::string_view> known);

/// NEAR, ONEAR, NEAR/…, ONEAR/…
bool is_near(std::string_view word);

/// Whether a rule can be a side of a Near.
bool can_be_near(const Rule& side);

/// Whether the words of such sides are all looked for in one place.
bool have_one_scope(const Rule& left, const Rule& right);

/// "and" where AND is meant, with a suggestion made of its neighbours. tokens[at] is the word.
QueryError misspelt_error(std::span<const QueryToken> tokens, std::size_t at);

/// How to join the conditions that begin at tokens[first] and tokens[second] without an operator between:
/// `climate AND change, or "climate change" for the phrase`.
std::string suggest_joining(std::span<const QueryToken> tokens, std::size_t first, std::size_t second);

}  // namespace crier
