"""Writes the views of collections, given as files NAME.json, as a C table of their texts."""
import json
import pathlib
import sys

print('#include <stddef.h>\n\n#include "server/api/collections.h"\n')
print("const struct collection_view collection_views[] = {")
for path in map(pathlib.Path, sys.argv[1:]):
    compact = json.dumps(json.loads(path.read_text()), separators=(",", ":"))
    print(f"    {{{json.dumps(path.stem)}, {json.dumps(compact)}}},")
print("    {NULL, NULL},\n};")
