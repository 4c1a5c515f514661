"""Writes the migrations, given as files NNNN-name.sql in order, as a C table."""
import json
import pathlib
import sys

print('#include <stddef.h>\n\n#include "server/store/connection.h"\n')
print("const struct migration migrations[] = {")
for number, path in enumerate(map(pathlib.Path, sys.argv[1:]), 1):
    if not path.name.startswith(f"{number:04}-"):
        sys.exit(f"{path.name}: expected the migration number {number:04}")
    print(f"    {{{number}, {json.dumps(path.stem)},")
    for line in path.read_text().splitlines(keepends=True):
        print("     " + json.dumps(line))
    print("    },")
print("    {0, NULL, NULL},\n};")
