// HTML tokens: the bytes of a page as tags and text, by the rules of WHATWG HTML §13.2.5.
// Used by the HTML tree alone; holds views into the source, which must outlive it. Linear time whatever
// comes, no allocation but for attributes. Comments, doctypes and processing instructions are passed over.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "story/html_tags.hpp"

namespace crier::html {

struct Attribute {
  std::string_view name;   ///< as written
  std::string_view value;  ///< as written, without its quotes: references are not decoded
};

struct Token {
  enum class Kind { text, start, end, done };
  Kind kind = Kind::done;
  std::string_view text;   ///< text as written, or the tag's name as written
  bool is_closed = false;  ///< a start tag that ends in "/>"
};

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view source) : source_(source) {}

  Token next();

  /// Of the start tag that came last; of more than 100 the first 100.
  const std::vector<Attribute>& attributes() const { return attributes_; }

  /// Whether an end tag of that name comes before the next start tag of it.
  bool has_end_tag(std::string_view name) const;

  /// After the start tag of a raw element: its content, taken up to its end tag, which is taken, too. For
  /// an element that never ends: the rest of the source for script and style, else nothing.
  std::string_view take_raw(std::string_view name);

 private:
  bool at_tag() const;
  void skip_markup();
  Token read_tag();
  void read_attribute();
  std::string_view read_value();
  void skip_space();
  std::size_t find_end_tag(std::string_view name, std::size_t from) const;
  std::size_t find_script_end() const;

  std::string_view source_;
  std::size_t at_ = 0;
  std::vector<Attribute> attributes_;
  std::vector<std::string_view> endless_;  // raw elements of which no end tag is left
};

/// Whether two names are equal when A-Z are taken for a-z.
bool same_name(std::string_view one, std::string_view other);

}  // namespace crier::html
