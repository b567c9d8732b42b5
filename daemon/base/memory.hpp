// How much memory the allocator keeps of what was freed: by itself glibc keeps up to 64 MB a thread, once as
// large pieces have been freed as a configuration takes. Nothing happens where it is another C library.
#pragma once

namespace crier {

/// From now on each thread keeps a megabyte, and larger pieces go back to the system when they are freed.
/// Before other threads are started, by what runs for long.
void keep_little_memory();

/// Gives back also what lies between pieces that are in use. After much was freed that will not be asked for
/// again soon. Any thread; takes about 10 ms a gigabyte, while others that allocate may have to wait.
void return_freed_memory();

}  // namespace crier
