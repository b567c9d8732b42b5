#include "support/sample_mail.hpp"

#include "channel/share_link.hpp"
#include "story/story.hpp"

namespace crier::testing {
namespace {

struct Sample {
  std::string id;
  std::string title;
  std::string summary;
  std::string body;
  std::string section;
  std::string region;
  std::vector<std::string> authors;
  std::string published;
  std::vector<std::string> headings{};
  std::string language = "en";
};

Item item_of(const Sample& sample, ContentKind kind) {
  Story story;
  story.id = sample.id;
  story.title = sample.title;
  story.summary = sample.summary;
  story.body_text = sample.body;
  story.headings = sample.headings;
  story.section = sample.section;
  story.regions = {sample.region};
  story.authors = sample.authors;
  story.language = sample.language;
  const auto url = "https://ledger.example.org/2024/03/" + sample.id;
  const auto shared = [&](ShareTarget target, const char* medium) {
    return share_url(target, {.title = story.title,
                              .url = tag_url(url, {.source = "ledger", .medium = medium}),
                              .via = "harbourledger"});
  };
  return make_item(story,
                   {.kind = kind,
                    .url = tag_url(url, {.source = "ledger", .medium = "email", .campaign = "2024-03-14"}),
                    .published = sample.published,
                    .share_post = shared(ShareTarget::x, "social"),
                    .share_email = shared(ShareTarget::email, "email"),
                    .share_whatsapp = shared(ShareTarget::whatsapp, "whatsapp")});
}

Sample tide_clock() {
  return {
      .id = "tide-clock",
      .title = "Three harbour towns agree to share one tide clock",
      .summary =
          "From May, ferries between Saltmere, Quay Norden and Fenwick Sound will leave by the water, not by "
          "the clock on the wall.",
      .body =
          "The councils of three towns on the North Coast voted on Thursday to run their ferries by a single "
          "tide table, ending an argument that has outlived four harbour masters.\n\n"
          "Nineteen minutes\n\n"
          "Until now each town computed its own high water. The tables differed by up to nineteen minutes, "
          "enough to leave a full boat waiting outside a gate that its neighbour already considered open.\n\n"
          "“Nobody was wrong, we simply measured at different piers,” said Ines Calloway, who keeps the "
          "gauge "
          "at Quay Norden. The new table takes the middle of the sound as its reference and will be "
          "published "
          "every evening for the day after.\n\n"
          "Next: a trial?\n\n"
          "Fishing crews asked for a trial over the winter first. The towns settled on a review in November.",
      .section = "transport",
      .region = "North Coast",
      .authors = {"Mara Lindqvist", "Teo Adeyemi"},
      .published = "14 March 2024, 18:20 GMT",
      .headings = {"Nineteen minutes", "Next: a trial?"}};
}

std::vector<Sample> morning() {
  return {tide_clock(),
          {.id = "seed-vault",
           .title = "A seed vault opens its doors to gardeners",
           .summary =
               "Two hundred forgotten varieties of beans go out by post, on one condition: send some back.",
           .body = "",
           .section = "science",
           .region = "Highlands",
           .authors = {"Ada Okonjo"},
           .published = "14 March 2024, 16:05 GMT"},
          {.id = "night-train",
           .title = "قطار الليل يعود إلى الساحل بعد عشرين عاما",
           .summary = "تنطلق الرحلة الأولى في الربيع، وقد بيعت المقاعد كلها في أقل من ساعة.",
           .body = "",
           .section = "نقل",
           .region = "الساحل",
           .authors = {"ليلى حداد"},
           .published = "14 March 2024, 11:40 GMT",
           .language = "ar"},
          {.id = "library-fines",
           .title = "Library drops fines & gets 4,112 books back",
           .summary = "",
           .body = "The oldest had been due in 1961. It came with a letter, an apology and a pressed "
                   "fern.\n\nNot shown.",
           .section = "culture",
           .region = "Fenwick Sound",
           .authors = {},
           .published = "14 March 2024, 09:15 GMT"}};
}

Content of_ledger(ContentKind kind) {
  Content content;
  content.kind = kind;
  content.site = {.name = "The Harbour Ledger",
                  .url = "https://ledger.example.org/",
                  .address = "1 Pier Road, Saltmere SM1 2QN",
                  .accent = "#0b4f6c"};
  content.language = "en";
  return content;
}

}  // namespace

Content sample_alert() {
  auto content = of_ledger(ContentKind::alert);
  content.items = {item_of(tide_clock(), content.kind)};
  content.subject = content.items.front().title;
  return content;
}

Content sample_digest() {
  auto content = of_ledger(ContentKind::digest);
  content.edition_title = "The Morning Tide";
  content.edition_date = "Friday, 15 March 2024";
  for (const auto& sample : morning()) content.items.push_back(item_of(sample, content.kind));
  content.subject = content.edition_title + ": " + content.items.front().title;
  return content;
}

Reader sample_reader() {
  return {.name = "Amara",
          .reason = "You follow Harbours and ferries",
          .unsubscribe_url = "https://u.ledger.example.org/o/k3J9sample"};
}

}  // namespace crier::testing
