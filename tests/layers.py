#!/usr/bin/env python3
"""A folder of daemon/ may include only itself and the folders above it in the order of docs/architecture.md."""
import pathlib
import re
import sys

ORDER = ["base", "net", "db", "story", "text", "match", "audience", "schedule", "outbox", "render", "channel",
         "dispatch", "http", "app"]
# Headers of heavy libraries stay inside .cpp files.
ONLY_IN_SOURCES = re.compile(r'#include <(curl/|sqlite3\.h|httplib\.h|yaml-cpp/|kainjow/|boost/json\.hpp|boost/beast)')


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent / "daemon"
    rank = {folder: place for place, folder in enumerate(ORDER)}
    complaints = []
    for path in sorted(root.rglob("*.[ch]pp")):
        parts = path.relative_to(root).parts
        if len(parts) == 1:
            continue  # main.cpp is the roof
        folder = parts[0]
        if folder not in rank:
            complaints.append(f"{path}: the folder {folder}/ is not in the order")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := re.match(r'#include "(\w+)/', line):
                if rank.get(match[1], len(ORDER)) > rank[folder]:
                    complaints.append(f"{path}:{number}: {folder}/ may not include {match[1]}/")
            if path.suffix == ".hpp" and ONLY_IN_SOURCES.match(line):
                complaints.append(f"{path}:{number}: this library belongs inside a .cpp file")
    print("\n".join(complaints) if complaints else "every folder includes only those above it")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
