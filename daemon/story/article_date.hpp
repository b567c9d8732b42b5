// Article date: the date in a line that pages show to readers, in the languages of their readers.
// Called by the readers of HTML pages; pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "story/date_text.hpp"

namespace crier::article {

/// The first date in a line of at most 300 bytes, with the time of day right after it: "Mi., 18. Oktober
/// 2023, 15.37 Uhr", "2023年10月18日 15時37分", "18 ตุลาคม 2566", "١٨ أكتوبر ٢٠٢٣", "18/10/2023" where the
/// order is plain or `language` settles it (day first but in American English). Without a zone it counts in
/// `default_zone`, else in UTC. nullopt: there is none.
std::optional<DateReading> find_date(std::string_view line, std::string_view language,
                                     const std::string& default_zone);

/// As find_date, of a line that has nothing else but words which stand beside dates: a weekday, "Publié le".
std::optional<DateReading> read_lone_date(std::string_view line, const std::string& default_zone);

/// Whether the line says that its date is that of a change ("Updated", "Aktualisiert", "更新").
bool is_about_update(std::string_view line);

}  // namespace crier::article
