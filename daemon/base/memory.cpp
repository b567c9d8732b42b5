#include "base/memory.hpp"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
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

}  // namespace crier
