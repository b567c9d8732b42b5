#include "story/folder_listing.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.hpp"
#include "story/plain_text.hpp"

namespace crier {
namespace {

namespace fs = std::filesystem;

constexpr int deepest = 32;

// Of file systems that more than one machine may write to; those that the kernel's headers do not name here.
constexpr long cifs_magic = 0xFF534D42;
constexpr long smb2_magic = 0xFE534D42;
constexpr long fuse_magic = 0x65735546;
constexpr long ceph_magic = 0x00C36400;
constexpr long lustre_magic = 0x0BD00BD0;
constexpr std::array<long, 9> shared{NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, V9FS_MAGIC,
                                     AFS_SUPER_MAGIC, cifs_magic,      smb2_magic,
                                     fuse_magic,      ceph_magic,      lustre_magic};

std::string join(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

struct Entries {
  std::vector<std::string> files;
  std::vector<std::string> folders;
};

Result<Entries> list(const fs::path& root, const std::string& folder) {
  Entries entries;
  std::error_code failed;
  for (fs::directory_iterator entry(root / folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    std::error_code gone;  // deleted since it was listed
    auto name = join(folder, entry->path().filename().string());
    if (entry->is_symlink(gone) || entry->is_regular_file(gone))
      entries.files.push_back(std::move(name));
    else if (entry->is_directory(gone))
      entries.folders.push_back(std::move(name));
  }
  if (failed)
    return Error{fmt::format("{}: cannot list the folder: {}", (root / folder).string(), failed.message())};
  return entries;
}

}  // namespace

bool is_story_name(std::string_view name) {
  static constexpr std::array<std::string_view, 8> unfinished{".tmp", ".part", ".partial",    ".filepart",
                                                              ".swp", ".swx",  ".crdownload", "~"};
  if (name.empty() || name.starts_with('.')) return false;
  const auto lower = ascii_lower(name);
  // ".tmp-…" is what write_file_atomically() renames from.
  return lower.find(".tmp-") == std::string::npos &&
         std::none_of(unfinished.begin(), unfinished.end(),
                      [&](auto ending) { return lower.ends_with(ending); });
}

bool is_story_folder(const fs::path& root, const FolderOptions& options, const std::string& relative) {
  if (!options.recursive || fs::path(relative).filename().string().starts_with('.')) return false;
  if (std::ranges::count(relative, '/') >= deepest) return false;
  std::error_code failed;
  return options.except.empty() || !fs::equivalent(root / relative, options.except, failed);
}

bool is_being_written(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return false;
  // No read lease is to be had then (fcntl(2)).
  const bool refused = ::fcntl(fd, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
  ::close(fd);
  return refused;
}

bool tells_events(const fs::path& folder) {
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) return true;
  return std::ranges::find(shared, static_cast<long>(info.f_type)) == shared.end();
}

Result<std::vector<std::string>> find_stories(const fs::path& root, const FolderOptions& options,
                                              const std::string& start,
                                              const std::function<void(const std::string&)>& enter) {
  std::vector<std::string> stories;
  std::vector<std::string> folders{start};
  while (!folders.empty()) {
    const auto folder = std::move(folders.back());
    folders.pop_back();
    if (enter) enter(folder);
    auto entries = list(root, folder);
    if (!entries && folder == start) return entries.error();
    if (!entries) {
      log::warn("folder.not_listed", {{"what", entries.error().message}});
      continue;
    }
    for (auto& name : entries->files)
      if (is_story_name(std::string_view(name).substr(folder.empty() ? 0 : folder.size() + 1)))
        stories.push_back(std::move(name));
    for (auto& name : entries->folders)
      if (is_story_folder(root, options, name)) folders.push_back(std::move(name));
  }
  std::sort(stories.begin(), stories.end());
  return stories;
}

}  // namespace crier
