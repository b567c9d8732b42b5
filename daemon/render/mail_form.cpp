#include "render/mail_form.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/unicode.hpp"
#include "render/mime.hpp"
#include "render/slots.hpp"

namespace crier {
namespace {

// "=_" occurs in neither quoted-printable nor base64, so no body can hold its own boundary (RFC 2045 §6.7).
std::string boundary_for(const SharedHeaders& headers) {
  return "=_" + to_hex(sha256(headers.before_message_id + headers.before_unsubscribe)).substr(0, 32);
}

// A stretch of a body that is the same for all, and the piece with slots that follows it; nothing follows the
// last.
struct Cut {
  std::string_view shared;
  std::string_view own;
};

// Cuts `body` at its slots, or for a text at the lines that hold them, because how a line is wrapped depends
// on its values. Stretches shorter than `shortest` between two slots become part of a piece.
std::vector<Cut> cut_at_slots(std::string_view body, bool whole_lines, std::size_t shortest) {
  const auto begin_of = [&](std::size_t mark) {
    return whole_lines ? body.rfind('\n', mark) + 1 : mark;  // npos + 1 = 0
  };
  std::vector<Cut> cuts;
  std::size_t from = 0;
  for (;;) {
    auto mark = find_slot(body, from);
    if (mark == std::string_view::npos) break;
    const auto begin = begin_of(mark);
    auto end = mark;
    do {
      end = whole_lines ? body.find('\n', mark) + 1 : mark + 1;
      mark = find_slot(body, end);
    } while (mark != std::string_view::npos && begin_of(mark) - end < shortest);
    cuts.push_back({body.substr(from, begin - from), body.substr(begin, end - begin)});
    from = end;
  }
  cuts.push_back({body.substr(from), {}});
  return cuts;
}

constexpr std::size_t quantum = 3;  // bytes that base64 encodes together

}  // namespace

std::string FilledMail::joined() const {
  std::string out;
  out.reserve(size);
  for (const auto& piece : pieces) out += piece.bytes();
  return out;
}

void FilledMail::put_first(std::string field) {
  first_ = std::move(field);
  pieces.insert(pieces.begin(), WireText(first_));
  size += first_.size();
}

Result<MailForm> MailForm::prepare(MailHeaders headers, const Content& content, const FormReader& reader,
                                   const TemplateSet& templates) {
  auto mail = render_mail(content, reader, templates);
  if (!mail) return mail.error();
  headers.subject = mail->subject;
  return of(headers, std::move(*mail));
}

Result<MailForm> MailForm::of(const MailHeaders& headers, RenderedMail mail) {
  const auto shared = write_headers(headers);
  if (!shared) return shared.error();
  MailForm form;
  for (auto* body : {&mail.text, &mail.html}) {
    *body = repair_utf8(*body);
    if (!body->empty() && !body->ends_with('\n')) *body += '\n';
    form.shows_name_ = form.shows_name_ || body->find(name_slot) != std::string::npos;
    form.shows_unsubscribe_ = form.shows_unsubscribe_ || body->find(unsubscribe_slot) != std::string::npos;
  }
  form.mail_ = std::move(mail);
  form.unsubscribe_mailto_ = shared->unsubscribe_mailto;
  const auto boundary = boundary_for(*shared);
  const auto add = [&](Slot slot, std::string text) {
    form.steps_.push_back({slot});
    form.steps_.back().after.encoded[0] = std::move(text);
  };
  add(Slot::none, shared->before_to);
  add(Slot::to, shared->before_message_id);
  add(Slot::message_id, shared->before_unsubscribe);
  add(Slot::unsubscribe, shared->rest +
                             "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"" +
                             boundary + "\"\r\n\r\n--" + boundary + "\r\n");
  form.add_body(Slot::text, "text/plain", form.mail_.text);
  add(Slot::none, "\r\n--" + boundary + "\r\n");
  form.add_body(Slot::html, "text/html", form.mail_.html);
  add(Slot::none, "\r\n--" + boundary + "--\r\n");
  for (auto& step : form.steps_) {
    for (std::size_t n = 0; n < step.after.encoded.size(); ++n)
      step.after.wire[n] = WireText(step.after.encoded[n]);
  }
  return form;
}

void MailForm::add_body(Slot kind, std::string_view type, std::string_view body) {
  constexpr std::size_t shortest_in_base64 = 57;  // a line
  const bool is_base64 = is_shorter_in_base64(body);
  steps_.back().after.encoded[0] +=
      fmt::format("Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: {}\r\n\r\n", type,
                  is_base64 ? "base64" : "quoted-printable");
  const auto cuts = cut_at_slots(body, kind == Slot::text, is_base64 ? shortest_in_base64 : 0);
  for (const auto& cut : cuts) {
    auto& after = steps_.back().after;
    const bool first = &cut == &cuts.front();
    const bool last = &cut == &cuts.back();
    if (!is_base64) {
      append_quoted_printable(cut.shared, TextEnd::goes_on, after.encoded[0]);
    } else {
      const auto bytes = with_crlf(cut.shared);
      after.head = first ? std::string() : bytes.substr(0, quantum - 1);
      for (std::size_t n = 0; n <= after.head.size(); ++n) {
        const auto whole = last ? bytes.size() - n : (bytes.size() - n) / quantum * quantum;
        append_base64_lines(std::string_view(bytes).substr(n, whole), after.encoded[n]);
        after.rest[n] = bytes.substr(n + whole);
      }
    }
    if (!last) steps_.push_back({kind, std::string(cut.own), is_base64});
  }
}

Result<void> MailForm::check(const SlotValues& values, const SlotTexts& texts) const {
  if (shows_name_ && texts.name.empty()) return Error{"the mail shows its reader's name, and there is none"};
  if (shows_unsubscribe_ && values.unsubscribe_url.empty())
    return Error{"the mail shows a link to unsubscribe, and there is none"};
  if (!values.unsubscribe_url.empty() && texts.link.empty())
    return Error{"the link to unsubscribe is no https or http URL of at most 2,048 bytes"};
  return {};
}

Result<void> MailForm::write_header(Slot slot, const SlotValues& values, std::string_view link,
                                    std::string& out) const {
  switch (slot) {
    case Slot::to:
      return append_to(values.name, values.address, out);
    case Slot::message_id:
      return append_message_id(values.message_id, out);
    case Slot::unsubscribe:
      return append_unsubscribe(link, unsubscribe_mailto_, out);
    default:
      return {};
  }
}

// Returns which variant of the shared text follows.
std::size_t MailForm::write_body(const Step& step, const SlotTexts& texts, std::string_view carried,
                                 FilledMail& filled) {
  const auto value = step.slot == Slot::text ? filled_lines(step.piece, texts, filled.place_)
                                             : filled_html(step.piece, texts, filled.place_);
  if (!step.is_base64) {
    append_quoted_printable(value, TextEnd::goes_on, filled.own_);
    return 0;
  }
  auto bytes = std::string(carried) + with_crlf(value);
  const auto& head = step.after.head;
  const auto taken = std::min((quantum - bytes.size() % quantum) % quantum, head.size());
  append_base64_lines(bytes.append(head, 0, taken), filled.own_);
  return taken;
}

Result<void> MailForm::fill(const SlotValues& values, FilledMail& filled) const {
  filled.pieces.clear();
  filled.size = 0;
  filled.own_.clear();
  filled.written_.clear();
  const auto texts = slot_texts(values, filled.values_);
  if (auto ok = check(values, texts); !ok) return ok;
  // A value stands in HTML several times, and is encoded once.
  std::array<FilledMail::Written, all_slots.size()> alike;
  std::string_view carried;
  for (const auto& step : steps_) {
    FilledMail::Written written{filled.own_.size(), 0, 0, filled.written_.size(), 0};
    auto* same = step.slot == Slot::html && !step.is_base64 ? &alike[all_slots.find(step.piece)] : nullptr;
    if (same != nullptr && same->end > same->begin) {
      written = *same;
    } else {
      if (step.slot == Slot::text || step.slot == Slot::html)
        written.variant = write_body(step, texts, carried, filled);
      else if (auto ok = write_header(step.slot, values, texts.link, filled.own_); !ok)
        return ok;
      written.end = filled.own_.size();
      if (same != nullptr) *same = written;
    }
    carried = step.after.rest[written.variant];
    filled.written_.push_back(written);
  }
  put_together(filled);
  return {};
}

void MailForm::put_together(FilledMail& filled) const {
  const auto add = [&](const WireText& piece) {
    if (piece.bytes().empty()) return;
    filled.pieces.push_back(piece);
    filled.size += piece.bytes().size();
  };
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    auto& written = filled.written_[i];
    written.piece = filled.pieces.size();
    if (written.first < i)
      add(WireText(filled.pieces[filled.written_[written.first].piece]));
    else
      add(std::string_view(filled.own_).substr(written.begin, written.end - written.begin));
    add(steps_[i].after.wire[written.variant]);
  }
}

std::vector<std::string_view> MailForm::body_start() const {
  // The last slot of the header stands alone before what ends it.
  auto step = std::ranges::find(steps_, Slot::unsubscribe, &Step::slot);
  std::string_view text = step->after.encoded[0];
  constexpr std::string_view header_end = "\r\n\r\n";
  std::vector<std::string_view> pieces{text.substr(text.find(header_end) + header_end.size())};
  for (++step; step != steps_.end() && step->slot == Slot::none; ++step)
    pieces.emplace_back(step->after.encoded[0]);
  return pieces;
}

Result<RenderedMail> MailForm::show(const SlotValues& values) const {
  std::array<std::string, 4> places;
  const auto texts = slot_texts(values, places);
  if (auto ok = check(values, texts); !ok) return ok.error();
  RenderedMail out{mail_.subject, {}, {}};
  std::string place;
  for (const auto& [shared, own] : cut_at_slots(mail_.text, true, 0))
    out.text.append(shared).append(filled_lines(own, texts, place));
  out.html = filled_html(mail_.html, texts, place);
  return out;
}

}  // namespace crier
