"""What docs/ says is true: commands are run and programs compiled (see harness/pages.py for how a
page is written), tables and links are compared with what they are about."""

import re
import shutil
import socket
import subprocess

import pytest

from harness.pages import Page, compile_declarations, read_blocks
from harness.server import ROOT, Server, build_directory, clean_environment

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
# Pages in docs/ whose blocks are run, and whether a server is up; if not they start it themselves.
TAUGHT = {"getting-started.md": False, "guide.md": True, "operations.md": False, "forms.md": True,
          "tasks.md": True, "cli.md": True, "deployments.md": True, "api.md": True, "python.md": True,
          "work-pools.md": True, "shell.md": True}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", TAUGHT)
def test_a_reader_can_do_what_a_page_does(name, tmp_path):
    directory = tmp_path / "reader"
    directory.mkdir()
    if not TAUGHT[name]:
        with Page(ROOT / "docs" / name, directory, free_port()) as page:
            page.run()
        return
    with Server(tmp_path) as server, Page(ROOT / "docs" / name, directory, server.port) as page:
        page.run()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_programs_of_other_pages_compile(page, tmp_path):
    if page.name not in TAUGHT:
        for block in read_blocks(page):
            if block.language == "c" and not block.rest.startswith("server/"):
                compile_declarations(block, tmp_path)


def test_every_example_is_in_the_guide():
    guide = (ROOT / "docs/guide.md").read_text()
    for source in (ROOT / "examples").glob("*.c"):
        assert f"](../examples/{source.name})" in guide, f"nobody finds examples/{source.name}"
        assert (build_directory() / "examples" / source.stem).exists(), f"{source} is not built"


def test_every_shell_script_is_in_its_page():
    page = (ROOT / "docs/shell.md").read_text()
    for source in (ROOT / "examples/shell").iterdir():
        assert f"](../examples/shell/{source.name})" in page, f"nobody finds {source.name}"


def anchors(page):
    """GitHub's names for a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{page.name}: there is no {path}"
        assert not anchor or anchor in anchors(there), f"{page.name}: {path} has no #{anchor}"


def table(page, heading):
    """The rows of the table below a line of header cells, without marks for code."""
    text = (ROOT / "docs" / page).read_text()
    begun = text.index(f"\n| {heading} |")
    rows = text[begun + 1:].split("\n\n")[0].split("\n")[2:]
    return [[cell.strip().replace("`", "").replace("\\|", "|")
             for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def test_settings_are_those_of_the_server():
    help_text = subprocess.run([build_directory() / "fermata", "server", "--help"], text=True,
                               capture_output=True, check=True, env=clean_environment()).stdout
    options = re.split(r"\n +(?=(?:-\w, )?--)", help_text.split("Options:")[1])
    told = [re.match(r"(--\S+ \S+)\s+(.*); default: (\w+)(?:, (.*))?$", " ".join(option.split()))
            for option in options]
    told = [[one[1], one[3], one[4] or "none", one[2]] for one in told if one]
    assert len(told) >= 10
    assert table("operations.md", "option | environment | default | what it sets") == told


def test_figures_are_those_of_the_server(server):
    text = server.api.get("../metrics").text
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    told = [[name, kinds[name], what]
            for name, what in re.findall(r"^# HELP (\S+) (.*)$", text, re.MULTILINE)]
    assert table("operations.md", "figure | kind | what it counts") == told


def test_the_unit_file_is_one_for_systemd(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    block = next(block for block in read_blocks(ROOT / "docs/operations.md")
                 if block.rest == "fermata.service")
    unit = tmp_path / block.rest
    unit.write_text(block.text.replace("/usr/local/bin/fermata", str(build_directory() / "fermata")))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    told = [line for line in done.stderr.split("\n") if block.rest in line]
    assert not told, done.stderr


def rules_of_the_page(whose):
    """The table of a page in the words of rules_table.c, the reader's column "if" as "if" or ""."""
    heading = "rule | from | to | if | verdict | reason or effect"
    text = (ROOT / "docs/api.md").read_text()
    tables = [rows for rows in text.split(f"| {heading} |\n")[1:]]
    rows = tables[("flow", "task").index(whose)].split("\n\n")[0].split("\n")[1:]
    for row in rows:
        name, begin, end, condition, verdict, last = [cell.strip() for cell in row.split("|")[1:-1]]
        verdict = "REJECT, enters" if verdict.startswith("REJECT, enters ") else verdict
        reason = last.strip('"').replace("TYPE", "%s") if last.startswith('"') else ""
        yield [whose, name.removesuffix(" (always)"), begin, end, verdict,
               "always" if name.endswith(" (always)") else "", "if" if condition else "", reason]


@pytest.mark.parametrize("whose", ["flow", "task"])
def test_rules_of_transitions_are_those_of_the_server(whose):
    done = subprocess.run([build_directory() / "tests/docs/rules_table"], text=True,
                          capture_output=True, check=True)
    told = [line.split("\t") for line in done.stdout.split("\n") if line.startswith(whose + "\t")]
    assert list(rules_of_the_page(whose)) == told


def test_routes_that_wait_are_those_of_the_server(server):
    document = server.api.get("../openapi.json").json()
    told = sorted(f"{method.upper()} {path}"
                  for path, methods in document["paths"].items()
                  for method, operation in methods.items()
                  if any("Prefer" in str(parameter)
                         for parameter in operation.get("parameters", [])))
    assert [row[0] for row in table("api.md", "route | waits until")] == told


def test_operators_of_filters_are_those_of_the_server():
    source = (ROOT / "server/resource/filter.c").read_text()
    rows = source[source.index("filter_operators[] = {"):].split("};")[0]
    told = set(re.findall(r'^    \{"(\w+)"', rows, re.MULTILINE))
    page = {name for row in table("api.md", "operator | of | holds if")
            for name in row[0].split(", ")}
    assert page == told


# Where the server has what api.md says of its limits: file, name, and how the page writes it.
LIMITS = [
    ("server/http/head.h", "HEAD_LIMIT", "32 KiB", 32 * 1024),
    ("server/http/head.h", "HEAD_FIELD_LIMIT", "100 headers", 100),
    ("server/http/head.h", "HEAD_TARGET_LIMIT", "8 KiB", 8 * 1024),
    ("server/http/server.c", "IDLE_TIMEOUT", "60 s", "60 * SECOND"),
    ("server/http/server.c", "SEND_TIMEOUT", "30 s", "30 * SECOND"),
    ("json/text.h", "JSON_TEXT_DEPTH", "200", 200),
    ("json/text.h", "JSON_TEXT_VALUES", "1000000", 1000000),
    ("server/api/resources.h", "LIST_LIMIT", "200", 200),
    ("server/resource/field.h", "FIELD_IDS_LIMIT", "1000", 1000),
    ("server/resource/resource.h", "FILTER_LIST_LIMIT", "1000", 1000),
    ("server/resource/resource.h", "FILTER_WORDS_LIMIT", "100", 100),
    ("server/resource/resource.h", "FILTER_VALUES_LIMIT", "10000", 10000),
    ("server/resource/problems.h", "PROBLEMS_LIMIT", "100", 100),
    ("server/server.c", "HELD_LIMIT", "512 MiB", 512 << 20),
    ("server/server.c", "TIME_LIMIT", "5 s", "5 * SECOND"),
]


@pytest.mark.parametrize("path, name, written, value", LIMITS, ids=[row[1] for row in LIMITS])
def test_limits_are_those_of_the_server(path, name, written, value):
    source = (ROOT / path).read_text()
    [found] = re.findall(rf"^#define {name} +(.*?)(?: */\*.*)?$", source, re.MULTILINE)
    unit = {"SECOND": 1}
    assert eval(found, unit) == (eval(value, unit) if isinstance(value, str) else value)
    assert any(written == row[1] or written in re.split(r", | \(", row[1]) for row in table("api.md", "what | limit | status"))
