// The shell of crier's own small HTML pages: one column, readable on a phone and a desktop, light and dark,
// without script, cookie or anything fetched. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace crier::http {

/// A whole document. `title` is text, `body_html` is trusted HTML (escape what you put into it).
std::string html_page(std::string_view title, std::string_view body_html);

/// The Content-Security-Policy that lets such a page have its one style and post to this site, nothing else.
std::string_view page_security_policy();

}  // namespace crier::http
