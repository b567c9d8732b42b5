// Media topics: the names of the IPTC's seventeen top terms (cv.iptc.org/newscodes/mediatopic), for subjects
// that come as a code alone.
// Called by the readers of agency formats; pure, any thread.
#pragma once

#include <string>
#include <string_view>

namespace crier {

/// "04000000", "medtop:04000000" or ".../newscodes/mediatopic/04000000" → "economy"; of another media topic
/// "medtop:20000763", so that rules can ask for it; empty for anything else.
std::string media_topic_name(std::string_view code);

}  // namespace crier
