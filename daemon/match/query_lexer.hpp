// The words and signs of a query, with their places in it. Only the query parser and to_string(Rule) use it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "match/query_error.hpp"

namespace crier {

struct QueryToken {
  enum class Kind { end, open, close, comma, compare, text, word, field };

  Kind kind = Kind::end;
  std::string_view text;  ///< of a text without its quotes, of a field without its colon
  std::size_t at = 0;     ///< of the first byte in the query, quotes included
};

/// The tokens of a query, the last one of kind end; or what cannot be one. The query must outlive them.
std::variant<std::vector<QueryToken>, QueryError> lex_query(std::string_view query);

/// Whether `text` stands for itself without quotes: letters and digits, with dots, apostrophes and hyphens
/// inside, and no word of the language.
bool is_plain_word(std::string_view text);

/// AND, OR, NOT, ATLEAST, NEAR, ONEAR, NEAR/…, ONEAR/…
bool is_operator(std::string_view word);

/// The operator that a word was meant to be ("AND" for "and", "NEAR/5" for "near/5"); empty for operators
/// that are right and for other words, among them "near".
std::string misspelt_operator(std::string_view word);

}  // namespace crier
