// The whole input as an Accept, an Authorization, a Content-Type and a parameter list.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/header_values.hpp"

using namespace crier::http;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const int quality = accepted_quality(text, "text/html");
  require(quality >= 0 && quality <= 1000);
  prefers_html(text);
  if (const auto token = bearer_token(text))
    require(!token->empty() && token->find(' ') == std::string_view::npos);
  const auto type = media_type(text);
  require(type.empty() || (type.find('/') != std::string::npos && media_type(type) == type));
  for (const auto* name : {"boundary", "name", "q"}) header_parameter(text, name);
  return 0;
}
