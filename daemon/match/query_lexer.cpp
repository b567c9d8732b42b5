#include "match/query_lexer.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/core.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "text/fold.hpp"

namespace crier {
namespace {

using Kind = QueryToken::Kind;

constexpr std::array<std::string_view, 3> connectives{"AND", "OR", "NOT"};

bool is_compare(char c) {
  return c == '<' || c == '>' || c == '=' || c == '!';
}

struct Character {
  UChar32 code = 0;
  std::size_t end = 0;
};

Character character_at(std::string_view text, std::size_t at) {
  Character out{0, at};
  U8_NEXT_OR_FFFD(text.data(), out.end, text.size(), out.code);
  return out;
}

// “ ” „ ‟ « » and the corner brackets and full-width quote of East Asia.
bool is_typographic_quote(UChar32 c) {
  return (c >= 0x201C && c <= 0x201F) || c == 0x00AB || c == 0x00BB || (c >= 0x300C && c <= 0x300F) ||
         c == 0xFF02;
}

class Lexer {
 public:
  explicit Lexer(std::string_view query) : query_(query) {}

  std::variant<std::vector<QueryToken>, QueryError> run() {
    while (at_ < query_.size() && !error_) step();
    if (error_) return std::move(*error_);
    add(Kind::end, {}, query_.size());
    return std::move(tokens_);
  }

 private:
  void step() {
    const auto [code, end] = character_at(query_, at_);
    const char c = query_[at_];
    if (u_isUWhiteSpace(code)) {
      at_ = end;
    } else if (c == '(' || c == ')' || c == ',') {
      add(c == '(' ? Kind::open : c == ')' ? Kind::close : Kind::comma, query_.substr(at_, 1), at_);
      ++at_;
    } else if (c == '"') {
      read_text();
    } else if (is_compare(c)) {
      read_compare();
    } else {
      read_word();
    }
  }

  void read_text() {
    const auto close = query_.find('"', at_ + 1);
    if (close == std::string_view::npos) {
      error_ = {at_, "this quotation mark is never closed; write \"…\""};
      return;
    }
    add(Kind::text, query_.substr(at_ + 1, close - at_ - 1), at_);
    at_ = close + 1;
  }

  void read_compare() {
    const auto end = std::min(query_.size(), query_.find_first_not_of("<>=!", at_));
    const auto text = query_.substr(at_, end - at_);
    const bool known = text == "=" || text == "<" || text == ">" || text == "<=" || text == ">=";
    if (text.find_first_not_of('!') == std::string_view::npos && is_behind_word())
      error_ = {at_,
                fmt::format("! means nothing here; write \"{}{}\" in quotes", tokens_.back().text, text)};
    else if (text == "!")
      error_ = {at_, "write NOT instead of !"};
    else if (text == "!=")
      error_ = {at_, "there is no !=; put NOT in front, as in NOT urgency=5"};
    else if (!known)
      error_ = {at_, fmt::format("there is no {}; write one of = < > <= >=", text)};
    add(Kind::compare, text, at_);
    at_ = end;
  }

  // As in "Yahoo!".
  bool is_behind_word() const {
    return !tokens_.empty() && tokens_.back().kind == Kind::word &&
           tokens_.back().at + tokens_.back().text.size() == at_;
  }

  void read_word() {
    const auto begin = at_;
    for (Character next = character_at(query_, at_); at_ < query_.size();) {
      const char c = query_[at_];
      if (u_isUWhiteSpace(next.code) || c == '(' || c == ')' || c == ',' || c == '"' || is_compare(c)) break;
      if (is_typographic_quote(next.code)) {
        error_ = {at_, fmt::format("write straight quotation marks (\") instead of {}",
                                   query_.substr(at_, next.end - at_))};
        return;
      }
      at_ = next.end;
      if (at_ < query_.size()) next = character_at(query_, at_);
    }
    const auto word = query_.substr(begin, at_ - begin);
    if (const auto colon = word.find(':');
        colon != std::string_view::npos && is_field_name(word.substr(0, colon))) {
      add(Kind::field, word.substr(0, colon), begin);
      at_ = begin + colon + 1;
    } else {
      add(Kind::word, word, begin);
    }
  }

  // A colon behind a name makes a field; not in 12:30, nor in a field's value.
  bool is_field_name(std::string_view text) const {
    if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
    const bool is_value =
        !tokens_.empty() && tokens_.back().kind == Kind::field && tokens_.back().text != "title";
    return !is_value && text.find('.') == std::string_view::npos;
  }

  void add(Kind kind, std::string_view text, std::size_t at) { tokens_.push_back({kind, text, at}); }

  std::string_view query_;
  std::size_t at_ = 0;
  std::vector<QueryToken> tokens_;
  std::optional<QueryError> error_;
};

std::string upper_case(std::string_view word) {
  std::string out(word);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

}  // namespace

std::variant<std::vector<QueryToken>, QueryError> lex_query(std::string_view query) {
  return Lexer(query).run();
}

std::string misspelt_operator(std::string_view word) {
  constexpr std::size_t longest = 16;
  if (word.size() > longest) return {};
  auto upper = upper_case(word);
  const bool is_operator = std::ranges::find(connectives, upper) != connectives.end() || upper == "ATLEAST" ||
                           upper.starts_with("NEAR/") || upper.starts_with("ONEAR/");
  return is_operator && upper != word ? upper : std::string();
}

bool is_operator(std::string_view word) {
  return std::ranges::find(connectives, word) != connectives.end() || word == "ATLEAST" || word == "NEAR" ||
         word == "ONEAR" || word.starts_with("NEAR/") || word.starts_with("ONEAR/");
}

bool is_plain_word(std::string_view text) {
  const auto upper = upper_case(text);
  if (upper == "AND" || upper == "OR" || upper == "NOT" || upper == "NEAR" || upper == "ONEAR" ||
      upper == "ATLEAST")
    return false;
  bool after_letter = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto [code, end] = character_at(text, at);
    const bool letter = u_isalnum(code) || (after_letter && (U_GET_GC_MASK(code) & U_GC_M_MASK) != 0);
    const bool inside = after_letter && end < text.size() && (code == '.' || code == '\'' || code == '-');
    if (!letter && !inside) return false;
    after_letter = letter;
    at = end;
  }
  return after_letter;
}

}  // namespace crier
