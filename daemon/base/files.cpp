#include "base/files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"

namespace crier {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

bool is_passing(int error) {
  static constexpr std::array passing{EMFILE,    ENFILE,       EIO,          ESTALE,      ENOMEM,
                                      ETIMEDOUT, EAGAIN,       EINTR,        EBUSY,       ENOBUFS,
                                      EREMOTEIO, EHOSTDOWN,    EHOSTUNREACH, ENETDOWN,    ENETUNREACH,
                                      ENOTCONN,  ECONNREFUSED, ECONNRESET,   ECONNABORTED};
  return std::ranges::find(passing, error) != passing.end();
}

FileError system_error(const std::filesystem::path& path, std::string_view doing) {
  const int error = errno;
  return {{fmt::format("{}: cannot {}: {}", path.string(), doing, std::strerror(error))}, is_passing(error)};
}

// Why a symbolic link was not opened, and what is behind it.
FileError refused_link(const std::filesystem::path& path) {
  std::error_code ignored;
  const auto target = std::filesystem::read_symlink(path, ignored).string();
  const auto behind = std::filesystem::status(path, ignored).type();
  const auto* what = behind == std::filesystem::file_type::not_found   ? ", which does not exist"
                     : behind == std::filesystem::file_type::directory ? ", a folder"
                                                                       : "";
  return {
      {fmt::format("{}: a symbolic link to {}{}; no link is followed here, put the file itself in its place",
                   path.string(), target, what)}};
}

Result<void> write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(path, "write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Result<std::string, FileError> read_file(const std::filesystem::path& path, std::uint64_t max_bytes,
                                         Links links) {
  const int no_links = links == Links::refuse ? O_NOFOLLOW : 0;
  // O_NONBLOCK: opening a FIFO must not wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | no_links));
  if (file.get() < 0 && errno == ELOOP && no_links != 0) return refused_link(path);
  if (file.get() < 0) return system_error(path, "open");
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return system_error(path, "look at it");
  if (!S_ISREG(info.st_mode)) return FileError{{path.string() + ": not a regular file"}};
  const auto too_large = [&](std::uint64_t size) {
    return FileError{
        {fmt::format("{}: {} bytes is more than the limit of {}", path.string(), size, max_bytes)}};
  };
  if (static_cast<std::uint64_t>(info.st_size) > max_bytes)
    return too_large(static_cast<std::uint64_t>(info.st_size));
  std::string bytes;
  bytes.resize(static_cast<std::size_t>(info.st_size) + 1);  // one more, to notice a file that grows
  std::size_t filled = 0;
  for (;;) {
    const auto got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path, "read");
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (filled > max_bytes) return too_large(filled);
    if (filled == bytes.size()) bytes.resize(bytes.size() + 65536);
  }
  bytes.resize(filled);
  return bytes;
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view bytes, unsigned mode) {
  std::error_code ignored;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
  auto temporary = path;
  temporary += ".tmp-" + to_hex(random_bytes(6));
  return write_file_through(temporary, path, bytes, mode);
}

Result<void> write_new_file(const std::filesystem::path& path, std::string_view bytes, unsigned mode) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (file.get() < 0) return system_error(path, "create");
  auto done = write_all(file.get(), bytes, path);
  if (done && ::fsync(file.get()) != 0) done = system_error(path, "sync");
  if (!done) ::unlink(path.c_str());
  return done;
}

Result<void> write_file_through(const std::filesystem::path& temporary, const std::filesystem::path& path,
                                std::string_view bytes, unsigned mode) {
  if (auto done = write_new_file(temporary, bytes, mode); !done) return done;
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const auto failed = system_error(path, "rename into place");
    ::unlink(temporary.c_str());
    return failed;
  }
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) return system_error(folder, "sync");
  return {};
}

}  // namespace crier
