"""Each folder includes only what the layers of docs/architecture.md allow."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
SYSTEM_INCLUDE = re.compile(r"^\s*#\s*include\s+<([^>]+)>", re.MULTILINE)

# Folder: what of the tree it may include beside its own headers; a path ending in .h is one file.
LAYERS = {
    "common": set(),
    "json": {"common"},
    "include": set(), "include/fermata": set(),
    "lib": {"include", "json", "common"},
    "examples": {"include"},
    "cli": {"include", "lib", "json", "common", "server/server.h"},
    "server/store": {"common"},
    "server/live": {"common"},
    "server/http": {"common", "json"},
    "server/markdown": {"common"},
    "server/secrets": {"common"},
    "server/schedules": {"common"},
    "server/templates": {"common", "json"},
    "server/resource": {"common", "json", "server/store"},
    "server/orchestration": {"common", "json", "server/store", "server/resource", "server/markdown",
                             "server/schedules", "server/templates"},
    "server/api": {"common", "json", "server/log.h", "server/store", "server/live", "server/http",
                   "server/resource", "server/orchestration", "server/schedules", "server/secrets"},
    "server/services": {"common", "json", "server/log.h", "server/store", "server/live",
                        "server/orchestration"},
    "server": {"common", "server/api", "server/http", "server/live", "server/secrets",
               "server/services", "server/store"},
}

# Libraries that one folder alone knows.
LIBRARIES = {
    "libwebsockets.h": "server/http", "uv.h": "server/http", "sqlite3.h": "server/store",
    "curl/curl.h": "lib",
}


def sources():
    """Every file of C with its folder."""
    for top in ("common", "json", "include", "lib", "examples", "cli", "server"):
        for path in sorted((ROOT / top).rglob("*.[ch]")):
            yield path, path.parent.relative_to(ROOT).as_posix()


def test_every_folder_has_its_layer():
    assert {folder for _, folder in sources()} <= set(LAYERS)


def test_folders_include_only_those_below():
    wrong = []
    for path, folder in sources():
        for name in INCLUDE.findall(path.read_text()):
            target = Path(name).parent.as_posix()
            if target != folder and not {target, name} & LAYERS[folder]:
                wrong.append(f"{path.relative_to(ROOT)} includes {name}")
    assert not wrong, "\n".join(wrong)


def test_includes_are_written_from_the_root():
    missing = [f"{path.relative_to(ROOT)}: {name}" for path, _ in sources()
               for name in INCLUDE.findall(path.read_text()) if not (ROOT / name).is_file()]
    assert not missing, "\n".join(missing)


def test_there_are_no_circles():
    done = set()

    def visit(folder, above):
        assert folder not in above, f"a circle through {folder}"
        if folder in done:
            return
        for other in LAYERS[folder]:
            if not other.endswith(".h"):
                visit(other, above | {folder})
        done.add(folder)

    for folder in LAYERS:
        visit(folder, set())


def test_a_library_is_known_to_one_folder():
    wrong = [f"{path.relative_to(ROOT)} includes <{name}>" for path, folder in sources()
             for name in SYSTEM_INCLUDE.findall(path.read_text())
             if name in LIBRARIES and LIBRARIES[name] != folder]
    assert not wrong, "\n".join(wrong)
