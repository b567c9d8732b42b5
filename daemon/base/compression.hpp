// Compression of texts that are kept (zlib, RFC 1950), and of files that come compressed (gzip, RFC 1952).
// Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace crier {

/// At most 4 GB.
std::string compress(std::string_view bytes);

/// What compress() was given. An Error for anything that it did not write, or when that was more than
/// `max_bytes`.
Result<std::string> decompress(std::string_view packed, std::size_t max_bytes);

bool is_gzip(std::string_view bytes);

/// What is in all members of a gzip file, one after another; zeros behind the last are padding. An Error when
/// it is damaged or cut off, or more than `max_bytes` would come out.
Result<std::string> gunzip(std::string_view packed, std::size_t max_bytes);

}  // namespace crier
