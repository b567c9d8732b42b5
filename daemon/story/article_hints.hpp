// Article hints: byline and dates of an article whose page says them to readers alone.
// Called by article.cpp after all that pages say to programs; pure, any thread, linear time.
#pragma once

#include <vector>

#include "story/article_draft.hpp"

namespace crier::article {

/// Offers authors by rel=author, by the class or id of an element ("byline", "author") and by lines near the
/// headline that begin as bylines do; dates by <time datetime>, by class or id, and by lines near the
/// headline. `furniture` as of find_furniture.
void read_hints(Draft& draft, const std::vector<bool>& furniture);

}  // namespace crier::article
