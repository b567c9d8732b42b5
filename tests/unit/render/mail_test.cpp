#include "render/mail.hpp"

#include <catch2/catch.hpp>

#include "render/mail_form.hpp"
#include "render/mime.hpp"
#include "render/template.hpp"
#include "support/sample_mail.hpp"

using namespace crier;

namespace {

std::shared_ptr<const TemplateSet> shipped_templates() {
  Diagnostics diagnostics;
  return TemplateSet::load(CRIER_SOURCE_DIR "/templates", diagnostics);
}

// What a reader sees.
RenderedMail shown(const Content& content, const Reader& reader = testing::sample_reader()) {
  MailHeaders headers;
  headers.from.address = "news@ledger.example.org";
  const auto form = MailForm::prepare(headers, content, form_reader_of(reader), *shipped_templates()).value();
  return form.show({reader.name, "amara@example.org", "1@ledger.example.org", reader.unsubscribe_url})
      .value();
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("an alert shows the story, why it came and how to stop it, in both parts") {
  const auto mail = shown(testing::sample_alert());
  CHECK(mail.subject == "Three harbour towns agree to share one tide clock");
  for (const auto& part : {mail.html, mail.text}) {
    CHECK(contains(part, "Three harbour towns agree to share one tide clock"));
    CHECK(contains(part, "Mara Lindqvist, Teo Adeyemi"));
    CHECK(contains(part, "14 March 2024, 18:20"));
    CHECK(contains(part, "Transport · North Coast"));
    CHECK(contains(part, "Nobody was wrong"));
    CHECK(contains(part, "you follow Harbours and ferries"));
    CHECK(contains(part, "https://u.ledger.example.org/o/k3J9sample"));
    CHECK(contains(part, "1 Pier Road"));
  }
  CHECK(contains(mail.text,
                 "https://ledger.example.org/2024/03/tide-clock?utm_source=ledger&utm_medium=email"));
  CHECK(contains(mail.html, "https://x.com/intent/post?"));
  CHECK(contains(mail.html, "mailto:?subject="));
  CHECK(contains(mail.html, "https://wa.me/?text="));
  CHECK(contains(mail.html, "Read the full story"));
  CHECK_FALSE(contains(mail.html, "<script"));
}

TEST_CASE("the text part keeps to 72 columns except for links") {
  for (const auto& content : {testing::sample_alert(), testing::sample_digest()}) {
    const auto text = shown(content).text;
    CHECK_FALSE(contains(text, "\n\n\n"));
    CHECK_FALSE(contains(text, " \n"));
    CHECK(text.ends_with("\n"));
    std::string_view rest = text;
    while (!rest.empty()) {
      const auto line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      if (!contains(line, "https:") && !contains(line, "mailto:") && line.size() > 72) {
        // Characters beyond ASCII take more bytes than columns.
        CHECK(std::any_of(line.begin(), line.end(),
                          [](char c) { return static_cast<unsigned char>(c) >= 0x80; }));
      }
    }
  }
}

TEST_CASE("a right-to-left story in a left-to-right digest keeps its direction") {
  const auto html = shown(testing::sample_digest()).html;
  CHECK(contains(html, "<html lang=\"en\" dir=\"ltr\""));
  CHECK(contains(html, "dir=\"rtl\" lang=\"ar\""));
}

TEST_CASE("a right-to-left mail is so from its root") {
  auto content = testing::sample_digest();
  content.language = "ur";
  const auto html = shown(content).html;
  CHECK(contains(html, "<html lang=\"ur\" dir=\"rtl\""));
  CHECK(contains(html, "dir=\"ltr\" lang=\"en\""));
}

TEST_CASE("a story cannot write HTML or links of its own") {
  auto content = testing::sample_alert();
  auto& item = content.items.front();
  item.title = "<img src=x onerror=alert(1)>";
  item.summary = "\"><script>alert(1)</script>";
  item.paragraphs = {{"{{unsubscribe_url}} </td></table>"}, {"</h2><b>", true}};
  item.url = "javascript:alert(1)";
  item.image = "data:image/svg+xml,<svg onload=alert(1)>";
  item.share_post = "vbscript:x";
  item.language = "en\" onload=\"x";
  const auto html = shown(content).html;
  for (const auto* part : {"<script", "<img", "javascript:", "data:image", "vbscript", "onload=\"x"}) {
    CAPTURE(part);
    CHECK_FALSE(contains(html, part));
  }
  CHECK(contains(html, "{{unsubscribe_url}} &lt;/td&gt;"));
  CHECK(contains(html, "&lt;/h2&gt;&lt;b&gt;"));
}

TEST_CASE("a digest of as many stories as an edition may have stays below 90 KB, and none is lost") {
  auto content = testing::sample_digest();
  const auto item = content.items.front();
  content.items.assign(50, item);
  for (std::size_t i = 0; i < content.items.size(); ++i)
    content.items[i].title = "Story number " + std::to_string(i);
  content.left_out = 7;
  const auto mail = shown(content);
  CHECK(mail.html.size() <= max_html_bytes);
  CHECK(mail.html.size() > max_html_bytes / 2);
  CHECK(contains(mail.html, "And 7 more at <a"));
  CHECK(contains(mail.text, "\nAnd 7 more"));
  for (const auto& each : content.items) {
    CHECK(contains(mail.html, each.title));
    CHECK(contains(mail.text, each.title));
  }
}

TEST_CASE("a digest that cannot be made small enough is whole all the same") {
  auto content = testing::sample_digest();
  const auto item = content.items.front();
  content.items.assign(20, item);
  for (std::size_t i = 0; i < content.items.size(); ++i)
    content.items[i].title = "Story number " + std::to_string(i) + std::string(5000, 'n');
  const auto mail = shown(content);
  CHECK(mail.html.size() > max_html_bytes);
  for (const auto& each : content.items) CHECK(contains(mail.html, each.title));
}

TEST_CASE("an alert's HTML stays below 90 KB") {
  const auto templates = shipped_templates();
  auto alert = testing::sample_alert();
  alert.items.front().paragraphs.assign(2000, {std::string(500, '&')});
  alert.items.front().summary = std::string(200'000, '"');
  CHECK(render_mail(alert, form_reader_of(testing::sample_reader()), *templates).value().html.size() <=
        max_html_bytes);
  alert.items.front().title = std::string(200'000, '"');
  CHECK_FALSE(render_mail(alert, form_reader_of(testing::sample_reader()), *templates));
  alert.items.clear();
  CHECK_FALSE(render_mail(alert, form_reader_of(testing::sample_reader()), *templates));
}

TEST_CASE("a mail with the least there can be is still whole") {
  Content content;
  content.items = {{.title = "Bridge closed"}};
  for (const auto kind : {ContentKind::alert, ContentKind::digest}) {
    content.kind = kind;
    const auto mail = shown(content, {});
    CHECK(contains(mail.html, "Bridge closed"));
    CHECK_FALSE(contains(mail.html, "href=\"\""));
    CHECK_FALSE(contains(mail.html, "Read the full story"));
    CHECK_FALSE(contains(mail.html, "Unsubscribe"));
    CHECK(contains(mail.text, "Bridge closed"));
  }
}
