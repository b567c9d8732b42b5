#include "http/page.hpp"

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"

namespace crier::http {
namespace {

constexpr std::string_view style = R"(:root{color-scheme:light dark}
body{margin:0;font:1.0625rem/1.55 system-ui,sans-serif;background:Canvas;color:CanvasText}
main{max-width:34rem;margin:0 auto;padding:12vh 1.25rem 3rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem;overflow-wrap:anywhere}
p{margin:0 0 1.25rem;overflow-wrap:anywhere}
button{font:inherit;padding:.7rem 1.4rem;border:1px solid;border-radius:.5rem;background:CanvasText;color:Canvas;
cursor:pointer}
button.quiet{background:Canvas;color:CanvasText}
)";

}  // namespace

std::string html_page(std::string_view title, std::string_view body_html) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n{}\n</main>\n</body>\n</html>\n",
      html_escape(title), style, body_html);
}

std::string_view page_security_policy() {
  static const std::string policy = fmt::format(
      "default-src 'none'; style-src 'sha256-{}'; img-src https: data:; form-action 'self'; "
      "frame-ancestors 'none'; base-uri 'none'",
      to_base64(sha256(style)));
  return policy;
}

}  // namespace crier::http
