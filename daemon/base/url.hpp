// Reading URLs: the one door to Boost.URL's parser. Pure, any thread.
#pragma once

#include <optional>
#include <string_view>

#include <boost/url/url_view.hpp>

namespace crier {

/// An absolute URI (RFC 3986 §3); it views `text`. nullopt for anything else, and for a host that begins like
/// an IPv4 address and goes on: Boost 1.81 reads "http://127.0.0.1.example.org" as 127.0.0.1 with the path
/// ".example.org", while everybody else connects to the name.
std::optional<boost::urls::url_view> parse_url(std::string_view text);

}  // namespace crier
