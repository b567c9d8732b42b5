#include "match/query_parts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "base/encoding.hpp"
#include "base/suggest.hpp"
#include "base/time.hpp"

namespace crier {
namespace {

using Kind = QueryToken::Kind;

// The first and last millisecond of what was written: a day, or one instant.
std::optional<std::pair<std::int64_t, std::int64_t>> parse_times(std::string_view text) {
  using namespace std::chrono_literals;
  constexpr std::size_t day_size = 10;
  const bool is_day = text.size() == day_size;
  const auto time = parse_rfc3339(is_day ? std::string(text) + "T00:00:00Z" : std::string(text));
  // Years of four digits, so that the end of a day has them as well.
  if (!time || *time < std::chrono::sys_days(1000y / 1 / 1) ||
      *time >= std::chrono::sys_days(9999y / 12 / 31))
    return std::nullopt;
  const auto first = time->time_since_epoch().count();
  return std::pair{first, is_day ? first + Duration(24h).count() - 1 : first};
}

clause::Between compare(clause::Number number, std::string_view sign, std::int64_t first, std::int64_t last) {
  clause::Between between{.number = number};
  if (sign == "=" || sign == ">=") between.least = first;
  if (sign == ">") between.least = last + 1;
  if (sign == "=" || sign == "<=") between.most = last;
  if (sign == "<") between.most = first - 1;
  return between;
}

// The place where a side's words are looked for; nullopt when there are both.
std::optional<Scope> scope_of(const Rule& side) {
  const auto& node = side.node().clause;
  if (const auto* phrase = std::get_if<clause::Phrase>(&node)) return phrase->scope;
  if (const auto* prefix = std::get_if<clause::Prefix>(&node)) return prefix->scope;
  const auto& rules = std::get<clause::Any>(node).rules;
  const auto scope = scope_of(rules.front());
  return std::ranges::all_of(rules, [&](const Rule& rule) { return scope_of(rule) == scope; }) ? scope
                                                                                               : std::nullopt;
}

// A word that stands for itself, and so may stand in a suggested phrase.
bool is_bare(const QueryToken& token) {
  return token.kind == Kind::word && !token.text.ends_with('*') && !is_operator(token.text) &&
         misspelt_operator(token.text).empty() && !find_foreign_sign(token);
}

}  // namespace

std::string shown_in_message(std::string_view text) {
  constexpr std::size_t longest = 60;
  if (text.size() <= longest) return std::string(text);
  auto cut = longest;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return std::string(text.substr(0, cut)) + "…";
}

std::optional<unsigned> parse_whole_number(std::string_view text) {
  unsigned number = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

std::variant<clause::Between, QueryError> make_comparison(const QueryToken& name, const QueryToken& sign,
                                                          const QueryToken& value) {
  constexpr std::array<std::string_view, 2> numbers{"urgency", "published"};
  if (std::ranges::find(numbers, name.text) == numbers.end())
    return QueryError{
        name.at,
        fmt::format("only urgency and published can be compared{}; for a field write region:\"East Asia\"",
                    did_you_mean(name.text, numbers)),
        std::string(nearest_word(name.text, numbers))};
  const auto text = value.kind == Kind::word ? value.text : std::string_view();
  if (name.text == "published") {
    const auto times = parse_times(text);
    if (!times)
      return QueryError{value.at,
                        "write a day or a time with its offset: 2023-01-31 or 2023-01-31T18:00:00Z"};
    return compare(clause::Number::published, sign.text, times->first, times->second);
  }
  const auto level = parse_whole_number(text);
  if (!level || *level < 1 || *level > 8)
    return QueryError{value.at, "urgency goes from 1 (flash) to 8; write it as in urgency<=2"};
  if ((*level == 1 && sign.text == "<") || (*level == 8 && sign.text == ">"))
    return QueryError{sign.at, fmt::format("no urgency is {0} {1}; write {0}= {1}", sign.text, *level)};
  return compare(clause::Number::urgency, sign.text, *level, *level);
}

std::optional<QueryError> find_foreign_sign(const QueryToken& token) {
  const auto word = token.text;
  constexpr std::array<std::string_view, 9> minuses{"-", "‐", "‑", "‒", "–", "—", "―", "−", "－"};
  for (const auto minus : minuses)
    if (word.starts_with(minus) && word.size() > minus.size())
      return QueryError{token.at, fmt::format("write NOT {} instead of {}",
                                              shown_in_message(word.substr(minus.size())), minus)};
  if (word.starts_with('+') && word.size() > 1)
    return QueryError{token.at,
                      fmt::format("write {} alone: + is not needed", shown_in_message(word.substr(1)))};
  if (word == "&" || word == "&&") return QueryError{token.at, fmt::format("write AND instead of {}", word)};
  if (word == "|" || word == "||") return QueryError{token.at, fmt::format("write OR instead of {}", word)};
  if (const auto star = word.find('*'); star < word.size() - 1)
    return QueryError{token.at + star, "* is understood at the end of a word only, as in sanction*"};
  if (const auto sign = word.find_first_of("&|?~^\\[]{};"); sign != std::string_view::npos)
    return QueryError{token.at + sign, fmt::format("{} means nothing here; write \"{}\" in quotes",
                                                   word[sign], shown_in_message(word))};
  return std::nullopt;
}

QueryError unknown_field_error(const QueryToken& name, std::span<const std::string_view> known) {
  constexpr std::array<std::string_view, 5> texts{"body", "body_text", "content", "summary", "text"};
  const auto lower = to_lower_ascii(name.text);
  if (std::ranges::find(texts, lower) != texts.end())
    return {
        name.at,
        fmt::format("there is no field \"{}\"; a word without a field is looked for in title, summary and "
                    "body",
                    name.text)};
  const auto meant = lower == "language" ? std::string_view("lang") : nearest_word(lower, known);
  if (meant.empty())
    return {name.at, fmt::format("there is no field \"{}\"; if it is text, write it in quotes",
                                 shown_in_message(name.text))};
  return {name.at,
          fmt::format("there is no field \"{}\" (did you mean \"{}:\"?); if it is text, write it in quotes",
                      shown_in_message(name.text), meant),
          std::string(meant) + ':'};
}

bool is_near(std::string_view word) {
  return word == "NEAR" || word == "ONEAR" || word.starts_with("NEAR/") || word.starts_with("ONEAR/");
}

bool can_be_near(const Rule& side) {
  const auto& node = side.node().clause;
  if (const auto* group = std::get_if<clause::Any>(&node))
    return std::ranges::all_of(group->rules, can_be_near);
  return std::holds_alternative<clause::Phrase>(node) || std::holds_alternative<clause::Prefix>(node);
}

bool have_one_scope(const Rule& left, const Rule& right) {
  const auto scope = scope_of(left);
  return scope && scope == scope_of(right);
}

QueryError misspelt_error(std::span<const QueryToken> tokens, std::size_t at) {
  const auto word = tokens[at].text;
  std::string phrase(word);
  if (at > 0 && is_bare(tokens[at - 1])) phrase = shown_in_message(tokens[at - 1].text) + ' ' + phrase;
  if (at + 1 < tokens.size() && is_bare(tokens[at + 1]))
    phrase += ' ' + shown_in_message(tokens[at + 1].text);
  return {tokens[at].at,
          fmt::format("\"{}\" is not an operator; write {}, or \"{}\" in quotes for the words", word,
                      misspelt_operator(word), phrase),
          misspelt_operator(word)};
}

std::string suggest_joining(std::span<const QueryToken> tokens, std::size_t first, std::size_t second) {
  const auto& start = tokens[first];
  constexpr std::size_t most_shown = 6;
  std::string joined;
  std::string phrase;
  auto at = first + (start.kind == Kind::field ? 1 : 0);
  const auto end = std::min(tokens.size(), at + most_shown);
  for (; at < end && is_bare(tokens[at]); ++at) {
    const auto word = shown_in_message(tokens[at].text);
    joined += (joined.empty() ? "" : " AND ") + word;
    phrase += (phrase.empty() ? "" : " ") + word;
  }
  if (at <= second) return "AND or OR between them";
  if (start.kind == Kind::field) return fmt::format("{}:\"{}\"", start.text, phrase);
  return fmt::format("{}, or \"{}\" for the phrase", joined, phrase);
}

}  // namespace crier
