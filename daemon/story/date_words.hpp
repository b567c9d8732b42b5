// Date words: months, weekdays and what stands beside dates, in the languages of news pages. Lists for
// article_date.cpp alone.
#pragma once

#include <array>
#include <string_view>

namespace crier::article {

struct MonthNames {
  int month;
  std::string_view names;  // in lower case, a space around each
};

// Full names and the abbreviations that pages show. English, German, French, Spanish, Italian, Portuguese,
// Dutch, Swedish, Danish, Norwegian, Polish, Czech, Turkish, Indonesian, Russian, Ukrainian, Greek, Arabic
// (two sets), Persian spelling of them, Hebrew, Hindi, Bengali, Thai, Swahili.
inline constexpr std::array month_names{
    MonthNames{
        1,
        " january január jan januar jänner janvier janv enero ene gennaio gen janeiro januari stycznia sty "
        "ledna "
        "ocak oca января янв январь січня ιανουαρίου ιαν يناير كانون ژانویه בינואר ינואר जनवरी জানুয়ারি "
        "มกราคม ม.ค "},
    MonthNames{
        2,
        " february február feb februar février févr fév febrero febbraio fevereiro fev februari lutego lut "
        "února "
        "şubat şub pebruari февраля фев февраль лютого φεβρουαρίου φεβ فبراير شباط فوریه בפברואר פברואר "
        "फरवरी फ़रवरी ফেব্রুয়ারি กุมภาพันธ์ ก.พ februari "},
    MonthNames{3,
               " march március mar märz mär mrz mars marzo março maart mrt marts marca března mart maret "
               "марта мар март "
               "березня μαρτίου μαρ مارس آذار במרץ מרץ मार्च মার্চ มีนาคม มี.ค machi "},
    MonthNames{
        4,
        " april április apr avril avr abril abr aprile kwietnia kwi dubna nisan nis апреля апр апрель квітня "
        "απριλίου απρ أبريل ابريل إبريل نيسان آوریل באפריל אפריל अप्रैल এপ্রিল เมษายน เม.ย aprili "},
    MonthNames{5,
               " may május mai mayo maggio mag maio mei maj maja května mayıs мая май травня μαΐου μαΐ مايو "
               "أيار مه במאי "
               "מאי मई মে พฤษภาคม พ.ค "},
    MonthNames{6,
               " june június jun juni juin junio giugno giu junho czerwca cze června haziran haz июня июн "
               "июнь червня "
               "ιουνίου ιουν يونيو يونيه حزيران ژوئن ביוני יוני जून জুন มิถุนายน มิ.ย "},
    MonthNames{7,
               " july július jul juli juillet juil julio luglio lug julho lipca lip července temmuz tem июля "
               "июл июль "
               "липня ιουλίου ιουλ يوليو يوليه تموز ژوئیه ביולי יולי जुलाई জুলাই กรกฎาคม ก.ค julai "},
    MonthNames{8,
               " august augusztus aug août agosto ago augustus augusti sierpnia sie srpna ağustos ağu "
               "agustus agu августа авг "
               "август серпня αυγούστου αυγ أغسطس اغسطس آب اوت באוגוסט אוגוסט अगस्त আগস্ট สิงหาคม ส.ค agosti "},
    MonthNames{
        9,
        " september szeptember sept sep septembre septiembre settembre set setembro września wrz září eylül "
        "eyl "
        "сентября сен сентябрь вересня σεπτεμβρίου σεπ سبتمبر أيلول سپتامبر בספטמבר ספטמבר सितंबर सितम्बर "
        "সেপ্টেম্বর กันยายน ก.ย septemba "},
    MonthNames{10,
               " october október oct oktober okt octobre octubre ottobre ott outubro out października paź "
               "října ekim eki "
               "октября окт октябрь жовтня οκτωβρίου οκτ أكتوبر اكتوبر تشرين اکتبر באוקטובר אוקטובר अक्टूबर "
               "অক্টোবর ตุลาคม ต.ค oktoba "},
    MonthNames{
        11,
        " november nov novembre noviembre novembro listopada lis listopadu kasım kas ноября ноя ноябрь "
        "листопада νοεμβρίου νοε نوفمبر نوامبر בנובמבר נובמבר नवंबर नवम्बर নভেম্বর พฤศจิกายน พ.ย novemba "},
    MonthNames{
        12,
        " december dec dezember dez décembre déc diciembre dic dicembre dezembro grudnia gru prosince "
        "aralık ara desember des декабря дек декабрь грудня δεκεμβρίου δεκ ديسمبر دسامبر בדצמבר דצמבר दिसंबर "
        "दिसम्बर ডিসেম্বর ธันวาคม ธ.ค desemba "}};

inline constexpr std::string_view small_words =
    " de del of the den le la el il em di do van от года год г року р er th st nd rd at um om kl klo à às a "
    "las ore "
    "alle ob in o в об م عام سنة ה पर को เวลา น พ.ศ ค.ศ pukul saat ";
inline constexpr std::string_view afternoon_words = " pm p.m 下午 午後 오후 م مساء بعد ";
inline constexpr std::string_view update_words =
    " updated update modified edited aktualisiert geändert actualizado actualizada atualizado atualizada "
    "actualisé "
    "modifié aggiornato aggiornata bijgewerkt gewijzigd uppdaterad opdateret oppdatert aktualizacja "
    "güncelleme "
    "güncellendi diperbarui обновлено обновлён изменено оновлено ενημερώθηκε تحديث تحديثه محدث עודכן अपडेट ";

inline constexpr std::string_view beside_words =
    " published publié publiée veröffentlicht erstellt stand publicado publicada fecha data pubblicato "
    "pubblicata "
    "gepubliceerd geplaatst publicerad publicerat publisert udgivet offentliggjort opublikowano dodano data "
    "publikacji опубликовано дата публикации вчера в yayınlanma tarihi yayın giriş son δημοσιεύτηκε "
    "δημοσίευση "
    "نشر في تاريخ النشر آخر الأحد الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت 公開 掲載 配信 更新 发布 "
    "发布时间 更新时间 发表于 "
    "입력 등록 수정 प्रकाशित प्रकाशित: dipublikasikan diterbitkan terbit mis jour uhr a m p am pm h kl ας τις "
    "στις on at the "
    "le à às op um den il alle el las os o "
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun "
    "montag dienstag mittwoch donnerstag freitag samstag sonntag mo di mi do fr sa so "
    "lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado "
    "domingo "
    "lunedì martedì mercoledì giovedì venerdì sabato domenica segunda terça quarta quinta sexta feira "
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag måndag tisdag onsdag torsdag fredag lördag "
    "söndag "
    "mandag tirsdag lørdag søndag poniedziałek wtorek środa czwartek piątek sobota niedziela "
    "понедельник вторник среда четверг пятница суббота воскресенье "
    "pazartesi salı çarşamba perşembe cuma cumartesi pazar "
    "δευτέρα τρίτη τετάρτη πέμπτη παρασκευή σάββατο κυριακή senin selasa rabu kamis jumat sabtu minggu ";

}  // namespace crier::article
