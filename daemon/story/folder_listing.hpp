// Folder listing: which files of a watched folder are stories. Blocking: for a worker.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace crier {

struct FolderOptions {
  bool recursive = false;           ///< the folders in it, too, and those in them
  std::filesystem::path except{};   ///< a folder in it that holds no stories; empty = none
  std::optional<Duration> every{};  ///< it is looked through this often, in place of waiting for events

  bool operator==(const FolderOptions&) const = default;
};

/// Not hidden, and not of an unfinished transfer (.tmp, .part, .swp, ~ …).
bool is_story_name(std::string_view name);

/// Whether a folder in the watched one, "2026/november", is watched, too.
bool is_story_folder(const std::filesystem::path& root, const FolderOptions& options,
                     const std::string& relative);

/// Whether somebody has the file open for writing. Files of other owners cannot be asked about and count as
/// finished.
bool is_being_written(const std::filesystem::path& file);

/// Whether the kernel tells of all that happens in the folder: not where other machines write, too (NFS, SMB
/// …). True when it cannot be known.
bool tells_events(const std::filesystem::path& folder);

/// The regular files and the links in `root`/`start` with the names of stories, by their paths below `root`,
/// sorted. `enter` is called for each folder before it is listed. An Error when the first cannot be listed;
/// of others that is logged.
Result<std::vector<std::string>> find_stories(const std::filesystem::path& root, const FolderOptions& options,
                                              const std::string& start = {},
                                              const std::function<void(const std::string&)>& enter = {});

}  // namespace crier
