#include "story/article_date.hpp"

#include <catch2/catch.hpp>

using crier::article::find_date;
using crier::article::is_about_update;

namespace {

std::string found(const std::string& line, const std::string& language = {}) {
  const auto date = find_date(line, language, "Etc/UTC");
  return date ? crier::to_rfc3339(date->time) : "none";
}

}  // namespace

TEST_CASE("page date: short years, and a time before its day", "[page]") {
  CHECK(found("Mittwoch, 18.10.23") == "2023-10-18T00:00:00Z");
  CHECK(found("18.10.23, 15:37 Uhr") == "2023-10-18T15:37:00Z");
  CHECK(found("01.02.03.04.05") == "none");
  CHECK(found("Version 1.10.23") == "none");
  CHECK(found("15:37, 18 октября 2023") == "2023-10-18T15:37:00Z");
  CHECK(found("15:37 18.10.2023") == "2023-10-18T15:37:00Z");
  CHECK(found("3:15:37 18.10.2023") == "2023-10-18T00:00:00Z");
  CHECK(found("Published 3:37 PM EDT, Wed October 18, 2023") == "2023-10-18T19:37:00Z");
  CHECK(found("at 9:37 a.m., October 18, 2023") == "2023-10-18T09:37:00Z");
  CHECK(found("9:37 of 11, October 18, 2023") == "2023-10-18T00:00:00Z");
  CHECK(is_about_update("Mis à jour le 19/10/2023"));
}

TEST_CASE("page date: as readers see it in their language", "[page]") {
  for (const auto* line : {"Published on Wednesday, October 18, 2023 at 3:37 pm",
                           "18 October 2023, 15:37",
                           "Mi., 18. Oktober 2023, 15.37 Uhr",
                           "Publié le 18 octobre 2023 à 15h37",
                           "18 de octubre de 2023, 15:37",
                           "Publicado em 18 de outubro de 2023 às 15h37",
                           "Pubblicato il 18 ottobre 2023 alle 15:37",
                           "18 oktober 2023 om 15:37",
                           "18 oktober 2023 kl. 15.37",
                           "18 października 2023, 15:37",
                           "18 Ekim 2023 15:37",
                           "18 октября 2023, 15:37",
                           "18 жовтня 2023 р. 15:37",
                           "18 Οκτωβρίου 2023, 15:37",
                           "18 أكتوبر 2023 15:37",
                           "١٨ تشرين الأول ٢٠٢٣ 15:37",
                           "18 באוקטובר 2023, 15:37",
                           "१८ अक्टूबर २०२३ 15:37",
                           "18 ตุลาคม 2566 เวลา 15:37 น.",
                           "18 ต.ค. 2566 15:37",
                           "2023年10月18日 15:37",
                           "2023年10月18日（水） 15時37分",
                           "令和5年10月18日 15時37分",
                           "2023년 10월 18일 오후 3:37",
                           "2023. október 18. 15:37",
                           "2023-10-18 15:37",
                           "18.10.2023, 15:37",
                           "18/10/2023 15:37",
                           "18 Oktober 2023 pukul 15.37"}) {
    INFO(line);
    CHECK(found(line) == "2023-10-18T15:37:00Z");
  }
  CHECK(found("Oct 18, 2023, 3:37pm EDT") == "2023-10-18T19:37:00Z");
  CHECK(found("18 October 2023 15:37 +0200") == "2023-10-18T13:37:00Z");
  CHECK(found("18 October 2023") == "2023-10-18T00:00:00Z");
}

TEST_CASE("page date: never guessed", "[page]") {
  CHECK(found("03/04/2023") == "none");
  CHECK(found("03/04/2023", "en-US") == "2023-03-04T00:00:00Z");
  CHECK(found("03/04/2023", "fr") == "2023-04-03T00:00:00Z");
  CHECK(found("38 October 2023") == "none");
  CHECK(found("The ferry of 1912 had room for 300") == "none");
  CHECK(found("") == "none");
  CHECK(found("2023年") == "none");
}

TEST_CASE("page date: that of a change", "[page]") {
  for (const auto* line : {"Updated 18 October 2023", "Aktualisiert am 18.10.2023", "更新：2023年10月18日",
                           "Обновлено 18.10.2023"})
    CHECK(is_about_update(line));
  CHECK_FALSE(is_about_update("18 October 2023"));
}
