// RenderedMail: the two bodies and the subject of one mail, as lean as it must be for mail programs to show
// it whole; only a digest may be larger. The first half of MailForm. Pure, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "render/content.hpp"

namespace crier {

class TemplateSet;

/// Gmail cuts a mail off near 102 KB; this leaves room for what relays add.
inline constexpr std::size_t max_html_bytes = 90U << 10;

/// Of the lines of text, where words allow.
inline constexpr int text_columns = 72;

/// With slots (slots.hpp) where something is each reader's own. A line of text that has one is not wrapped
/// yet.
struct RenderedMail {
  std::string subject;  ///< one line, UTF-8
  std::string text;     ///< lines end in LF
  std::string html;
};

/// The size of `html` with a name and a link of usual length in its slots, in bytes.
std::size_t usual_size(std::string_view html);

/// HTML whose usual size is above max_html_bytes is made leaner: first paragraphs go, then pictures and
/// buttons, then summaries. A digest that is too large even then is whole all the same: each of its stories
/// counts as delivered, and a mail program that cuts it off leads to the rest. An Error when there is no
/// item, or when a single story is too large, which the template or the site's and edition's texts then are.
Result<RenderedMail> render_mail(Content content, const FormReader& reader, const TemplateSet& templates);

}  // namespace crier
