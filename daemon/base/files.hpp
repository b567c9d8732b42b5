// Reading and writing whole files. Blocking: call from a worker, the db thread or a command.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace crier {

enum class Links { follow, refuse };

struct FileError : Error {
  /// The system was short of something, or the disk or its network did not answer (EMFILE, ENOMEM, EIO,
  /// ESTALE, ETIMEDOUT …): another attempt may succeed, and nothing is said about the file.
  bool is_passing = false;
};

/// The bytes of a regular file of at most `max_bytes`; anything else is an Error that names the file. In a
/// folder that others fill, a symbolic link could lead to what only we may read: refuse it there.
Result<std::string, FileError> read_file(const std::filesystem::path& path, std::uint64_t max_bytes,
                                         Links links = Links::follow);

/// Writes to a temporary file beside `path`, syncs it and renames it: `path` is the old or the new file,
/// never half of one. Creates the folder. `mode` are the permission bits.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view bytes,
                                   unsigned mode = 0644);

/// Writes and syncs a file that is not there yet. One that is there is an Error, and stays as it is.
Result<void> write_new_file(const std::filesystem::path& path, std::string_view bytes, unsigned mode = 0644);

/// write_file_atomically with a temporary file of the caller's naming, on the same file system, for folders
/// that are watched (Maildir's new/). An earlier `temporary` is an error; it is removed when anything else
/// fails.
Result<void> write_file_through(const std::filesystem::path& temporary, const std::filesystem::path& path,
                                std::string_view bytes, unsigned mode = 0644);

}  // namespace crier
