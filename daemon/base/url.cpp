#include "base/url.hpp"

#include <boost/url/parse.hpp>

namespace crier {

std::optional<boost::urls::url_view> parse_url(std::string_view text) {
  const auto url = boost::urls::parse_uri(text);
  if (!url) return std::nullopt;
  const bool path_is_apart = url->encoded_path().empty() || url->encoded_path().starts_with('/');
  if (url->has_authority() && !path_is_apart) return std::nullopt;
  return *url;
}

}  // namespace crier
