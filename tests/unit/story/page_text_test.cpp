#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "story/parse.hpp"

using namespace crier;

namespace {

const Vocabulary vocabulary{{"politics", "technology", "energy", "sport"}, {"east asia", "Africa"}};

std::string page(const std::string& name) {
  return read_file(CRIER_SOURCE_DIR "/tests/fixtures/stories/" + name, max_story_bytes).value();
}

std::string as_json(const Story& story) {
  return boost::json::serialize(to_json(story));
}

ParsedSource parse(const std::string& bytes, const std::string& file_name = "page.txt") {
  ParseOptions options;
  options.file_name = file_name;
  options.vocabulary = &vocabulary;
  auto source = parse_stories(bytes, options);
  REQUIRE(source);
  REQUIRE(source->format == "page-text");
  REQUIRE(source->stories.size() == 1);
  return *std::move(source);
}

std::string published(const Story& story) {
  return story.published ? to_rfc3339(*story.published) : "absent";
}

using List = std::vector<std::string>;

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

}  // namespace

TEST_CASE("a scraped page gives its story without menus, advertising and buttons") {
  const auto source = parse(page("harbour-pact.txt"));
  const auto& story = source.stories.front();
  REQUIRE(source.warnings.empty());
  REQUIRE(source.encoding == "utf-8");
  REQUIRE_FALSE(source.bozo);
  REQUIRE(story.id == "two-ports-sign-a-pact-on-cleaner-ships-2023-10-18");
  REQUIRE(story.title == "Two ports sign a pact on cleaner ships");
  REQUIRE(published(story) == "2023-10-18T19:37:00Z");
  REQUIRE(story.topics == List{"politics"});
  REQUIRE(story.regions == List{"East Asia"});
  REQUIRE(story.site == "Harbour Post");
  REQUIRE(story.language.empty());
  REQUIRE_FALSE(story.urgency);
  REQUIRE(story.summary.starts_with("The mayors of Portvale and Kaito declared"));
  REQUIRE(story.summary.ends_with("the Kaito lighthouse."));
  REQUIRE(story.body_text.starts_with("The Facts\n\nThe mayors of Portvale"));
  REQUIRE(story.body_text.find("\n\nVIEWS\n\nThe pact comes as") != std::string::npos);
  REQUIRE(story.body_text.ends_with("\n\n• Kaito will train the crews."));
  REQUIRE(story.headings == List{"The Facts", "VIEWS", "Facebook"});
  for (const auto* noise :
       {"AD", "icon", "What the coast talks about", "Whatsapp", "Wavepix", "Doha", "Accra", "Logo"}) {
    CAPTURE(noise);
    REQUIRE(story.body_text.find(noise) == std::string::npos);
    REQUIRE(story.body_html.find(noise) == std::string::npos);
  }
  REQUIRE(story.body_html.starts_with("<h2>The Facts</h2>\n<p>The mayors"));
  REQUIRE(story.body_html.find("<h2>VIEWS</h2>") != std::string::npos);
  REQUIRE(story.body_html.ends_with("<li>Kaito will train the crews.</li>\n</ul>"));
}

TEST_CASE("the same page is the same story however its bytes were written") {
  const auto expected = parse(page("harbour-pact.txt")).stories.front();
  const auto utf8 = page("harbour-pact.txt");
  const auto nbsp = replace_all(utf8, "Oct 18, 2023", "Oct\u00a018,\u00a02023");
  const auto written = GENERATE_COPY(values<std::string>({
      replace_all(utf8, "\n", "\r\n"),
      replace_all(utf8, "\n", "\r"),
      "\ufeff" + utf8,
      nbsp,
      replace_all(utf8, "ports", "po\u200brts"),
      replace_all(utf8, "\n", "\u200b\n"),
      replace_all(utf8, "\n", " \t\n"),
  }));
  const auto story = parse(written).stories.front();
  REQUIRE(as_json(story) == as_json(expected));
}

TEST_CASE("windows-1252 is read as what it is, and said") {
  const auto utf8 = page("harbour-pact.txt");
  const auto expected = parse(utf8).stories.front();
  auto legacy = replace_all(replace_all(replace_all(utf8, "•", "\x95"), "“", "\x93"), "”", "\x94");
  const auto source = parse(legacy);
  REQUIRE(source.encoding == "windows-1252");
  REQUIRE(source.bozo);
  REQUIRE(as_json(source.stories.front()) == as_json(expected));

  const auto mixed = parse(replace_all(utf8, "“", "\x93"));
  REQUIRE(mixed.encoding == "utf-8+windows-1252");
  REQUIRE(as_json(mixed.stories.front()) == as_json(expected));
}

TEST_CASE("without a menu: title, standfirst, bylines and a British date") {
  const auto story = parse(page("lagoon-bridge.txt")).stories.front();
  REQUIRE(story.title == "The bridge over the lagoon opens after nine years");
  REQUIRE(story.summary == "Residents cheered as the first bus rolled across on Wednesday.");
  REQUIRE(story.authors == List{"Jane Sample", "John Sample"});
  REQUIRE(published(story) == "2023-10-18T14:37:00Z");
  REQUIRE(story.body_text.starts_with("LAGOON CITY — The first bus"));
  REQUIRE(story.body_html.find("<h2>What happens next?</h2>") != std::string::npos);
  REQUIRE(story.body_html.find("<p>\"I have waited") != std::string::npos);
}

TEST_CASE("a broken date costs the date, not the story") {
  const auto source = parse(page("broken-date.txt"), "broken-date.txt");
  const auto& story = source.stories.front();
  REQUIRE(story.title == "Rain stops the cup final for a second day");
  REQUIRE_FALSE(story.published);
  REQUIRE(story.id == "rain-stops-the-cup-final-for-a-second-day");
  REQUIRE(source.warnings.size() == 1);
  REQUIRE(source.warnings.front().starts_with("broken-date.txt:3:1: "));
  REQUIRE(source.warnings.front().find("Oct 38, 2023") != std::string::npos);
  REQUIRE(story.topics == List{"sport"});
  REQUIRE(story.regions == List{"Western Europe"});
  REQUIRE(story.body_text.starts_with("The final will start again"));
  REQUIRE(story.body_text.find("Advertisement") == std::string::npos);
}

TEST_CASE("without a date the credit and the buttons show where the title ends") {
  const auto story = parse(page("no-date.txt")).stories.front();
  REQUIRE(story.title == "A village votes to keep its last phone box");
  REQUIRE(story.topics == List{"technology"});
  REQUIRE(story.regions == List{"Africa"});
  REQUIRE(story.body_text.starts_with("The Vote\n\nThe villagers"));
  REQUIRE_FALSE(story.published);
}

TEST_CASE("byline, date and reading time on one line; a menu of pipes; a copyright") {
  const auto source = parse(page("pipes.txt"));
  const auto& story = source.stories.front();
  REQUIRE(source.warnings.empty());
  REQUIRE(story.title == "Island grid runs a week on wind alone");
  REQUIRE(story.authors == List{"Ada Sample"});
  REQUIRE(published(story) == "2023-10-18T15:37:00Z");
  REQUIRE(story.topics == List{"Politics", "Energy"});
  REQUIRE(story.regions == List{"Northern Europe"});
  REQUIRE(story.body_text.starts_with("The grid of the island"));
  REQUIRE(story.body_text.ends_with("according to the log."));
}

TEST_CASE("paragraphs broken at 72 columns become whole again") {
  const auto story = parse(page("wire-wrapped.txt")).stories.front();
  REQUIRE(story.title == "Miners and company agree on shifts of eight hours");
  REQUIRE(story.authors == List{"John Sample"});
  REQUIRE(published(story) == "2023-10-18T19:37:00Z");
  REQUIRE(story.body_text.find("agreed on shifts of eight hours, ending") != std::string::npos);
  REQUIRE(story.summary.ends_with("bakery without customers."));
  REQUIRE(story.body_html.find("<h2>") == std::string::npos);
}

TEST_CASE("a date without a time of day is midnight, with a warning") {
  const auto source = parse(page("day-only.txt"));
  const auto& story = source.stories.front();
  REQUIRE(story.title == "Kelp farmers count a record harvest");
  REQUIRE(published(story) == "2023-10-18T00:00:00Z");
  REQUIRE(story.regions == List{"Oceania"});
  REQUIRE(source.warnings.size() == 1);
  REQUIRE(source.warnings.front().starts_with("page.txt:5:1: "));
}

TEST_CASE("glued tags come apart") {
  struct Sample {
    std::string line;
    List topics, regions;
  };
  const auto sample = GENERATE(values<Sample>({
      {"politicsEast Asia", {"politics"}, {"East Asia"}},
      {"politicseast asia", {"politics"}, {"east asia"}},
      {"politicsenergyEast AsiaAfrica", {"politics", "energy"}, {"East Asia", "Africa"}},
      {"East Asia politics", {"politics"}, {"East Asia"}},
      {"Politics · East Asia", {"Politics"}, {"East Asia"}},
      {"politics, sport", {"politics", "sport"}, {}},
      {"politicsDeep Sea", {"politics", "Deep Sea"}, {}},
      {"cloudsMiddle East", {"clouds"}, {"Middle East"}},
      {"weather", {"weather"}, {}},
      {"Kelp · Africa", {"Kelp"}, {"Africa"}},
  }));
  CAPTURE(sample.line);
  const auto story = parse("A title of four words\n\nOct 18, 2023, 3:37pm EDT\n" + sample.line +
                           "\n\nThe News\n\nSome body.\n")
                         .stories.front();
  REQUIRE(story.topics == sample.topics);
  REQUIRE(story.regions == sample.regions);
  REQUIRE(story.body_text == "The News\n\nSome body.");
}

TEST_CASE("what only looks like a tag, a byline or a date stays in the story") {
  const auto story =
      parse(
          "Cannes, May 2024: eleven films to see\n\nOct 18, 2023, 3:37pm EDT\n\nBy the numbers\n\n"
          "The festival shows eleven films that nobody has seen, its director said.\n\n"
          "AD 79\n\nThe volcano is the subject of one of them, she said on the phone.\n")
          .stories.front();
  REQUIRE(story.title == "Cannes, May 2024: eleven films to see");
  REQUIRE(story.authors.empty());
  REQUIRE(story.body_text.starts_with("By the numbers\n\nThe festival"));
  REQUIRE(story.body_text.find("\n\nAD 79\n\n") != std::string::npos);
}

TEST_CASE("the title is found above or under the date, and may name its site") {
  const std::string body = "\n\nThe ferry left an hour late because of the fog over the bay.\n";
  REQUIRE(parse("Oct 18, 2023, 3:37pm EDT\n\nFog stops the ferry\nBy Jane Sample" + body).stories[0].title ==
          "Fog stops the ferry");
  REQUIRE(parse("Menu\nHarbour Post Logo\nHarbour Post Briefing\nHarbour Post wins a prize for its maps\n"
                "Oct 18, 2023, 3:37pm EDT" +
                body)
              .stories[0]
              .title == "Harbour Post wins a prize for its maps");
  REQUIRE(
      parse("Weather\n\nFog stops the ferry\n\nPublished Oct 18, 2023 3pm ET | Updated Oct 19, 2023 4pm ET" +
            body)
          .stories[0]
          .title == "Fog stops the ferry");
  const auto updated =
      parse("Fog stops the ferry\n\nPublished Oct 18, 2023 3pm ET | Updated: Oct 19, 2023 4pm ET" + body)
          .stories[0];
  REQUIRE(published(updated) == "2023-10-18T19:00:00Z");
  REQUIRE(to_rfc3339(updated.updated.value()) == "2023-10-19T20:00:00Z");
}

TEST_CASE("markup in a page is text") {
  const auto story =
      parse("A <b>bold</b> title\n\n<script>alert(1)</script> stood on the wall of the house.\n")
          .stories.front();
  REQUIRE(story.title == "A <b>bold</b> title");
  REQUIRE(story.body_html == "<p>&lt;script&gt;alert(1)&lt;/script&gt; stood on the wall of the house.</p>");
}

TEST_CASE("text direction and control characters do not travel in a title") {
  const auto story =
      parse("A \u202etitle\u2066 with\x01 tricks and more words that count\n\nBody.\n").stories.front();
  REQUIRE(story.title == "A title with tricks and more words that count");
}

TEST_CASE("a headline alone is a story") {
  const auto story = parse("Dam breaks above Sample Valley\n").stories.front();
  REQUIRE(story.title == "Dam breaks above Sample Valley");
  REQUIRE(story.body_text.empty());
  REQUIRE(story.summary.empty());
}

TEST_CASE("hostile pages end quickly") {
  std::string many_lines, many_dates, one_line(900'000, 'a'), tags;
  for (int i = 0; i < 200'000; ++i) many_lines += "a b\n";
  for (int i = 0; i < 20'000; ++i) many_dates += "Oct 38, 2023, 3:37pm EDT\n";
  for (int i = 0; i < 20'000; ++i) tags += "politicspoliticspoliticspoliticsp\n";
  for (const auto& text : {many_lines, many_dates, one_line, tags}) {
    ParseOptions options;
    options.vocabulary = &vocabulary;
    const auto source = parse_stories("A title\n" + text, options);
    REQUIRE(source);
    REQUIRE(source->warnings.size() <= max_warnings + 1);
  }
}

TEST_CASE("lines of names and values over a plain text are its fields") {
  const auto source = parse_stories(
      "title: Two ports sign a pact\nauthor: Jane Sample\ndate: 2023-10-18 15:37 UTC\n\nWhat next\n\nThe two "
      "ports of the bay have signed a pact about their pilots.\n",
      {.file_name = "story.txt"});
  REQUIRE(source);
  REQUIRE(source->format == "page-text");
  const auto& story = source->stories.at(0);
  REQUIRE(story.title == "Two ports sign a pact");
  REQUIRE(story.authors == std::vector<std::string>{"Jane Sample"});
  REQUIRE(to_rfc3339(*story.published) == "2023-10-18T15:37:00Z");
  REQUIRE(story.body_text == "What next\n\nThe two ports of the bay have signed a pact about their pilots.");
  const auto held = parse_stories("title: T\ndraft: perhaps\n\nBody.\n", {.file_name = "story.txt"});
  REQUIRE_FALSE(held);
  REQUIRE(held.error().message == "story.txt:2:1: draft: must be true or false");
}

TEST_CASE("a name beside the date under the title is the author's") {
  const auto story_of = [](const std::string& line) {
    const auto source = parse_stories(
        "Two ports sign a pact\n" + line + "\n\nThe two ports of the bay have signed a pact.\n", {});
    REQUIRE(source);
    REQUIRE(source->stories.at(0).title == "Two ports sign a pact");
    return source->stories.at(0);
  };
  const auto story = story_of("Jane Doe | 18 Oct 2023");
  REQUIRE(story.authors == std::vector<std::string>{"Jane Doe"});
  REQUIRE(to_rfc3339(*story.published) == "2023-10-18T00:00:00Z");
  REQUIRE(story_of("18 Oct 2023 · Jane Doe").authors == std::vector<std::string>{"Jane Doe"});
  for (const auto* none : {"World News | 18 Oct 2023", "5 min read | 18 Oct 2023", "Politics | 18 Oct 2023"})
    REQUIRE(story_of(none).authors.empty());
}

TEST_CASE("numbered lines are no headings") {
  const auto source = parse_stories(
      "How to close the harbour\n\nThe pilots of the bay have written down what is to be done first.\n\n1. "
      "Close "
      "the gates\n\n2. Call the pilot\n\nThat is all that they have written down for now.\n",
      {});
  REQUIRE(source);
  REQUIRE(source->stories.at(0).headings.empty());
  REQUIRE(source->stories.at(0).body_text.find("1. Close the gates\n\n2. Call the pilot") !=
          std::string::npos);
}

TEST_CASE("pages in other languages have bylines, dates, buttons and pointers, too") {
  struct Page {
    std::string date, byline, share, caption, pointer;
    List authors;
  };
  const std::string title = "Zwei Häfen schließen einen Pakt über saubere Schiffe";
  const std::string first =
      "Die Bürgermeister beider Häfen haben am Mittwoch erklärt, dass alle Schiffe der Lagune sauber werden "
      "sollen.";
  const std::string second =
      "Der Rat entscheidet in der nächsten Woche, was davon im Januar schon in Kraft tritt.";
  for (const auto& page : {Page{"18. Oktober 2023, 15:37 Uhr",
                                "Von Jana Muster",
                                "Auf Facebook teilen",
                                "Der Hafen. Foto: J. Linse",
                                "Lesen Sie auch: Die Fähren",
                                {"Jana Muster"}},
                           Page{"Publié le 18 octobre 2023 à 15h37",
                                "Par Zoé Exemple et Luc Modèle",
                                "Partager sur X",
                                "Le port. Photo : J. Lens",
                                "Lire aussi : Les ferries",
                                {"Zoé Exemple", "Luc Modèle"}},
                           Page{"18/10/2023 15h37",
                                "Por Rui Exemplo",
                                "Compartilhar",
                                "O porto. Foto: J. Lente",
                                "Leia também: As balsas",
                                {"Rui Exemplo"}},
                           Page{"18 października 2023, 15:37",
                                "Autor: Jan Wzór",
                                "Udostępnij na Facebooku",
                                "Port. Fot. J. Lens",
                                "Czytaj także: Promy",
                                {"Jan Wzór"}},
                           Page{"18 октября 2023, 15:37",
                                "Автор: Иван Образец",
                                "Поделиться ВКонтакте",
                                "Порт. Фото: Ю. Линз",
                                "Читайте также: Паромы",
                                {"Иван Образец"}},
                           Page{"2023年10月18日 15:37",
                                "记者：王小明",
                                "分享到微博",
                                "港口。摄影：J. 镜头",
                                "相关阅读：渡轮",
                                {"王小明"}}}) {
    CAPTURE(page.date);
    const auto story =
        parse(title + "\n\n" + page.byline + "\n\n" + page.date + "\n\n" + page.share + "\n\n" +
              page.caption + "\n\n" + first + "\n\n" + second + "\n\n" + page.pointer + "\n")
            .stories.front();
    CHECK(story.title == title);
    CHECK(published(story) == "2023-10-18T15:37:00Z");
    CHECK(story.authors == page.authors);
    CHECK(story.body_text == first + "\n\n" + second);
  }
}

TEST_CASE("a name of four letters under a headline without spaces is not the headline") {
  const auto story = parse(
                         "三週間の嵐の後、港が再開\n\n読者花子\n\n2023年10月18日 "
                         "9時37分\n\n湾の外では二百隻の船が待っており、最初の穀物船は夜明け直後に接岸したと、"
                         "港の当局が水曜日の朝に発表した。\n")
                         .stories.front();
  CHECK(story.title == "三週間の嵐の後、港が再開");
  CHECK(published(story) == "2023-10-18T09:37:00Z");
}

TEST_CASE("a headline with a day or a network in it is one") {
  for (const std::string title : {"Wahl am 18. Oktober 2023", "Auf nach Mailand", "Von Hamburg nach Berlin",
                                  "Facebook teilen sich zwei Erben, die streiten"}) {
    CAPTURE(title);
    const auto story =
        parse(title +
              "\n\n19. Oktober 2023\n\nDie Stadt hat am Mittwoch entschieden, was sie in diesem "
              "Jahr noch vorhat und was nicht.\n")
            .stories.front();
    CHECK(story.title == title);
    CHECK(published(story) == "2023-10-19T00:00:00Z");
  }
}

TEST_CASE("a text of nothing but long paragraphs is a story, named by its content") {
  std::string paragraph;
  for (int i = 0; i < 12; ++i) paragraph += "The harbour opened its new quay on Monday. ";
  const auto story = parse(paragraph + "\n\n" + paragraph).stories.at(0);
  CHECK(story.title.empty());
  CHECK(story.id.starts_with("item-"));
  CHECK(story.body_text.size() > paragraph.size());
}
