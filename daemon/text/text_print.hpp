// Text print: what tells one article in the words of several sources. Pure; linear in the text.
#pragma once

#include "story/story_groups.hpp"

namespace crier {

struct Story;

/// Of title and body, or title and summary where there is no body. The same in every run of crier: prints are
/// kept.
TextPrint print_text(const Story& story);

}  // namespace crier
