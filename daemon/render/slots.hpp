// Slots: the places in a rendered mail for what is each reader's own, and what stands in them. A place is one
// control character: no outside text that a template is given holds any (TemplateSet), so none can be forged.
// Pure, any thread.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace crier {

inline constexpr char name_slot = '\x01';
inline constexpr char unsubscribe_slot = '\x02';
inline constexpr std::string_view all_slots = "\x01\x02";

/// The first slot in `text` from an offset on, or npos.
inline std::size_t find_slot(std::string_view text, std::size_t from = 0) {
  while (from < text.size() && text[from] != name_slot && text[from] != unsubscribe_slot) ++from;
  return from < text.size() ? from : std::string_view::npos;
}

/// Whether there is a slot in `text`.
inline bool is_personal(std::string_view text) {
  return find_slot(text) != std::string_view::npos;
}

/// One reader's own. All of it is outside data.
struct SlotValues {
  std::string_view name;             ///< UTF-8, may be empty
  std::string_view address;          ///< local@domain, as Mailbox::address
  std::string_view message_id;       ///< left@right, without angle brackets; the same on every attempt
  std::string_view unsubscribe_url;  ///< may be empty; an https link stands in List-Unsubscribe, too
};

/// How the values stand in bodies: the name as one line, the link as a web_link; both escaped in HTML. Empty
/// = there is nothing that could stand there.
struct SlotTexts {
  std::string_view name;
  std::string_view html_name;
  std::string_view link;
  std::string_view html_link;
};

/// Views into `values` and, of what could not stay as it is, into `places`.
SlotTexts slot_texts(const SlotValues& values, std::array<std::string, 4>& places);

/// A piece of HTML with its slots filled. The view is into `texts` or into `place`.
std::string_view filled_html(std::string_view piece, const SlotTexts& texts, std::string& place);

/// Whole lines of text with their slots filled, wrapped at text_columns. The view is into `place`.
std::string_view filled_lines(std::string_view lines, const SlotTexts& texts, std::string& place);

}  // namespace crier
