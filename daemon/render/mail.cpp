#include "render/mail.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/unicode.hpp"
#include "render/template.hpp"

namespace crier {
namespace {

constexpr int text_columns = 72;
constexpr std::size_t max_subject = 400;  // bytes; inboxes show fewer than 100 characters

// Makes the content one step smaller, the least missed first. Returns false when nothing is left to give up.
bool make_leaner(Content& content, int step) {
  switch (step) {
    case 0:
      for (auto& item : content.items) {
        std::erase_if(item.paragraphs, [](const Paragraph& paragraph) { return paragraph.is_heading; });
        item.paragraphs.resize(std::min<std::size_t>(item.paragraphs.size(), 1));
      }
      return true;
    case 1:
      for (auto& item : content.items) {
        item.paragraphs.clear();
        item.image.clear();
        item.share_post.clear();
        item.share_email.clear();
        item.share_whatsapp.clear();
      }
      return true;
    case 2:
      for (auto& item : content.items) {
        item.summary.clear();
        item.reason.clear();
      }
      return true;
    default:
      if (content.items.size() == 1) return false;
      content.items.resize(content.items.size() - std::max<std::size_t>(1, content.items.size() / 4));
      return true;
  }
}

// Wrapped, with at most one empty line in a row, none at the start, and one line end at the end.
std::string tidy_text(std::string_view rendered) {
  const auto wrapped = wrap_lines(rendered, text_columns);
  std::string out;
  out.reserve(wrapped.size());
  for (const char c : wrapped) {
    if (c == '\n' && (out.empty() || out.ends_with("\n\n"))) continue;
    out += c;
  }
  while (out.ends_with('\n')) out.pop_back();
  return out + '\n';
}

}  // namespace

Result<RenderedMail> render_mail(Content content, const Reader& reader, const TemplateSet& templates) {
  if (content.items.empty()) return Error{"a mail needs at least one story"};
  const auto all_items = content.items.size();
  RenderedMail mail;
  mail.subject = shorten(single_line(content.subject), max_subject);
  for (int step = 0;; ++step) {
    const auto left_out = all_items - content.items.size();
    mail.html = templates.render(TemplateFormat::html, content, reader, left_out);
    if (mail.html.size() <= max_html_bytes) {
      mail.text = tidy_text(templates.render(TemplateFormat::text, content, reader, left_out));
      return mail;
    }
    if (!make_leaner(content, step))
      return Error{
          fmt::format("a single story without its text makes {} bytes of HTML, more than {}: shorten the "
                      "template or the site's and edition's texts",
                      mail.html.size(), max_html_bytes)};
  }
}

}  // namespace crier
