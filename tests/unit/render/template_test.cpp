#include "render/template.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>

using namespace crier;

namespace {

// A whole set of which one file is under test.
TemplateFiles with(const std::string& name, const std::string& text, TemplateFiles more = {}) {
  TemplateFiles files = std::move(more);
  for (const auto* required :
       {"alert.html.mustache", "alert.txt.mustache", "digest.html.mustache", "digest.txt.mustache"})
    files.emplace(required, "");
  files[name] = text;
  return files;
}

std::string complaints(const TemplateFiles& files) {
  Diagnostics diagnostics;
  const auto set = TemplateSet::from_files(files, "t", diagnostics);
  CHECK((set == nullptr) == !diagnostics.empty());
  std::string out;
  for (auto diagnostic : diagnostics.list()) {
    diagnostic.excerpt.clear();
    out += to_string(diagnostic) + "\n";
  }
  return out;
}

std::string rendered(const std::string& text, const Content& content, TemplateFormat format,
                     TemplateFiles more = {}) {
  Diagnostics diagnostics;
  const auto* name = format == TemplateFormat::html ? "alert.html.mustache" : "alert.txt.mustache";
  const auto set = TemplateSet::from_files(with(name, text, std::move(more)), "t", diagnostics);
  if (!set) FAIL(to_string(diagnostics.list().front()));
  return set->render(format, content, {.reason = "You follow tides"});
}

Content two_items() {
  Content content;
  content.subject = "S & T";
  content.site = {.name = "Ledger", .url = "https://ledger.example.org/", .address = "", .accent = ""};
  content.items = {{.title = "One <b>", .paragraphs = {{"p1"}, {"h", true}, {"p2"}}, .language = "ar"},
                   {.title = "Two", .url = "javascript:x"}};
  return content;
}

}  // namespace

TEST_CASE("the templates we ship load without a complaint") {
  Diagnostics diagnostics;
  const auto set = TemplateSet::load(CRIER_SOURCE_DIR "/templates", diagnostics);
  for (const auto& diagnostic : diagnostics.list()) UNSCOPED_INFO(to_string(diagnostic));
  REQUIRE(set != nullptr);
}

TEST_CASE("a mistake in a template is told with its place and the nearest right word") {
  CHECK(complaints(with("alert.html.mustache", "<p>\n  {{sumary}}</p>")) ==
        "t/alert.html.mustache:2:3: \"sumary\" is not known here\n");
  CHECK(complaints(with("alert.html.mustache", "{{#items}}{{sumary}}{{/items}}")) ==
        "t/alert.html.mustache:1:11: \"sumary\" is not known here (did you mean \"summary\"?)\n");
  CHECK(complaints(with("alert.html.mustache", "{{edition_titel}}")) ==
        "t/alert.html.mustache:1:1: \"edition_titel\" is not known here (did you mean \"edition_title\"?)\n");
  CHECK(complaints(with("alert.html.mustache", "{{title}}")) ==
        "t/alert.html.mustache:1:1: \"title\" is not known here\n");
  CHECK(complaints(with("digest.txt.mustache", "a\n{{#items}}\nb")) ==
        "t/digest.txt.mustache:2:1: section \"items\" is not closed\n");
  CHECK(complaints(with("alert.txt.mustache", "{{/items}}")) ==
        "t/alert.txt.mustache:1:1: section \"items\" is closed but was not opened\n");
  CHECK(complaints(with("alert.txt.mustache", "{{#items}}{{#url}}\n{{/items}}{{/url}}")) ==
        "t/alert.txt.mustache:2:1: \"items\" is closed where \"url\" is open since line 1\n"
        "t/alert.txt.mustache:2:11: \"url\" is closed where \"items\" is open since line 1\n");
  CHECK(complaints(with("alert.txt.mustache", "x {{subject")) ==
        "t/alert.txt.mustache:1:3: the tag is not closed with \"}}\"\n");
  CHECK(complaints(with("alert.txt.mustache", "{{items}}")) ==
        "t/alert.txt.mustache:1:1: \"items\" is a list: open it with {{#items}}\n");
  CHECK(complaints(with("alert.txt.mustache", "{{.}}")) ==
        "t/alert.txt.mustache:1:1: {{.}} needs a section of a text around it\n");
  CHECK(complaints(with("alert.txt.mustache", "{{=<% %>=}}")) ==
        "t/alert.txt.mustache:1:1: the delimiters of tags cannot be changed\n");
  CHECK(complaints(with("alert.txt.mustache", "{{#items}}{{#items}}{{/items}}{{/items}}")) ==
        "t/alert.txt.mustache:1:11: \"items\" is open already\n");
  CHECK(complaints(with("alert.txt.mustache", "a\x1E")) ==
        "t/alert.txt.mustache:1:2: control characters do not belong in a template\n");
}

TEST_CASE("HTML templates cannot let a story write HTML") {
  for (const auto* unsafe : {"{{{subject}}}", "{{& subject}}", "{{&subject}}"}) {
    CAPTURE(unsafe);
    CHECK(complaints(with("alert.html.mustache", unsafe)) ==
          "t/alert.html.mustache:1:1: an unescaped tag would let a story write HTML; use {{ }}\n");
    CHECK(complaints(with("alert.txt.mustache", unsafe)).empty());
  }
  CHECK(complaints(with("alert.html.mustache", "<a href={{site_url}}>")) ==
        "t/alert.html.mustache:1:9: put the value of the attribute in quotes\n");
}

TEST_CASE("partials are checked where they are written, and cannot run away") {
  CHECK(
      complaints(with("alert.txt.mustache", "{{> fot}}", {{"_foot.txt.mustache", ""}})) ==
      "t/alert.txt.mustache:1:1: there is no partial \"fot\" (_fot.txt.mustache) (did you mean \"foot\"?)\n");
  CHECK(complaints(with("alert.html.mustache", "{{> foot}}", {{"_foot.txt.mustache", ""}})) ==
        "t/alert.html.mustache:1:1: there is no partial \"foot\" (_foot.html.mustache)\n");
  CHECK(complaints(with("alert.txt.mustache", "{{> a}}{{> a}}", {{"_a.txt.mustache", "x\n{{wrong}}"}})) ==
        "t/_a.txt.mustache:2:1: \"wrong\" is not known here\n");
  CHECK(complaints(with("alert.txt.mustache", "{{> a}}",
                        {{"_a.txt.mustache", "{{> b}}"}, {"_b.txt.mustache", "{{> a}}"}})) ==
        "t/_b.txt.mustache:1:1: partial \"a\" includes itself\n");
  TemplateFiles doubling;
  for (char c = 'a'; c < 'z'; ++c) {
    const auto next = fmt::format("{{{{> {}}}}}", static_cast<char>(c + 1));
    doubling[fmt::format("_{}.txt.mustache", c)] = next + next;
  }
  doubling["_z.txt.mustache"] = "";
  CHECK(complaints(with("alert.txt.mustache", "{{> a}}", doubling)).find("larger than") != std::string::npos);
}

TEST_CASE("a file with a name that is no template's is not passed over") {
  CHECK(complaints(with("alrt.html.mustache", "")).find("did you mean \"alert.html.mustache\"") !=
        std::string::npos);
  TemplateFiles files = with("alert.txt.mustache", "");
  files.erase("digest.html.mustache");
  CHECK(complaints(files) == "t/digest.html.mustache: this template is missing\n");
}

TEST_CASE("HTML is escaped, text is not") {
  const auto content = two_items();
  CHECK(rendered("{{subject}}", content, TemplateFormat::html) == "S &amp; T");
  CHECK(rendered("{{subject}}", content, TemplateFormat::text) == "S & T");
  CHECK(rendered("{{#items}}[{{title}}{{#url}}!{{/url}}]{{/items}}", content, TemplateFormat::html) ==
        "[One &lt;b&gt;][Two]");
}

TEST_CASE("a tag alone on its line takes the line with it, other lines stay as they are") {
  const auto content = two_items();
  CHECK(rendered(
            "a\n{{#items}}\n\n- {{title}}\n{{! a\n comment }}\n{{#url}}\nnever\n{{/url}}\n{{/items}}\n\nz\n",
            content, TemplateFormat::text) == "a\n\n- One <b>\n\n- Two\n\nz\n");
  CHECK(rendered("a\n  {{> p}}\nz", content, TemplateFormat::text,
                 {{"_p.txt.mustache", "in {{site_name}}\n"}}) == "a\nin Ledger\nz");
  CHECK(rendered("{{#items}}{{#paragraphs}}{{#heading}}[{{.}}]{{/heading}}{{text}},{{/paragraphs}}"
                 "{{^paragraphs}}none{{/paragraphs}};{{/items}}",
                 content, TemplateFormat::text) == "p1,[h],p2,;none;");
}

TEST_CASE("braces of the text never become tags") {
  const auto content = two_items();
  CHECK(rendered("{{> open}}{{> open}}subject}}", content, TemplateFormat::text,
                 {{"_open.txt.mustache", "{"}}) == "{{subject}}");
  CHECK(rendered("@media {a{b:c}} {{> open}}{{subject}}", content, TemplateFormat::text,
                 {{"_open.txt.mustache", "{"}}) == "@media {a{b:c}} {S & T");
  Content hostile = content;
  hostile.subject = "{{site_name}} \x1E\x1F {{#items}}";
  CHECK(rendered("{{subject}}", hostile, TemplateFormat::text) == "{{site_name}} {{#items}}");
}

TEST_CASE("direction and colour come from the content, whatever it claims") {
  auto content = two_items();
  CHECK(rendered("{{#items}}{{direction}}/{{start}} {{/items}}", content, TemplateFormat::html) ==
        "rtl/right ltr/left ");
  content.language = "\"><script>";
  CHECK(rendered("[{{mail_language}}]", content, TemplateFormat::html) == "[]");
  content.site.accent = "red;}body{display:none";
  CHECK(rendered("{{accent}}", content, TemplateFormat::html) == "#9b1c1c");
  content.site.accent = "#FFee00";
  CHECK(rendered("{{accent}} {{accent_text}}", content, TemplateFormat::html) == "#FFee00 #000000");
  content.items[0].share_email = "mailto:?subject=a&body=b";
  content.items[0].share_post = "javascript:alert(1)";
  CHECK(rendered("{{#items}}{{share_email}}{{share_post}}{{/items}}", content, TemplateFormat::text) ==
        "mailto:?subject=a&body=b");
}
