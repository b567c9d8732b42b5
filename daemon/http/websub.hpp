// /websub/{token}: what a WebSub hub says to a subscriber: whether it was meant (GET, W3C WebSub §5.3), and
// what is new (POST, §7). The token is the only thing that lets anybody in, and a delivery counts by its
// signature alone. On the loop; whoever is asked answers at once.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace crier::http {

struct WebSubDoor {
  /// `hub.mode`, `hub.topic` and the rest of the query. False = not meant, or the token is unknown (404).
  std::function<bool(std::string_view token, const Parameters& query)> confirm;
  /// False when the token is unknown (404). What is wrongly signed is taken and dropped: a forger learns
  /// nothing.
  std::function<bool(std::string_view token, std::string_view signature, std::string_view content_type,
                     std::string body)>
      deliver;
  /// Whether a request with this head is a delivery to a token that is known.
  std::function<bool(const Request& head)> expects;
};

/// For GET and POST of one pattern with {token}.
Handler websub_page(WebSubDoor door);

}  // namespace crier::http
