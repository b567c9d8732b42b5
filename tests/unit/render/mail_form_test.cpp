#include "render/mail_form.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "render/mime.hpp"
#include "render/template.hpp"
#include "support/mail_oracle.hpp"
#include "support/sample_mail.hpp"
#include "support/strict_mail.hpp"

using namespace crier;

namespace {

constexpr std::string_view sample_link = "https://u.ledger.example.org/o/k3J9sample";

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

// The templates we ship, with the reader's name and link at the beginning of lines, at their end and in
// between.
TemplateFiles personal_files() {
  TemplateFiles files;
  for (const auto& entry : std::filesystem::directory_iterator(CRIER_SOURCE_DIR "/templates"))
    files.emplace(entry.path().filename().string(), read_file(entry.path(), 1U << 20).value());
  auto& masthead = files["_masthead.html.mustache"];
  masthead =
      "<p title=\"{{reader_name}}\">\n{{reader_name}}, {{#reader_name}}dear "
      "{{.}}{{/reader_name}}{{reader_name}}\n"
      "{{#unsubscribe_url}}{{reader_name}} {{unsubscribe_url}}{{unsubscribe_url}} "
      "\n{{/unsubscribe_url}}.</p>\n" +
      masthead;
  for (const auto* name : {"alert.txt.mustache", "digest.txt.mustache"})
    files[name] =
        "{{reader_name}}\n{{reader_name}}: a good morning to you, here is what has happened since last "
        "night, "
        "{{reader_name}}.\n   {{reader_name}} {{reader_name}}\n\n\n\n{{unsubscribe_url}}\n\nFrom "
        "{{site_name}}\n" +
        files[name];
  return files;
}

std::shared_ptr<const TemplateSet> load(const TemplateFiles& files) {
  Diagnostics diagnostics;
  return TemplateSet::from_files(files, "t", diagnostics);
}

// Templates that take name and link from the content, as if it had been made for this one reader: no slots.
std::shared_ptr<const TemplateSet> impersonal_templates() {
  auto files = personal_files();
  for (auto& [name, text] : files)
    text = replaced(replaced(text, "reader_name", "edition_date"), "unsubscribe_url", "site_url");
  return load(files);
}

MailHeaders sample_headers() {
  MailHeaders headers;
  headers.from = {"The Harbour Ledger", "news@ledger.example.org"};
  headers.date = parse_rfc3339("2024-03-15T05:00:00Z").value();
  headers.list_id = "alerts.ledger.example.org";
  return headers;
}

SlotValues values_of(std::string_view name, std::string_view link = sample_link) {
  return {name, "amara@example.org", "b1-42@ledger.example.org", link};
}

Content translated(Content content, const std::string& sentence) {
  for (auto& item : content.items) {
    item.title = sentence.substr(0, sentence.find(' '));
    item.summary = sentence;
    item.paragraphs.assign(12, {sentence + sentence + sentence});
  }
  return content;
}

std::vector<Content> sample_contents() {
  const std::string russian =
      "Три портовых города договорились жить по одним приливным часам, и паромы будут ходить по воде. ";
  const std::string chinese = "三个港口城镇同意共用一个潮汐时钟,渡轮将按水位而不是按墙上的时钟出发。 ";
  return {testing::sample_alert(),
          testing::sample_digest(),
          translated(testing::sample_alert(), russian),
          translated(testing::sample_digest(), russian),
          translated(testing::sample_alert(), chinese),
          translated(testing::sample_digest(), chinese)};
}

const std::vector<std::string> names = {
    "Amara",
    "A",
    "Ay",
    "O'Brien, \"Bo\" & Söhne",
    "Ọláwálé Überfällig",
    "محرر الأخبار في المدينة",
    "王小明",
    "👩🏽‍🚀 Ada 👨‍👩‍👧‍👦",
    "<script>alert(1)</script>",
    "{{site_name}}{{{subject}}}",
    ".dot first",
    ". . . .",
    "From here to eternity",
    "=?utf-8?Q?x?= =3D",
    std::string(300, 'n'),
    "A name of so many words that it has to be wrapped wherever it stands, and that more than once, I fear",
    std::string(74, 'x') + ".From .",
    std::string(75, 'x') + ".x" + std::string(73, 'y') + "From me",
};

}  // namespace

TEST_CASE("a filled form is what rendering for its reader alone would be") {
  const auto personal = load(personal_files());
  const auto impersonal = impersonal_templates();
  REQUIRE(personal);
  REQUIRE(impersonal);
  const std::vector<std::string> links = {
      std::string(sample_link), "https://news.example.org/u/0-1000000-0123456789abcdef0123456789abcdef",
      "https://bücher.example/ö?a=b&c='d'=.", "https://u.example.org/" + std::string(500, '.')};
  std::vector<std::string> messages;
  std::vector<std::string> sent_to;
  FilledMail filled;
  std::size_t base64 = 0;
  for (const auto& original : sample_contents()) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto values = values_of(names[i], i < links.size() ? links[i] : links[1]);
      auto content = original;
      content.edition_date = names[i];
      content.site.url = values.unsubscribe_url;
      const auto form =
          MailForm::prepare(sample_headers(), content, {"You follow tides", true, true}, *personal).value();
      const auto whole =
          MailForm::prepare(sample_headers(), content, {"You follow tides", false, false}, *impersonal)
              .value();
      CAPTURE(names[i]);
      REQUIRE(form.fill(values, filled));
      const auto message = filled.joined();
      CHECK(message.size() == filled.size);
      CHECK(facts_of(filled.pieces).is_clean);
      const auto mail = testing::read_strictly(message);
      REQUIRE(whole.fill(values, filled));
      const auto expected = testing::read_strictly(filled.joined());
      CHECK(mail.text == expected.text);
      CHECK(mail.html == expected.html);
      CHECK(mail.header_names == expected.header_names);
      const auto shown = form.show(values).value();
      CHECK(shown.text == mail.text);
      CHECK(shown.html == mail.html);
      CHECK(mail.html.find("<script") == std::string::npos);
      base64 += static_cast<std::size_t>(std::ranges::count(mail.encodings, "base64"));
      messages.push_back(message);
      sent_to.push_back(names[i]);
    }
  }
  CHECK(base64 > 4 * names.size());
  const auto read = testing::read_with_python(messages);
  for (std::size_t i = 0; i < read.size(); ++i) {
    const auto mail = testing::read_strictly(messages[i]);
    CAPTURE(messages[i]);
    CHECK(read[i].defects == std::vector<std::string>{});
    CHECK(read[i].text == mail.text);
    CHECK(read[i].html == mail.html);
    CHECK(read[i].to == std::vector<std::pair<std::string, std::string>>{{sent_to[i], "amara@example.org"}});
    CHECK(read[i].header("Message-ID") == "<b1-42@ledger.example.org>");
  }
}

TEST_CASE("one form serves many readers, each with her own and nothing of another's") {
  const auto templates = load(personal_files());
  for (const auto& content : sample_contents()) {
    const auto form =
        MailForm::prepare(sample_headers(), content, {"You follow tides", true, true}, *templates).value();
    FilledMail reused;
    for (const auto& name : names) {
      const auto link = "https://u.example.org/" + std::to_string(name.size());
      REQUIRE(form.fill(values_of(name, link), reused));
      FilledMail fresh;
      REQUIRE(form.fill(values_of(name, link), fresh));
      CHECK((reused.joined() == fresh.joined()));
      const auto mail = testing::read_strictly(reused.joined());
      CHECK(mail.html.find(sample_link) == std::string::npos);
      CHECK(mail.html.find(link) != std::string::npos);
    }
  }
}

TEST_CASE("a value that cannot be sent is the Error of its reader alone") {
  const auto templates = load(personal_files());
  const auto form = MailForm::prepare(sample_headers(), testing::sample_alert(),
                                      {"You follow tides", true, true}, *templates)
                        .value();
  FilledMail filled;
  for (const auto& bad :
       {std::string("a\r\nBcc: x@example.org"), std::string("a\nb"), std::string("a\0b", 3)})
    CHECK_FALSE(form.fill(values_of(bad), filled));
  CHECK(filled.pieces.empty());
  CHECK(filled.size == 0);
  for (const auto* nobody : {"", "  ", "\x01"}) CHECK_FALSE(form.fill(values_of(nobody), filled));
  for (const auto* nowhere : {"", "javascript:alert(1)", "https://", "https://a b"})
    CHECK_FALSE(form.fill(values_of("Amara", nowhere), filled));
  CHECK_FALSE(form.show(values_of("")));
  REQUIRE(form.fill(values_of("Amara"), filled));
  CHECK(testing::read_strictly(filled.joined()).text.starts_with("Amara\nAmara: a good morning"));
}

TEST_CASE("sections ask whether a reader has a name and a link, and slots cannot be forged") {
  const auto templates = load(personal_files());
  auto content = testing::sample_alert();
  content.items.front().summary = "\x01 and \x02 and {{reader_name}}";
  const FormReader nobody = form_reader_of({" \x01", "You follow tides", "mailto:x@example.org"});
  CHECK(nobody == FormReader{"You follow tides", false, false});
  const auto form = MailForm::prepare(sample_headers(), content, nobody, *templates).value();
  FilledMail filled;
  REQUIRE(form.fill({"", "amara@example.org", "1@ledger.example.org", ""}, filled));
  const auto mail = testing::read_strictly(filled.joined());
  CHECK(mail.html.find("Unsubscribe") == std::string::npos);
  CHECK(mail.html.find("dear") == std::string::npos);
  CHECK(mail.text.find("\nand and {{reader_name}}\n") != std::string::npos);
  CHECK(std::ranges::find(mail.header_names, "List-Unsubscribe") == mail.header_names.end());
  CHECK(form_reader_of({"Amara", "", std::string(sample_link)}) == FormReader{"", true, true});
}

TEST_CASE("lines with slots that follow one another are one text, in base64 too") {
  // Each line's slot stands behind more letters than a line of base64 takes.
  const std::string line = "Три портовых города договорились жить по одним приливным часам, \x01!\n";
  const auto form = MailForm::of(sample_headers(), {"Tides", line + line + line, ""}).value();
  for (const auto* name : {"A", "Ay", "Ada"}) {
    FilledMail filled;
    REQUIRE(form.fill(values_of(name), filled));
    const auto mail = testing::read_strictly(filled.joined());
    CHECK(mail.encodings.front() == "base64");
    const auto shown = replaced(line, "\x01", name);
    CHECK(mail.text == shown + shown + shown);
  }
}

TEST_CASE("how a line is wrapped does not depend on the lines beside it") {
  const std::string text = "Три портовых города: \x01!\nЗдесь \nи договорились \x01.\n";
  const auto form = MailForm::of(sample_headers(), {"Tides", text, ""}).value();
  FilledMail filled;
  REQUIRE(form.fill(values_of("Amara"), filled));
  const auto mail = testing::read_strictly(filled.joined());
  CHECK(mail.encodings.front() == "base64");
  CHECK(mail.text == form.show(values_of("Amara")).value().text);
}

TEST_CASE("the boundary and all that is shared are the same for all readers of a form") {
  const auto form = MailForm::prepare(sample_headers(), testing::sample_digest(),
                                      {"You follow tides", true, true}, *load(personal_files()))
                        .value();
  FilledMail one;
  FilledMail other;
  REQUIRE(form.fill(values_of("Amara"), one));
  REQUIRE(form.fill({"Li", "li@example.org", "b1-43@ledger.example.org", sample_link}, other));
  REQUIRE(one.pieces.size() == other.pieces.size());
  std::size_t shared = 0;
  for (std::size_t i = 0; i < one.pieces.size(); ++i)
    if (one.pieces[i].bytes().data() == other.pieces[i].bytes().data())
      shared += one.pieces[i].bytes().size();
  CHECK(shared > one.size * 9 / 10);
}
