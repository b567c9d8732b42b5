// Memory that a daemon need not keep. By itself glibc keeps up to 64 MB a thread of what was freed, once as
// large pieces have been freed as a configuration takes; and what the start alone needs of the program stays,
// as long as the system has room. Nothing happens where it is another C library, or another system.
#pragma once

namespace crier {

/// From now on each thread keeps a megabyte, and larger pieces go back to the system when they are freed.
/// Before other threads are started, by what runs for long.
void keep_little_memory();

/// Gives back also what lies between pieces that are in use. After much was freed that will not be asked for
/// again soon. Any thread; takes about 10 ms a gigabyte, while others that allocate may have to wait.
void return_freed_memory();

/// Lets go of what was read of the program's own file, and those of its libraries: what is needed again is
/// found in the system's cache, at some 0.1 ms a megabyte. After a start, which needs much that nothing else
/// does. What a debugger wrote into the program is lost. Any thread.
void return_program_pages();

}  // namespace crier
