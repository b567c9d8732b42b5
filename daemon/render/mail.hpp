// RenderedMail: the two bodies and the subject of one mail, as lean as it must be for mail programs to show
// it whole; only a digest may be larger. The workers call it; pure apart from the templates it is given.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.hpp"
#include "render/content.hpp"

namespace crier {

class TemplateSet;

/// Gmail cuts a mail off near 102 KB; this leaves room for what relays add.
inline constexpr std::size_t max_html_bytes = 90U << 10;

struct RenderedMail {
  std::string subject;  ///< one line, UTF-8
  std::string text;     ///< lines end in LF, at most 72 columns where words allow
  std::string html;
};

/// HTML above max_html_bytes is made leaner: first paragraphs go, then pictures and buttons, then summaries.
/// A digest that is too large even then is whole all the same: each of its stories counts as delivered, and a
/// mail program that cuts it off leads to the rest. An Error when there is no item, or when a single story is
/// too large, which the template or the site's and edition's texts then are.
Result<RenderedMail> render_mail(Content content, const Reader& reader, const TemplateSet& templates);

}  // namespace crier
