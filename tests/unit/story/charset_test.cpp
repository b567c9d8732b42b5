#include "story/charset.hpp"

#include <catch2/catch.hpp>

using namespace crier;

namespace {

DecodedText decode(const std::string& bytes, const ResponseHeaders& headers = {}) {
  auto text = decode_text(bytes, headers);
  if (!text) FAIL(text.error().message);
  return *std::move(text);
}

ResponseHeaders served_as(const std::string& type) {
  return {{"content-type", type}};
}

std::string declared(const std::string& encoding, const std::string& inside) {
  return "<?xml version=\"1.0\" encoding=\"" + encoding + "\"?><t>" + inside + "</t>";
}

std::string as_utf_16(const std::string& ascii, bool big_endian) {
  std::string out;
  for (const char c : ascii) {
    if (big_endian) out += '\0';
    out += c;
    if (!big_endian) out += '\0';
  }
  return out;
}

bool holds(const DecodedText& decoded, const std::string& text) {
  return decoded.text.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("an XML declaration's charset is read, whichever ICU knows") {
  const auto greek = decode(declared("ISO-8859-7", "\xE1"));
  REQUIRE(greek.encoding == "iso-8859-7");
  REQUIRE(greek.breach.empty());
  REQUIRE(holds(greek, "<t>α</t>"));
  REQUIRE(holds(decode(declared("koi8-r", "\xC1")), "а"));
  const auto chinese = decode(declared("gb2312", "\xD6\xD0"));
  REQUIRE(chinese.encoding == "gb18030");
  REQUIRE(holds(chinese, "中"));
}

TEST_CASE("the server's charset counts before the declaration") {
  const auto text =
      decode(declared("iso-8859-1", "\xE1"), served_as("application/xml; charset=\"iso-8859-7\""));
  REQUIRE(text.encoding == "iso-8859-7");
  REQUIRE(text.breach.empty());
  REQUIRE(holds(text, "α"));
}

TEST_CASE("wide charsets are read with and without a mark") {
  for (const bool big : {true, false}) {
    const auto name = std::string(big ? "utf-16be" : "utf-16le");
    const auto bytes = as_utf_16(declared("utf-16", "x"), big);
    const auto bare = decode(bytes);
    REQUIRE(bare.encoding == name);
    REQUIRE(bare.breach.empty());
    REQUIRE(holds(bare, "<t>x</t>"));
    const auto marked = decode((big ? "\xFE\xFF" : "\xFF\xFE") + bytes);
    REQUIRE(marked.encoding == name);
    REQUIRE(marked.text.starts_with("<?xml"));
  }
}

TEST_CASE("EBCDIC is told by its first bytes") {
  // <?xml version="1.0" encoding="cp037"?><t>x</t>
  const std::string bytes =
      "\x4C\x6F\xA7\x94\x93\x40\xA5\x85\x99\xA2\x89\x96\x95\x7E\x7F\xF1\x4B\xF0\x7F\x40\x85\x95\x83\x96\x84"
      "\x89"
      "\x95\x87\x7E\x7F\x83\x97\xF0\xF3\xF7\x7F\x6F\x6E\x4C\xA3\x6E\xA7\x4C\x61\xA3\x6E";
  const auto text = decode(bytes);
  REQUIRE(text.encoding == "cp037");
  REQUIRE(text.breach.empty());
  REQUIRE(holds(text, "<t>x</t>"));
}

TEST_CASE("a charset that the bytes do not have is not believed, and that is said") {
  const auto utf8 = decode(declared("utf-16", "é"));
  REQUIRE(utf8.encoding == "utf-8");
  REQUIRE(utf8.breach == "declared as utf-16, but read as utf-8");
  const auto latin = decode(declared("utf-8", "caf\xE9"));
  REQUIRE(latin.encoding == "windows-1252");
  REQUIRE_FALSE(latin.breach.empty());
  REQUIRE(holds(latin, "café"));
  const auto unknown = decode(declared("no-such-charset", "é"));
  REQUIRE(unknown.encoding == "utf-8");
  REQUIRE_FALSE(unknown.breach.empty());
}

TEST_CASE("text/xml without a charset promises ASCII") {
  REQUIRE(decode(declared("iso-8859-7", "x"), served_as("text/xml")).encoding == "us-ascii");
  const auto broken = decode(declared("iso-8859-7", "\xE1"), served_as("text/xml"));
  REQUIRE(broken.encoding == "iso-8859-7");
  REQUIRE(broken.breach == "declared as us-ascii, but read as iso-8859-7");
  REQUIRE(decode(declared("utf-8", "é"), served_as("application/rss+xml")).breach.empty());
}

TEST_CASE("a page's charset is in its meta tag") {
  const auto page = decode("<!DOCTYPE html><html><head><meta charset=\"iso-8859-7\"></head>\xE1</html>",
                           served_as("text/html"));
  REQUIRE(page.encoding == "iso-8859-7");
  REQUIRE(holds(page, "α"));
  REQUIRE(decode("<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=koi8-r\">\xC1")
              .encoding == "koi8-r");
}

TEST_CASE("what a server calls UTF-8 stays so, and single wrong bytes are marked") {
  const auto text = decode("<t>é \xFF x</t>", served_as("application/xml; charset=utf-8"));
  REQUIRE(text.encoding == "utf-8");
  REQUIRE(holds(text, "é \xEF\xBF\xBD x"));
  REQUIRE_FALSE(text.breach.empty());
}

TEST_CASE("controls of Latin-1 are the characters of windows-1252") {
  REQUIRE(decode("don\xC2\x92t").text == "don’t");
}

TEST_CASE("a charset that the bytes themselves show counts before what a server says by default") {
  for (const auto* type : {"text/xml", "application/xml; charset=utf-8"}) {
    const auto shifted = decode(declared("iso-2022-jp", "\x1B$B?7\x1B(B"), served_as(type));
    CHECK(shifted.encoding == "iso-2022-jp");
    CHECK(holds(shifted, "<t>新</t>"));
    const auto wide = decode(as_utf_16(declared("utf-16", "a"), false), served_as(type));
    CHECK(wide.encoding == "utf-16le");
    CHECK(holds(wide, "<t>a</t>"));
  }
}

TEST_CASE("a page's charset is found behind scripts and comments") {
  const auto page = decode("<!DOCTYPE html><html><head><!-- " + std::string(4000, 'x') +
                           " --><meta charset=\"windows-1251\"></head><body>\xCC\xE8\xF0</body></html>");
  CHECK(page.encoding == "windows-1251");
  CHECK(holds(page, "Мир"));
}

TEST_CASE("what is plainly UTF-8 is read so, whatever it is called") {
  const std::string text = "Порт открылся вновь";
  for (const auto* charset : {"windows-1251", "iso-8859-1", "gb2312", "shift_jis"}) {
    CAPTURE(charset);
    const auto page = decode("<html><meta charset=" + std::string(charset) + "><p>" + text + "</p></html>");
    CHECK(page.encoding == "utf-8");
    CHECK(holds(page, text));
    CHECK(page.breach == "declared as " +
                             std::string(charset == std::string("gb2312") ? "gb18030" : charset) +
                             ", but read as utf-8");
    CHECK(holds(decode(declared(charset, text)), text));
    CHECK(
        holds(decode("<t>" + text + "</t>", served_as("text/html; charset=" + std::string(charset))), text));
  }
  // A few letters may be either.
  CHECK(holds(decode(declared("windows-1252", "\xC3\xA9t\xC3\xA9")), "Ã©tÃ©"));
}

TEST_CASE("a text of another script whose charset nobody tells is guessed") {
  // "Порт Линдхольма вновь открылся в среду после трёх недель шторма, сообщили власти." in windows-1251.
  const std::string cyrillic =
      "\xCF\xEE\xF0\xF2 \xCB\xE8\xED\xE4\xF5\xEE\xEB\xFC\xEC\xE0 \xE2\xED\xEE\xE2\xFC "
      "\xEE\xF2\xEA\xF0\xFB\xEB\xF1\xFF \xE2 \xF1\xF0\xE5\xE4\xF3 \xEF\xEE\xF1\xEB\xE5 "
      "\xF2\xF0\xB8\xF5 \xED\xE5\xE4\xE5\xEB\xFC \xF8\xF2\xEE\xF0\xEC\xE0, "
      "\xF1\xEE\xEE\xE1\xF9\xE8\xEB\xE8 \xE2\xEB\xE0\xF1\xF2\xE8.";
  const auto page = decode("<html><p>" + cyrillic + "</p><p>" + cyrillic + "</p></html>");
  CHECK(page.encoding == "windows-1251");
  CHECK(holds(page, "Порт Линдхольма вновь открылся"));
  CHECK(page.breach.find("a guess") != std::string::npos);
  // Latin letters with accents stay windows-1252.
  CHECK(decode("<p>Les \xE9l\xE8ves \xE9t\xE9s \xE0 l'\xE9"
               "cole</p>")
            .encoding == "windows-1252");
}

TEST_CASE("Japanese in shifts is read without a declaration") {
  const std::string shifted = "\x1B$B9A\x1B(B";  // 港
  for (const auto& headers : {ResponseHeaders{}, served_as("text/html; charset=utf-8")}) {
    const auto page = decode("<!DOCTYPE html><html><title>" + shifted + "</title></html>", headers);
    CHECK(page.encoding == "iso-2022-jp");
    CHECK(holds(page, "<title>港</title>"));
    CHECK_FALSE(page.breach.empty());
  }
  const auto declared =
      decode("<html><title>" + shifted + "</title>", served_as("text/html; charset=csISO2022JP"));
  CHECK(holds(declared, "港"));
  CHECK(declared.breach.empty());
}

TEST_CASE("Turkish without a declaration is not taken for Icelandic, nor the other way round") {
  const auto turkish = decode("<html><title>Bal\xFDk\xE7\xFDlar \xFEimdi a\xF0lar\xFDn\xFD topluyor</title>");
  CHECK(turkish.encoding == "windows-1254");
  CHECK(holds(turkish, "Balıkçılar şimdi ağlarını topluyor"));
  const auto icelandic = decode(
      "<html><title>B\xE1turinn f\xF3r \xFA\x74 \xED dag og sj\xF3menn \xFE\xF6kku\xF0u fyrir sig, "
      "\xFE\xE1 var me\xF0 \xFDmsu</title>");
  CHECK(icelandic.encoding == "windows-1252");
  CHECK(holds(icelandic, "þökkuðu"));
  const auto romanian =
      decode("<html><title>Pove\xFEi din pia\xFE\xE3: pre\xFEuri, for\xFE\xE3, via\xFE\xE3</title>");
  CHECK(romanian.encoding == "windows-1252");
}

TEST_CASE("charsets are known by the ways that people write them") {
  CHECK(decode("<t>x</t>", served_as("application/xml;charset = us-ascii")).encoding == "us-ascii");
  for (const auto* name : {"utf_16", "utf16", "u16", "csUnicode"}) {
    CAPTURE(name);
    const auto wide = decode(as_utf_16(declared(name, "x"), true));
    CHECK(wide.encoding == "utf-16be");
    CHECK(wide.breach.empty());
  }
  CHECK(decode(declared("utf_8", "é")).breach.empty());
}

TEST_CASE("Thai without a declaration is read as Thai") {
  // "The port of the city opens its new quay on Monday", twice.
  const std::string sentence =
      "\xB7\xE8\xD2\xE0\xC3\xD7\xCD\xA2\xCD\xA7\xE0\xC1\xD7\xCD\xA7\xE0\xBB\xD4\xB4\xB7\xE8\xD2\xE0\xB7\xD5"
      "\xC2\xBA"
      "\xE0\xC3\xD7\xCD\xE3\xCB\xC1\xE8\xE3\xB9\xC7\xD1\xB9\xA8\xD1\xB9\xB7\xC3\xEC";
  const auto text = decode("<t>" + sentence + " " + sentence + "\xA1</t>");
  CHECK(text.encoding == "windows-874");
  CHECK(holds(text, "ท่าเรือของเมืองเปิดท่าเทียบเรือใหม่ในวันจันทร์"));
  // Japanese in EUC-JP has its bytes where Thai has letters.
  std::string japanese;
  for (int i = 0; i < 20; ++i)
    japanese += "<p>\xA4\xB3\xA4\xEC\xA4\xCF\xC6\xFC\xCB\xDC\xB8\xEC\xA4\xC7\xA4\xB9</p>";
  CHECK(holds(decode("<t>" + japanese + "</t>"), "これは日本語です"));
}
