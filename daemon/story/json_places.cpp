#include "story/json_places.hpp"

#include <algorithm>

namespace crier {
namespace {

class Cursor {
 public:
  Cursor(std::string_view text, std::size_t at, TextPlace place)
      : text_(text),
        at_(at),
        line_(place.line),
        line_begin_(at + 1 - static_cast<std::size_t>(place.column)) {}

  std::size_t at() const { return at_; }
  TextPlace place() const { return {line_, static_cast<int>(at_ - line_begin_) + 1}; }
  /// The byte under the cursor; NUL at the end.
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void step() { at_ = std::min(at_ + 1, text_.size()); }

  void skip_space() {
    for (;; ++at_) {
      const char c = peek();
      if (c != ' ' && c != '\t' && c != '\r' && c != '\n') return;
      if (c != '\n') continue;
      ++line_;
      line_begin_ = at_ + 1;
    }
  }

  /// The string under the cursor without its quotation marks.
  std::string_view take_string() {
    step();
    const auto begin = at_;
    for (char c = peek(); c != '"' && c != '\0'; c = peek()) {
      if (c == '\\') step();
      step();
    }
    const auto text = text_.substr(begin, at_ - begin);
    step();
    return text;
  }

  void skip_value() {
    int depth = 0;
    do {
      skip_space();
      const char c = peek();
      if (c == '"') {
        take_string();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      if (std::string_view("{}[],:").find(c) != std::string_view::npos)
        step();
      else
        at_ = std::min(text_.find_first_of(" \t\r\n,]}", at_), text_.size());
    } while (depth > 0 && at_ < text_.size());
  }

 private:
  std::string_view text_;
  std::size_t at_;
  int line_;
  std::size_t line_begin_;
};

}  // namespace

JsonSpot json_root(std::string_view text) {
  Cursor cursor(text, 0, {1, 1});
  cursor.skip_space();
  return {cursor.at(), cursor.at(), cursor.place(), {}};
}

std::vector<JsonSpot> json_children(std::string_view text, const JsonSpot& parent, std::size_t limit) {
  std::vector<JsonSpot> children;
  Cursor cursor(text, parent.begin, parent.place);
  if (parent.value != parent.begin) {
    cursor.take_string();
    cursor.skip_space();
    cursor.step();  // the colon
    cursor.skip_space();
  }
  const bool is_object = cursor.peek() == '{';
  if (!is_object && cursor.peek() != '[') return children;
  cursor.step();
  while (children.size() < limit) {
    cursor.skip_space();
    if (cursor.peek() == ',') {
      cursor.step();
      continue;
    }
    if (cursor.peek() == '}' || cursor.peek() == ']' || cursor.peek() == '\0') break;
    JsonSpot child{cursor.at(), cursor.at(), cursor.place(), {}};
    if (is_object) {
      child.key = cursor.take_string();
      cursor.skip_space();
      cursor.step();  // the colon
      cursor.skip_space();
      child.value = cursor.at();
    }
    cursor.skip_value();
    children.push_back(child);
  }
  return children;
}

}  // namespace crier
