"""The exercises of docs/contributing.md do what they say: made in a copy of the tree, built, tried.

A block `diff FILE` holds the lines to find in a file, in order, and what becomes of them; "@@" stands
between two places, and a place without lines to find is the end of the file. Any other block with
a file's name is a new file, in which NNNN is the next number of a migration."""

import re
import shutil
import subprocess
import sys

import pytest

from harness.pages import read_blocks
from harness.server import ROOT, clean_environment

PAGE = ROOT / "docs/contributing.md"
NOT_COPIED = shutil.ignore_patterns("build*", ".*", "__pycache__", "node_modules")
BUILT = ("fermata", "tests/unit/test_rules", "tests/docs/rules_table")


def change(path, diff):
    """Makes a block's changes in a file; each place has to be there once."""
    text = path.read_text()
    for place in diff.rstrip("\n").split("\n@@\n"):
        lines = place.split("\n")
        old = "".join(line[1:] + "\n" for line in lines if not line.startswith("+"))
        new = "".join(line[1:] + "\n" for line in lines if not line.startswith("-"))
        assert text.count(old) == 1 or not old, f"{path}: {text.count(old)} times\n{old}"
        text = text.replace(old, new) if old else text + new
    path.write_text(text)


def numbered(tree, name):
    """The name with the next number of a migration for NNNN."""
    next_one = len(list((tree / "server/store/migrations").glob("*.sql"))) + 1
    return name.replace("NNNN", f"{next_one:04}")


def run(command, tree, **environment):
    done = subprocess.run(command, cwd=tree, text=True, env=clean_environment(**environment),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def exercises():
    return [block for block in read_blocks(PAGE) if "/" in block.rest]


@pytest.fixture(scope="module")
def tree(tmp_path_factory, exercises):
    """A copy of the tree with all of them."""
    tree = tmp_path_factory.mktemp("contributing") / "tree"
    shutil.copytree(ROOT, tree, ignore=NOT_COPIED, symlinks=True)
    for installed in (".venv-node", "ui/node_modules"):  # by script/bootstrap
        (tree / installed).symlink_to(ROOT / installed)
    for block in exercises:
        if block.language == "diff":
            change(tree / block.rest, block.text)
        else:
            path = tree / numbered(tree, block.rest)
            assert not path.exists(), f"{block.place}: {path} is there"
            path.write_text(block.text)
    return tree


@pytest.mark.timeout(300)
def test_what_they_add_works(tree, exercises):
    run(["meson", "setup", "build", "-Dbuildtype=plain"], tree)
    run(["ninja", "-C", "build", *BUILT], tree)
    run(["build/tests/unit/test_rules"], tree)
    tests = {block.rest for block in exercises if block.rest.startswith("tests/api/")}
    names = [name for block in exercises
             for name in re.findall(r"^\+?def (test_\w+)", block.text, re.MULTILINE)]
    told = run([sys.executable, "-m", "pytest", *sorted(tests), "-k", " or ".join(names)], tree,
               FERMATA_BUILD=str(tree / "build"))
    assert len(names) >= 4 and f"{len(names)} passed" in told
    run([sys.executable, "-m", "pytest", "tests/docs/test_docs.py", "-k", "transitions or routes_that_wait"],
        tree, FERMATA_BUILD=str(tree / "build"))


@pytest.mark.skipif(not (ROOT / ".venv/bin/clang-format").exists(), reason="no clang-format")
def test_they_are_written_as_the_tree_is(tree, exercises):
    files = {block.rest for block in exercises if block.rest.endswith(".c")}
    run([ROOT / ".venv/bin/clang-format", "--dry-run", "--Werror",
         f"--style=file:{ROOT}/.clang-format", *sorted(files)], tree)
