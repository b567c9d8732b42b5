// Feed names: which of a feed's elements say what, in all the vocabularies that feeds are written in.
// Called by feed.cpp; pure tables, any thread.
#pragma once

#include <optional>
#include <string_view>

#include "story/xml.hpp"

namespace crier {

/// The vocabularies that are understood. RSS and Atom share one: feeds mix them, and names do not clash.
enum class FeedSpace { core, content, dc, dcterms, itunes, media, rdf, sy, xhtml, xml, other };

enum class FeedElement {
  unknown,
  feed,   ///< rss, rdf:RDF, channel, feed
  item,   ///< item, entry
  aside,  ///< what has names like a story's but is about something else: the image of a channel, …
  source,
  title,
  link,
  guid,
  summary,
  content,
  published,
  updated,
  author,
  name,
  email,
  topic,
  keywords,
  language,
  enclosure,
  media_content,
  media_group,
  media_thumbnail,
  item_image,
  image_url,
  ttl,
  skipped_hour,
  skipped_day,
  update_period,
  update_frequency,
};

/// How much an element counts where several say the same: 0 is the most.
struct FeedName {
  FeedElement element = FeedElement::unknown;
  int rank = 0;
};

/// By URI in any case; a prefix that is not declared counts as the one that people use for it.
FeedSpace feed_space(const XmlName& name);

/// Names in any case.
FeedName feed_name(FeedSpace space, std::string_view local);

}  // namespace crier
