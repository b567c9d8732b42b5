// The tree as plain paragraphs: the half of html_writer.hpp that rules read.

#include <algorithm>
#include <charconv>

#include "story/html_writer.hpp"
#include "story/plain_text.hpp"

namespace crier::html {
namespace {

class ParagraphWriter {
 public:
  ParagraphWriter(const Selection& selection, bool with_captions)
      : selection_(selection), tree_(selection.tree), with_captions_(with_captions), block_(selection.top) {}

  std::vector<Paragraph> write() {
    walk(
        tree_, selection_.top, [&](NodeId id) { return enter(id); }, [&](NodeId id) { leave(id); });
    flush();
    return std::move(paragraphs_);
  }

 private:
  bool enter(NodeId id) {
    const auto& node = tree_[id];
    if (node.tag == text_tag) {
      add_text(id);
      return false;
    }
    if (id == selection_.top) return true;
    if (is_left_out(id)) return false;
    if (node.tag == "br"_tag) line_break();
    if (node.tag == "q"_tag) line_ += "\"";
    if (has(node.tag, is_block)) begin_block(id);
    return true;
  }

  bool is_left_out(NodeId id) const {
    const auto tag = tree_[id].tag;
    return has(tag, is_dropped) || tag == "rt"_tag || tag == "rp"_tag ||
           (tag == "figcaption"_tag && !with_captions_) ||
           (selection_.left_out && (*selection_.left_out)[id]);
  }

  void begin_block(NodeId id) {
    const auto tag = tree_[id].tag;
    if (tag == "td"_tag || tag == "th"_tag) return begin_cell(id);
    if (tag == "tr"_tag && in_plain_table_) {
      line_break();
      row_begun_ = false;
      return;
    }
    if (has(tag, is_row_group) && in_plain_table_) return;
    flush();
    block_ = id;
    if (tag == "table"_tag) in_plain_table_ = !is_layout(id);
    if (tag == "ol"_tag) numbers_.push_back({id, first_number(id)});
    if (tag == "li"_tag) bullet_ = next_bullet(id);
    if (has(tag, is_heading)) heading_ = id;
    if (tag == "pre"_tag) ++literal_;
  }

  void leave(NodeId id) {
    const auto tag = tree_[id].tag;
    if (id == selection_.top || is_left_out(id)) return;
    if (tag == "q"_tag) line_ += "\"";
    if (!has(tag, is_block)) return;
    const bool is_table_inside =
        has(tag, is_row_group) || tag == "tr"_tag || tag == "td"_tag || tag == "th"_tag;
    if (is_table_inside && in_plain_table_) return;
    flush();
    if (tag == "table"_tag) in_plain_table_ = false;
    if (tag == "ol"_tag) numbers_.pop_back();
    if (tag == "li"_tag) bullet_.clear();
    if (heading_ == id) heading_ = no_node;
    if (tag == "pre"_tag) --literal_;
    block_ = tree_[id].parent == no_node ? id : tree_[id].parent;
  }

  // A table for the looks of a page: its cells hold paragraphs, or each row has one cell.
  bool is_layout(NodeId table) const {
    bool has_pair = false;
    for (auto at = tree_.after(table, table, true); at != no_node;) {
      const auto& node = tree_[at];
      const bool is_inner = node.tag == "td"_tag || node.tag == "th"_tag;
      if (is_inner && node.holds_blocks) return true;
      if (is_inner && node.next != no_node) has_pair = true;
      at = tree_.after(at, table, !is_inner);
    }
    return !has_pair;
  }

  void begin_cell(NodeId id) {
    if (!in_plain_table_) {
      flush();
      block_ = id;
      return;
    }
    if (row_begun_) line_ += " | ";
    row_begun_ = true;
  }

  int first_number(NodeId list) const {
    const auto start = tree_.attribute(list, "start");
    int number = 1;
    if (start.size() <= 4) std::from_chars(start.data(), start.data() + start.size(), number);
    return number;
  }

  std::string next_bullet(NodeId item) {
    const bool is_numbered = !numbers_.empty() && tree_[item].parent == numbers_.back().list;
    return is_numbered ? std::to_string(numbers_.back().next++) + ". " : "• ";
  }

  void add_text(NodeId id) {
    const auto text = tree_.text(id, decoded_);
    if (literal_ == 0) {
      line_ += text;  // tidy_line makes one space of any white space
      return;
    }
    for (const char c : text) {
      if (c == '\n')
        line_break();
      else
        line_ += c;
    }
  }

  // Two breaks in a row make a paragraph.
  void line_break() {
    auto line = literal_ > 0 ? tidy_text(line_) : tidy_line(line_);
    line_.clear();
    if (!line.empty()) {
      if (text_.empty())
        text_ = std::move(line);
      else
        text_.append("\n").append(line);
    } else if (literal_ == 0 && !in_plain_table_) {
      end_paragraph();
    }
  }

  void flush() {
    if (!line_.empty()) line_break();
    end_paragraph();
  }

  void end_paragraph() {
    if (text_.empty()) return;
    if (heading_ != no_node) std::replace(text_.begin(), text_.end(), '\n', ' ');
    if (!bullet_.empty()) text_.insert(0, bullet_);
    paragraphs_.push_back({std::move(text_), heading_ != no_node, block_});
    bullet_.clear();
    text_.clear();
  }

  struct Numbers {
    NodeId list;
    int next;
  };

  const Selection& selection_;
  const Tree& tree_;
  bool with_captions_;
  std::vector<Paragraph> paragraphs_;
  std::string decoded_;  // the text of one node
  std::string line_;     // as collected
  std::string text_;     // the tidy lines of the paragraph
  std::string bullet_;
  std::vector<Numbers> numbers_;  // of the ordered lists around
  NodeId block_;
  NodeId heading_ = no_node;
  int literal_ = 0;
  bool in_plain_table_ = false;
  bool row_begun_ = false;
};

}  // namespace

std::vector<Paragraph> write_paragraphs(const Selection& selection, bool with_captions) {
  return ParagraphWriter(selection, with_captions).write();
}

std::string join_paragraphs(const std::vector<Paragraph>& paragraphs) {
  std::string out;
  for (const auto& paragraph : paragraphs) {
    if (!out.empty()) out += "\n\n";
    out += paragraph.text;
  }
  return out;
}

}  // namespace crier::html
