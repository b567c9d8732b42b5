#include "base/memory.hpp"

#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __linux__
#include <sys/mman.h>
#endif

namespace crier {

void keep_little_memory() {
#ifdef __GLIBC__
  // Without these the thresholds grow with the largest piece that was ever freed, see mallopt(3).
  constexpr int megabyte = 1 << 20;
  ::mallopt(M_MMAP_THRESHOLD, megabyte);
  ::mallopt(M_TRIM_THRESHOLD, megabyte);
#endif
}

void return_freed_memory() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

void return_program_pages() {
#ifdef __linux__
  std::ifstream mappings(
      "/proc/self/smaps");  // proc(5): of each a line with its place, then one for each figure
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool is_untouched = false;  // of a file, and nothing of it was ever written
  for (std::string line; std::getline(mappings, line);) {
    std::uintptr_t first = 0;
    std::uintptr_t last = 0;
    std::array<char, 5> rights{};
    unsigned long inode = 0;
    unsigned long kilobytes = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %4s %*x %*x:%*x %lu", &first, &last,
                    rights.data(), &inode) == 4) {
      begin = first;
      end = last;
      is_untouched = inode != 0 && rights[1] != 'w';
    } else if (std::sscanf(line.c_str(), "Anonymous: %lu kB", &kilobytes) == 1) {
      // By the dynamic linker or a debugger, before it was made read-only.
      is_untouched = is_untouched && kilobytes == 0;
    } else if (std::sscanf(line.c_str(), "Swap: %lu kB", &kilobytes) == 1) {
      // What was written may be swapped out, and is lost when it is let go. This line comes after the other.
      if (is_untouched && kilobytes == 0)
        ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
      is_untouched = false;
    }
  }
#endif
}

}  // namespace crier
