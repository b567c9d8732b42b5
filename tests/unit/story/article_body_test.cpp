#include "support/html_check.hpp"
#include "support/page_sample.hpp"

using namespace crier;
using namespace crier::test;
using Catch::Matchers::Contains;
using Names = std::vector<std::string>;

namespace {

constexpr auto address = "https://example.org/page";

const std::string first_prose =
    "The ferries of the lagoon run again after three weeks of storms that had kept all of them in the "
    "harbour.";
const std::string second_prose =
    "Two hundred people had waited on the quay, and the first boat took ninety of them before the sun was "
    "up.";

Story story_of_file(const std::string& name) {
  auto story = story_of_page(page_file(name), address);
  INFO(name);
  CHECK(find_html_fault(story.body_html) == "");
  return story;
}

bool has(const Story& story, const std::string& text) {
  return story.body_text.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("page: WordPress", "[page]") {
  const auto story = story_of_file("wordpress-en.html");
  CHECK(story.title == "Harbour town votes to keep its last ferry");
  CHECK(story.authors == Names{"Ada Pilot"});
  CHECK(story.site == "Lagoon Courier");
  CHECK(story.url == "https://example.org/2023/10/harbour-ferry/");
  CHECK(story.headings == Names{"What it costs"});
  CHECK(story.body_text ==
        "The council of the harbour town decided on Wednesday evening to keep the last ferry across the "
        "lagoon, "
        "after a debate that lasted four hours.\n\n"
        "Eleven members voted for the ferry and seven against it, said the clerk, who counted twice.\n\n"
        "What it costs\n\n"
        "The boat needs a new engine, which will cost about two million, and two mechanics who know how to "
        "mend "
        "it.\n\n"
        "• The engine will be ordered in spring.\n\n"
        "• The crossing stays free for pupils.\n\n"
        "\"We are glad,\" said the captain.");
  CHECK_THAT(story.body_html, Contains("<h2>What it costs</h2>"));
  CHECK_THAT(story.body_html, Contains("href=\"https://example.org/engines\""));
  CHECK_THAT(story.body_html, Contains("src=\"https://example.org/wp-content/uploads/ferry.jpg\""));
  for (const auto* gone :
       {"Share this", "Related", "Advertisement", "show(", "thirty years", "Tagged", "Read more"})
    CHECK_THAT(story.body_html, !Contains(gone));
}

TEST_CASE("page: Spanish, metas of a publishing system, cut for those who did not pay", "[page]") {
  const auto source = parse_page(page_file("arc-es.html"), address);
  REQUIRE(source.stories.size() == 1);
  const auto& story = source.stories[0];
  CHECK(story.title == "El puerto firma un pacto con sus vecinos");
  CHECK(story.authors == Names{"Lucía Ejemplo", "Mateo Muestra"});
  CHECK(story.url == "https://example.org/economia/2023-10-18/el-puerto-firma-un-pacto.html");
  CHECK(story.section == "Economía");
  CHECK(story.headings == Names{"Tres ciudades, un puerto"});
  CHECK(has(story, "que se reunirán cuatro veces al año en el faro."));
  for (const auto* gone :
       {"Suscríbete", "suscríbete", "Publicidad", "Compartir", "Lea también", "Lucía Ejemplo"})
    CHECK_FALSE(has(story, gone));
  CHECK_THAT(source.warnings.at(0), Contains("only subscribers"));
}

TEST_CASE("page: German, a layout of tables that says nothing to programs", "[page]") {
  const auto story = story_of_file("tables-de.html");
  CHECK(story.title == "Die Fähre bleibt");
  CHECK(story.authors == Names{"Eva Muster", "Max Beispiel"});
  CHECK(time_of(story.published) == "2023-10-18T15:37:00Z");
  CHECK(story.summary.starts_with("Der Rat der Hafenstadt"));
  CHECK(story.body_text.starts_with("Der Rat der Hafenstadt"));
  CHECK(story.body_text.ends_with("die sie warten können."));
  CHECK_THAT(story.body_html, !Contains("Eva Muster") && !Contains("Lokales") && !Contains("Anzeige"));
}

TEST_CASE("page: AMP in French", "[page]") {
  const auto story = story_of_file("amp-fr.html");
  CHECK(story.url == "https://www.example.org/region/le-dernier-bac.html");
  CHECK(story.authors == Names{"Zoé Exemple"});
  CHECK(story.image == "https://www.example.org/bac.jpg");
  CHECK(story.body_text.starts_with("Le conseil de la ville"));
  CHECK(story.body_text.ends_with("et de deux mécaniciens."));
  for (const auto* gone : {"Publicité", "témoins", "Accueil", "lire aussi", "coquillages"})
    CHECK_FALSE(has(story, gone));
}

TEST_CASE("page: a live blog keeps its entries", "[page]") {
  const auto story = story_of_file("liveblog-en.html");
  CHECK(story.title == "Storm over the lagoon: live updates");
  CHECK(time_of(story.updated) == "2023-10-18T12:10:00Z");
  CHECK(story.headings == Names{"Ferry stops", "Wind rises", "Good morning"});
  CHECK(has(story, "the first trees have fallen"));
  CHECK_FALSE(has(story, "12.10"));
}

TEST_CASE("page: the body beside the markup counts where the visible one is cut", "[page]") {
  const auto story = story_of_file("paywall-pt.html");
  CHECK(story.authors == Names{"Rui Exemplo da Silva"});
  CHECK(story.body_text ==
        "O porto e as três cidades vizinhas assinaram na quarta-feira um pacto que regula o tráfego dos "
        "navios.\n\n"
        "O texto entra em vigor em janeiro, e cada cidade nomeará dois representantes, que se reunirão "
        "quatro vezes "
        "por ano no farol.\n\n"
        "A prefeita agradeceu aos pescadores pela paciência durante os dois anos de negociação.");
}

TEST_CASE("page: scripts without spaces, from right to left, and others than Latin", "[page]") {
  struct Sample {
    std::string file, title, author, first, last, gone;
  };
  for (const auto& [file, title, author, first, last, gone] :
       {Sample{"plain-zh.html", "港口城市决定保留最后一艘渡轮", "王小明", "港口城市议会星期三",
               "懂得维修的技师。", "广告"},
        Sample{"plain-ja.html", "港町、最後の渡し船を残すことを決定", "佐藤花子", "港町の議会は水曜日の夜",
               "約二百万になる。", "関連記事"},
        Sample{"plain-ar.html", "مدينة الميناء تقرر الإبقاء على آخر عبّارة", "ليلى مثال", "قرر مجلس مدينة",
               "كيفية إصلاحه.", "إعلان"},
        Sample{"plain-th.html", "เมืองท่าลงมติรักษาเรือข้ามฟากลำสุดท้าย", "", "สภาเมืองท่าลงมติ", "รู้วิธีซ่อม", "โฆษณา"},
        Sample{"plain-ru.html", "Портовый город сохранит последний паром", "Анна Пример",
               "Совет портового города", "и два механика.", "Читайте"}}) {
    INFO(file);
    const auto story = story_of_file(file);
    CHECK(story.title == title);
    CHECK(story.authors == (author.empty() ? Names{} : Names{author}));
    CHECK(time_of(story.published) == "2023-10-18T15:37:00Z");
    CHECK(story.body_text.starts_with(first));
    CHECK(story.body_text.ends_with(last));
    CHECK_FALSE(has(story, gone));
  }
}

TEST_CASE("page: a section front is no article", "[page]") {
  const auto source = parse_page(page_file("section-front.html"), address);
  CHECK(source.stories.empty());
  CHECK(source.bozo);
  CHECK(source.bozo_reason == "there is no article in this page");
  CHECK(source.title == "Lagoon Courier");
  CHECK(parse_page("<html><body><p>Nothing here.</p></body></html>").stories.empty());
}

TEST_CASE("page: byline and dates by the names of elements", "[page]") {
  const std::string text(300, 'x');
  const auto story = [&](const std::string& head) {
    return story_of_page(
        "<html lang=en><head><title>A ferry stays</title></head><body class=has-sidebar>"
        "<div class='wrap no-sidebar'><h1>A ferry stays</h1>" +
        head + "<p>" + text +
        ".</p></div>"
        "<aside><a rel=author href=/x>Somebody Else</a><time datetime='2001-01-01'>2001</time></aside>"
        "</body></html>");
  };
  CHECK(story("<a href=/jane rel=author>Jane Sample</a>").authors == Names{"Jane Sample"});
  CHECK(story("<div class=article__byline>By Jane Sample and John Sample</div>").authors ==
        Names{"Jane Sample", "John Sample"});
  CHECK(story("<p>By Jane Sample, October 18, 2023</p>").authors == Names{"Jane Sample"});
  CHECK(time_of(story("<p>By Jane Sample | October 18, 2023</p>").published) == "2023-10-18T00:00:00Z");
  CHECK(story("<p>By the time it rained</p>").authors.empty());
  CHECK(time_of(story("<time datetime='2023-10-18T15:37:00Z'>today</time>").published) ==
        "2023-10-18T15:37:00Z");
  CHECK(time_of(story("<time>12.10</time><span class=pub-date>18 October 2023 15:37</span>").published) ==
        "2023-10-18T15:37:00Z");
  const auto both = story("<p>18 October 2023 15:37</p><p>Updated: 19 October 2023 08:00</p>");
  CHECK(time_of(both.published) == "2023-10-18T15:37:00Z");
  CHECK(time_of(both.updated) == "2023-10-19T08:00:00Z");
  CHECK(time_of(story("").published) == "absent");
}

TEST_CASE("page: a body is kept whose names are those of furniture, too", "[page]") {
  const std::string text(300, 'x');
  CHECK(story_of_page(
            "<html><title>A ferry</title><body><div class='article-body share-enabled has-comments'><p>" +
                text + "</p></div></body></html>",
            address)
            .body_text == text);
  CHECK(story_of_page("<html><title>A ferry</title><body><form id=form1><table><tr><td><p>" + text +
                          "</p></table></form></body></html>",
                      address)
            .body_text == text);
}

TEST_CASE("page: a text that fills several cells keeps its table", "[page]") {
  const std::string text(100, 'x');
  const auto story =
      story_of_page("<html><title>A ferry</title><body><table class=article-body><tr><td>" + text + "<td>" +
                        text + "<tr><td>" + text + "<td>1</table></body></html>",
                    address);
  CHECK(story.body_html.starts_with("<table>"));
  CHECK_THAT(story.body_text, Contains(text + " | " + text));
}

TEST_CASE("page: furniture alone is no body", "[page]") {
  const auto story = story_of_page(
      "<html><meta property=og:type content=article><title>A ferry</title><body>Home</body></html>");
  CHECK(story.body_text.empty());
  CHECK(story.body_html.empty());
}

TEST_CASE("page: nothing that runs comes out of a page", "[page]") {
  const std::string prose(
      "The council of the harbour town decided to keep the last ferry across the lagoon, after a long "
      "debate.");
  const auto story = story_of_page(
      "<html><head><title>A ferry stays in the harbour</title><base href='javascript:alert(0)//'>"
      "<script type='application/ld+json'>{\"@type\":\"NewsArticle\",\"headline\":\"A "
      "<script>alert(1)<\\/script>ferry\","
      "\"url\":\"javascript:alert(2)\",\"image\":\"data:image/png;base64,AA\",\"author\":{\"name\":\"<img "
      "src=x "
      "onerror=alert(3)>Jane Sample\"},\"articleBody\":\"<svg "
      "onload=alert(4)>\"}</script></head><body><article>"
      "<p onclick=alert(5)>" +
          prose +
          "<a href='javascript:alert(6)'>link</a></p><script>alert(7)</script>"
          "<p style='background:url(javascript:alert(8))'>" +
          prose +
          "<iframe srcdoc='<script>alert(9)</script>'></iframe>"
          "</p></article></body></html>",
      address);
  CHECK(find_html_fault(story.body_html) == "");
  CHECK_THAT(story.body_html, !Contains("alert"));
  CHECK(story.title == "A ferry");
  CHECK(story.authors == Names{"Jane Sample"});
  CHECK(story.image.empty());
  CHECK(story.url == address);
}

TEST_CASE("page: hostile pages are read in one go", "[page]") {
  const auto repeat = [](const std::string& text, std::size_t times) {
    std::string out;
    out.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) out += text;
    return out;
  };
  const std::string head =
      "<html><head><meta property=og:type content=article><title>A ferry</title></head><body>";
  for (const auto& page :
       {head + repeat("<div class=article-body>", 100'000) + "Text",
        head + "<p" + repeat(" a=b", 1'000'000) + ">Text",
        head + repeat("<p class='byline author date' a=1 b=2>", 50'000), head + repeat("<time>", 100'000),
        head + repeat("<a rel=author itemprop=author>", 50'000), head + repeat("<h1>A", 50'000),
        head + repeat("<div itemscope itemtype=NewsArticle><b itemprop=headline>", 30'000),
        head + repeat("<script type=application/ld+json>{", 30'000),
        head + "<script type=application/ld+json>" + repeat("{\"@graph\":[", 100'000) + "</script>",
        head + repeat("<article><p>" + std::string(70, 'x') + "</p>", 20'000),
        head + repeat("<br>18 October 2023 | By Jane Sample", 30'000)}) {
    const auto source = parse_page(page, address);
    REQUIRE(source.stories.size() == 1);
    CHECK(find_html_fault(source.stories[0].body_html) == "");
  }
}

TEST_CASE("page: an empty anchor, as XHTML has it, makes no link of the page", "[page]") {
  const auto story = story_of_page(
      "<!DOCTYPE html><html><body><a name=\"top\"/><div id=\"fb-root\"/><div><h1>Two ports sign a "
      "pact</h1><p>The council of the harbour town decided on Wednesday evening to keep the last ferry "
      "across the "
      "lagoon.</p><p>Eleven members voted for the ferry and seven against it, said the clerk, who counted "
      "twice on "
      "that evening, and once more on the morning after it.</p></div></body></html>",
      address);
  CHECK(has(story, "The council of the harbour town"));
  CHECK(has(story, "Eleven members voted"));
}

TEST_CASE("page: of more text than any page has the first 4 MB are read", "[page]") {
  std::string prose;
  while (prose.size() < (5U << 20))
    prose += "<p>The council of the harbour town decided on Wednesday evening to keep the last ferry.</p>";
  const auto source =
      parse_page("<!DOCTYPE html><html><body><h1>Two ports sign a pact</h1>" + prose, address);
  REQUIRE(source.warnings.at(0).find("too much text") != std::string::npos);
  const auto one = parse_page(
      "<!DOCTYPE html><html><body><h1>Two ports sign a pact</h1><p>" + std::string(5U << 20, 'x') + "</p>",
      address);
  REQUIRE(one.warnings.at(0).find("too much text") != std::string::npos);
  REQUIRE(one.stories.at(0).body_text.size() <= (4U << 20));
}

TEST_CASE("page: a name that only the first part of the article has does not cut off the rest", "[page]") {
  const auto story = story_of_page(
      "<html lang=en><title>Ferries run again</title><meta property=og:type "
      "content=article><body><article><h1>Ferries run again</h1>"
      "<div class=\"story-body column\"><p>" +
          first_prose + "</p></div><div class=\"ad\"><p>Advertisement</p></div><div class=\"column\"><p>" +
          second_prose + "</p></div></article></body></html>",
      address);
  CHECK(story.body_text == first_prose + "\n\n" + second_prose);
}

TEST_CASE("page: who wrote it, and as what, is no text of the story", "[page]") {
  const auto story = story_of_page(
      "<html lang=en><title>Ferries run again</title><meta property=og:type content=article><meta "
      "name=author content=\"Ada Pilot\"><body><article>"
      "<h1>Ferries run again</h1><div>Ada Pilot</div><div>Harbour correspondent</div><p>" +
          first_prose + "</p><p>" + second_prose + "</p></article></body></html>",
      address);
  CHECK(story.body_text == first_prose + "\n\n" + second_prose);
  const auto dated = story_of_page(
      "<html lang=en><title>Ferries run again</title><meta property=og:type "
      "content=article><body><main><h1>Ferries run again</h1>"
      "<div><a rel=author href=/a>Ada Pilot</a><span>October 18, 2023 at 9:37 a.m.</span></div><p>" +
          first_prose + "</p></main></body></html>",
      address);
  CHECK(dated.body_text == first_prose);
}

TEST_CASE("page: pointers to other stories, in the words of many languages", "[page]") {
  for (const auto* pointer : {"Διαβάστε επίσης: Πλοία", "İlgili haber: Feribotlar", "관련기사: 여객선",
                              "Zobacz też: Promy", "Veja também: Balsas", "Läs mer: Färjorna",
                              "Mehr dazu: Fähren", "Read or Share this story: http://e.org"}) {
    CAPTURE(pointer);
    const auto story = story_of_page(
        "<html><title>Ferries run again</title><meta property=og:type "
        "content=article><body><article><h1>Ferries run again</h1><p>" +
            first_prose + "</p><p>" + pointer + "</p><p>" + second_prose + "</p></article></body></html>",
        address);
    CHECK(story.body_text == first_prose + "\n\n" + second_prose);
  }
}

TEST_CASE("page: blocks that are none of the story's, by what they are called", "[page]") {
  for (const auto* block : {"class=read-next", "class='copyright'", "class=print-only", "class=pullquote",
                            "data-component=related", "aria-label=Advertisement", "class=video-player"}) {
    CAPTURE(block);
    const auto story = story_of_page(
        "<html lang=en><title>Ferries run again</title><meta property=og:type content=article><body><article>"
        "<h1>Ferries run again</h1><p>" +
            first_prose + "</p><div " + block +
            "><p>Another text, which is as long as a paragraph of the story would be, "
            "but says nothing of the ferries.</p></div><p>" +
            second_prose + "</p><p>" + first_prose + " So they said.</p></article></body></html>",
        address);
    CHECK(story.body_text == first_prose + "\n\n" + second_prose + "\n\n" + first_prose + " So they said.");
  }
}
