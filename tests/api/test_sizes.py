"""No function and no file is longer than a reader can hold, unless it says why.

The reason is a comment right above the function, or among the first lines of the file:
`Long: …` in it.
"""

import ast
import itertools
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOPS = ("bench", "cli", "common", "examples", "include", "json", "lib", "server", "tests")
FUNCTION_LINES = 80
FILE_LINES = 700
FIRST_LINES = 10


def files(*suffixes):
    for top in TOPS:
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in suffixes:
                yield path, path.read_text()


def c_functions(text):
    """(first line, last line) of each function, counted from 1; script/format puts the braces of
    functions, and of nothing else, alone on the left."""
    first = None
    for number, line in enumerate(text.split("\n"), 1):
        if line == "{":
            first = number
        elif line == "}" and first:
            yield first, number
            first = None


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno


def says_why(text, number):
    """Whether the comment right above the function whose body begins there has a reason."""
    above = reversed(text.split("\n")[:number - 1])
    comment = itertools.takewhile(lambda line: line and line not in ("}", "};"), above)
    return any("Long: " in line for line in comment)


def too_long(path, text):
    functions = python_functions if path.suffix == ".py" else c_functions
    for first, last in functions(text):
        if last - first + 1 > FUNCTION_LINES and not says_why(text, first):
            yield f"{path}:{first}: a function of {last - first + 1} lines"
    lines = text.count("\n")
    if lines > FILE_LINES and "Long: " not in "\n".join(text.split("\n")[:FIRST_LINES]):
        yield f"{path}: {lines} lines"


def test_nothing_is_too_long_without_a_reason():
    wrong = [problem for path, text in files(".c", ".h", ".py")
             for problem in too_long(path.relative_to(ROOT), text)]
    assert not wrong, "\n".join(wrong)


def test_all_is_measured():
    measured = [path for path, text in files(".c") if list(c_functions(text))]
    assert len(measured) > 200
    assert {path.relative_to(ROOT).parts[0] for path in measured} >= set(TOPS) - {"include"}


BODY = "{\n" + "    work();\n" * FUNCTION_LINES + "}\n"


@pytest.mark.parametrize("name, text, found", [
    ("a.c", f"int f(void)\n{BODY}", 1),
    ("a.c", f"/* Long: it is one table. */\nint f(int a,\n      int b)\n{BODY}", 0),
    ("a.c", f"/* Long: the one above. */\nint e(void)\n{BODY}\nint f(void)\n{BODY}", 1),
    ("a.c", "int a;\n" * (FILE_LINES + 1), 1),
    ("a.h", "/* Long: of the standard. */\n" + "int a;\n" * FILE_LINES, 0),
    ("a.py", "def f():\n" + "    work()\n" * FUNCTION_LINES, 1),
    ("a.py", "# Long: one story.\ndef f():\n" + "    work()\n" * FUNCTION_LINES, 0),
])
def test_what_is_long(name, text, found):
    assert len(list(too_long(Path(name), text))) == found
