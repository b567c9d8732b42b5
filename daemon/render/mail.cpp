#include "render/mail.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/unicode.hpp"
#include "render/slots.hpp"
#include "render/template.hpp"

namespace crier {
namespace {

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

// Wrapped but for personal lines, with at most one empty line in a row, none at the start, and one line end
// at the end.
std::string tidy_text(std::string_view rendered) {
  std::string out;
  while (!rendered.empty()) {
    const auto line = rendered.substr(0, rendered.find('\n'));
    rendered.remove_prefix(std::min(line.size() + 1, rendered.size()));
    const auto wrapped = is_personal(line) ? std::string(line) : wrap_lines(line, text_columns);
    if (wrapped.empty() && (out.empty() || out.ends_with("\n\n"))) continue;
    out.append(wrapped).append("\n");
  }
  while (out.ends_with('\n')) out.pop_back();
  return out + '\n';
}

}  // namespace

std::size_t usual_size(std::string_view html) {
  constexpr std::size_t usual_name = 24;
  constexpr std::size_t usual_link = 100;
  return html.size() + static_cast<std::size_t>(std::ranges::count(html, name_slot)) * usual_name +
         static_cast<std::size_t>(std::ranges::count(html, unsubscribe_slot)) * usual_link;
}

Result<RenderedMail> render_mail(Content content, const FormReader& reader, const TemplateSet& templates) {
  if (content.items.empty()) return Error{"a mail needs at least one story"};
  RenderedMail mail;
  mail.subject = shorten(single_line(content.subject), max_subject);
  mail.html = templates.render(TemplateFormat::html, content, reader);
  for (int step = 0; step < leaner_steps && usual_size(mail.html) > max_html_bytes; ++step) {
    for (auto& item : content.items) make_leaner(item, step);
    mail.html = templates.render(TemplateFormat::html, content, reader);
  }
  if (usual_size(mail.html) > max_html_bytes && content.items.size() == 1)
    return Error{
        fmt::format("a single story without its text makes {} bytes of HTML, more than {}: shorten the "
                    "template or the site's and edition's texts",
                    usual_size(mail.html), max_html_bytes)};
  mail.text = tidy_text(templates.render(TemplateFormat::text, content, reader));
  return mail;
}

}  // namespace crier
