#include "story/folder_poll.hpp"

#include <sys/stat.h>

namespace crier {
namespace {

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

bool has(const FileStamps& stamps, const FileStamps::value_type& entry) {
  const auto found = stamps.find(entry.first);
  return found != stamps.end() && found->second == entry.second;
}

}  // namespace

FileStamps stamp_files(const std::filesystem::path& folder, const std::vector<std::string>& names) {
  FileStamps stamps;
  for (const auto& name : names) {
    struct stat info {};
    if (::lstat((folder / name).c_str(), &info) != 0) continue;
    stamps[name] = {info.st_ino, info.st_size, nanoseconds(info.st_mtim), nanoseconds(info.st_ctim)};
  }
  return stamps;
}

std::vector<std::string> SettledFiles::take(FileStamps now) {
  std::vector<std::string> settled;
  for (const auto& entry : now)
    if (has(last_, entry) && !has(taken_, entry)) settled.push_back(entry.first);
  for (const auto& name : settled) taken_[name] = now[name];
  std::erase_if(taken_, [&](const auto& entry) { return !now.contains(entry.first); });
  last_ = std::move(now);
  return settled;
}

}  // namespace crier
