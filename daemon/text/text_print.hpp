// Text print: what tells one article in the words of several sources. Pure; linear in the text.
#pragma once

#include "story/story_groups.hpp"

namespace crier {

struct Story;

/// Of title and body, or title and summary where there is no body. The same in every run of crier: prints are
/// kept. A version that cuts words otherwise makes others of short texts with such words, whose repeats it does
/// not tell across the upgrade.
TextPrint print_text(const Story& story);

}  // namespace crier
