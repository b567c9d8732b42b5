#include "base/yaml_hint.hpp"

#include <algorithm>
#include <vector>

#include <fmt/core.h>

namespace crier {
namespace {

constexpr auto nowhere = std::string_view::npos;

// Goes through YAML up to a place and knows what is open there. It need not understand all of it: what it
// says is looked at only when the text is no YAML.
class Scan {
 public:
  struct Bracket {
    std::size_t at;
    std::size_t comment = nowhere;  // the first within it
  };

  Scan(std::string_view text, std::size_t end) : text_(text), end_(end) {
    while (at_ < end_) step();
  }

  const std::vector<Bracket>& open() const { return open_; }
  /// Where the text began that the place is in; nowhere between two.
  std::size_t token() const { return token_; }
  /// Behind the closing quote, if that text began with one.
  std::size_t quote_end() const { return quote_end_; }

 private:
  char peek(std::size_t at) const { return at < text_.size() ? text_[at] : '\n'; }
  bool is_blank(std::size_t at) const {
    return std::string_view(" \t\r\n").find(peek(at)) != std::string_view::npos;
  }
  void end_token() { token_ = quote_end_ = nowhere; }

  void step() {
    const char c = text_[at_];
    if (c == '\n' && open_.empty()) end_token();
    if (is_blank(at_)) {
      ++at_;
    } else if (c == '#' && (token_ == nowhere || is_blank(at_ - 1))) {
      if (!open_.empty() && open_.back().comment == nowhere) open_.back().comment = at_;
      at_ = std::min(text_.find('\n', at_), end_);
    } else if (token_ == nowhere && (c == '"' || c == '\'')) {
      token_ = at_;
      pass_quote(c);
    } else if (!open_.empty() || token_ == nowhere) {
      step_between(c);
    } else {
      if (c == ':' && is_blank(at_ + 1)) end_token();
      ++at_;
    }
  }

  // In brackets, or where a value may begin.
  void step_between(char c) {
    if (c == '[' || c == '{') {
      open_.push_back({at_});
      end_token();
    } else if (!open_.empty() && (c == ']' || c == '}')) {
      open_.pop_back();
      end_token();
    } else if (!open_.empty() && (c == ',' || (c == ':' && is_blank(at_ + 1)))) {
      end_token();
    } else if (open_.empty() && (c == '|' || c == '>')) {
      return pass_block();
    } else if (token_ == nowhere && !(c == '-' && is_blank(at_ + 1))) {
      token_ = at_;
    }
    ++at_;
  }

  void pass_quote(char quote) {
    for (++at_; at_ < end_; ++at_) {
      const bool is_escape = quote == '"' ? text_[at_] == '\\' : text_.substr(at_, 2) == "''";
      if (is_escape) {
        ++at_;
      } else if (text_[at_] == quote) {
        quote_end_ = ++at_;
        return;
      }
    }
  }

  // Lines that are farther right than the one with its sign.
  void pass_block() {
    const auto line = text_.substr(0, at_).rfind('\n') + 1;
    const auto indent = text_.find_first_not_of(' ', line) - line;
    for (at_ = text_.find('\n', at_); at_ < end_; at_ = text_.find('\n', at_ + 1)) {
      const auto said = text_.find_first_not_of(' ', at_ + 1);
      if (said == nowhere || (text_[said] != '\n' && said - at_ - 1 <= indent)) break;
    }
    at_ = std::min(at_, end_);
  }

  std::string_view text_;
  std::size_t end_;
  std::size_t at_ = 0;
  std::size_t token_ = nowhere;
  std::size_t quote_end_ = nowhere;
  std::vector<Bracket> open_;
};

// The text that begins at `at`, as far as it was probably meant to go: its line, or up to the end of the
// element.
std::string_view text_at(std::string_view text, std::size_t at, bool in_brackets) {
  auto rest = text.substr(at, text.find('\n', at) - at);
  if (in_brackets) rest = rest.substr(0, rest.find_first_of(",]}", rest.find_first_not_of(",]}")));
  return rest.substr(0, rest.find_last_not_of(" \t\r") + 1);
}

std::optional<YamlHint> hint_at_sign(std::string_view text, std::size_t at, const Scan& scan) {
  constexpr std::string_view signs = "@`%*&!";
  if (scan.token() != nowhere || at >= text.size() || signs.find(text[at]) == nowhere) return std::nullopt;
  const auto meant = text_at(text, at, !scan.open().empty());
  return YamlHint{
      at, fmt::format("a text that begins with {} needs quotes: write {}", text[at], quoted_for_yaml(meant))};
}

std::optional<YamlHint> hint_at_open_quote(std::string_view text, const Scan& scan) {
  const auto at = scan.token();
  if (at == nowhere || scan.quote_end() != nowhere || (text[at] != '"' && text[at] != '\''))
    return std::nullopt;
  return YamlHint{at, "this quote is never closed"};
}

std::optional<YamlHint> hint_behind_quote(std::string_view text, std::size_t at, const Scan& scan) {
  const auto end = scan.quote_end();
  if (end == nowhere || at >= text.size() || at < end) return std::nullopt;
  auto meant = text_at(text, scan.token(), !scan.open().empty());
  if (scan.token() + meant.size() <= end) return std::nullopt;
  const char quote = text[scan.token()];
  // 'Xi's plan': the quotes were meant to be outside, and one stands within.
  if (quote == '\'' && meant.ends_with(quote)) meant = meant.substr(1, meant.size() - 2);
  return YamlHint{end - 1, fmt::format("the text ends at this quote, but goes on behind it: write {}",
                                       quoted_for_yaml(meant))};
}

std::optional<YamlHint> hint_at_bracket(std::string_view text, std::string_view said, const Scan& scan) {
  if (scan.open().empty() || said.find("flow") == nowhere) return std::nullopt;
  const auto& [at, comment] = scan.open().back();
  if (comment != nowhere)
    return YamlHint{comment, fmt::format("# begins a comment here, so that the {} before it is never closed: "
                                         "write {} if it is text",
                                         text[at], quoted_for_yaml(text_at(text, comment, true)))};
  return YamlHint{at, fmt::format("this {} is never closed: add {}", text[at], text[at] == '[' ? ']' : '}')};
}

std::optional<YamlHint> hint_at_colon(std::string_view text, std::size_t at, std::string_view said) {
  if (at >= text.size() || text[at] != ':' || said.find("illegal map value") == nowhere) return std::nullopt;
  return YamlHint{at, "a second \": \" in one line: put a text that holds it in quotes, a mapping in { }"};
}

}  // namespace

std::optional<YamlHint> find_yaml_hint(std::string_view text, std::size_t at, std::string_view said) {
  const Scan scan(text, std::min(at, text.size()));
  if (auto hint = hint_at_sign(text, at, scan)) return hint;
  if (auto hint = hint_at_open_quote(text, scan)) return hint;
  if (auto hint = hint_behind_quote(text, at, scan)) return hint;
  if (auto hint = hint_at_bracket(text, said, scan)) return hint;
  return hint_at_colon(text, at, said);
}

std::string quoted_for_yaml(std::string_view text) {
  if (text.find('\'') != nowhere && text.find_first_of("\"\\") == nowhere) return fmt::format("\"{}\"", text);
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

}  // namespace crier
