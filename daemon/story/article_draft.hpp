// Article draft: the story of an HTML page while one source after the other says what it knows.
// Used by the readers of HTML pages alone; pure, any thread. Sources speak in the order of their trust, and
// what was said first stays: an offer counts where nothing usable was offered before.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "story/html_tree.hpp"
#include "story/reading.hpp"
#include "story/story.hpp"

namespace crier::article {

class Draft {
 public:
  Draft(Reading& reading, const html::Tree& tree);

  const html::Tree& tree() const { return tree_; }
  Reading& reading() const { return reading_; }
  /// What relative links of the page are relative to; empty = not known.
  const std::string& base() const { return base_; }
  /// The canonical form of where the page came from, else of what it calls itself; empty = not known.
  const std::string& page_url() const { return page_url_; }

  // Texts may hold entities and markup.
  void offer_title(std::string_view text);
  void offer_summary(std::string_view text);
  void offer_section(std::string_view text);
  void offer_site(std::string_view text);
  /// Counts when it is of the site that the page came from: a page cannot pass for another site's.
  void offer_url(std::string_view reference);
  void offer_image(std::string_view reference);
  void offer_published(std::string_view text);
  void offer_updated(std::string_view text);
  void offer_language(std::string_view tag);
  /// Lines with one or more names each; "By …" and addresses of profiles do not count as names.
  void offer_authors(const std::vector<std::string>& lines);
  void offer_topics(const std::vector<std::string>& topics);
  /// A body that the page carries beside its markup: HTML or text.
  void offer_body(std::string_view text);
  void add_enclosure(std::string_view reference, std::string_view type);

  /// Takes off the title what stands around `heading`, the first of the page, and the name of the site.
  void cut_site_off_title(std::string_view heading);

  Story story;
  std::string body;         ///< as offered
  bool is_article = false;  ///< the page says that it is one
  bool is_paid = false;     ///< the page says that not everybody may read all of it

 private:
  Reading& reading_;
  const html::Tree& tree_;
  std::string base_;
  std::string page_url_;
};

/// The letters and digits of `text` in lower case: enough to tell whether two lines say the same.
std::string letters_of(std::string_view text);

/// "By Jane Sample and John Sample", "Von Eva Muster und Max Muster", "文/佐藤花子" → the names. A line that
/// has no such word in front is all names. Empty when it cannot be names.
std::vector<std::string> names_of(std::string_view line);

/// Whether the line begins with a word that announces a name, in any of the languages that we know.
bool is_byline(std::string_view line);

/// The title without what a separator and the name of the site add to it. `site` and `host` may be empty;
/// without them only separators that no sentence has are believed.
std::string cut_site(std::string_view title, std::string_view site, std::string_view host);

}  // namespace crier::article
