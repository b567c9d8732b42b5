// Article sources: what an HTML page says about its article, each way of saying it a function, in the order
// in which they are believed.
// Called by article.cpp; pure, any thread. What is broken is ignored: a page is believed in parts.
#pragma once

#include <cstddef>
#include <string>

#include "story/article_draft.hpp"
#include "story/html_tree.hpp"

namespace crier::article {

/// The page's own address: <link rel=canonical>, else og:url.
void read_address(Draft& draft);

/// The JSON-LD of schema.org: an Article or one of its kinds (NewsArticle, LiveBlogPosting, …), alone, in a
/// list, in "@graph" or as the mainEntity of a page. A script that is no JSON is passed over with a warning.
void read_json_ld(Draft& draft);

/// Open Graph, article:*, Twitter cards, Dublin Core, Parse.ly and the like.
void read_metas(Draft& draft);

/// The microdata of schema.org (itemscope, itemprop).
void read_microdata(Draft& draft);

/// The language of <html>, the <title> and the first heading.
void read_page_head(Draft& draft);

/// The text in an element in one line, scripts and styles aside; what comes after `max_bytes` is left out.
std::string text_in(const html::Tree& tree, html::NodeId id, std::size_t max_bytes = 1000);

}  // namespace crier::article
