// Sample content for tests of rendering: an invented newsroom and its stories.
#pragma once

#include "render/content.hpp"

namespace crier::testing {

Content sample_alert();
Content sample_digest();
Reader sample_reader();

}  // namespace crier::testing
