// Content: everything a mail shows, as plain values, and how a Story becomes an Item of it.
// The courier fills it once per batch on the workers; nothing here reads a clock, a zone or a database.
// Story text is hostile: make_item cleans and caps it, and body_html is never looked at.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace crier {

struct Story;

enum class ContentKind { alert, digest };

struct Paragraph {
  std::string text;  ///< plain, one line
  bool is_heading = false;
  bool operator==(const Paragraph&) const = default;
};

/// One story as a mail shows it. Empty = not shown.
struct Item {
  std::string title;
  std::string summary;
  std::vector<Paragraph> paragraphs;
  std::string url;  ///< where "Read the full story" leads, already tagged
  std::string image;
  std::string image_alt;   ///< what the picture shows; empty = decoration
  std::string byline;      ///< "Ada Obi, Li Wei": names without "By"
  std::string kicker;      ///< "Politics · East Asia"
  std::string published;   ///< in the zone of the reader: "18 October 2023, 20:37 WAT"
  std::string language;    ///< BCP 47
  std::string share_post;  ///< the link of each share button
  std::string share_email;
  std::string share_whatsapp;
  std::string reason;  ///< why this story is for this reader, when it differs per item
  std::string also;    ///< who reported it, too: "Also reported by The Sample Wire"
};

struct Site {
  std::string name;
  std::string url;
  std::string address;  ///< postal address, which bulk mail must carry
  std::string accent;   ///< "#rrggbb"; anything else means the default
};

struct Content {
  ContentKind kind = ContentKind::alert;
  std::string subject;
  Site site;
  std::string edition_title;  ///< "Lagos Morning"; of an alert: the name of the alert, or empty
  std::string edition_date;   ///< "Thursday, 19 October 2023"
  std::string preheader;      ///< what an inbox shows after the subject; empty = the first summary
  std::string language;       ///< of the mail as a whole, BCP 47
  std::vector<Item> items;
  std::size_t left_out = 0;  ///< further stories that matched, for which the edition has no room
};

struct Reader {
  std::string name;
  std::string reason;           ///< a whole clause: "You follow China and Russia"
  std::string unsubscribe_url;  ///< leads to a page that asks before it acts
};

/// What the readers of one form of a mail have in common: sections of a template depend on it.
struct FormReader {
  std::string reason;            ///< as Reader::reason
  bool has_name = false;         ///< that a mail can show
  bool has_unsubscribe = false;  ///< that a mail can link to

  bool operator==(const FormReader&) const = default;
};

FormReader form_reader_of(const Reader& reader);

/// What the Story itself cannot say.
struct ItemContext {
  ContentKind kind = ContentKind::alert;
  std::string url;        ///< the tagged or short link; empty = the URL of the story
  std::string published;  ///< as Item::published
  std::string share_post;
  std::string share_email;
  std::string share_whatsapp;
  std::string reason;
  std::string also;
};

/// An alert shows the summary and the first paragraphs (about 3 KB, or 24 KB when no link leads to the rest),
/// a digest the summary, or for want of one the beginning of the text. A cut within the text ends in `…`.
/// A story without a title is headed by the first words of its text.
Item make_item(const Story& story, const ItemContext& context);

/// The first paragraph that is no heading; empty when there is none.
std::string first_text(const Item& item);

/// `url` as it may stand in an href: absolute http or https, at most 2,048 bytes, without user info, host as
/// A-labels, other non-ASCII characters percent-encoded. Empty when it is anything else ("javascript:…").
std::string web_link(std::string_view url);

/// Whether web_link leaves `url` as it is, when that can be seen without conversions: true of most links.
bool is_plain_web_link(std::string_view url);

}  // namespace crier
