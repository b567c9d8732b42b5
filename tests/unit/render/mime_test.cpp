#include "render/mime.hpp"

#include <catch2/catch.hpp>

#include "base/encoding.hpp"
#include "render/mail_form.hpp"
#include "support/mail_oracle.hpp"
#include "support/strict_mail.hpp"

using namespace crier;

namespace {

constexpr SlotValues plain_reader{"", "reader@example.org", "b1.42@news.example.org", ""};

MailHeaders plain_headers() {
  MailHeaders headers;
  headers.from = {"The Harbour Ledger", "alerts@news.example.org"};
  headers.subject = "Three towns agree";
  headers.date = parse_rfc3339("2023-10-18T19:37:00Z").value();
  return headers;
}

Result<std::string> compose(const MailHeaders& headers, const SlotValues& reader,
                            const std::string& text = "Hello\n", const std::string& html = "<p>Hi\n") {
  const auto form = MailForm::of(headers, {headers.subject, text, html});
  if (!form) return form.error();
  FilledMail filled;
  if (auto ok = form->fill(reader, filled); !ok) return ok.error();
  return filled.joined();
}

std::string composed(const MailHeaders& headers, const SlotValues& reader = plain_reader,
                     const std::string& text = "Hello\n", const std::string& html = "<p>Hi\n") {
  auto mail = compose(headers, reader, text, html);
  if (!mail) FAIL(mail.error().message);
  return *mail;
}

const std::vector<std::string> nasty_subjects = {
    "Three towns agree",
    "",
    "   ",
    " leading and trailing ",
    "two  spaces",
    "Räte: Überfälle möglich – 50 % “mehr”",
    "習近平與普丁在北京會面,雙方強調關係持續深化,並就地區局勢交換意見,發表聯合聲明",
    "الاتفاق بين المدن الثلاث على ساعة مد واحدة \u200f(عاجل)",
    "👨‍👩‍👧‍👦👩🏽‍🚀🏴‍☠️🇳🇬 emoji "
    "👨‍👩‍👧‍👦👩🏽‍🚀🏴‍☠️🇳🇬 "
    "all "
    "over "
    "the "
    "fold "
    "👨‍👩‍👧‍👦👩🏽‍🚀🏴‍☠️🇳🇬",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a\u032f\u031e\u0320"
    "\u034d\u0351\u036b\u0343\u036aalgo",
    "=?utf-8?Q?not_an_encoded_word?=",
    "From here on, . and = and ? and _ and \"quotes\" (comments) <angles> @ , ;",
    "tab\there",
    std::string(300, 'x'),
    "https://example.org/" + std::string(1000, 'a'),
    "A sentence of the length that editors like to write, which has to be folded in any header",
    "\xff\xfe broken bytes",
};

const std::vector<std::string> nasty_names = {
    "Plain Name",
    "O'Brien, \"Bo\" \\ (the desk)",
    "Amara Ọláwálé",
    "محرر الأخبار",
    "王小明",
    "a@b.example",
    "=?utf-8?Q?x?=",
    "   ",
    "👩🏽‍🚀",
    std::string(200, 'n'),
    "Name <other@example.net>",
    "semi;colon:group",
};

const std::vector<std::string> nasty_bodies = {
    "plain\n",
    "From the start\n.\n..\n.leading dot\n>From quoted\n",
    "trailing space \ntrailing tab\t\n \n\t\n",
    "=3D is not an equals sign = \n",
    "https://example.org/" + std::string(1000, 'u') + "?a=b&c=d\n",
    std::string(3000, 'w') + "\n",
    "習近平與普丁在北京會面,雙方強調關係持續深化\n第二行\n",
    "naïve café\n",
    "الاتفاق بين المدن الثلاث\n",
    "--=_boundary\n--\n",
    "👨‍👩‍👧‍👦👩🏽‍🚀🏴‍☠️🇳🇬\n",
    "\n\n\n",
};

}  // namespace

TEST_CASE("an independent parser reads back every subject, name and body") {
  std::vector<std::string> messages;
  for (const auto& subject : nasty_subjects) {
    auto headers = plain_headers();
    headers.subject = subject;
    messages.push_back(composed(headers));
  }
  for (const auto& name : nasty_names) {
    auto headers = plain_headers();
    headers.from.name = name;
    auto reader = plain_reader;
    reader.name = name;
    messages.push_back(composed(headers, reader));
  }
  for (const auto& body : nasty_bodies)
    messages.push_back(composed(plain_headers(), plain_reader, body, "<p>" + body));
  for (const auto& message : messages) REQUIRE_NOTHROW(testing::read_strictly(message));

  const auto read = testing::read_with_python(messages);
  REQUIRE(read.size() == messages.size());
  std::size_t at = 0;
  for (const auto& mail : read) {
    CAPTURE(messages[at++]);
    CHECK(mail.defects == std::vector<std::string>{});
  }
  at = 0;
  for (const auto& subject : nasty_subjects) {
    CAPTURE(subject);
    CHECK(read[at++].header("Subject") == repair_utf8(subject));
  }
  for (const auto& name : nasty_names) {
    CAPTURE(name);
    CHECK(read[at].from ==
          std::vector<std::pair<std::string, std::string>>{{name, "alerts@news.example.org"}});
    CHECK(read[at++].to == std::vector<std::pair<std::string, std::string>>{{name, "reader@example.org"}});
  }
  for (const auto& body : nasty_bodies) {
    CAPTURE(body);
    CHECK(read[at].text == body);
    CHECK(read[at++].html == "<p>" + body);
  }
}

TEST_CASE("a bulk message carries the headers that providers ask for") {
  auto headers = plain_headers();
  headers.reply_to = {"Desk", "desk@example.org"};
  headers.list_name = "Morning brief";
  headers.list_id = "morning.news.example.org";
  headers.unsubscribe_address = "unsub+TOKEN@news.example.org";
  headers.feedback_id = "batch42:morning:digest:ledger";
  headers.in_reply_to = "b1.1@news.example.org";
  for (int i = 0; i < 30; ++i) headers.references.push_back("b1." + std::to_string(i) + "@news.example.org");
  auto reader = plain_reader;
  reader.unsubscribe_url = "https://u.news.example.org/o/TOKEN";
  const auto message = composed(headers, reader);
  REQUIRE_NOTHROW(testing::read_strictly(message));
  const auto mail = testing::read_with_python({message}).front();
  CHECK(mail.defects == std::vector<std::string>{});
  CHECK(mail.header("Date") == "Wed, 18 Oct 2023 19:37:00 +0000");
  CHECK(mail.header("Message-ID") == "<b1.42@news.example.org>");
  CHECK(mail.header("In-Reply-To") == "<b1.1@news.example.org>");
  CHECK(mail.header("References").starts_with("<b1.0@news.example.org> <b1.21@news.example.org>"));
  CHECK(mail.header("References").ends_with("<b1.29@news.example.org>"));
  CHECK(mail.header("Reply-To") == "Desk <desk@example.org>");
  CHECK(mail.header("List-Id") == "Morning brief <morning.news.example.org>");
  CHECK(mail.header("List-Unsubscribe") ==
        "<https://u.news.example.org/o/TOKEN>, <mailto:unsub%2BTOKEN@news.example.org>");
  CHECK(mail.header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click");
  CHECK(mail.header("Feedback-ID") == "batch42:morning:digest:ledger");
  CHECK(mail.header("Auto-Submitted") == "auto-generated");
  CHECK(mail.header("MIME-Version") == "1.0");
}

TEST_CASE("the same message is the same bytes, another content has another boundary") {
  const auto headers = plain_headers();
  REQUIRE(composed(headers) == composed(headers));
  auto other = headers;
  other.subject = "Two towns agree";
  const auto boundary = [](const std::string& mail) { return mail.substr(mail.find("boundary="), 50); };
  REQUIRE(boundary(composed(headers)) != boundary(composed(other)));
}

TEST_CASE("no header value can start another header") {
  for (const std::string& bad : {std::string("a\r\nBcc: x@example.org"), std::string("a\nb"),
                                 std::string("a\rb"), std::string("a\0b", 3)}) {
    const auto refuses = [&](auto set) {
      auto headers = plain_headers();
      headers.list_id = "list.example.org";
      set(headers);
      return !compose(headers, plain_reader).has_value();
    };
    CHECK(refuses([&](MailHeaders& headers) { headers.subject = bad; }));
    CHECK(refuses([&](MailHeaders& headers) { headers.from.name = bad; }));
    CHECK(refuses([&](MailHeaders& headers) { headers.from.address = bad + "@example.org"; }));
    CHECK(refuses([&](MailHeaders& headers) { headers.reply_to = {bad, "a@example.org"}; }));
    CHECK(refuses([&](MailHeaders& headers) { headers.in_reply_to = bad + "@example.org"; }));
    CHECK(refuses([&](MailHeaders& headers) { headers.references = {bad + "@example.org"}; }));
    CHECK(refuses([&](MailHeaders& headers) { headers.list_name = bad; }));
    CHECK(refuses([&](MailHeaders& headers) { headers.list_id = bad; }));
    CHECK(refuses([&](MailHeaders& headers) { headers.unsubscribe_address = bad + "@example.org"; }));
    CHECK(refuses([&](MailHeaders& headers) { headers.feedback_id = bad; }));
    const auto refuses_reader = [&](auto set) {
      auto reader = plain_reader;
      set(reader);
      return !compose(plain_headers(), reader).has_value();
    };
    const auto address = "a@" + bad;
    const auto local = bad + "@example.org";
    const auto url = "https://example.org/" + bad;
    CHECK(refuses_reader([&](SlotValues& reader) { reader.name = bad; }));
    CHECK(refuses_reader([&](SlotValues& reader) { reader.address = address; }));
    CHECK(refuses_reader([&](SlotValues& reader) { reader.address = local; }));
    CHECK(refuses_reader([&](SlotValues& reader) { reader.message_id = local; }));
    CHECK(refuses_reader([&](SlotValues& reader) { reader.unsubscribe_url = url; }));
  }
}

TEST_CASE("what is missing or malformed is named") {
  const auto complaint = [](const SlotValues& reader) {
    return compose(plain_headers(), reader).error().message;
  };
  auto reader = plain_reader;
  reader.message_id = "";
  CHECK(complaint(reader).find("Message-ID") == 0);
  reader = plain_reader;
  reader.address = "nobody";
  CHECK(complaint(reader).find("To") == 0);
  reader = plain_reader;
  const auto endless = "https://example.org/" + std::string(1000, 'x');
  reader.unsubscribe_url = endless;
  CHECK(complaint(reader).find("https") != std::string::npos);
}

TEST_CASE("one click to unsubscribe is offered for https only") {
  auto reader = plain_reader;
  reader.unsubscribe_url = "http://example.org/o/t";
  CHECK(composed(plain_headers(), reader).find("List-Unsubscribe") == std::string::npos);
  reader.unsubscribe_url = "https://example.org/o/t";
  CHECK(composed(plain_headers(), reader).find("\r\nList-Unsubscribe: <https://example.org/o/t>\r\n") !=
        std::string::npos);
}

TEST_CASE("addresses take the form that SMTP wants") {
  CHECK(*to_header_address("desk@example.org") == "desk@example.org");
  CHECK(*to_header_address("desk@Bücher.example") == "desk@xn--bcher-kva.example");
  CHECK(*to_header_address("jörg@bücher.example") == "jörg@xn--bcher-kva.example");  // RFC 6532
  CHECK(*to_header_address("two words@example.org") == "\"two words\"@example.org");
  CHECK(*to_header_address("\"two words\"@example.org") == "\"two words\"@example.org");
  CHECK(*to_header_address("a@b@example.org") == "\"a@b\"@example.org");
  for (const auto* bad : {"", "@example.org", "a@", "a", "\xE4@example.org", "a\xC2\x85@example.org",
                          "a\xE2\x80\xA8z@example.org",
                          "\xE2\x80\xAE"
                          "a@example.org",
                          "\"jörg m\"@example.org", "a\n@example.org", "\"a\"b\"@example.org",
                          "\"a\\\"@example.org", "a@exa mple.org", "a@example.org>"}) {
    CAPTURE(bad);
    CHECK_FALSE(to_header_address(bad));
  }
  CHECK_FALSE(to_header_address(std::string(65, 'a') + "@example.org"));
}

TEST_CASE("encoded words stay within 75 characters and hold whole characters") {
  for (const auto& subject : nasty_subjects) {
    const auto header = encode_text_header("Subject", subject);
    REQUIRE(header);
    std::string_view rest = *header;
    for (auto at = rest.find("=?utf-8?"); at != std::string_view::npos; at = rest.find("=?utf-8?")) {
      const bool is_base64 = rest[at + 8] == 'B';
      const auto payload_at = at + 10;
      const auto end = rest.find("?=", payload_at);
      REQUIRE(end != std::string_view::npos);
      CHECK(end + 2 - at <= 75);
      std::string payload(rest.substr(payload_at, end - payload_at));
      if (is_base64) CHECK(is_valid_utf8(from_base64(payload).value()));
      rest.remove_prefix(end + 2);
    }
  }
}

TEST_CASE("a family is not torn apart by folding") {
  const std::string family = "👨‍👩‍👧‍👦";
  std::string subject;
  for (int i = 0; i < 12; ++i) subject += family;
  const auto header = encode_text_header("Subject", subject).value();
  std::string_view rest = header;
  for (auto at = rest.find("?B?"); at != std::string_view::npos; at = rest.find("?B?")) {
    const auto word = from_base64(rest.substr(at + 3, rest.find("?=", at + 3) - at - 3)).value();
    CHECK(word.size() % family.size() == 0);
    rest.remove_prefix(at + 3);
  }
}

TEST_CASE("quoted-printable keeps its lines short and guards what relays change") {
  CHECK(to_quoted_printable("From me\n.\n.a\nend ") == "=46rom me\r\n=2E\r\n=2Ea\r\nend=20\r\n");
  CHECK(to_quoted_printable(std::string(75, 'x') + ".a") == std::string(75, 'x') + "=\r\n=2Ea\r\n");
  CHECK(to_quoted_printable("a\rb\r\nc\nd") == "a\r\nb\r\nc\r\nd\r\n");
  CHECK(to_quoted_printable("").empty());
  CHECK(to_quoted_printable(std::string(76, 'x')) == std::string(76, 'x') + "\r\n");
  CHECK(to_quoted_printable(std::string(77, 'x')) == std::string(75, 'x') + "=\r\nxx\r\n");
}
