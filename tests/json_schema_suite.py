#!/usr/bin/env python3
"""Fetches the official JSON-Schema-Test-Suite and prints the folder that it lies in.

usage: json_schema_suite.py CACHE-DIRECTORY

The suite comes inside the source package of PyPI's `jsonschema`, which pip fetches once; the unit
test `schema_suite` reads it from the folder that FERMATA_SCHEMA_SUITE names.
"""

import json
import pathlib
import subprocess
import sys
import tarfile

VERSION = "4.23.0"
MANDATORY_CASES = 1245


def download(cache):
    archive = cache / f"jsonschema-{VERSION}.tar.gz"
    if not archive.exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--no-binary", ":all:", "--dest", str(cache), f"jsonschema=={VERSION}"]
        subprocess.run(command, check=True, stdout=sys.stderr)
    return archive


def unpack(archive, cache):
    inside = f"jsonschema-{VERSION}/json/"
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            if member.isfile() and member.name.startswith(inside) and ".." not in member.name:
                target = cache / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(tar.extractfile(member).read())
    return cache / inside


def count_cases(suite):
    files = (suite / "tests" / "draft2020-12").glob("*.json")
    return sum(len(group["tests"]) for file in files for group in json.loads(file.read_text("utf-8")))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    cache = pathlib.Path(sys.argv[1]).resolve()
    cache.mkdir(parents=True, exist_ok=True)
    suite = unpack(download(cache), cache)
    if count_cases(suite) != MANDATORY_CASES:
        sys.exit(f"{suite} has {count_cases(suite)} mandatory cases, not {MANDATORY_CASES}")
    print(suite)


if __name__ == "__main__":
    main()
