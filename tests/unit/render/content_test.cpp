#include "render/content.hpp"

#include <catch2/catch.hpp>

#include "base/encoding.hpp"
#include "story/story.hpp"

using namespace crier;

namespace {

Story tide_story() {
  Story story;
  story.id = "tide-clock";
  story.url = "https://ledger.example.org/2023/10/tide-clock";
  story.title = "Three harbour towns agree\n to share one tide clock";
  story.summary = "Ferries will leave by the water, not by the wall clock.";
  story.body_text =
      "Three harbour towns agree to share one tide clock\n\nFirst paragraph,\nstill the first.\n "
      "\nSecond.\n\n\nThird.";
  story.body_html = "<script>alert(1)</script>";
  story.authors = {"Mara Lind", "", "Teo Adeyi"};
  story.section = "oceans";
  story.regions = {"North Coast", "Oceans"};
  story.language = "en";
  return story;
}

}  // namespace

TEST_CASE("a story becomes an item of clean lines") {
  const auto item =
      make_item(tide_story(), {.kind = ContentKind::alert, .url = "https://l.example.org/s/abc"});
  CHECK(item.title == "Three harbour towns agree to share one tide clock");
  CHECK(item.kicker == "Oceans · North Coast");
  CHECK(item.byline == "Mara Lind, Teo Adeyi");
  CHECK(item.url == "https://l.example.org/s/abc");
  CHECK(item.paragraphs ==
        std::vector<Paragraph>{{"First paragraph, still the first."}, {"Second."}, {"Third."}});
}

TEST_CASE("a heading does not stand over a summary that moved away") {
  auto story = tide_story();
  story.body_text = "The News\n\n" + story.summary + "\n\nSecond.\n\nThe View\n\nThird.";
  story.headings = {"The News", "The View"};
  CHECK(make_item(story, {.kind = ContentKind::alert}).paragraphs ==
        std::vector<Paragraph>{{"Second."}, {"The View", true}, {"Third."}});
  story.body_text = "It rained.\n\n" + story.summary + "\n\nSecond.";
  CHECK(make_item(story, {.kind = ContentKind::alert}).paragraphs ==
        std::vector<Paragraph>{{"It rained."}, {"Second."}});
}

TEST_CASE("a heading is shown only over text of its own, and is never taken for text") {
  auto story = tide_story();
  story.summary.clear();
  story.headings = {"The News", "Room for\nDisagreement"};
  story.body_text = "The News\n\nFirst.\n\nRoom for Disagreement\n\n" + std::string(5000, 'x');
  CHECK(make_item(story, {.kind = ContentKind::alert}).paragraphs ==
        std::vector<Paragraph>{{"The News", true}, {"First."}});
  CHECK(make_item(story, {.kind = ContentKind::digest}).paragraphs == std::vector<Paragraph>{{"First."}});
  CHECK(first_text(make_item(story, {.kind = ContentKind::alert})) == "First.");
  story.title.clear();
  CHECK(make_item(story, {.kind = ContentKind::alert}).title == "First.");
}

TEST_CASE("without a link more of the text is shown, and a cut is visible") {
  auto story = tide_story();
  story.body_text.clear();
  for (int i = 0; i < 400; ++i)
    story.body_text += "Paragraph \"" + std::to_string(i) + "\" & " + std::string(300, 'x') + "\n\n";
  const auto size_of = [](const Item& item) {
    std::size_t size = 0;
    for (const auto& paragraph : item.paragraphs) size += html_escape(paragraph.text).size();
    return size;
  };
  const auto linked = make_item(story, {});
  CHECK(size_of(linked) > 1000);
  CHECK(size_of(linked) < 3100);
  story.url.clear();
  const auto whole = make_item(story, {});
  CHECK(size_of(whole) > 15'000);
  CHECK(size_of(whole) < 25'000);
  CHECK(whole.paragraphs.back().text.ends_with("…"));
}

TEST_CASE("one endless paragraph is cut to its budget, also when escaping swells it") {
  auto story = tide_story();
  story.body_text = std::string(500'000, '"');
  for (const auto kind : {ContentKind::alert, ContentKind::digest}) {
    story.summary.clear();
    const auto item = make_item(story, {.kind = kind});
    REQUIRE(item.paragraphs.size() == 1);
    CHECK(html_escape(item.paragraphs[0].text).size() < 3100);
    CHECK(item.paragraphs[0].text.ends_with("…"));
  }
}

TEST_CASE("a digest shows the summary, or the beginning of the text") {
  auto story = tide_story();
  CHECK(make_item(story, {.kind = ContentKind::digest}).paragraphs.empty());
  story.summary.clear();
  CHECK(make_item(story, {.kind = ContentKind::digest}).paragraphs.size() == 1);
}

TEST_CASE("a story without a title is headed by its first words") {
  Story story;
  story.body_text = "The bridge is closed until further notice.\n\nMore soon.";
  auto item = make_item(story, {});
  CHECK(item.title == "The bridge is closed until further notice.");
  CHECK(item.paragraphs == std::vector<Paragraph>{{"More soon."}});
  story.body_text =
      "The bridge over the old harbour is closed until further notice, because the tide gate "
      "below it has to be lifted out for repairs.";
  story.summary = story.body_text;
  item = make_item(story, {.kind = ContentKind::digest});
  CHECK(item.title ==
        "The bridge over the old harbour is closed until further notice, because the tide gate below it…");
  CHECK(item.summary == story.summary);
  CHECK(make_item(Story{}, {}).title.empty());
}

TEST_CASE("only web addresses become links") {
  CHECK(web_link("https://example.org/a?b=c&d=%20#e") == "https://example.org/a?b=c&d=%20#e");
  CHECK(web_link("HTTP://Example.org:8080/x") == "http://example.org:8080/x");
  CHECK(web_link("https://bücher.example/straße?q=日本") ==
        "https://xn--bcher-kva.example/stra%C3%9Fe?q=%E6%97%A5%E6%9C%AC");
  CHECK(web_link("https://example.org/a b\"c<d>") == "https://example.org/a%20b%22c%3Cd%3E");
  CHECK(web_link("https://example.org/" + std::string(1000, 'a')).size() == 1020);
  for (const auto* bad :
       {"", "javascript:alert(1)", "JavaScript://example.org/%0aalert(1)", "data:text/html,x",
        "//example.org/", "/relative", "https:///path", "https://user:pw@example.org/",
        "https://example.org@evil.example/", "https://example.org\\@evil.example/", "https://exa\nmple.org/",
        "https://example.org/a\r\nb", "https://example.org:99x/", "https://[::1]/", "mailto:a@example.org",
        "https://"}) {
    CAPTURE(bad);
    CHECK(web_link(bad).empty());
  }
  CHECK(web_link("https://example.org/" + std::string(5000, 'a')).empty());
}
