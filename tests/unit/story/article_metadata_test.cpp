#include "support/page_sample.hpp"

using namespace crier;
using namespace crier::test;
using Catch::Matchers::Contains;
using Names = std::vector<std::string>;

namespace {

constexpr auto address = "https://www.example.org/world/pact.html?utm_source=x";

Story story_of_head(const std::string& head, const std::string& url = address) {
  return story_of_page("<!DOCTYPE html><html lang=en><head>" + head + "</head><body></body></html>", url);
}

std::string ld(const std::string& json) {
  return "<script type=\"application/ld+json\">" + json + "</script>";
}

}  // namespace

TEST_CASE("page: JSON-LD says what the story is", "[page]") {
  const auto story = story_of_head(ld(R"({
    "@context": "https://schema.org", "@type": "NewsArticle",
    "mainEntityOfPage": {"@type": "WebPage", "@id": "https://www.example.org/world/pact.html"},
    "headline": "Two ports &amp; a pact", "description": "Harbours agree.",
    "datePublished": "2023-10-18T15:37:00-04:00", "dateModified": "2023-10-18T21:00:00Z",
    "author": [{"@type": "Person", "name": "Jane Sample"}, {"@type": "Person", "name": "John Sample"}],
    "image": {"@type": "ImageObject", "url": "/img/a.jpg"}, "inLanguage": "en-GB",
    "articleSection": "World", "keywords": "ports, trade",
    "publisher": {"@type": "Organization", "name": "Harbour Post"},
    "correction": {"@type": "CorrectionComment", "text": "An earlier version misnamed the port."}})"));
  CHECK(story.title == "Two ports & a pact");
  CHECK(story.summary == "Harbours agree.");
  CHECK(time_of(story.published) == "2023-10-18T19:37:00Z");
  CHECK(time_of(story.updated) == "2023-10-18T21:00:00Z");
  CHECK(story.authors == Names{"Jane Sample", "John Sample"});
  CHECK(story.image == "https://www.example.org/img/a.jpg");
  CHECK(story.language == "en-GB");
  CHECK(story.section == "World");
  CHECK(story.topics == Names{"ports", "trade"});
  CHECK(story.site == "Harbour Post");
  CHECK(story.correction == "An earlier version misnamed the port.");
  CHECK(story.url == "https://www.example.org/world/pact.html");
}

TEST_CASE("page: JSON-LD in its other shapes", "[page]") {
  CHECK(story_of_head(
            ld(R"([{"@type":"BreadcrumbList"},{"@type":["NewsArticle","Thing"],"headline":"Listed"}])"))
            .title == "Listed");
  const auto graph = story_of_head(ld(R"({"@graph":[{"@type":"WebPage","name":"Page"},
    {"@type":"http://schema.org/ReportageNewsArticle","headline":"Graphed","author":{"@id":"#jane"},
     "image":{"@id":"#pic"},"articleSection":["World","Sea"]},
    {"@type":"Person","@id":"#jane","name":"Jane Sample"},{"@id":"#pic","url":"https://example.org/p.png"}]})"));
  CHECK(graph.title == "Graphed");
  CHECK(graph.authors == Names{"Jane Sample"});
  CHECK(graph.image == "https://example.org/p.png");
  CHECK(graph.section == "World");
  CHECK(story_of_head(ld(R"({"@type":"WebPage","mainEntity":{"@type":"Article","headline":"Nested"}})"))
            .title == "Nested");
  CHECK(
      story_of_head(ld(R"({"@type":"NewsArticle","headline":"T","author":"By Jane Sample and John Sample"})"))
          .authors == Names{"Jane Sample", "John Sample"});
  CHECK(story_of_head(ld("{\"@type\":\"NewsArticle\",\"headline\":\"Broken\nline\",}")).title ==
        "Broken line");
  CHECK(story_of_head(ld("\n//<![CDATA[\n{\"@type\":\"NewsArticle\",\"headline\":\"Wrapped\"}\n//]]>\n"))
            .title == "Wrapped");
}

TEST_CASE("page: a broken script is passed over", "[page]") {
  const auto source = parse_page("<html><head>" + ld("{\"@type\": \"NewsArticle\", \"headline\": ") +
                                 ld(R"({"@type":"Report","headline":"Good"})") + "</head></html>");
  REQUIRE(source.stories.size() == 1);
  CHECK(source.stories[0].title == "Good");
  CHECK_THAT(source.warnings.at(0), Contains("no valid JSON"));
}

TEST_CASE("page: of several articles the one of this address counts, and a list is none", "[page]") {
  const auto one = [](const std::string& name) {
    return R"({"@type":"NewsArticle","headline":")" + name + R"(","url":"https://www.example.org/world/)" +
           name + R"(.html"})";
  };
  CHECK(story_of_head(ld(one("other")) + ld(one("pact")) + ld(one("third"))).title == "pact");
  const auto front =
      parse_page("<html><head>" + ld(one("a")) + ld(one("b")) + ld(one("c")) + "</head></html>",
                 "https://www.example.org/world/");
  CHECK(front.stories.empty());
  CHECK(front.bozo);
}

TEST_CASE("page: metas where there is no JSON-LD", "[page]") {
  const auto story = story_of_head(R"(
    <meta property="og:type" content="article"><meta property="og:site_name" content="Harbour Post">
    <meta property="og:title" content="Two ports &amp;amp; a pact - Harbour Post">
    <meta property="og:description" content="Harbours agree."><meta property="og:image" content="/a.jpg">
    <meta property="article:published_time" content="2023-10-18T19:37:00+00:00">
    <meta property="article:modified_time" content="2023-10-18T20:00:00+00:00">
    <meta property="article:section" content="World"><meta property="article:tag" content="ports">
    <meta property="article:tag" content="trade"><meta name="author" content="Jane Sample">
    <meta property="article:author" content="https://social.example.org/jane">
    <meta property="og:locale" content="en_GB">
    <link rel="canonical" href="https://example.org/pact?utm_medium=y&id=7#top">)");
  CHECK(story.title == "Two ports & a pact");
  CHECK(story.site == "Harbour Post");
  CHECK(story.summary == "Harbours agree.");
  CHECK(story.image == "https://www.example.org/a.jpg");
  CHECK(time_of(story.published) == "2023-10-18T19:37:00Z");
  CHECK(time_of(story.updated) == "2023-10-18T20:00:00Z");
  CHECK(story.section == "World");
  CHECK(story.topics == Names{"ports", "trade"});
  CHECK(story.authors == Names{"Jane Sample"});
  CHECK(story.language == "en-GB");
  CHECK(story.url == "https://example.org/pact?id=7");
  CHECK_THAT(story.id, Contains("example-org-pact"));
}

TEST_CASE("page: JSON-LD is believed before metas, and what cannot be used gives way", "[page]") {
  const auto story =
      story_of_head(ld(R"({"@type":"NewsArticle","headline":"By JSON","datePublished":"soon","author":{}})") +
                    "<meta property=og:title content='By meta'><meta name=dc.date content='2023-10-18'>"
                    "<meta name=parsely-author content='Jane Sample'>");
  CHECK(story.title == "By JSON");
  CHECK(time_of(story.published) == "2023-10-18T00:00:00Z");
  CHECK(story.authors == Names{"Jane Sample"});
}

TEST_CASE("page: a page cannot pass for another site's, nor for its front page", "[page]") {
  const std::string article = "<meta property=og:type content=article><title>A pact of ports</title>";
  CHECK(story_of_head(article + "<link rel=canonical href='https://elsewhere.example/pact'>").url ==
        "https://www.example.org/world/pact.html");
  CHECK(story_of_head(article + "<meta property=og:url content='https://www.example.org/'>").url ==
        "https://www.example.org/world/pact.html");
  CHECK(story_of_head(article + "<link rel=canonical href='javascript:alert(1)'>").url ==
        "https://www.example.org/world/pact.html");
  CHECK(story_of_head(article + "<link rel=canonical href='/world/pact.html'>",
                      "https://amp.example.org/amp/pact")
            .url == "https://amp.example.org/world/pact.html");
}

TEST_CASE("page: the same story by other ways has the same id", "[page]") {
  const std::string page =
      "<html><head><meta property=og:type content=article><title>A pact</title>"
      "<link rel=canonical href='https://www.example.org/pact'></head></html>";
  const auto id = story_of_page(page).id;
  CHECK(story_of_page(page, "https://www.example.org/pact?fbclid=1").id == id);
  CHECK(story_of_page(page, "https://m.example.org/pact").id == id);
}

TEST_CASE("page: microdata", "[page]") {
  const auto story = story_of_page(R"(<!DOCTYPE html><html lang="de"><body>
    <div itemscope itemtype="https://schema.org/NewsArticle">
      <h1 itemprop="headline">Zwei Häfen schließen einen Pakt</h1>
      <meta itemprop="datePublished" content="2023-10-18T15:37:00+02:00">
      <span itemprop="author" itemscope itemtype="https://schema.org/Person"><b itemprop="name">Eva Muster</b></span>
      <div itemprop="publisher" itemscope itemtype="https://schema.org/Organization">
        <meta itemprop="name" content="Hafenbote"></div>
      <img itemprop="image" src="/bild.jpg"><span itemprop="articleSection">Welt</span>
      <div itemscope itemtype="https://schema.org/NewsArticle"><a itemprop="headline">Anderes</a></div>
    </div></body></html>)",
                                   "https://example.org/pakt");
  CHECK(story.title == "Zwei Häfen schließen einen Pakt");
  CHECK(time_of(story.published) == "2023-10-18T13:37:00Z");
  CHECK(story.authors == Names{"Eva Muster"});
  CHECK(story.site == "Hafenbote");
  CHECK(story.image == "https://example.org/bild.jpg");
  CHECK(story.section == "Welt");
  CHECK(story.language == "de");
}

TEST_CASE("page: teasers in microdata are no article", "[page]") {
  std::string teasers;
  for (const auto* name : {"one", "two", "three", "four"})
    teasers +=
        std::string(
            "<div itemscope itemtype='https://schema.org/NewsArticle'><a itemprop=headline href=x>Story ") +
        name + "</a></div>";
  CHECK(parse_page("<html><head><title>All stories</title></head><body>" + teasers + "</body></html>")
            .stories.empty());
}

TEST_CASE("page: the title without the site's name", "[page]") {
  const auto title = [](const std::string& written, const std::string& more = "") {
    return story_of_head("<meta property=og:type content=article><title>" + written + "</title>" + more)
        .title;
  };
  CHECK(title("Two ports sign a pact | Harbour Post") == "Two ports sign a pact");
  CHECK(title("Two ports sign a pact - Example") == "Two ports sign a pact");
  CHECK(title("Two ports sign a pact – then quarrel") == "Two ports sign a pact – then quarrel");
  CHECK(title("Two ports – a pact — Harbour Post", "<meta property=og:site_name content='Harbour Post'>") ==
        "Two ports – a pact");
  CHECK(title("两个港口签署协议_港口日报") == "两个港口签署协议");
  CHECK(title("Harbour Post | A pact of ports", "<meta property=og:site_name content='Harbour Post'>") ==
        "A pact of ports");
  CHECK(title("Harbour Post") == "Harbour Post");
}

TEST_CASE("page: found by looking at it", "[page]") {
  const auto format_of = [](const std::string& text, ResponseHeaders headers = {}) {
    ParseOptions options;
    options.headers = std::move(headers);
    const auto source = parse_stories(text, options);
    return source ? source->format : source.error().message;
  };
  CHECK(format_of("<!DOCTYPE html><title>A</title>") == "html");
  CHECK(format_of("\n<!-- a comment -->\n<HTML><body>A</body></HTML>") == "html");
  CHECK(format_of("<?xml version='1.0'?><!DOCTYPE html><html xmlns='http://www.w3.org/1999/xhtml'/>") ==
        "html");
  CHECK(format_of("<div>A</div>", {{"content-type", "text/html; charset=utf-8"}}) == "html");
  CHECK(format_of("<rss version='2.0'><channel/></rss>", {{"content-type", "text/html"}}) == "rss20");
  CHECK(format_of("A story about <html> in a text.\n\nIt goes on.") == "page-text");
}

TEST_CASE("page: what stands around the heading in the title is not the headline", "[page]") {
  const auto title_of = [](const std::string& title, const std::string& heading) {
    return story_of_page(
               "<!DOCTYPE html><html><head><meta property=og:type content=article><meta property=og:title "
               "content=\"" +
                   title + "\"></head><body><h1>" + heading + "</h1></body></html>",
               address)
        .title;
  };
  CHECK(title_of("Two ports sign a pact - HARBOUR Briefing", "Two ports sign a&nbsp;pact") ==
        "Two ports sign a pact");
  CHECK(title_of("Harbour Post | Two ports sign a pact", "Two ports sign a pact") == "Two ports sign a pact");
  CHECK(title_of("Two ports sign a pact to share pilots", "Two ports") ==
        "Two ports sign a pact to share pilots");
}

TEST_CASE("page: the name of a site is not an author's", "[page]") {
  CHECK(story_of_head(
            "<meta property=og:type content=article><meta property=og:title content=T><meta name=author "
            "content=harbour-post.example>")
            .authors.empty());
  CHECK(story_of_page(
            "<!DOCTYPE html><html><head><meta property=og:type content=article><title>Two ports sign a "
            "pact</title></head><body><h1>Two ports sign a pact</h1><div class=byline>By Jane Sample "
            "Tuesday, Oct. 17, 2023</div></body></html>",
            address)
            .authors == Names{"Jane Sample"});
}

TEST_CASE("page: who is called By is an author, and so is who stands beside another", "[page]") {
  CHECK(story_of_head("<meta property=og:type content=article><meta property=og:title content=T>"
                      "<meta name=author content=\"Ulrika By\">")
            .authors == Names{"Ulrika By"});
  CHECK(story_of_page(
            "<!DOCTYPE html><html><head><meta property=og:type content=article><title>Two ports sign a "
            "pact</title></head><body><h1>Two ports sign a pact</h1><div class=byline>By Jane Sample | "
            "Marc Example</div></body></html>",
            address)
            .authors == Names{"Jane Sample", "Marc Example"});
  CHECK(story_of_page(
            "<!DOCTYPE html><html><head><meta property=og:type content=article><title>Two ports sign a "
            "pact</title></head><body><h1>Two ports sign a pact</h1><p>Text.</p><div class=comments>"
            "<a rel=\"author nofollow\" href=/x>A Reader</a></div></body></html>",
            address)
            .authors.empty());
}

TEST_CASE("page: an author beside the text is one, unless the place is about something else", "[page]") {
  const auto authors_beside = [](const std::string& place) {
    return story_of_page(
               "<!DOCTYPE html><html><head><meta property=og:type content=article><title>Two ports sign a "
               "pact</title></head><body><h1>Two ports sign a pact</h1><p>Text.</p><div class=\"" +
                   place + "\"><a rel=author href=/x>Jane Sample</a></div></body></html>",
               address)
        .authors;
  };
  for (const auto* place : {"column", "column no-comments"})
    CHECK(authors_beside(place) == Names{"Jane Sample"});
  for (const auto* place : {"footer", "comments", "related-stories"}) CHECK(authors_beside(place).empty());
}

TEST_CASE("page: a time in the title of an abbreviation, and a day in the address", "[page]") {
  const auto page = [](const std::string& body) {
    return "<!DOCTYPE html><html><head><meta property=og:type content=article><title>Two ports sign a "
           "pact</title></head><body><h1>Two ports sign a pact</h1>" +
           body + "</body></html>";
  };
  CHECK(time_of(story_of_page(page("<cite><abbr title=2023-10-18T15:37:00Z>1 hr ago</abbr></cite>"), address)
                    .published) == "2023-10-18T15:37:00Z");
  CHECK(time_of(story_of_page(page(""), "https://example.org/2023/10/18/pact").published) ==
        "2023-10-18T00:00:00Z");
  CHECK(time_of(story_of_page(page(""), "https://example.org/2023/10/188/pact").published) == "absent");
  CHECK(time_of(story_of_page(page(""), "https://example.org/2023/13/18/pact").published) == "absent");
  // A sentence with a date is no dateline.
  CHECK(
      time_of(story_of_page(page("<p>The president signed the first such act in the bay on Aug. 14, 1935, by "
                                 "night.</p>"),
                            "https://example.org/pact")
                  .published) == "absent");
  CHECK(time_of(story_of_page(page("<ul><li>The first such act was signed into law in the bay on August 14, "
                                   "1935</li></ul>"),
                              "https://example.org/pact")
                    .published) == "absent");
  CHECK(time_of(story_of_page(page("<div>الأحد، 04 آب/اغسطس 2013، 02:21 (GMT+0400)</div>"),
                              "https://example.org/pact")
                    .published) == "2013-08-03T22:21:00Z");
}

TEST_CASE("page: bylines beside dates, in the languages of their readers", "[page]") {
  const auto authors_of = [](const std::string& line) {
    return story_of_page(
               "<!DOCTYPE html><html><head><meta property=og:type content=article><title>Two ports sign a "
               "pact</title></head><body><h1>Two ports sign a pact</h1><div>" +
                   line + "</div></body></html>",
               address)
        .authors;
  };
  CHECK(authors_of("Posted on Wednesday, 18 October 2023 by Jane Sample") == Names{"Jane Sample"});
  CHECK(authors_of("Veröffentlicht am 18. Oktober 2023 von Max Muster") == Names{"Max Muster"});
  CHECK(authors_of("Par Jeanne Exemple — Publié le 18 octobre 2023 à 15h37") == Names{"Jeanne Exemple"});
  CHECK(authors_of("Por Juan Muestra - 18 de octubre de 2023 - 15:37 h") == Names{"Juan Muestra"});
  CHECK(authors_of("di Mario Esempio - 18 ottobre 2023 ore 15:37") == Names{"Mario Esempio"});
  CHECK(authors_of("Door Jan Voorbeeld - 18 oktober 2023 15:37") == Names{"Jan Voorbeeld"});
  CHECK(authors_of("लेखक: राम कुमार") == Names{"राम कुमार"});
  CHECK(authors_of("18 October 2023 by night").empty());
  CHECK(authors_of("World News - 18 October 2023").empty());
}

TEST_CASE("page: a line that tells of publication and change tells both", "[page]") {
  for (const auto* line : {"Publié le 18/10/2023 à 15:37, mis à jour le 19/10/2023 à 10:00",
                           "18/10/2023 15h37 Atualizado 19/10/2023 10h00",
                           "18.10.2023 15:37 Uhr, aktualisiert 19.10.2023 10:00 Uhr"}) {
    CAPTURE(line);
    for (const auto* open : {"<div>", "<div class=date>"}) {
      const auto story =
          story_of_page(std::string("<!DOCTYPE html><html lang=fr><head><meta property=og:type "
                                    "content=article><title>Two ports sign "
                                    "a pact</title></head><body><h1>Two ports sign a pact</h1>") +
                            open + line + "</div></body></html>",
                        address);
      CHECK(time_of(story.published) == "2023-10-18T15:37:00Z");
      CHECK(time_of(story.updated) == "2023-10-19T10:00:00Z");
    }
  }
}

TEST_CASE("page: a headline in a lesser heading under a logo", "[page]") {
  const auto title_of = [](const std::string& title) {
    return story_of_page("<!DOCTYPE html><html><head><meta property=og:type content=article><title>" + title +
                             "</title></head><body><h1>Blog</h1><h2>Two ports sign a pact</h2></body></html>",
                         address)
        .title;
  };
  CHECK(title_of("Two ports sign a pact - Example Blog") == "Two ports sign a pact");
  CHECK(title_of("Example Blog » Two ports sign a pact") == "Two ports sign a pact");
  CHECK(title_of("Two ports sign a pact to share pilots") == "Two ports sign a pact to share pilots");
}

TEST_CASE("page: a linked heading is the site's when a lesser one is the headline", "[page]") {
  const std::string text(300, 'x');
  const auto story = story_of_page(
      "<html lang=en><title>Two ports sign a pact | The Harbour Post</title><body><div id=header>"
      "<h1><a href=/>The Harbour Post</a></h1></div><h2>Two ports sign a pact</h2>"
      "<p>October 18, 2023 - By Jane Sample</p><p>" +
      text + ".</p></body></html>");
  CHECK(story.title == "Two ports sign a pact");
  CHECK(story.authors == Names{"Jane Sample"});
  CHECK(time_of(story.published) == "2023-10-18T00:00:00Z");
  CHECK(story.body_text == text + ".");
}

TEST_CASE("page: where it is may be said by the response alone", "[page]") {
  ParseOptions options;
  options.file_name = "page";
  options.headers = {{"content-type", "text/html"}, {"content-location", "https://example.org/harbour/1"}};
  const auto page =
      "<html><title>Ports</title><meta property=og:type content=article><p>See <a href=2>more</a>.";
  auto source = parse_stories(page, options);
  REQUIRE(source);
  CHECK(source->stories.at(0).url == "https://example.org/harbour/1");
  CHECK_THAT(source->stories[0].body_html, Contains("https://example.org/harbour/2"));
  options.url = "https://example.org/asked/1";
  CHECK(parse_stories(page, options)->stories.at(0).url == "https://example.org/asked/1");
}

TEST_CASE("page: names beside an office or a handle, and a newsroom's own name", "[page]") {
  const std::string text(300, 'x');
  const auto authors = [&](const std::string& head) {
    return story_of_page("<html lang=en><title>Two ports sign a pact</title>" + head + "<p>" + text +
                         ".</p></html>")
        .authors;
  };
  CHECK(authors(
            "<div class=byline><span class=name>Jane Sample</span><span class=role>Reporter</span></div>") ==
        Names{"Jane Sample"});
  CHECK(authors("<p class=byline>By Jane Sample @jane</p>") == Names{"Jane Sample"});
  CHECK(authors("<p class=byline>by</p>").empty());
  CHECK(authors("<p class=byline>Story By</p>").empty());
  CHECK(authors("<p class=byline>Por Ana Exemplo — Lindholm</p>") == Names{"Ana Exemplo"});
  CHECK(authors("<p class=author>责任编辑：王小明</p>").empty());
  CHECK(authors(ld(R"({"@type":"NewsArticle","headline":"T","author":{"name":{"@value":"Jane Sample"}}})")) ==
        Names{"Jane Sample"});
  CHECK(authors(ld(R"({"@type":"NewsArticle","headline":"T","author":{"name":"Harbour Post"},)"
                   R"("publisher":{"name":"Harbour Post"}})") +
                "<p>By Jane Sample</p>") == Names{"Jane Sample"});
}

TEST_CASE("page: a brief is an article when it says when or by whom", "[page]") {
  const auto page = [](const std::string& head) {
    return parse_page(
        "<html lang=en><title>Two ports sign a pact</title><body><h1>Two ports sign a pact</h1>" + head +
        "<p>The ports of the lagoon signed a pact on Wednesday after two years of talks about the fees of "
        "the harbours.</p></body></html>");
  };
  CHECK(page("").stories.empty());
  CHECK(page("<time datetime=2023-10-18T15:37:00Z>today</time>").stories.size() == 1);
  CHECK(page("<p>By Jane Sample</p>").stories.size() == 1);
}

TEST_CASE("page: the language of one that does not say it is its text's", "[page]") {
  const auto story = story_of_page(
      "<!DOCTYPE html><html><head><meta property=og:type content=article><title>Zwei Häfen im Norden</title>"
      "</head><body><article><p>Die Häfen haben am Montag einen Vertrag unterzeichnet, der die "
      "Zusammenarbeit "
      "bei der Versorgung der Schiffe mit Strom regeln soll, wie beide Städte "
      "mitteilten.</p></article></body>");
  CHECK(story.language == "de");
}

TEST_CASE("page: an author beside the text is the story's when the page links to no other", "[page]") {
  const auto page = [](const std::string& more) {
    return "<!DOCTYPE html><html lang=fr><title>Deux ports signent un pacte</title><article><p>" +
           std::string(300, 'x') +
           ".</p></article><div class=sidebar><a rel=author href=/j>Jeanne Exemple</a>" + more + "</div>";
  };
  CHECK(story_of_page(page("<a rel=author href=/j>Jeanne Exemple</a>")).authors == Names{"Jeanne Exemple"});
  CHECK(story_of_page(page("<a rel=author href=/m>Marc Exemple</a>")).authors.empty());
}

TEST_CASE("page: when it was changed is when it was published, where nothing else is told", "[page]") {
  const auto story = story_of_page(
      "<!DOCTYPE html><html lang=en><title>Two ports sign a pact</title><h1>Two ports sign a pact</h1>"
      "<div class=date><span>Updated: </span>August 13, 2010, 5:02 PM ET</div><p>" +
      std::string(300, 'x') + ".</p>");
  CHECK(time_of(story.updated) == "2010-08-13T21:02:00Z");
  CHECK(story.published == story.updated);
  const auto arabic = story_of_page(
      "<!DOCTYPE html><html lang=ar><title>ميناءان يوقعان اتفاقا</title><h1>ميناءان يوقعان اتفاقا</h1>"
      "<div class=tmstmp>الأحد، 04 آب/اغسطس 2013، آخر تحديث 02:21 (GMT+0400)</div><p>" +
      std::string(300, 'x') + ".</p>");
  CHECK(time_of(arabic.published) == "2013-08-04T00:00:00Z");
}

TEST_CASE("page: the headline is found by its letters, and without the agency behind it", "[page]") {
  const std::string text = "<p>" + std::string(300, 'x') + ".</p>";
  std::string menu;
  for (int i = 0; i < 14; ++i) menu += "<div>Entry</div>";
  const auto story = story_of_page(
      "<!DOCTYPE html><html lang=de><meta property=og:title content='Hafen: Stadt baut Kai'>" + menu +
      "<h2><span class=kicker>Hafen</span><span>:</span> <span>Stadt baut Kai</span></h2><div>Von <a>Petra "
      "Muster</a> und "
      "<a>Jan Beispiel</a></div>" +
      text);
  CHECK(story.authors == Names{"Petra Muster", "Jan Beispiel"});
  CHECK(story_of_page(
            "<!DOCTYPE html><html lang=ja><meta property=og:title content='港が新岸壁を開く（灯台新聞）'>"
            "<h1>港が新岸壁を開く</h1>" +
            text)
            .title == "港が新岸壁を開く");
}
