// MIME: the headers and bodies that a message is put together from (RFC 5322, 2045–2047), ready for signing
// and SMTP. The parts of MailForm; pure, any thread. Every header value is outside data: what could start
// another header is an Error, never repaired in silence.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace crier {

struct Mailbox {
  std::string name;     ///< UTF-8, may be empty
  std::string address;  ///< local@domain; of letters in any script, the domain may be IDN
};

/// What all readers of a mail are sent alike. Empty = header not written, except From, Subject and Date,
/// which every message has.
struct MailHeaders {
  Mailbox from;
  Mailbox reply_to;
  std::string subject;
  Time date{};
  std::string in_reply_to;  ///< left@right, without angle brackets
  std::vector<std::string>
      references;                   ///< as in_reply_to, oldest first; the first and the last nine are written
  std::string list_name;            ///< for people: "Morning brief"
  std::string list_id;              ///< "morning.news.example" (RFC 2919)
  std::string unsubscribe_address;  ///< for a mailto: beside the link of List-Unsubscribe (RFC 2369)
  std::string feedback_id;          ///< "campaign:edition:type:sender"
  bool auto_generated = true;       ///< Auto-Submitted (RFC 3834)
};

/// The headers of MailHeaders, in order, cut where those of one reader go.
struct SharedHeaders {
  std::string before_to;
  std::string before_message_id;
  std::string before_unsubscribe;
  std::string rest;                ///< all but MIME-Version and Content-Type
  std::string unsubscribe_mailto;  ///< "<mailto:…>", or empty
};

/// CRLF line ends, ASCII only but for such an address (see to_header_address), no line above 998 bytes and
/// those of our making within 76. An Error names the header that holds CR, LF or NUL, is not an address, an
/// id or a host name, or is missing.
Result<SharedHeaders> write_headers(const MailHeaders& headers);

/// Each appends a header of one reader's to `out`, in the same form and with the same errors; after an Error
/// `out` may end in half of it.
Result<void> append_to(std::string_view name, std::string_view address, std::string& out);
/// `id` is left@right, without angle brackets.
Result<void> append_message_id(std::string_view id, std::string& out);
/// Only an https link is one that mail programs can use in one click: with it comes List-Unsubscribe-Post
/// (RFC 8058). Nothing is written when there is neither such a link nor a `mailto`.
Result<void> append_unsubscribe(std::string_view url, std::string_view mailto, std::string& out);

/// An address as a header takes it: domain as A-labels, local part quoted where it must be
/// (RFC 5321 §4.1.2). A local part beyond ASCII stands there in UTF-8 (RFC 6532): such a mail is for servers
/// with SMTPUTF8 only. An Error for what is no address.
Result<std::string> to_header_address(std::string_view address);

/// An unstructured header ("Subject: …\r\n"): folded, RFC 2047 encoded words of at most 75 characters where
/// it is not plain ASCII, cut between graphemes. Ill-formed UTF-8 becomes U+FFFD. An Error for CR, LF and
/// NUL.
Result<std::string> encode_text_header(std::string_view name, std::string_view value);

enum class TextEnd {
  line,     ///< the last line ends here
  goes_on,  ///< in the middle of a line more text follows: a soft line break leads to it
};

/// Appends quoted-printable with CRLF (RFC 2045 §6.7), which begins and ends at the start of a line. CR, LF
/// and CRLF in `text` are all line ends. "From " and a dot at the start of a line are encoded, so that no
/// mailbox format or SMTP relay changes them.
void append_quoted_printable(std::string_view text, TextEnd end, std::string& out);

/// A whole text in quoted-printable.
std::string to_quoted_printable(std::string_view text);

/// Appends base64 in lines of 76 characters with CRLF (RFC 2045 §6.8).
void append_base64_lines(std::string_view bytes, std::string& out);

/// `text` with CRLF for each of CR, LF and CRLF, as base64 takes it.
std::string with_crlf(std::string_view text);

/// Whether base64 makes `text` shorter than quoted-printable, which triples what is beyond ASCII.
bool is_shorter_in_base64(std::string_view text);

}  // namespace crier
