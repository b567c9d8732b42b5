#include "app/yaml_source.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include <unicode/utf8.h>

namespace crier {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Goes through a scalar and its source together. White space is where both differ most (folding, blocks'
// indentation), so that any run of it fits any other; all else must be the same.
class Walk {
 public:
  Walk(std::string_view text, std::size_t begin, std::string_view value) : text_(text), value_(value) {
    const char first = begin < text.size() ? text[begin] : '\0';
    source_ = begin;
    if (first == '"' || first == '\'') {
      quote_ = first;
      ++source_;
    } else if (first == '|' || first == '>') {
      source_ = std::min(text.find('\n', begin), text.size());
    }
  }

  std::optional<std::size_t> find(std::size_t at) {
    while (value_at_ < at) {
      if (is_space(value_[value_at_])) {
        skip_space(at);
      } else if (!take()) {
        return std::nullopt;
      }
    }
    if (at < value_.size() && !is_space(value_[at])) skip_source_space();
    return source_;
  }

 private:
  bool is_space_at(std::size_t at) const { return at < text_.size() && is_space(text_[at]); }

  // Both sides' white space; up to `at` within the value, when that lies in it.
  void skip_space(std::size_t at) {
    const auto end = std::min(value_.find_first_not_of(" \t\r\n", value_at_), value_.size());
    if (end > at || end == value_.size()) {
      for (; value_at_ < at; ++value_at_)
        if (source_ < text_.size() && text_[source_] == ' ') ++source_;
      return;
    }
    value_at_ = end;
    skip_source_space();
  }

  void skip_source_space() {
    for (;;) {
      if (is_space_at(source_)) {
        ++source_;
      } else if (quote_ == '"' && source_ + 1 < text_.size() && text_[source_] == '\\' &&
                 std::string_view("nrt \n\r").find(text_[source_ + 1]) != std::string_view::npos) {
        source_ += 2;
      } else {
        return;
      }
    }
  }

  // One character that is no white space, or one escape.
  bool take() {
    if (is_space_at(source_) || (quote_ == '"' && text_.substr(source_, 2) == "\\\n")) skip_source_space();
    if (source_ >= text_.size()) return false;
    if (quote_ == '"' && text_[source_] == '\\') return take_escape();
    if (text_[source_] != value_[value_at_]) return false;
    source_ += quote_ == '\'' && text_[source_] == '\'' ? 2 : 1;
    ++value_at_;
    return true;
  }

  bool take_escape() {
    const char kind = source_ + 1 < text_.size() ? text_[source_ + 1] : '\0';
    const std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    std::string meant(1, kind);  // \" \\ \/ stand for themselves
    if (digits > 0) {
      std::uint32_t code = 0;
      const auto hex = text_.substr(std::min(text_.size(), source_ + 2), digits);
      const auto [end, failed] = std::from_chars(hex.data(), hex.data() + hex.size(), code, 16);
      if (failed != std::errc() || end != hex.data() + hex.size() || code > 0x10FFFF) return false;
      char bytes[U8_MAX_LENGTH];
      std::int32_t length = 0;
      U8_APPEND_UNSAFE(bytes, length, static_cast<UChar32>(code));
      meant.assign(bytes, static_cast<std::size_t>(length));
    }
    if (value_.substr(value_at_, meant.size()) != meant) return false;
    value_at_ += meant.size();
    source_ += 2 + digits;
    return true;
  }

  std::string_view text_;
  std::string_view value_;
  std::size_t source_ = 0;
  std::size_t value_at_ = 0;
  char quote_ = '\0';
};

}  // namespace

std::optional<std::size_t> find_in_yaml_source(std::string_view text, std::size_t begin,
                                               std::string_view value, std::size_t at) {
  return Walk(text, begin, value).find(std::min(at, value.size()));
}

}  // namespace crier
