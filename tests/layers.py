#!/usr/bin/env python3
"""The walls of daemon/: a folder includes only itself and the folders above it in the order of
docs/architecture.md, heavy libraries stay inside .cpp files, and no two types share a name.

Two types of one name in one namespace break the one-definition rule: the linker keeps the functions of either.
"""
import collections
import pathlib
import re
import sys

ORDER = ["base", "net", "db", "story", "text", "match", "audience", "schedule", "outbox", "render", "channel",
         "dispatch", "http", "app"]
# Headers of heavy libraries stay inside .cpp files.
ONLY_IN_SOURCES = re.compile(r'#include <(curl/|sqlite3\.h|httplib\.h|yaml-cpp/|kainjow/|boost/json\.hpp|libxml/|toml\+\+/|boost/beast)')

TYPE = re.compile(r"(?:class|struct|enum class|enum) (\w+)(?: final)?(?: :.*)? \{")


def types_seen_by_the_linker(text: str):
    """(line number, namespace::name) of each type that is neither nested nor in an anonymous namespace. The layout
    of clang-format is relied upon: what stands in a namespace is not indented, and "}" ends it."""
    namespaces = []
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"namespace ?([\w:]*) \{", line):
            namespaces.append(match[1])
        elif line.startswith("}  // namespace"):
            namespaces.pop()
        elif (match := TYPE.match(line)) and "" not in namespaces:
            yield number, "::".join([*namespaces, match[1]])


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent / "daemon"
    rank = {folder: place for place, folder in enumerate(ORDER)}
    complaints = []
    places = collections.defaultdict(list)
    for path in sorted(root.rglob("*.[ch]pp")):
        parts = path.relative_to(root).parts
        if len(parts) == 1:
            continue  # main.cpp is the roof
        folder = parts[0]
        if folder not in rank:
            complaints.append(f"{path}: the folder {folder}/ is not in the order")
            continue
        for number, name in types_seen_by_the_linker(path.read_text()):
            places[name].append(f"{path}:{number}")
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := re.match(r'#include "(\w+)/', line):
                if rank.get(match[1], len(ORDER)) > rank[folder]:
                    complaints.append(f"{path}:{number}: {folder}/ may not include {match[1]}/")
            if path.suffix == ".hpp" and ONLY_IN_SOURCES.match(line):
                complaints.append(f"{path}:{number}: this library belongs inside a .cpp file")
    for name, found in places.items():
        if len(found) > 1:
            complaints.append(f"{found[0]}: {name} is also a type of {', '.join(found[1:])}")
    print("\n".join(complaints) if complaints else "every folder includes only those above it, and each type has its own name")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
