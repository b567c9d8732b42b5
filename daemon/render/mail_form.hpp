// MailForm: a mail of one content, rendered and encoded once, with slots for what is each reader's own. Who
// sends prepares it once for all readers of a content, and fills it for each, which takes a hundredth of the
// time. Pure: the same input gives the same bytes, so a retry after a crash sends the same message. Any
// thread; one form may be filled on several at once.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/mail_pieces.hpp"
#include "render/content.hpp"
#include "render/mail.hpp"
#include "render/slots.hpp"

namespace crier {

struct MailHeaders;
class TemplateSet;

/// A message to one reader. Reuse it for the next: it keeps its memory.
class FilledMail {
 public:
  std::vector<WireText> pieces;  ///< the message, one after the other
  std::size_t size = 0;          ///< of all pieces, in bytes

  std::string joined() const;
  /// Puts a header field, with its line end, before all others; until the next fill.
  void put_first(std::string field);

 private:
  friend class MailForm;

  // Where in own_ stands what was written for a step of the form, and which variant of the shared text
  // follows.
  struct Written {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t variant = 0;
    std::size_t first = 0;  // the step that it was written for, when several take the same
    std::size_t piece = 0;  // where it stands among the pieces
  };

  std::string first_;  // what was put before all of it
  std::string own_;    // what is the reader's, encoded
  std::vector<Written> written_;
  std::array<std::string, 4> values_;
  std::string place_;
};

class MailForm {
 public:
  MailForm(MailForm&&) = default;
  MailForm& operator=(MailForm&&) = default;

  /// The subject is the content's. An Error is everybody's: a header or a template that makes no mail
  /// (write_headers, render_mail).
  static Result<MailForm> prepare(MailHeaders headers, const Content& content, const FormReader& reader,
                                  const TemplateSet& templates);

  /// The form of a mail that is rendered already.
  static Result<MailForm> of(const MailHeaders& headers, RenderedMail mail);

  /// The message to one reader: multipart/alternative, text first, in quoted-printable or, where that is
  /// shorter, base64; CRLF line ends, ASCII only, no line above 998 bytes and those of our making within 76,
  /// none begins with a dot. The pieces are views into the form and into `filled`, valid while both are and
  /// until the next fill. An Error is this reader's alone: a value that cannot stand in a header or a link,
  /// or that the mail shows and is missing.
  Result<void> fill(const SlotValues& values, FilledMail& filled) const;

  /// The same as a mail program shows it: subject, wrapped text and HTML. The same errors.
  Result<RenderedMail> show(const SlotValues& values) const;

  /// What the body of every message begins with, up to the first slot, in pieces; views into the form.
  std::vector<std::string_view> body_start() const;

  /// In bytes, with values of usual length.
  std::size_t html_size() const { return usual_size(mail_.html); }

 private:
  enum class Slot { none, to, message_id, unsubscribe, text, html };

  // Encoded once. Base64 of a text depends on how many bytes stand before it, modulo three. So there are
  // three variants: encoded[n] begins n bytes later, after that much of `head`, which goes to the slot
  // before.
  struct Shared {
    std::array<std::string, 3> encoded;
    std::array<std::string, 3> rest;  // the last bytes of each, which go to the slot after it
    std::string head;
    std::array<WireText, 3> wire{};  // of `encoded`, looked at once
  };

  // What is written for one reader, and what follows it for all.
  struct Step {
    Slot slot = Slot::none;
    std::string piece = {};  // of a body: what has the slots, whole lines of text or a piece of HTML
    bool is_base64 = false;
    Shared after = {};
  };

  MailForm() = default;

  void add_body(Slot kind, std::string_view type, std::string_view body);
  Result<void> check(const SlotValues& values, const SlotTexts& texts) const;
  Result<void> write_header(Slot slot, const SlotValues& values, std::string_view link,
                            std::string& out) const;
  static std::size_t write_body(const Step& step, const SlotTexts& texts, std::string_view carried,
                                FilledMail& filled);
  void put_together(FilledMail& filled) const;

  RenderedMail mail_;
  bool shows_name_ = false;
  bool shows_unsubscribe_ = false;
  std::string unsubscribe_mailto_;
  std::vector<Step> steps_;
};

}  // namespace crier
