#include "render/dkim.hpp"

#include <algorithm>
#include <array>

#include <catch2/catch.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/encoding.hpp"
#include "base/files.hpp"
#include "render/dkim_check.hpp"
#include "render/mail_form.hpp"
#include "render/mime.hpp"
#include "render/template.hpp"
#include "support/sample_mail.hpp"

using namespace crier;

namespace {

const Time sent = parse_rfc3339("2026-11-23T07:00:00Z").value();

// RFC 8463 A.2: the keys of the sample in A.3.
constexpr std::string_view sample_records =
    "brisbane._domainkey.football.example.com. IN TXT \"v=DKIM1; k=ed25519; "
    "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n"
    "test._domainkey.football.example.com. IN TXT \"v=DKIM1; k=rsa; "
    "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/"
    "J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+"
    "2kryOTIKT+l/K4w3QIDAQAB\"\n";

// RFC 8463 A.3.
const std::string sample_mail = with_crlf(R"(DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
)");

// RFC 6376 A.2 with errata 3192 and 4926; the key is that of appendix C.
constexpr std::string_view simple_record =
    "v=DKIM1; "
    "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/"
    "zYtIxN2SnFCjxOCKG9v3b4jYfcT"
    "Nh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/"
    "NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2Q"
    "IDAQAB\n";

const std::string simple_mail = with_crlf(R"(DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
      4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game. Are you hungry yet?

Joe.
)");

std::string relaxed_field(std::string_view field) {
  std::string out;
  append_relaxed_field(field, out);
  return out;
}

std::string relaxed_body(std::initializer_list<std::string_view> pieces) {
  RelaxedBody body;
  std::string out;
  for (const auto piece : pieces) body.add(piece, out);
  body.finish(out);
  return out;
}

// RFC 6376 §3.4.4, line by line.
std::string plainly_relaxed(std::string_view body) {
  std::vector<std::string> lines;
  while (!body.empty()) {
    const auto line = body.substr(0, body.find("\r\n"));
    body.remove_prefix(std::min(line.size() + 2, body.size()));
    auto& kept = lines.emplace_back();
    for (const char c : line) {
      if (c != ' ' && c != '\t')
        kept += c;
      else if (!kept.ends_with(' '))
        kept += ' ';
    }
    if (kept.ends_with(' ')) kept.pop_back();
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  std::string out;
  for (const auto& line : lines) out += line + "\r\n";
  return out;
}

// Every text of up to `most` of these parts.
std::vector<std::string> texts_of(const std::vector<std::string>& parts, std::size_t most) {
  std::vector<std::string> texts{""};
  for (std::size_t from = 0, length = 0; length < most; ++length) {
    const auto end = texts.size();
    for (; from < end; ++from)
      for (const auto& part : parts) texts.push_back(texts[from] + part);
  }
  return texts;
}

std::string hash_of(std::string_view body) {
  BodyHash hash;
  hash.add(body);
  return to_base64(hash.finish());
}

std::string pem_of(EVP_PKEY* key, const char* passphrase = nullptr) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> owned(key, EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_PKCS8PrivateKey(bio.get(), owned.get(), passphrase ? EVP_aes_128_cbc() : nullptr, passphrase,
                                passphrase ? 6 : 0, nullptr, nullptr);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

const DkimSigner& signer() {
  static const DkimSigner signer("ledger.example.org", {"s2026", DkimKey::make(DkimAlgorithm::rsa_sha256)},
                                 DkimSigner::Identity{"e2026", DkimKey::make(DkimAlgorithm::ed25519_sha256)});
  return signer;
}

std::string signed_whole(std::string_view mail) {
  return signer().sign(std::array{WireText(mail)}, {}, sent).append(mail);
}

// "pass" or the reason, of each signature.
std::vector<std::string> verdicts(std::string_view mail, std::span<const DkimRecord> records) {
  std::vector<std::string> out;
  for (const auto& verdict : check_dkim(mail, records, sent))
    out.push_back(verdict.kind == DkimVerdict::Kind::pass ? "pass" : verdict.reason);
  return out;
}

std::vector<std::string> verdicts(std::string_view mail) {
  return verdicts(mail, signer().records());
}

const std::vector<std::string> both_pass{"pass", "pass"};

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

// With the reader's name and link in the text, in the HTML and in the header.
MailForm personal_form(Content content) {
  TemplateFiles files;
  for (const auto& entry : std::filesystem::directory_iterator(CRIER_SOURCE_DIR "/templates"))
    files.emplace(entry.path().filename().string(), read_file(entry.path(), 1U << 20).value());
  files["_masthead.html.mustache"] += "<p>{{reader_name}}  {{unsubscribe_url}}</p>\n";
  for (const auto* name : {"alert.txt.mustache", "digest.txt.mustache"})
    files[name] += "\nDear {{reader_name}}  \n\n{{unsubscribe_url}}\n";
  Diagnostics diagnostics;
  const auto templates = TemplateSet::from_files(files, "t", diagnostics);
  MailHeaders headers;
  headers.from = {"The Harbour Ledger", "news@ledger.example.org"};
  headers.date = sent;
  headers.list_id = "alerts.ledger.example.org";
  headers.feedback_id = "a:b:c:ledger";
  return MailForm::prepare(headers, content, {"You follow tides", true, true}, *templates).value();
}

SlotValues values_of(std::string_view name) {
  return {name, "amara@example.org", "b1-42@ledger.example.org", "https://u.example.org/o/k3J9"};
}

Content cyrillic(Content content) {
  for (auto& item : content.items)
    item.paragraphs.assign(9, {"Три портовых города договорились жить по одним приливным часам."});
  return content;
}

constexpr std::string_view short_mail =
    "From: news@ledger.example.org\r\nTo: amara@example.org\r\nSubject: Tides\r\nDate: Mon, 23 Nov 2026 "
    "07:00:00 +0000\r\n\r\nHigh water at noon.\r\n";

}  // namespace

TEST_CASE("the relaxed form of RFC 6376's sample") {
  const auto fields = header_fields("A: X\r\nB : Y\t\r\n\tZ  \r\n\r\nnot: a field\r\n");
  REQUIRE(fields.size() == 2);
  CHECK(relaxed_field(fields[0]) == "a:X");
  CHECK(relaxed_field(fields[1]) == "b:Y Z");
  CHECK(relaxed_body({" C \r\nD \t E\r\n\r\n\r\n"}) == " C\r\nD E\r\n");
}

TEST_CASE("a body that is empty, or of blank lines alone, is nothing") {
  for (const auto* body : {"", "\r\n", "\r\n\r\n", " \t\r\n  ", "   "}) {
    CHECK(relaxed_body({body}).empty());
    CHECK(hash_of(body) == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");  // RFC 6376 §3.4.4
  }
}

TEST_CASE("the relaxed form of a body does not depend on how it is cut") {
  for (const auto& text : texts_of({"a", " ", "\t", "\r\n", "\r", "\n"}, 5)) {
    const auto expected = plainly_relaxed(text);
    if (relaxed_body({text}) != expected) FAIL("of \"" << to_hex(text) << "\"");
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      const auto begin = std::string_view(text).substr(0, cut);
      if (relaxed_body({begin, std::string_view(text).substr(cut)}) != expected)
        FAIL("of \"" << to_hex(text) << "\" cut at " << cut);
    }
  }
}

TEST_CASE("long lines, tabs and bytes beyond ASCII have the same relaxed form") {
  std::string text;
  for (int i = 0; i < 400; ++i) {
    text.append(static_cast<std::size_t>(i % 37), static_cast<char>('!' + i % 90));
    text += std::array{" ", "  ", "\t", "é\x80\xff", " !", "\r\n", "\r\n\r\n", " \r\n"}[i * 7 % 8];
  }
  const auto expected = plainly_relaxed(text);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const auto begin = std::string_view(text).substr(0, cut);
    if (relaxed_body({begin, std::string_view(text).substr(cut)}) != expected) FAIL("cut at " << cut);
  }
}

TEST_CASE("the samples of RFC 8463 and RFC 6376 pass, and no longer when they are changed") {
  const auto records = read_dkim_records(sample_records).value();
  CHECK(verdicts(sample_mail, records) == both_pass);
  CHECK(verdicts(replaced(sample_mail, "game.  Are", "game. Are"), records) == both_pass);
  CHECK(verdicts(sample_mail + "\r\n \r\n", records) == both_pass);
  const std::string body("the body is not the one that was signed (bh=)");
  CHECK(verdicts(replaced(sample_mail, "Joe.", "Jim."), records) == std::vector{body, body});
  const std::string header("the header is not the one that was signed, or it was signed by another key (b=)");
  CHECK(verdicts(replaced(sample_mail, "Suzie Q", "Suzie R"), records) == std::vector{header, header});

  const auto simple = read_dkim_records(simple_record).value();
  CHECK(verdicts(simple_mail, simple) == std::vector<std::string>{"pass"});
  CHECK(verdicts(replaced(simple_mail, "game. Are", "game.  Are"), simple) == std::vector{body});
  CHECK(verdicts(replaced(simple_mail, "Subject: ", "Subject:  "), simple) == std::vector{header});
}

TEST_CASE("the Ed25519 key of RFC 8463 signs as in its sample") {
  // PKCS#8 (RFC 8410 §7) around the 32 bytes of A.2.
  const auto der = std::string("\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", 16) +
                   from_base64("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").value();
  const auto key =
      DkimKey::read("-----BEGIN PRIVATE KEY-----\n" + to_base64(der) + "\n-----END PRIVATE KEY-----\n")
          .value();
  CHECK(key.algorithm() == DkimAlgorithm::ed25519_sha256);
  CHECK(key.record() == "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
  std::string text;
  for (const auto field : header_fields(sample_mail))
    if (field_name(field) != "dkim-signature") text += relaxed_field(field) + "\r\n";
  const auto signature = header_fields(sample_mail)[0];
  text += relaxed_field(signature.substr(0, signature.find("b=/") + 2));
  CHECK(to_base64(key.sign(sha256(text))) ==
        "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==");
}

TEST_CASE("what is signed, and how the signature reads") {
  const auto form = personal_form(testing::sample_alert());
  FilledMail filled;
  REQUIRE(form.fill(values_of("Amara"), filled));
  const auto fields = signer().sign(filled.pieces, {}, sent);
  const auto parsed = header_fields(fields);
  REQUIRE(parsed.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto tags = parse_tags(parsed[i].substr(parsed[i].find(':') + 1)).value();
    CHECK(tags.at("a") == (i == 0 ? "rsa-sha256" : "ed25519-sha256"));
    CHECK(tags.at("s") == (i == 0 ? "s2026" : "e2026"));
    CHECK(tags.at("c") == "relaxed/relaxed");
    CHECK(tags.at("d") == "ledger.example.org");
    CHECK(tags.at("t") == "1795417200");
    CHECK(
        without_space(tags.at("h")) ==
        "from:from:to:to:subject:subject:date:date:message-id:message-id:reply-to:mime-version:mime-version:"
        "content-type:content-type:content-transfer-encoding:cc:sender:list-id:list-unsubscribe:"
        "list-unsubscribe:list-unsubscribe-post:list-unsubscribe-post:feedback-id");
    CHECK(tags.size() == 9);  // v, bh and b, too; neither l nor x
  }
  CHECK(facts_of(std::array{WireText(fields)}).is_clean);
  for (std::string_view rest = fields; !rest.empty();) {
    const auto line = rest.substr(0, rest.find("\r\n"));
    CHECK(line.size() <= 77);
    rest.remove_prefix(line.size() + 2);
  }
  CHECK(signer().sign(filled.pieces, {}, sent) == fields);  // a repeat is the same mail
}

TEST_CASE("a mail to each reader of a form passes, with what they share hashed once") {
  for (const auto& content : {testing::sample_alert(), testing::sample_digest(),
                              cyrillic(testing::sample_alert()), cyrillic(testing::sample_digest())}) {
    const auto form = personal_form(content);
    const auto pieces = form.body_start();
    const auto start = hash_start(pieces);
    CHECK(start.size > 500);
    FilledMail filled;
    for (const auto* name : {"Amara", "Ọláwálé Überfällig", ". . ", "From here", "A  B"}) {
      REQUIRE(form.fill(values_of(name), filled));
      const auto unsigned_mail = filled.joined();
      const auto fields = signer().sign(filled.pieces, start, sent);
      CHECK(fields == signer().sign(filled.pieces, {}, sent));
      filled.put_first(fields);
      CHECK(facts_of(filled.pieces).is_clean);
      const auto mail = filled.joined();
      CHECK(mail == fields + unsigned_mail);
      CHECK(mail.size() == filled.size);
      CHECK(verdicts(mail) == both_pass);
    }
    REQUIRE(form.fill(values_of("Li"), filled));  // the field belonged to the mail before
    CHECK(filled.joined().starts_with("From: "));
  }
}

TEST_CASE("wherever the shared beginning of a body ends, the hash is that of the whole") {
  MailHeaders headers;
  headers.from = {"The Harbour Ledger", "news@ledger.example.org"};
  headers.date = sent;
  for (const std::string sentence : {"Ferries  leave by the water. ", "Паромы ходят по воде. "}) {
    const auto text = sentence + "\n\n" + name_slot + " \n\t" + sentence + "\n\n \n";
    const auto html = "<p>\n  " + sentence + name_slot + "</p>\n   " + sentence + unsubscribe_slot + "\n\n";
    FilledMail filled;
    const auto form = MailForm::of(headers, {"Tides", text, html}).value();
    REQUIRE(form.fill(values_of("Amara  B"), filled));
    const auto mail = filled.joined();
    const auto body = std::string_view(mail).substr(mail.find("\r\n\r\n") + 4);
    const auto expected = hash_of(body);
    BodyStart start;
    for (std::size_t cut = 0; cut < body.size(); ++cut) {
      auto rest = start.hash;
      rest.add(body.substr(cut));
      if (to_base64(rest.finish()) != expected) FAIL("cut at " << cut);
      start.hash.add(body.substr(cut, 1));
    }
  }
}

TEST_CASE("the cut between header and body may fall into any piece") {
  const auto expected = signed_whole(short_mail);
  for (std::size_t cut = 0; cut <= short_mail.size(); ++cut) {
    const std::array pieces{WireText(short_mail.substr(0, cut)), WireText(short_mail.substr(cut))};
    if (signer().sign(pieces, {}, sent).append(short_mail) != expected) FAIL("cut at " << cut);
  }
}

TEST_CASE("a mail without a body is signed") {
  CHECK(verdicts(signed_whole("From: news@ledger.example.org\r\n\r\n")) == both_pass);
}

TEST_CASE("nothing that readers see can be added or changed on the way; how lines are folded can") {
  const auto mail = signed_whole(short_mail);
  REQUIRE(verdicts(mail) == both_pass);
  for (const auto* added :
       {"From: x@example.org", "To: x@example.org", "Subject: x", "Date: x", "Reply-To: x@example.org",
        "Content-Type: text/html", "Cc: x@example.org", "Sender: x@example.org",
        "Message-ID: <x@example.org>", "MIME-Version: 1.1", "Content-Transfer-Encoding: base64",
        "List-Unsubscribe: <https://example.org/x>", "List-Unsubscribe-Post: x"}) {
    CAPTURE(added);
    CHECK(verdicts(std::string(added) + "\r\n" + mail) != both_pass);
    CHECK(verdicts(replaced(mail, "\r\n\r\n", "\r\n" + std::string(added) + "\r\n\r\n")) != both_pass);
  }
  CHECK(verdicts(replaced(mail, "Tides", "Times")) != both_pass);
  CHECK(verdicts(mail + "Low water at six.\r\n") != both_pass);
  CHECK(verdicts("Received: by relay.example.org\r\n" + mail + "\r\n\r\n") == both_pass);
  CHECK(verdicts(replaced(mail, "Subject: Tides", "SUBJECT :\r\n\tTides ")) == both_pass);
}

TEST_CASE("a signature that a checker must not believe fails, and says why") {
  const auto mail = signed_whole(short_mail);
  const auto first = [&](std::string_view what, std::string_view by) {
    return verdicts(replaced(mail, what, by)).at(0);
  };
  CHECK(first("v=1;", "v=2;") == "v= is not 1");
  CHECK(first("v=1;", "") == "there is no v=");
  CHECK(first("v=1;", "v=1; v=1;") == "v= is there twice");
  CHECK(first("v=1;", "v=1; nonsense;") == "\"nonsense\" is no tag=value");
  CHECK(first("rsa-sha256", "rsa-sha1") == "rsa-sha1 can be forged (RFC 8301)");
  CHECK(first("rsa-sha256", "rsa-md5") == "a= is neither rsa-sha256 nor ed25519-sha256");
  CHECK(first("relaxed/relaxed", "relaxed/strict") == "c= names no known canonical form");
  CHECK(first("h=from:from:", "h=") == "From is not signed");
  CHECK(first("v=1;", "v=1; l=10;") == "l= leaves the end of the body unsigned");
  CHECK(first("v=1;", "v=1; i=@example.org;") == "i= is not of the domain of d=");
  CHECK(first("v=1;", "v=1; x=1795417199;") == "it has expired (x=)");
  CHECK(first("bh=", "bh=*") == "bh= or b= is not in base64");
  CHECK(first("s=s2026", "s=other") == "there is no key for other._domainkey.ledger.example.org");
  CHECK(first("s=s2026", "s=e2026") == "the key record is for another a=");
  auto records = signer().records();
  records[0].value = "v=DKIM1; p=";
  CHECK(verdicts(mail, records).at(0) == "the key record: the key was revoked (p= is empty)");
  CHECK(verdicts(short_mail).empty());
}

TEST_CASE("a mail that was kept with LF line ends is checked as it was sent") {
  const auto mail = signed_whole(short_mail);
  auto kept = mail;
  std::erase(kept, '\r');
  REQUIRE(verdicts(mail).at(0) == "pass");
  CHECK(as_signed(mail) == mail);
  CHECK(as_signed(kept) == mail);
  auto mixed = kept;
  mixed.insert(mixed.find('\n'), "\r");
  CHECK(as_signed(mixed) == mail);
  mixed = kept;
  mixed.insert(mixed.size() - 1, "\r");
  CHECK(as_signed(mixed) == mail);
  // What is in the body of a mail with CRLF was signed so.
  const auto body = mail + "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";
  CHECK(as_signed(body) == body);
  // A CR alone is no line end.
  CHECK(as_signed("A: 1\nB: 2\n\nx\ry\n") == "A: 1\r\nB: 2\r\n\r\nx\ry\r\n");
  CHECK(as_signed("").empty());
  CHECK(as_signed("\n") == "\n");
}

TEST_CASE("what a stranger's signature says is fit for a terminal") {
  const auto mail = replaced(signed_whole(short_mail), "s=s2026", "s=\x1b[31mred\xff");
  const auto verdict = check_dkim(mail, signer().records(), sent).at(0);
  CHECK(verdict.kind == DkimVerdict::Kind::no_key);
  CHECK(verdict.selector == "[31mred\uFFFD");
  CHECK(verdict.reason == "there is no key for [31mred\uFFFD._domainkey.ledger.example.org");
}

TEST_CASE("a key that is no good to sign with is refused without being shown") {
  const auto refusal = [](const std::string& pem) {
    const auto key = DkimKey::read(pem);
    REQUIRE_FALSE(key);
    CHECK(key.error().message.find(pem.substr(30, 40)) == std::string::npos);
    return key.error().message;
  };
  const std::string none =
      "holds no private key in PEM (-----BEGIN PRIVATE KEY-----), or one with a passphrase";
  CHECK(refusal(std::string(100, 'x')) == none);
  CHECK(refusal(pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), "secret")) == none);
  CHECK(refusal(pem_of(EVP_EC_gen("P-256"))) == "holds a key that is neither RSA nor Ed25519");
  CHECK(refusal(pem_of(EVP_RSA_gen(1024U))) ==
        "holds an RSA key of 1024 bits; receivers trust those of 2048 to 4096");
  const auto made = DkimKey::make(DkimAlgorithm::rsa_sha256);
  CHECK(DkimKey::read(made.pem()).value().record() == made.record());
}

TEST_CASE("key records as zone files and DNS tools write them") {
  const auto key = DkimKey::make(DkimAlgorithm::ed25519_sha256).record();
  const auto one = [](const std::string& text) {
    const auto records = read_dkim_records(text);
    if (!records) return records.error().message;
    REQUIRE(records->size() == 1);
    return records->front().name + "|" + records->front().value;
  };
  CHECK(one(key) == "|" + key);
  CHECK(one("; a comment \"in quotes\"\n\n" + key + "\r\n") == "|" + key);
  CHECK(one("\"" + key.substr(0, 30) + "\" \"" + key.substr(30) + "\"\n") == "|" + key);
  CHECK(one("S1._domainkey.example.org.\t300 IN TXT \"" + key + "\" ; the key") ==
        "s1._domainkey.example.org|" + key);
  CHECK(one("s1._domainkey IN TXT ( \"" + key.substr(0, 20) + "\" ; (\n\t\"" + key.substr(20) + "\" )\n") ==
        "s1._domainkey|" + key);
  CHECK(one("s1.relay.example.net.\r\nk9.relay.example.net.\n\"" + key + "\"\n") == "|" + key);
  CHECK(one("\n" + key + "; p=x\n") == "line 2: p= is there twice");
  CHECK(one("v=DKIM1; k=ed25519; p=MCowBQYDK2VwAyEA") == "line 1: p= is no ed25519 key");
  CHECK(one("v=DKIM1; k=rsa; p=" + key.substr(key.find("p=") + 2)) == "line 1: p= is no rsa key");
  CHECK(one("v=DKIM1; h=sha1; p=x") == "line 1: h= allows no sha256");
  CHECK(one("v=DKIM1; s=other; p=x") == "line 1: s= allows no e-mail");
  CHECK(one("s1._domainkey.example.org. CNAME elsewhere.example.org.") ==
        "line 1: \"s1._domainkey.example.org. CNAME elsewhe\" is no tag=value");
}
