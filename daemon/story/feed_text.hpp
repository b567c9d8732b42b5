// Feed text: what a title, a summary or a name of a feed means, by its type and by how people write it.
// Called by the readers of feeds; pure, any thread.
#pragma once

#include <string>
#include <string_view>

namespace crier {

enum class FeedTextKind {
  text,    ///< no markup: "<b>" means these three characters
  html,    ///< markup
  either,  ///< RSS does not say; markup when it looks so
  base64,  ///< of a file that is no text
};

/// `type` and `mode` as Atom (RFC 4287 §3.1.1, §4.1.3) and Atom 0.3 have them; both empty = `otherwise`.
FeedTextKind feed_text_kind(std::string_view type, FeedTextKind otherwise);

bool looks_like_html(std::string_view text);

/// The text alone, in one line.
std::string feed_line(std::string_view text, FeedTextKind kind);

/// "jane@example.org (Jane Sample)", "Jane Sample <jane@example.org>" → "Jane Sample"; a bare address stays.
std::string feed_author(std::string_view text);

}  // namespace crier
