"""embed_migrations.py DIRECTORY OUTPUT DEPFILE

Writes the directory's migrations, files NNNN-name.sql numbered from 0001, to OUTPUT as a C table,
and to DEPFILE what that was made from: Ninja makes it again when a file is added.
"""
import json
import pathlib
import sys

directory, output, depfile = map(pathlib.Path, sys.argv[1:])
paths = sorted(directory.glob("*.sql"))
lines = ['#include <stddef.h>\n\n#include "server/store/connection.h"\n',
         "const struct migration migrations[] = {"]
for number, path in enumerate(paths, 1):
    if not path.name.startswith(f"{number:04}-"):
        sys.exit(f"{path.name}: expected the migration number {number:04}")
    lines.append(f"    {{{number}, {json.dumps(path.stem)},")
    lines += ["     " + json.dumps(line) for line in path.read_text().splitlines(keepends=True)]
    lines.append("    },")
lines.append("    {0, NULL, NULL},\n};\n")
output.write_text("\n".join(lines))
sources = " ".join(str(path).replace(" ", "\\ ") for path in [directory, *paths])
depfile.write_text(f"{output}: {sources}\n")
