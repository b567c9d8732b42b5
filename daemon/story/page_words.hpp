// Page words: what stands around a story on the pages of news sites, in the languages of their readers, in
// lower case (of other than ASCII letters, as they are mostly written). Lists for page_line.cpp alone.
#pragma once

#include <array>
#include <string_view>

namespace crier::page {

inline constexpr std::array<std::string_view, 10> advert_lines{"ad",
                                                               "ads",
                                                               "advert",
                                                               "advertisement",
                                                               "sponsored",
                                                               "promoted",
                                                               "story continues below",
                                                               "article continues below",
                                                               "continue reading",
                                                               "scroll to continue"};

inline constexpr std::array<std::string_view, 18> furniture_lines{"skip to content",
                                                                  "skip to main content",
                                                                  "skip to navigation",
                                                                  "menu",
                                                                  "search",
                                                                  "sign in",
                                                                  "sign up",
                                                                  "log in",
                                                                  "login",
                                                                  "register",
                                                                  "subscribe",
                                                                  "subscribe now",
                                                                  "newsletters",
                                                                  "home",
                                                                  "navigation",
                                                                  "close",
                                                                  "read in app",
                                                                  "listen to this article"};

// Longest first, so that "copy link" is not read as "copy".
inline constexpr std::array<std::string_view, 16> share_networks{
    "pinterest", "messenger", "instagram", "flipboard", "whatsapp", "facebook", "telegram", "linkedin",
    "mastodon",  "threads",   "twitter",   "bluesky",   "reddit",   "e-mail",   "tweet",    "email"};
inline constexpr std::array<std::string_view, 19> share_words{
    "bookmark", "copy link", "copylink", "comments", "article", "comment", "share", "print", "story", "post",
    "save",     "send",      "copy",     "link",     "this",    "text",    "sms",   "via",   "on"};

inline constexpr auto pointer_starts = std::to_array<std::string_view>(
    {"read more:",         "read also",      "also read",       "read next",
     "see also:",          "related:",       "more:",           "watch:",
     "lesen sie auch",     "mehr zum thema", "lire aussi",      "à lire aussi",
     "lea también",        "lee también",    "leia também",     "leia mais",
     "leggi anche",        "lees ook",       "läs också",       "les også",
     "læs også",           "czytaj też",     "czytaj także",    "baca juga",
     "ayrıca okuyun",      "читайте также",  "Читайте также",   "اقرأ أيضا",
     "اقرأ أيضًا",          "यह भी पढ़ें",       "อ่านเพิ่มเติม",       "อ่านข่าว",
     "相关阅读",           "延伸阅读",       "関連記事",        "soma pia",
     "ilgili haber",       "İlgili haber",   "διαβάστε επίσης", "Διαβάστε επίσης",
     "διαβάστε ακόμη",     "Διαβάστε ακόμη", "관련기사",        "관련 기사",
     "あわせて読みたい",   "延伸閱讀",       "相關閱讀",        "相关新闻",
     "lue myös",           "čtěte také",     "přečtěte si",     "olvassa el",
     "citește și",         "citeşte şi",     "Читайте також",   "читайте також",
     "xem thêm",           "bài liên quan",  "läs mer:",        "les mer:",
     "læs mere:",          "lees meer:",     "lire également",  "te puede interesar",
     "le puede interesar", "saiba mais:",    "veja também",     "veja mais:",
     "zobacz też",         "zobacz także",   "zobacz również",  "przeczytaj też",
     "leggi pure",         "vedi anche",     "mehr dazu:",      "siehe auch:",
     "lesen sie hier",     "اقرأ المزيد",    "إقرأ أيضا",       "طالع أيضا",
     "مواضيع ذات صلة",     "По теме:",       "по теме:",        "read or share this story:"});

// What stands before a name at the end of a caption.
inline constexpr auto caption_marks = std::to_array<std::string_view>(
    {"photo: ",  "photo : ", "foto: ", "foto : ", "fot. ",   "bild: ", "fotoğraf: ",   "picture: ",
     "credit: ", "image: ",  "фото: ", "Фото: ",  "φωτό: ",  "Φωτό: ", "Φωτογραφία: ", "撮影：",
     "摄影：",   "攝影：",   "사진: ", "사진=",   "تصوير: ", "फ़ोटो: "});

// Alone in a line.
inline constexpr auto share_lines = std::to_array<std::string_view>({"teilen",
                                                                     "link kopieren",
                                                                     "partager",
                                                                     "copier le lien",
                                                                     "compartir",
                                                                     "copiar enlace",
                                                                     "compartilhar",
                                                                     "copiar link",
                                                                     "condividi",
                                                                     "copia link",
                                                                     "delen",
                                                                     "kopieer link",
                                                                     "dela",
                                                                     "kopiera länk",
                                                                     "kopiér link",
                                                                     "udostępnij",
                                                                     "kopiuj link",
                                                                     "поделиться",
                                                                     "Поделиться",
                                                                     "скопировать ссылку",
                                                                     "Скопировать ссылку",
                                                                     "paylaş",
                                                                     "bağlantıyı kopyala",
                                                                     "Bağlantıyı kopyala",
                                                                     "نسخ الرابط",
                                                                     "شارك",
                                                                     "مشاركة",
                                                                     "シェア",
                                                                     "シェアする",
                                                                     "ツイート",
                                                                     "リンクをコピー",
                                                                     "分享",
                                                                     "复制链接",
                                                                     "複製連結",
                                                                     "공유",
                                                                     "공유하기",
                                                                     "링크 복사",
                                                                     "शेयर करें",
                                                                     "ट्वीट करें",
                                                                     "लिंक कॉपी करें",
                                                                     "αντιγραφή συνδέσμου",
                                                                     "Αντιγραφή συνδέσμου",
                                                                     "Κοινοποίηση"});
// With the name of a network.
inline constexpr auto share_verbs = std::to_array<std::string_view>(
    {"teilen", "auf ", "partager", "compartir", "compartilhar", "condividi", "deel ", "dela ", "del ",
     "udostępnij", "оделиться", "paylaş", "شارك", "シェア", "分享", "공유", "शेयर", "οινοποίηση", "share "});
inline constexpr auto networks = std::to_array<std::string_view>(
    {"facebook", "twitter", "whatsapp", "telegram", "linkedin", "instagram", "pinterest", "e-mail", "email",
     "mail", "x", "facebook’ta", "x’te", "facebook'ta", "x'te", "facebooku"});
inline constexpr auto networks_in_other_letters =
    std::to_array<std::string_view>({"вконтакте", "Вконтакте", "ВКонтакте", "фейсбук", "微博", "微信",
                                     "페이스북", "트위터", "카카오", "فيسبوك", "إكس", "फ़ेसबुक", "व्हाट्सऐप"});

inline constexpr std::array<std::string_view, 13> credit_starts{
    "photo by",    "photos by",       "photo:",       "photo courtesy of", "photograph by",
    "photograph:", "image:",          "image credit", "image courtesy of", "picture:",
    "credit:",     "illustration by", "getty images"};
inline constexpr std::array<std::string_view, 6> agencies{"reuters", "ap photo",         "afp",
                                                          "epa",     "associated press", "shutterstock"};

}  // namespace crier::page
