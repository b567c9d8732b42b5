// Envelope: who a message is from and to on the wire (RFC 5321 §2.3.1), apart from its headers; and the only
// door by which an address gets into an SMTP command. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace crier {

struct Envelope {
  std::string from;        ///< reverse-path; empty = null sender <>
  std::string to;          ///< one recipient
  std::string message_id;  ///< with its angle brackets; the same on every attempt
};

/// An address as SMTP sends it between < and >.
struct WireAddress {
  std::string text;         ///< the domain in A-labels (RFC 5890)
  bool needs_utf8 = false;  ///< the local part is not ASCII: only under SMTPUTF8 (RFC 6531)
};

/// "local@domain": local part a dot-atom (UTF-8 letters allowed) of at most 64 bytes, domain a host name, 254
/// bytes in all. Quoted local parts and address literals are refused, and with them spaces, CR, LF, < and >.
Result<WireAddress> to_wire_address(std::string_view address);

}  // namespace crier
