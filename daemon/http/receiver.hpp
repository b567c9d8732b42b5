// The receiver: the other side of crier's channels, for trying them by hand (`crier receive`) and in tests.
// Prints every request in a readable way; what came in is hostile and shown with control characters escaped.
// On the loop; keeps nothing.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/message.hpp"

namespace crier::http {

struct ReceiverOptions {
  /// Whether the request's signature is good; empty = signatures are not looked at.
  std::function<Result<void>(const Request&)> verify;
};

/// POST /webhook: 204, or 401 when verify() refuses. POST /v{version}/{phone}/messages: printed and answered
/// like WhatsApp's Cloud API. Anything else: printed, 404. `out` outlives the Handler.
Handler receiver(std::ostream& out, ReceiverOptions options);

/// `text` as one can show it in a terminal: ill-formed UTF-8 repaired; control, bidi and line-separator
/// characters as \x1b or \u{202e}; line feeds and tabs stay.
std::string printable(std::string_view text);

}  // namespace crier::http
