// Reserve: room that a database keeps for what must be written on a full disk, the outcomes of what is sent.
// The write-ahead log has its room from the start and is used again and again; new rows find pages inside the
// file.
#pragma once

#include <filesystem>

namespace crier {

class Sqlite;

/// Makes the log of an open database as long as it ever is in ordinary work. False when the disk has no room
/// for that.
bool reserve_log(const std::filesystem::path& database);

/// Whether the file has fewer free pages than are to be kept.
bool lacks_free_pages(Sqlite& db);
/// They come back in so many parts, so that nobody waits long for one of them. Each part is a transaction
/// that takes pages from the disk; one after all of them, also when one has failed, frees what was taken.
inline constexpr int reserve_parts = 32;
void take_pages(Sqlite& db, int part);
void free_pages(Sqlite& db);
/// All of that at once, while nobody waits and no transaction is open.
void bring_free_pages(Sqlite& db);

}  // namespace crier
