// Failed files: where story files go that cannot be read, so that somebody sees them. Blocking: for a worker.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.hpp"

namespace crier {

/// Moves `file` into `folder`, which is created, and writes `reason` beside it as NAME.reason. Where one of
/// these names is taken, a number is put before the extension: nothing is replaced. Returns its new place.
/// Errors name the file; then it is still where it was.
Result<std::filesystem::path> set_aside(const std::filesystem::path& file,
                                        const std::filesystem::path& folder, std::string_view reason);

}  // namespace crier
