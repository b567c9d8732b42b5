#include "story/html_writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>

#include "base/encoding.hpp"
#include "story/html_entities.hpp"
#include "story/plain_text.hpp"
#include "story/url_reference.hpp"

namespace crier::html {
namespace {

constexpr std::size_t max_attribute_bytes = 1000;

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\f' || c == '\r';
}

bool is_number(std::string_view text, std::size_t max_digits) {
  return !text.empty() && text.size() <= max_digits &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_language(std::string_view text) {
  return !text.empty() && text.size() <= 35 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool is_date(std::string_view text) {
  return !text.empty() && text.size() <= 40 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || std::string_view("-:.+TZ ").find(c) != std::string_view::npos;
  });
}

bool is_direction(std::string_view text) {
  return text == "ltr" || text == "rtl" || text == "auto";
}

bool is_left_out(const Selection& selection, NodeId id) {
  return has(selection.tree[id].tag, is_dropped) || (selection.left_out && (*selection.left_out)[id]);
}

// Bytes that append_escaped copies without a look: not controls, not what HTML escapes, and not the first
// bytes of U+0080 to U+00BF and of U+2000 to U+2FFF.
constexpr std::array<bool, 256> make_plain_bytes() {
  std::array<bool, 256> plain{};
  for (unsigned byte = 0x20; byte < plain.size(); ++byte) plain[byte] = true;
  for (const unsigned byte : {0x7FU, 0xC2U, 0xE2U}) plain[byte] = false;
  for (const char c : {'&', '<', '>', '"'}) plain[static_cast<unsigned char>(c)] = false;
  plain['\n'] = plain['\t'] = true;
  return plain;
}

constexpr auto plain_bytes = make_plain_bytes();

bool is_plain(char c) {
  return plain_bytes[static_cast<unsigned char>(c)];
}

// tidy_line for attribute values and texts whose white space is settled otherwise: controls and characters
// that turn the reading direction go.
void append_escaped(std::string& out, std::string_view text, bool is_quoted) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto from = i;
    while (i < text.size() && is_plain(text[i])) ++i;
    out.append(text, from, i - from);
    if (i == text.size()) return;
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    const bool is_control = byte < 0x20 || byte == 0x7F;
    const auto three = text.substr(i, 3);
    const bool turns = byte == 0xE2 &&
                       ((three >= "\u202A" && three <= "\u202E") || (three >= "\u2066" && three <= "\u2069"));
    const bool is_high_control =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (turns)
      i += 2;
    else if (is_high_control)
      i += 1;
    else if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"' && is_quoted)
      out += "&quot;";
    else if (!is_control)
      out += c;
  }
}

std::string mail_address(std::string_view url) {
  const auto text = trim(url);
  const bool is_mail = to_lower_ascii(text.substr(0, 7)) == "mailto:" && text.size() <= 500 &&
                       std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  return is_mail ? std::string(text) : std::string();
}

// Elements open only when something is in them: until then their tags wait.
class HtmlWriter {
 public:
  HtmlWriter(const Selection& selection, std::string_view base_url)
      : selection_(selection), tree_(selection.tree), base_url_(base_url), written_(tree_.size(), false) {}

  std::string write() {
    if (selection_.top == root) out_.reserve(written_bytes());
    walk(
        tree_, selection_.top, [&](NodeId id) { return enter(id); }, [&](NodeId id) { leave(id); });
    while (!out_.empty() && is_space(out_.back())) out_.pop_back();
    return std::move(out_);
  }

 private:
  /// About as many as will be written of the whole tree.
  std::size_t written_bytes() const {
    constexpr std::size_t of_tags = 8;
    std::size_t bytes = 0;
    for (NodeId id = 0; id < tree_.size(); ++id)
      bytes += tree_[id].tag == text_tag ? tree_[id].text.size() : of_tags;
    return bytes;
  }

  struct Waiting {
    NodeId id;
    std::string tag;
  };

  bool enter(NodeId id) {
    const auto& node = tree_[id];
    if (id == selection_.top) return true;
    if (node.tag == text_tag) {
      add_text(id);
      return false;
    }
    if (is_left_out(selection_, id)) return false;
    const bool is_block_tag = has(node.tag, is_block);
    if (has(node.tag, is_void)) {
      add_void(id);
      return false;
    }
    auto tag = start_tag(id);
    if (is_block_tag) at_edge();
    if (!tag.empty()) {
      waiting_.push_back({id, std::move(tag)});
      if (node.tag == "a"_tag) link_ = id;
      if (has(node.tag, is_cell) && node.tag != "caption"_tag) open_waiting();
      if (node.tag == "pre"_tag) ++literal_;
    }
    return true;
  }

  void leave(NodeId id) {
    const auto& node = tree_[id];
    if (id == selection_.top || has(node.tag, is_void) || is_left_out(selection_, id)) return;
    if (link_ == id) link_ = no_node;
    const bool is_waiting = !waiting_.empty() && waiting_.back().id == id;
    if (is_waiting || written_[id]) {
      if (node.tag == "pre"_tag) --literal_;
    }
    if (is_waiting) {
      waiting_.pop_back();
    } else if (written_[id]) {
      if (has(node.tag, is_block)) space_owed_ = false;
      out_.append("</").append(known_tags[node.tag].written).append(">");
    }
    if (has(node.tag, is_block)) {
      at_edge();
      if (written_[id] && literal_ == 0) out_ += '\n';
    }
  }

  // At the edges of blocks white space means nothing.
  void at_edge() {
    space_owed_ = false;
    at_edge_ = true;
  }

  void open_waiting() {
    for (auto& [id, tag] : waiting_) {
      if (!has(tree_[id].tag, is_block) && space_owed_) {
        out_ += ' ';
        space_owed_ = false;
      }
      out_ += tag;
      written_[id] = true;
    }
    waiting_.clear();
  }

  void add_text(NodeId id) {
    const auto text = tree_.text(id, decoded_);
    if (literal_ > 0) return add_literal(text);
    std::size_t at = 0;
    while (at < text.size()) {
      const auto from = at;
      while (at < text.size() && is_space(text[at])) ++at;
      if (at > from && !at_edge_) space_owed_ = true;
      const auto words = at;
      at = end_of_plain_words(text, at);
      if (at > words) {
        begin_text();
        out_.append(text, words, at - words);
      }
      const auto special = at;
      while (at < text.size() && !is_space(text[at])) ++at;
      if (at > special) add_special(text.substr(special, at - special));
    }
  }

  void begin_text() {
    open_waiting();
    if (space_owed_) out_ += ' ';
    space_owed_ = at_edge_ = false;
  }

  void add_special(std::string_view text) {
    escaped_.clear();
    append_escaped(escaped_, text, false);
    if (escaped_.empty()) return;
    begin_text();
    out_ += escaped_;
  }

  void add_literal(std::string_view text) {
    escaped_.clear();
    append_escaped(escaped_, text, false);
    // Only now: what is not written may stand before a line end.
    if (at_edge_) escaped_.erase(0, std::min(escaped_.find_first_not_of("\n\r"), escaped_.size()));
    if (escaped_.empty()) return;
    open_waiting();
    space_owed_ = at_edge_ = false;
    out_ += escaped_;
  }

  void add_void(NodeId id) {
    const auto tag = start_tag(id);
    if (tag.empty()) return;
    const bool is_block_tag = has(tree_[id].tag, is_block);
    if (is_block_tag) at_edge();
    open_waiting();
    if (space_owed_) out_ += ' ';
    space_owed_ = false;
    out_ += tag;
    at_edge_ = tree_[id].tag != "img"_tag;
    if (is_block_tag && literal_ == 0) out_ += '\n';
  }

  std::string start_tag(NodeId id) {
    const auto tag = tree_[id].tag;
    if (tag >= known_tags.size()) return {};
    const auto name = known_tags[tag].written;
    if (name.empty()) return {};
    std::string out = "<";
    out += name;
    if (tag == "img"_tag) {
      const auto url = image_url(tree_, id, base_url_);
      if (url.empty()) return {};
      add(out, "src", url);
    }
    if (tag == "a"_tag) {
      const auto url = link_ == no_node ? link_url(id) : std::string();
      if (url.empty()) return {};
      add(out, "href", url);
      add(out, "rel", "nofollow noopener");
    }
    add_attributes(out, id, tag);
    return out + ">";
  }

  std::string link_url(NodeId id) const {
    const auto value = tree_.attribute(id, "href");
    if (auto mail = mail_address(value); !mail.empty()) return mail;
    if (value.empty() || value.front() == '#') return {};
    return resolve_url(value, base_url_).value_or("");
  }

  void add_attributes(std::string& out, NodeId id, Tag tag) const {
    // Most links have their address alone.
    if (tree_[id].attribute_count <= (tag == "a"_tag ? 1U : 0U)) return;
    const auto copy = [&](std::string_view name, auto&& is_fine) {
      const auto value = tree_.attribute(id, name);
      if (is_fine(value)) add(out, name, value);
    };
    const auto copy_number = [&](std::string_view name) {
      copy(name, [](std::string_view value) { return is_number(value, 4); });
    };
    const auto copy_line = [&](std::string_view name) {
      const auto value = tidy_line(cut_text(tree_.attribute(id, name), max_attribute_bytes));
      if (!value.empty()) add(out, name, value);
    };
    if (tag == "img"_tag) {
      copy_line("alt");
      copy_number("width");
      copy_number("height");
    }
    if (tag == "a"_tag || tag == "abbr"_tag || tag == "img"_tag) copy_line("title");
    if (tag == "td"_tag || tag == "th"_tag) {
      copy_number("colspan");
      copy_number("rowspan");
    }
    if (tag == "ol"_tag) copy_number("start");
    if (tag == "li"_tag) copy_number("value");
    if (tag == "time"_tag) copy("datetime", is_date);
    copy("lang", is_language);
    copy("dir", is_direction);
  }

  static void add(std::string& out, std::string_view name, std::string_view value) {
    out.append(" ").append(name).append("=\"");
    append_escaped(out, value, true);
    out += '"';
  }

  const Selection& selection_;
  const Tree& tree_;
  std::string_view base_url_;
  std::vector<bool> written_;     // the elements whose start tag is out
  std::vector<Waiting> waiting_;  // those that wait for content, outermost first
  NodeId link_ = no_node;         // the link that is open
  int literal_ = 0;               // how many <pre> are open
  bool space_owed_ = false;
  bool at_edge_ = true;
  std::string decoded_, escaped_;  // of one text
  std::string out_;
};

}  // namespace

std::string write_html(const Selection& selection, std::string_view base_url) {
  return HtmlWriter(selection, base_url).write();
}

std::string image_url(const Tree& tree, NodeId image, std::string_view base_url) {
  for (const std::string_view side : {"width", "height"}) {
    const auto size = tree.attribute(image, side);
    if (size == "0" || size == "1" || size == "1px") return {};
  }
  for (const std::string_view name :
       {"src", "data-src", "data-original", "data-lazy-src", "data-srcset", "srcset"}) {
    auto value = tree.attribute(image, name);
    if (name.ends_with("srcset")) value = value.substr(0, trim(value).find_first_of(" ,"));
    if (auto url = value.empty() ? std::nullopt : resolve_url(value, base_url)) return *std::move(url);
  }
  return {};
}

}  // namespace crier::html
