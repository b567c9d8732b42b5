#include "base/yaml_plain.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace crier {
namespace {

constexpr std::size_t max_entries = 32;  // keys are compared with each other
constexpr int max_depth = 16;

constexpr auto make_table(std::string_view signs) {
  std::array<bool, 256> table{};
  for (int c = 0; c < 256; ++c)
    table[static_cast<std::size_t>(c)] = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                                         (c >= 'A' && c <= 'Z') || c >= 0x80 ||
                                         signs.find(static_cast<char>(c)) != std::string_view::npos;
  return table;
}

// What a plain scalar may begin with, and hold, outside and within brackets. YAML allows more.
constexpr auto plain_begin = make_table("/+._=($");
constexpr auto plain_block = make_table(" /+._=()$-,;:'\"*<>@&!|~^%?{}[]#");
constexpr auto plain_flow = make_table(" /+._=()$-:*<>@");
constexpr auto key_letters = make_table("_-");

bool has(const std::array<bool, 256>& table, char c) {
  return table[static_cast<unsigned char>(c)];
}

bool is_null_word(std::string_view text) {
  return text == "null" || text == "Null" || text == "NULL";
}

// Characters that YAML has its own views about: tabs and control characters, Unicode's line breaks and mark.
bool has_odd_character(std::string_view text) {
  bool is_ascii = true;
  bool has_return = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < ' ' && byte != '\n' && byte != '\r') || byte == 0x7f) return true;
    is_ascii = is_ascii && byte < 0x80;
    has_return = has_return || byte == '\r';
  }
  if (has_return)
    for (std::size_t at = text.find('\r'); at != std::string_view::npos; at = text.find('\r', at + 1))
      if (at + 1 == text.size() || text[at + 1] != '\n') return true;
  if (is_ascii) return false;
  for (const std::string_view odd : {"\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xEF\xBB\xBF"})
    if (text.find(odd) != std::string_view::npos) return true;
  return false;
}

class Reader {
 public:
  Reader(std::string_view text, int line) : rest_(text), number_(line - 1) {}

  std::optional<YamlNode> read() {
    next_line();
    if (!good_ || is_over_ || !is_dash()) return std::nullopt;
    auto item = read_item(indent_);
    if (!good_ || !is_over_) return std::nullopt;
    return item;
  }

 private:
  // Goes to the next line that says something. at_ is its first character.
  void next_line() {
    while (!rest_.empty()) {
      const auto end = std::min(rest_.find('\n'), rest_.size());
      line_ = rest_.substr(0, end);
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++number_;
      if (line_.ends_with('\r')) line_.remove_suffix(1);
      indent_ = line_.find_first_not_of(' ');
      if (indent_ == std::string_view::npos) continue;
      if (line_[indent_] == '#') continue;
      at_ = indent_;
      return;
    }
    is_over_ = true;
    line_ = {};
    indent_ = at_ = 0;
  }

  void give_up() { good_ = false; }
  char peek() const { return at_ < line_.size() ? line_[at_] : '\0'; }
  void skip_spaces() {
    while (peek() == ' ') ++at_;
  }
  bool is_dash() const { return peek() == '-' && (at_ + 1 == line_.size() || line_[at_ + 1] == ' '); }
  // Whether nothing but a comment follows; at_ is behind spaces.
  bool is_line_end() const {
    return at_ >= line_.size() || (line_[at_] == '#' && at_ > 0 && line_[at_ - 1] == ' ');
  }
  // To the next line, which nothing of this one may go on in: only what stands at most at `column`.
  void end_value(std::size_t column) {
    skip_spaces();
    if (!is_line_end()) return give_up();
    next_line();
    if (!is_over_ && indent_ > column) give_up();
  }

  YamlNode node(YamlNode::Kind kind) const {
    YamlNode out;
    out.kind = kind;
    out.line = number_;
    out.column = static_cast<int>(at_) + 1;
    return out;
  }

  // At a dash.
  YamlNode read_item(std::size_t column) {
    ++at_;
    skip_spaces();
    if (is_line_end()) {
      give_up();
      return {};
    }
    if (is_key()) return read_map(at_, column);
    auto item = read_inline(plain_block);
    if (good_) end_value(column);
    return item;
  }

  // Whether a word and a colon stand here.
  bool is_key() const {
    auto end = at_;
    while (end < line_.size() && has(key_letters, line_[end])) ++end;
    return end > at_ && end < line_.size() && line_[end] == ':' &&
           (end + 1 == line_.size() || line_[end + 1] == ' ');
  }

  YamlNode read_key() {
    auto key = node(YamlNode::Kind::scalar);
    const auto begin = at_;
    while (peek() != ':') ++at_;
    key.scalar = line_.substr(begin, at_ - begin);
    if (key.scalar.front() == '-' || is_null_word(key.scalar)) give_up();
    ++at_;
    return key;
  }

  void add(YamlNode& map, YamlNode key, YamlNode value) {
    if (map.entries.size() == max_entries || map.find(key.scalar) != nullptr) return give_up();
    map.entries.push_back({std::move(key), std::move(value)});
  }

  // Keys at `column`, the first of which stands here; within something that stands at `outer`.
  YamlNode read_map(std::size_t column, std::size_t outer) {
    auto map = node(YamlNode::Kind::map);
    map.entries.reserve(8);
    const Depth depth(*this);
    while (good_) {
      if (!is_key()) {
        give_up();
        break;
      }
      auto key = read_key();
      if (!good_) break;
      auto value = read_value(key, column);
      if (!good_) break;
      add(map, std::move(key), std::move(value));
      if (is_over_ || indent_ <= outer) break;
      if (indent_ != column) give_up();
    }
    return map;
  }

  // What a key at `column` has.
  YamlNode read_value(const YamlNode& key, std::size_t column) {
    skip_spaces();
    if (!is_line_end()) {
      auto value = read_inline(plain_block);
      if (good_) end_value(column);
      return value;
    }
    next_line();
    if (!is_over_ && indent_ >= column && is_dash()) return read_list(indent_, column);
    if (!is_over_ && indent_ > column) {
      if (is_key()) return read_map(indent_, column);
      give_up();
    }
    YamlNode nothing;
    nothing.line = key.line;
    nothing.column = key.column;
    return nothing;
  }

  // Dashes at `column`, as the value of a key at `outer`.
  YamlNode read_list(std::size_t column, std::size_t outer) {
    auto list = node(YamlNode::Kind::list);
    const Depth depth(*this);
    while (good_) {
      list.items.push_back(read_item(column));
      if (!good_ || is_over_ || indent_ < column || (column == outer && !is_dash())) break;
      if (!is_dash() || indent_ != column) give_up();
    }
    if (good_ && !is_over_ && indent_ > outer) give_up();
    return list;
  }

  YamlNode read_inline(const std::array<bool, 256>& letters) {
    switch (peek()) {
      case '{':
        return read_flow_map();
      case '[':
        return read_flow_list();
      case '"':
      case '\'':
        return read_quoted();
      default:
        return read_plain(letters);
    }
  }

  YamlNode read_plain(const std::array<bool, 256>& letters) {
    auto word = node(YamlNode::Kind::scalar);
    const auto begin = at_;
    if (!has(plain_begin, peek())) give_up();
    for (; at_ < line_.size() && has(letters, line_[at_]); ++at_) {
      const char c = line_[at_];
      const char next = at_ + 1 < line_.size() ? line_[at_ + 1] : ' ';
      if (c == '#' && line_[at_ - 1] == ' ') break;
      if (c == ':' && (next == ' ' || !has(letters, next))) give_up();
    }
    auto end = at_;
    while (end > begin && line_[end - 1] == ' ') --end;
    word.scalar = line_.substr(begin, end - begin);
    if (is_null_word(word.scalar)) give_up();
    return word;
  }

  YamlNode read_quoted() {
    auto text = node(YamlNode::Kind::scalar);
    text.quoted = true;
    const char quote = line_[at_++];
    for (;;) {
      const auto end = line_.find(quote, at_);
      if (end == std::string_view::npos) {
        give_up();
        return text;
      }
      text.scalar += line_.substr(at_, end - at_);
      at_ = end + 1;
      if (quote == '"' || peek() != '\'') break;
      text.scalar += '\'';
      ++at_;
    }
    if (quote == '"' && text.scalar.find('\\') != std::string::npos) give_up();
    return text;
  }

  // At the bracket that opens a collection: at its first element, or behind it. True when it has one.
  bool enter(char end) {
    ++at_;
    skip_spaces();
    if (peek() != end) return true;
    ++at_;
    return false;
  }

  // Behind an element: at the next one, or behind the end of the collection. True when there is a next one.
  bool go_on(char end) {
    skip_spaces();
    const char c = peek();
    ++at_;
    if (c == end) return false;
    if (c != ',') {
      give_up();
      return false;
    }
    skip_spaces();
    return true;
  }

  YamlNode read_flow_map() {
    auto map = node(YamlNode::Kind::map);
    map.entries.reserve(4);
    const Depth depth(*this);
    if (!enter('}')) return map;
    do {
      if (!is_key()) {
        give_up();
        break;
      }
      auto key = read_key();
      if (!good_) break;
      skip_spaces();
      auto value = read_inline(plain_flow);
      if (!good_) break;
      add(map, std::move(key), std::move(value));
    } while (good_ && go_on('}'));
    return map;
  }

  YamlNode read_flow_list() {
    auto list = node(YamlNode::Kind::list);
    const Depth depth(*this);
    if (!enter(']')) return list;
    do {
      if (is_key()) give_up();
      if (good_) list.items.push_back(read_inline(plain_flow));
    } while (good_ && go_on(']'));
    return list;
  }

  class Depth {
   public:
    explicit Depth(Reader& reader) : depth_(reader.depth_) {
      if (++depth_ > max_depth) reader.give_up();
    }
    ~Depth() { --depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;

   private:
    int& depth_;
  };

  std::string_view rest_;
  std::string_view line_;
  std::size_t indent_ = 0;
  std::size_t at_ = 0;
  int number_;
  int depth_ = 0;
  bool good_ = true;
  bool is_over_ = false;
};

}  // namespace

std::optional<YamlNode> read_plain_item(std::string_view lines, int line) {
  if (has_odd_character(lines)) return std::nullopt;
  return Reader(lines, line).read();
}

}  // namespace crier
