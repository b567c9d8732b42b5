// /u/{token}: leaving, from the link in a mail (GET, then a button) or by one click of a mail program
// (POST, RFC 8058). GET and HEAD change nothing, so link scanners unsubscribe nobody. No cookie, no redirect.
// On the loop; a change is durable before its page says so.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "http/message.hpp"

namespace crier::http {

enum class UnsubscribeAction { stop, resume };

struct Standing {
  std::string about;  ///< the end of a sentence: "the morning edition", "alerts about chips"
  bool has_left = false;
};

struct UnsubscribeDoor {
  /// What the token is about. nullopt = the token is unknown; an Error is ours (503).
  using About = Result<std::optional<Standing>>;

  /// Changes nothing.
  std::function<boost::asio::awaitable<About>(std::string token)> look_up;
  /// Stops or resumes; doing either twice is harmless.
  std::function<boost::asio::awaitable<About>(std::string token, UnsubscribeAction action)> change;
};

/// For GET and for POST of the same pattern. A POST's form holds `List-Unsubscribe=One-Click` or `confirm=1`
/// to stop, `undo=1` to resume; anything else is 400 and changes nothing. Unknown token: 404.
Handler unsubscribe_page(UnsubscribeDoor door);

}  // namespace crier::http
