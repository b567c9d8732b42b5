// MailPieces: a message as it goes on the wire, in the pieces it was made of, so that what many readers share
// is neither copied nor looked at again for each. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace crier {

/// Bytes that were looked at once for what SMTP cannot carry. Does not own them.
class WireText {
 public:
  WireText() = default;
  /// Reads all of `bytes`: make it once of what many messages share.
  WireText(std::string_view bytes);

  std::string_view bytes() const { return bytes_; }

 private:
  friend struct MailFacts facts_of(std::span<const WireText> pieces);

  std::string_view bytes_;
  std::size_t before_break_ = 0;  // bytes up to the first line end, all when there is none
  std::size_t after_break_ = 0;   // bytes after the last one
  bool has_break_ = false;
  bool is_clean_ = true;  // in itself: what its neighbours make of it, facts_of sees
  bool is_eight_bit_ = false;
};

/// What its pieces tell of a message.
struct MailFacts {
  std::uint64_t size = 0;  ///< bytes
  bool eight_bit = false;  ///< a byte above 127 occurs
  /// All line ends are CRLF, one ends the message and none is cut between two pieces; no line begins with a
  /// dot or has more than 998 bytes (RFC 5322 §2.1.1), and there is no NUL. Then the same bytes serve DATA
  /// and BDAT, and no two servers can disagree where the message ends (SMTP smuggling).
  bool is_clean = false;
};

/// Takes as long as there are pieces, not bytes.
MailFacts facts_of(std::span<const WireText> pieces);

/// A message to one reader. What it points to outlives the call that it is given to.
struct MailPieces {
  std::string_view from;  ///< as in Envelope, like the next two
  std::string_view to;
  std::string_view message_id;
  std::span<const WireText> pieces;  ///< one after the other: headers and body
};

}  // namespace crier
