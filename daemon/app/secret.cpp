#include "app/secret.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fmt/core.h>
#include <sys/stat.h>

#include "base/files.hpp"

namespace crier {
namespace {

constexpr std::uint64_t max_secret_bytes = 64 * 1024;

Result<std::filesystem::path> path_of(std::string_view reference) {
  constexpr std::string_view scheme = "credential:";
  if (!reference.starts_with(scheme)) return std::filesystem::path(reference);
  const auto name = reference.substr(scheme.size());
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr)
    return Error{fmt::format(
        "credential \"{}\": there is no $CREDENTIALS_DIRECTORY; use LoadCredential= in the unit", name)};
  if (name.empty() || name.find('/') != std::string_view::npos)
    return Error{fmt::format("credential \"{}\": not a credential's name", name)};
  return std::filesystem::path(folder) / name;
}

}  // namespace

bool is_pasted_secret(std::string_view reference) {
  const auto begin = std::min(reference.find_first_not_of(" \t"), reference.size());
  return reference.find("-----BEGIN") != std::string_view::npos ||
         reference.substr(begin).starts_with("whsec_");
}

Result<std::string> read_secret_text(std::string_view reference) {
  if (is_pasted_secret(reference))
    return Error{
        "a secret stands here itself: put it into a file that only its owner may read, and name that"};
  const auto path = path_of(reference);
  if (!path) return path.error();
  auto bytes = read_file(*path, max_secret_bytes);
  if (!bytes) return bytes.error();
  struct stat info {};
  if (::stat(path->c_str(), &info) == 0 && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0 &&
      !reference.starts_with("credential:"))
    return Error{fmt::format("{}: others may read or change this secret; run chmod 600 {}", path->string(),
                             path->string())};
  return *std::move(bytes);
}

Result<std::string> read_secret(std::string_view reference) {
  auto bytes = read_secret_text(reference);
  if (!bytes) return bytes;
  while (bytes->ends_with('\n') || bytes->ends_with('\r')) bytes->pop_back();
  if (std::ranges::any_of(*bytes, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }))
    return Error{fmt::format("{}: the secret must be one line of text", path_of(reference)->string())};
  if (bytes->empty()) return Error{fmt::format("{}: the secret is empty", path_of(reference)->string())};
  return *std::move(bytes);
}

}  // namespace crier
