// MIME: one complete message (RFC 5322, 2045–2047) of headers, text and HTML, ready for signing and SMTP.
// The workers call it; pure: the same input gives the same bytes, so a retry after a crash sends the same
// message. Every header value is outside data: what could start another header is an Error, never repaired in
// silence.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace crier {

struct Mailbox {
  std::string name;     ///< UTF-8, may be empty
  std::string address;  ///< local@domain; the local part ASCII, the domain may be IDN
};

/// Empty = header not written, except From, To, Subject, Date and Message-ID, which every message has.
struct MailHeaders {
  Mailbox from;
  Mailbox to;
  Mailbox reply_to;
  std::string subject;
  Time date{};
  std::string message_id;   ///< left@right, without angle brackets
  std::string in_reply_to;  ///< as message_id
  std::vector<std::string>
      references;                   ///< as message_id, oldest first; the first and the last nine are written
  std::string list_name;            ///< for people: "Morning brief"
  std::string list_id;              ///< "morning.news.example" (RFC 2919)
  std::string unsubscribe_url;      ///< https only; adds List-Unsubscribe-Post (RFC 8058)
  std::string unsubscribe_address;  ///< the mailto: alternative (RFC 2369)
  std::string feedback_id;          ///< "campaign:edition:type:sender"
  bool auto_generated = true;       ///< Auto-Submitted (RFC 3834)
};

/// The message with CRLF line ends, ASCII only, no line above 998 bytes and those of our making within 76.
/// multipart/alternative, text first; quoted-printable or, where that is shorter, base64. An Error names the
/// header that holds CR, LF or NUL, is not an address, a Message-ID, a host name or an https URL, or is
/// missing.
Result<std::string> compose_mail(const MailHeaders& headers, std::string_view text, std::string_view html);

/// An address as a header takes it: domain as A-labels, local part quoted where it must be
/// (RFC 5321 §4.1.2). An Error for a local part beyond ASCII (it would need SMTPUTF8) and for what is no
/// address.
Result<std::string> to_header_address(std::string_view address);

/// An unstructured header ("Subject: …\r\n"): folded, RFC 2047 encoded words of at most 75 characters where
/// it is not plain ASCII, cut between graphemes. Ill-formed UTF-8 becomes U+FFFD. An Error for CR, LF and
/// NUL.
Result<std::string> encode_text_header(std::string_view name, std::string_view value);

/// Quoted-printable with CRLF (RFC 2045 §6.7); CR, LF and CRLF in `text` are all line ends. "From " and a
/// lone dot at the start of a line are encoded, so that no mailbox format or SMTP relay changes them.
std::string to_quoted_printable(std::string_view text);

}  // namespace crier
