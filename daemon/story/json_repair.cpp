#include "story/json_repair.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace crier {
namespace {

class Repair {
 public:
  explicit Repair(std::string_view text) : in_(text) { out_.reserve(text.size() + text.size() / 16); }

  std::optional<std::string> run() {
    at_ = in_.find_first_of("{[");
    if (at_ == std::string_view::npos) return std::nullopt;
    do {
      read_one();
    } while (at_ < in_.size() && !open_.empty());
    if (open_.empty()) return std::move(out_);
    if (whole_ == 0) return std::nullopt;
    out_.resize(whole_);
    out_ += open_.front() == '{' ? "]}" : "]";
    return std::move(out_);
  }

 private:
  void read_one() {
    const char c = in_[at_];
    if (c == '"') return read_text();
    if (in_.substr(at_).starts_with("//")) return skip_to("\n");
    if (in_.substr(at_).starts_with("/*")) return skip_to("*/");
    ++at_;
    if (c == '}' || c == ']') {
      if (open_.back() != (c == '}' ? '{' : '[')) return;
      open_.pop_back();
      out_ += c;
      if (is_in_items()) whole_ = out_.size();
      return;
    }
    if (c == '[' && open_ == "{") in_items_ = last_text_ == "items";
    if (c == '{' || c == '[') open_ += c;
    out_ += c;
  }

  // Behind one item of a list of them. An object that breaks off is never taken for a whole one: what it says
  // of its status may be what is missing.
  bool is_in_items() const { return open_ == "[" || (open_ == "{[" && in_items_); }

  void skip_to(std::string_view end) {
    const auto found = in_.find(end, at_ + 2);
    at_ = found == std::string_view::npos ? in_.size() : found + end.size();
  }

  void read_text() {
    out_ += '"';
    const auto from = ++at_;
    while (at_ < in_.size() && in_[at_] != '"') {
      if (in_[at_] == '\\')
        read_escape();
      else
        put(in_[at_++]);
    }
    if (at_ == in_.size()) return;
    if (open_ == "{") last_text_ = in_.substr(from, at_ - from);
    out_ += '"';
    ++at_;
  }

  void put(char c) {
    if (c == '\n')
      out_ += "\\n";
    else if (c == '\t')
      out_ += "\\t";
    else if (static_cast<unsigned char>(c) >= 0x20)
      out_ += c;
  }

  void read_escape() {
    const char c = at_ + 1 < in_.size() ? in_[at_ + 1] : '\0';
    if (c == 'u') return read_unit();
    ++at_;
    if (std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) return;  // put by itself
    out_ += '\\';
    out_ += c;
    ++at_;
  }

  // The four digits behind "\u" at `at`.
  std::optional<unsigned> unit_at(std::size_t at) const {
    constexpr std::size_t digits = 4;
    if (at > in_.size() || !in_.substr(at).starts_with("\\u") || in_.size() < at + 2 + digits)
      return std::nullopt;
    unsigned unit = 0;
    const auto* end = in_.data() + at + 2 + digits;
    const auto [stop, failed] = std::from_chars(in_.data() + at + 2, end, unit, 16);
    return failed == std::errc{} && stop == end ? std::optional(unit) : std::nullopt;
  }

  void read_unit() {
    constexpr std::size_t width = 6;
    const auto unit = unit_at(at_);
    if (!unit) {
      ++at_;  // the "u" is put by itself
      return;
    }
    const bool is_high = *unit >= 0xD800 && *unit <= 0xDBFF;
    const bool is_low = *unit >= 0xDC00 && *unit <= 0xDFFF;
    const auto second = is_high ? unit_at(at_ + width) : std::nullopt;
    const bool is_pair = second && *second >= 0xDC00 && *second <= 0xDFFF;
    const auto size = is_pair ? 2 * width : width;
    if (is_low || (is_high && !is_pair))
      out_ += "\\ufffd";
    else
      out_ += in_.substr(at_, size);
    at_ += size;
  }

  std::string_view in_;
  std::size_t at_ = 0;
  std::string out_;
  std::string open_;            // the brackets that are open
  std::string_view last_text_;  // right in the outermost object
  bool in_items_ = false;       // the list in it is that of its items
  std::size_t whole_ = 0;       // how much of out_ ends behind a whole item
};

}  // namespace

std::optional<std::string> repair_json(std::string_view text) {
  return Repair(text).run();
}

}  // namespace crier
