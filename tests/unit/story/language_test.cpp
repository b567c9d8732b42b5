#include "story/language.hpp"

#include <catch2/catch.hpp>

#include "story/story.hpp"

using namespace crier;

TEST_CASE("the language of a few sentences is detected, that of a few words is not guessed") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"The mayor wins the tide wall vote. Cranes stand still on Monday as the council backs the plan.",
       "en"},
      {"Die Regierung hat am Montag ein neues Gesetz zur Förderung der Windkraft beschlossen, das im Herbst "
       "in Kraft tritt.",
       "de"},
      {"Le président a annoncé lundi une réforme des retraites qui doit entrer en vigueur l'année prochaine.",
       "fr"},
      {"El gobierno anunció este lunes nuevas medidas para reducir el precio de la energía en todo el país.",
       "es"},
      {"Правительство объявило в понедельник о новых мерах по снижению цен на энергию по всей стране.", "ru"},
      {"أعلنت الحكومة يوم الاثنين عن إجراءات جديدة لخفض أسعار الطاقة في جميع أنحاء البلاد.", "ar"},
      {"הממשלה הודיעה ביום שני על צעדים חדשים להורדת מחירי האנרגיה בכל רחבי הארץ.", "he"},
      {"सरकार ने सोमवार को पूरे देश में ऊर्जा की कीमतें कम करने के लिए नए उपायों की घोषणा की।", "hi"},
      {"国家主席习近平星期一在北京人民大会堂会见了来访的外国领导人，双方就共同关心的问题交换了意见。", "zh"},
      {"首相は月曜日、全国の電気料金を引き下げるための新しい対策を発表した。", "ja"},
      {"정부는 월요일 전국의 에너지 가격을 낮추기 위한 새로운 조치를 발표했다.", "ko"},
      {"รัฐบาลประกาศมาตรการใหม่เพื่อลดราคาพลังงานทั่วประเทศเมื่อวันจันทร์", "th"},
      {"Россия и Китай подписали договор", ""},  // CLD2 says Bulgarian
      {"Harbour workers strike", ""},
      {"Встреча в Пекине", ""},
      {"12 345 678 --- $5bn 3.5% 2026-11-25 12 345 678 12 345 678 12 345 678 12 345 678 12 345 678", ""},
      {std::string("\xff\xfe\xc3 broken \xe0\xb8"), ""},
      {"", ""},
  };
  for (const auto& [text, language] : table) {
    CAPTURE(text);
    CHECK(detect_language(text) == language);
  }
}

TEST_CASE("the story's own language counts first, then that of its text, then the site's") {
  Story story;
  story.title = "Правительство объявило";
  story.body_text =
      "В понедельник объявлено о новых мерах по снижению цен на энергию по всей стране, сообщили выборы.";
  CHECK(language_of(story, "de") == "ru");
  story.language = "und";
  CHECK(language_of(story, "de") == "ru");
  story.language = "bg";
  CHECK(language_of(story, "de") == "bg");
  Story names;
  names.title = "Xi, Putin";
  CHECK(language_of(names, "de") == "de");
  CHECK(language_of(names, "").empty());
}
