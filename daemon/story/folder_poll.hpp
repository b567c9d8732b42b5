// Folder poll: which files of a folder are to be read when only looking at it tells. For file systems that
// other machines write to.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace crier {

/// What changes when a file does (stat(2)); times in nanoseconds.
struct FileStamp {
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t modified = 0;
  std::int64_t changed = 0;

  bool operator==(const FileStamp&) const = default;
};

/// By path below the folder.
using FileStamps = std::map<std::string, FileStamp>;

/// Of those of `names` that are there. Blocking: for a worker.
FileStamps stamp_files(const std::filesystem::path& folder, const std::vector<std::string>& names);

/// A file is to be read once it looks the same in two looks: whoever writes it has then finished. Pure.
class SettledFiles {
 public:
  /// Those that have settled since the look before, each once for each state of it.
  std::vector<std::string> take(FileStamps now);

 private:
  FileStamps last_;
  FileStamps taken_;
};

}  // namespace crier
