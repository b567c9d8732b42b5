#include "match/zero_pages.hpp"

#include <cstdint>
#include <new>

#include <sys/mman.h>

namespace crier {
namespace {

constexpr std::size_t large_page = std::size_t{1} << 21;

void* map(std::size_t bytes) {
  auto* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  return data;
}

// Maps more than is wanted and gives back what lies beside an aligned piece.
void* map_aligned(std::size_t bytes) {
  auto* begin = static_cast<char*>(map(bytes + large_page));
  const auto before = (large_page - reinterpret_cast<std::uintptr_t>(begin) % large_page) % large_page;
  if (before > 0) munmap(begin, before);
  munmap(begin + before + bytes, large_page - before);
  madvise(begin + before, bytes, MADV_HUGEPAGE);
  return begin + before;
}

std::size_t whole_pages(std::size_t bytes, PageSize pages) {
  const std::size_t page = pages == PageSize::small || bytes < large_page ? 4096 : large_page;
  return (bytes + page - 1) / page * page;
}

}  // namespace

ZeroPages::ZeroPages(std::size_t bytes, PageSize pages)
    : bytes_(whole_pages(bytes, pages)),
      data_(pages == PageSize::small || bytes_ < large_page ? map(bytes_) : map_aligned(bytes_)) {}

ZeroPages::~ZeroPages() {
  munmap(data_, bytes_);
}

}  // namespace crier
