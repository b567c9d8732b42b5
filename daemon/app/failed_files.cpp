#include "app/failed_files.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "base/files.hpp"
#include "base/log.hpp"

namespace crier {
namespace {

namespace fs = std::filesystem;

constexpr int most_names = 10'000;

// 0, or the errno of the failure; EEXIST when `to` is there already.
int rename_without_replacing(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // This file system cannot (NFS).
  std::error_code failed;
  if (fs::exists(fs::symlink_status(to, failed))) return EEXIST;
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

// 0, or the errno of the failure; EEXIST when it is there already.
int create_empty(const std::string& file) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return errno;
  ::close(fd);
  return 0;
}

}  // namespace

Result<fs::path> set_aside(const fs::path& file, const fs::path& folder, std::string_view reason) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  const auto stem = file.stem().string();
  const auto extension = file.extension().string();
  int error = EEXIST;
  for (int number = 1; error == EEXIST && number <= most_names; ++number) {
    const auto to =
        folder / (number == 1 ? stem + extension : fmt::format("{}-{}{}", stem, number, extension));
    const auto reason_file = to.string() + ".reason";
    error = create_empty(reason_file);
    if (error != 0) continue;
    error = rename_without_replacing(file, to);
    if (error != 0) {
      fs::remove(reason_file, failed);
      continue;
    }
    const auto written = write_file_atomically(reason_file, std::string(reason) + "\n");
    if (!written) log::error("story.reason_lost", {{"file", to.string()}, {"what", written.error().message}});
    return to;
  }
  return Error{
      fmt::format("{}: cannot be moved to {}: {}", file.string(), folder.string(), std::strerror(error))};
}

}  // namespace crier
