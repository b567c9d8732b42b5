#include "render/mail.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/unicode.hpp"
#include "render/template.hpp"

namespace crier {
namespace {

constexpr int text_columns = 72;
constexpr std::size_t max_subject = 400;  // bytes; inboxes show fewer than 100 characters

// Makes the content one step smaller, the least missed first.
void make_leaner(Item& item, int step) {
  switch (step) {
    case 0:
      std::erase_if(item.paragraphs, [](const Paragraph& paragraph) { return paragraph.is_heading; });
      item.paragraphs.resize(std::min<std::size_t>(item.paragraphs.size(), 1));
      break;
    case 1:
      item.paragraphs.clear();
      item.image.clear();
      item.share_post.clear();
      item.share_email.clear();
      item.share_whatsapp.clear();
      break;
    default:
      item.kicker.clear();
      item.byline.clear();
      item.summary.clear();
      item.reason.clear();
      item.also.clear();
  }
}

constexpr int leaner_steps = 3;

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
  RenderedMail mail;
  mail.subject = shorten(single_line(content.subject), max_subject);
  mail.html = templates.render(TemplateFormat::html, content, reader);
  for (int step = 0; step < leaner_steps && mail.html.size() > max_html_bytes; ++step) {
    for (auto& item : content.items) make_leaner(item, step);
    mail.html = templates.render(TemplateFormat::html, content, reader);
  }
  if (mail.html.size() > max_html_bytes && content.items.size() == 1)
    return Error{
        fmt::format("a single story without its text makes {} bytes of HTML, more than {}: shorten the "
                    "template or the site's and edition's texts",
                    mail.html.size(), max_html_bytes)};
  mail.text = tidy_text(templates.render(TemplateFormat::text, content, reader));
  return mail;
}

}  // namespace crier
