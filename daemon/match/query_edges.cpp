// The two other questions to a query: what is wrong with it in the eyes of people, and which topics it names.
#include "match/query_lexer.hpp"
#include "match/query_parser.hpp"

namespace crier {

std::optional<Rule> parse_query(std::string_view query, const Place& start, Diagnostics& diagnostics,
                                const QueryOptions& options) {
  auto rule = read_query(query, options);
  if (rule) return std::move(*rule);
  const auto& error = rule.error();
  auto place = place_in(start.file, query, error.at);
  if (place.line == 1 && start.column > 0) place.column += start.column - 1;
  place.line = start.line > 0 ? start.line + place.line - 1 : 0;
  diagnostics.add(std::move(place), error.message, caret_excerpt(query, error.at), error.suggestion);
  return std::nullopt;
}

std::vector<TopicReference> find_topic_references(std::string_view query) {
  std::vector<TopicReference> out;
  if (query.size() > max_query_bytes || query.find("rule:") == std::string_view::npos) return out;
  const auto lexed = lex_query(query);
  const auto* tokens = std::get_if<std::vector<QueryToken>>(&lexed);
  if (tokens == nullptr) return out;
  for (std::size_t i = 1; i < tokens->size(); ++i) {
    const auto& name = (*tokens)[i];
    const auto& field = (*tokens)[i - 1];
    if (field.kind == QueryToken::Kind::field && field.text == "rule" &&
        (name.kind == QueryToken::Kind::word || name.kind == QueryToken::Kind::text))
      out.push_back({name.text, name.at});
  }
  return out;
}

}  // namespace crier
