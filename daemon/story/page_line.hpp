// Page line: what one line of a scraped news page is, judged by the line alone.
// Called by page_text.cpp, which knows what stands around it; pure, any thread. Lines are tidy_line()d.
// The word lists are what share bars, menus and advertising say on many sites, not one site's; menus and
// advertising in English alone.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace crier::page {

/// "AD", "Advertisement", "Story continues below", …
bool is_advert(std::string_view line);

/// "Read more: …", "Lesen Sie auch …", "関連記事：…": a line that leads to another story.
bool is_pointer(std::string_view line);

/// "icon", "Title icon": the text alternatives of small pictures.
bool is_icon(std::string_view line);

/// "Skip to content", "Menu", "Sign in", "Home | World | Sport", "© 2023 …".
bool is_furniture(std::string_view line);

/// "PostEmailWhatsapp", "Share on Facebook, Twitter": nothing but the words of share buttons, glued or not,
/// at least `least_words` of them.
bool is_share_bar(std::string_view line, std::size_t least_words);

/// The text after "• ", "- ", "* " …; nullopt when the line does not begin so.
std::optional<std::string_view> bullet_text(std::string_view line);

/// "Harbour Post Logo" → "Harbour Post"; empty when it is no logo.
std::string_view site_of_logo(std::string_view line);

/// "By Jane Sample and John Sample" → both; empty when it is no byline.
std::vector<std::string> byline_authors(std::string_view line);

/// The credit of a picture: "Agency/Jane Sample", "Photo by …", "Getty Images".
bool is_credit(std::string_view line);

/// What is seen in a picture, with its credit at the end: "The harbour at dawn. Photo: Jane Sample".
bool is_caption(std::string_view line);

/// "Jane Sample", and not "World News".
bool is_name(std::string_view line);

struct DateLine {
  std::optional<Time> published;
  std::optional<Time> updated;
  std::vector<std::string> doubts;   ///< for warnings: what was assumed, what could not be read
  std::vector<std::string> authors;  ///< "By Jane Sample | Oct 18, 2023", "Jane Sample | Oct 18, 2023"
};

/// nullopt: the line is not about a date. A date that cannot be read still makes a DateLine, with a doubt.
std::optional<DateLine> read_date_line(std::string_view line, const std::string& default_zone);

/// Ends as a sentence does, quotation marks and brackets aside.
bool ends_sentence(std::string_view line);

/// Long enough, and written as a sentence: a paragraph, not a title, a heading or a menu.
bool is_paragraph(std::string_view line);

}  // namespace crier::page
