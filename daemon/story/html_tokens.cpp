#include "story/html_tokens.hpp"

#include <algorithm>

namespace crier::html {
namespace {

constexpr std::size_t max_attributes = 100;
constexpr auto npos = std::string_view::npos;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\f' || c == '\r';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Where a comment's "-->" or "--!>" ends that begins with "<!--" at `from`.
std::size_t comment_end(std::string_view source, std::size_t from) {
  auto at = from + 4;
  if (source.substr(at).starts_with(">")) return at + 1;
  if (source.substr(at).starts_with("->")) return at + 2;
  for (at = source.find("--", at); at != npos; at = source.find("--", at + 1)) {
    const auto rest = source.substr(at + 2);
    if (rest.starts_with('>')) return at + 3;
    if (rest.starts_with("!>")) return at + 4;
  }
  return source.size();
}

}  // namespace

bool same_name(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

// Whether the "<" at the position begins markup rather than being text.
bool Tokenizer::at_tag() const {
  if (at_ + 1 >= source_.size()) return false;
  const char next = source_[at_ + 1];
  if (next == '/') return at_ + 2 < source_.size();
  return is_letter(next) || next == '!' || next == '?';
}

Token Tokenizer::next() {
  while (at_ < source_.size()) {
    const auto start = at_;
    while (at_ < source_.size() && (source_[at_] != '<' || !at_tag()))
      at_ = std::min(source_.find('<', at_ + (source_[at_] == '<' ? 1 : 0)), source_.size());
    if (at_ > start) return {Token::Kind::text, source_.substr(start, at_ - start), false};
    const bool is_end = source_[at_ + 1] == '/';
    if (is_letter(source_[at_ + (is_end ? 2 : 1)])) {
      if (auto token = read_tag(); token.kind != Token::Kind::done) return token;
    } else {
      skip_markup();
    }
  }
  return {};
}

void Tokenizer::skip_markup() {
  if (source_.substr(at_).starts_with("<!--"))
    at_ = comment_end(source_, at_);
  else
    at_ = std::min(source_.find('>', at_), source_.size() - 1) + 1;
}

void Tokenizer::skip_space() {
  while (at_ < source_.size() && is_space(source_[at_])) ++at_;
}

// A tag that the source breaks off in is none.
Token Tokenizer::read_tag() {
  const bool is_end = source_[++at_] == '/';
  if (is_end) ++at_;
  const auto start = at_;
  while (at_ < source_.size() && !is_space(source_[at_]) && source_[at_] != '/' && source_[at_] != '>') ++at_;
  Token token{is_end ? Token::Kind::end : Token::Kind::start, source_.substr(start, at_ - start), false};
  attributes_.clear();
  while (true) {
    skip_space();
    if (at_ >= source_.size()) return {};
    if (source_[at_] == '>') break;
    token.is_closed = source_[at_] == '/';
    if (token.is_closed)
      ++at_;
    else
      read_attribute();
  }
  ++at_;
  return token;
}

void Tokenizer::read_attribute() {
  const auto start = at_++;  // a leading "=" is part of the name
  while (at_ < source_.size() && !is_space(source_[at_]) && source_[at_] != '/' && source_[at_] != '>' &&
         source_[at_] != '=')
    ++at_;
  Attribute attribute{source_.substr(start, at_ - start), {}};
  skip_space();
  if (at_ < source_.size() && source_[at_] == '=') {
    ++at_;
    skip_space();
    attribute.value = read_value();
  }
  if (attributes_.size() < max_attributes) attributes_.push_back(attribute);
}

std::string_view Tokenizer::read_value() {
  if (at_ >= source_.size() || source_[at_] == '>') return {};
  const char quote = source_[at_];
  auto start = at_;
  if (quote == '"' || quote == '\'') {
    const auto end = std::min(source_.find(quote, ++start), source_.size());
    at_ = std::min(end + 1, source_.size());
    return source_.substr(start, end - start);
  }
  while (at_ < source_.size() && !is_space(source_[at_]) && source_[at_] != '>') ++at_;
  return source_.substr(start, at_ - start);
}

// The position of "</name" with a separator after it.
std::size_t Tokenizer::find_end_tag(std::string_view name, std::size_t from) const {
  for (auto at = source_.find("</", from); at != npos; at = source_.find("</", at + 2)) {
    const auto after = at + 2 + name.size();
    if (after < source_.size() && same_name(source_.substr(at + 2, name.size()), name) &&
        (is_space(source_[after]) || source_[after] == '/' || source_[after] == '>'))
      return at;
  }
  return npos;
}

bool Tokenizer::has_end_tag(std::string_view name) const {
  Tokenizer ahead(source_.substr(at_));
  for (auto token = ahead.next(); token.kind != Token::Kind::done; token = ahead.next())
    if (token.kind != Token::Kind::text && same_name(token.text, name)) return token.kind == Token::Kind::end;
  return false;
}

// A script may hold "<!-- <script> … </script> -->" whole (the double escaped state of the standard).
std::size_t Tokenizer::find_script_end() const {
  const auto plain = find_end_tag("script", at_);
  if (plain == npos) return npos;
  const auto opens = source_.substr(at_, plain - at_).find("<!--");
  if (opens == npos) return plain;
  const auto inner = source_.substr(at_ + opens, plain - at_ - opens);
  const bool is_double = inner.find("<script") != npos && inner.find("-->") == npos;
  if (!is_double) return plain;
  const auto outer = find_end_tag("script", plain + 2);
  const auto comment = source_.substr(plain, outer == npos ? npos : outer - plain).find("-->");
  return outer != npos && comment != npos ? outer : plain;
}

std::string_view Tokenizer::take_raw(std::string_view name) {
  const bool is_endless = std::any_of(endless_.begin(), endless_.end(),
                                      [&](std::string_view other) { return same_name(name, other); });
  const bool is_code = same_name(name, "script") || same_name(name, "style") || same_name(name, "plaintext");
  auto end = npos;
  if (!is_endless) end = same_name(name, "script") ? find_script_end() : find_end_tag(name, at_);
  if (end == npos) {
    if (!is_endless) endless_.push_back(name);
    if (!is_code) return {};
    end = source_.size();
  }
  const auto content = source_.substr(at_, end - at_);
  at_ = end;
  if (at_ < source_.size()) read_tag();
  return content;
}

}  // namespace crier::html
