// GET /share/{story}: the links behind a share button, as JSON for programs or as an HTML snippet.
// Open to every site (CORS): it holds nothing but what the published story says. On the loop; changes
// nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace crier::http {

struct ShareLink {
  std::string target;  ///< "x", "email", "whatsapp"
  std::string url;
};

struct SharedStory {
  std::string id;
  std::string title;
  std::string url;
  std::vector<ShareLink> links;
  bool killed = false;
};

struct SharePage {
  /// By id or slug, from memory; nullopt = there is no such story.
  std::function<std::optional<SharedStory>(std::string_view story)> look_up;
  /// The snippet: escaped, without script.
  std::function<std::string(const SharedStory& story)> render_html;
  std::string style;  ///< within the snippet's style element
};

/// 200 with {"story": {"id", "title", "url"}, "links": {target: url}} or, when Accept prefers text/html or
/// the query says format=html, the snippet; 404 unknown, 410 killed.
Handler share_page(SharePage page);

}  // namespace crier::http
