"""Runs a page of docs/ as a reader would, block by block, and compares what comes out.

Fenced blocks, by the word behind the fence:

    sh             Commands. Those of a page share one bash, in a directory of the page's own where
                   `build`, `examples` and `script` are as in the source tree. None may fail.
    sh background  Commands that go on until the page ends, as in a second terminal.
    sh shown       Commands that cannot be tried here (they need root, or a bare machine): not run,
                   but the scripts that they name have to be there.
    console        A dialogue: `$ command`, then what a terminal shows. What follows "> " or "? " at
                   the end of a prompt is typed; nothing, behind a ">" that ends the line.
    text, json     Right behind one of these: what it prints; text also behind hidden commands.
                   Elsewhere only for the eye.
    c NAME, ...    With a name, in any language: written into the directory under it.
    c examples/NAME.c
                   That file of the source tree, or some lines of it: not written, but compared.
    c              Declarations: they have to compile behind #include <fermata.h>.

In what is to be printed the following stand for any of their kind: UUIDs, points in time, times of
day, lengths of time such as "59 minutes 3 seconds", the run name `serene-oboe`, and "…" for anything in a line,
or for any lines if it stands alone. How wide the gaps between columns are does not count.
`127.0.0.1:4200` is the page's server in commands and in what they print. Between <!-- hidden and
--> stands what a reader need not see, such as waiting for a process: commands too.
"""

import json
import os
import re
import select
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from harness.server import ROOT, SANITIZER, build_directory, clean_environment
from harness.terminal import Terminal

SECONDS = 60  # for a block
ADDRESS = "127.0.0.1:4200"
MARK = "=== block ended ==="

FENCE = re.compile(r"^```(\w+)? ?(.*)$")
HEX = "[0-9a-f]"
LENGTH = r"(?:\d+ (?:day|hour|minute|second)s? ?)+"
# What is written in a page, and what may stand there instead.
VARIABLE = [
    (rf"{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}",) * 2,
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z",) * 2,
    (r"\b\d\d:\d\d:\d\d\.\d{3}\b",) * 2,
    (rf"{LENGTH}ago", rf"{LENGTH}ago|now"),
    (LENGTH, LENGTH),
    (r"serene-oboe", r"[a-z]+-[a-z]+"),
    (r"…", r".*"),
    (r" {2,}", r" {2,}"),
]


@dataclass
class Block:
    page: str
    line: int
    language: str
    rest: str
    text: str
    expected: str = None
    following: bool = False  # nothing that a reader sees stands between it and the block before

    @property
    def place(self):
        return f"{self.page}:{self.line}"


def read_blocks(path):
    """The fenced blocks of a page, each with what it is to print."""
    blocks, block, between = [], None, ""
    for number, line in enumerate(path.read_text().split("\n"), 1):
        fence = FENCE.match(line)
        if block is None and fence:
            following = not between or (between == "-->" and fence[1] == "text")
            block = Block(path.name, number, fence[1] or "", fence[2], "", following=following)
        elif block is not None and line == "```":
            attach(blocks, block)
            block, between = None, ""
        elif block is not None:
            block.text += line + "\n"
        else:
            between += line.strip()
    assert block is None, f"{block.place}: the block has no end"
    return blocks


def attach(blocks, block):
    """Output belongs to the commands right before it."""
    output = block.language in ("text", "json") and not block.rest and block.following
    if output and blocks and blocks[-1].language == "sh" and blocks[-1].expected is None:
        blocks[-1].expected = block.text
    else:
        blocks.append(block)


def pattern_of(expected):
    """A pattern for the lines that are expected; see above."""
    parts = []
    for line in expected.rstrip("\n").split("\n"):
        if line.strip() == "…":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(pattern_of_line(line.rstrip()) + r" *\n")
    return re.compile("".join(parts))


def pattern_of_line(line):
    split = re.compile("|".join(f"({written})" for written, _ in VARIABLE))
    pattern, at = "", 0
    for found in split.finditer(line):
        pattern += re.escape(line[at:found.start()]) + f"(?:{VARIABLE[found.lastindex - 1][1]})"
        at = found.end()
    return pattern + re.escape(line[at:])


def compare(block, output):
    output = output.rstrip("\n") + "\n"
    if block.expected is not None and not pattern_of(block.expected).fullmatch(output):
        raise AssertionError(f"{block.place}: it printed\n\n{output}\ninstead of\n\n{block.expected}")


def sanitizer_flags():
    options = json.loads((build_directory() / "meson-info/intro-buildoptions.json").read_text())
    value = next(option["value"] for option in options if option["name"] == "b_sanitize")
    names = value if isinstance(value, str) else ",".join(value)
    return [f"-fsanitize={names}"] if names not in ("none", "") else []


def check_part(block):
    """Whole lines of the file, one behind the other."""
    source = (ROOT / block.rest).read_text()
    assert "\n" + block.text.strip("\n") + "\n" in "\n" + source, (
        f"{block.place}: this is not what stands in {block.rest}:\n\n{block.text}")


class Page:
    """A context manager: run() runs a page's blocks in `directory`, against the server on `port`,
    which may be one that the page itself starts."""

    def __init__(self, path, directory, port):
        self.blocks = read_blocks(path)
        self.directory = Path(directory)
        self.port = port
        self.count = 0
        self.logs = []
        self.shell = None

    def __enter__(self):
        for name, target in (("build", build_directory()), ("examples", ROOT / "examples"),
                             ("script", ROOT / "script")):
            (self.directory / name).symlink_to(target)
        self._make_compiler()
        self.environment = clean_environment(
            # Where fewer files may be opened than for the usual number, the server would say so.
            FERMATA_CONNECTION_LIMIT="1000",
            PATH=f"{self.directory}/bin:{build_directory()}:{os.environ['PATH']}",
            FERMATA_PORT=str(self.port), FERMATA_API_URL=f"http://127.0.0.1:{self.port}/api",
            NO_COLOR="1", no_proxy="*", TZ="UTC", USER="ada")
        self.shell = subprocess.Popen(
            ["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd=self.directory, env=self.environment,
            start_new_session=True)
        return self

    def __exit__(self, *error):
        self._end_processes()
        self.shell.stdin.close()
        self.shell.stdout.close()
        for log in self.logs:
            found = SANITIZER.search(log.read_text(errors="replace"))
            assert not found, f"{found.group()} in {log.name}:\n{log.read_text()}"

    def run(self):
        for block in self.blocks:
            kind = f"_run_{block.language}"
            if block.rest.startswith("examples/"):
                check_part(block)
            elif block.rest and block.language != "sh":
                (self.directory / block.rest).write_text(self._here(block.text))
            elif block.language == "sh" and block.rest:
                getattr(self, f"_run_sh_{block.rest}")(block)
            elif hasattr(self, kind):
                getattr(self, kind)(block)

    def _end_processes(self):
        """The shell leads a process group of its own, with all that the page has started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self._signal(number):
                return
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                self.shell.poll()
                if not self._signal(0):
                    return
                time.sleep(0.1)

    def _signal(self, number):
        """False if no process of the group is left."""
        try:
            os.killpg(self.shell.pid, number)
        except ProcessLookupError:
            return False
        return True

    def _make_compiler(self):
        """`cc`, with what a sanitized library needs."""
        (self.directory / "bin").mkdir()
        compiler = self.directory / "bin" / "cc"
        compiler.write_text(f'#!/bin/sh\nexec /usr/bin/cc "$@" {" ".join(sanitizer_flags())}\n')
        compiler.chmod(0o755)

    def _here(self, text):
        return text.replace(ADDRESS, f"127.0.0.1:{self.port}")

    def _elsewhere(self, text):
        return text.replace(f"127.0.0.1:{self.port}", ADDRESS)

    def _write(self, block):
        self.count += 1
        path = self.directory / f".block-{self.count}"
        path.write_text(self._here(block.text))
        return path

    def _run_sh(self, block):
        path = self._write(block)
        self._say(f"trap 'echo \"failed: $BASH_COMMAND\"' ERR; . {path} </dev/null; trap - ERR; "
                  f"echo; echo '{MARK}'\n")
        output = self._elsewhere(self._read(block))
        assert "failed: " not in output, f"{block.place}: a command failed:\n{output}"
        compare(block, output)

    def _say(self, text):
        self.shell.stdin.write(text.encode())
        self.shell.stdin.flush()

    def _read(self, block):
        deadline, output = time.monotonic() + SECONDS, b""
        while MARK.encode() + b"\n" not in output:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.shell.stdout], [], [], left)[0]:
                raise AssertionError(f"{block.place}: no end after {SECONDS} s:\n{output.decode()}")
            piece = os.read(self.shell.stdout.fileno(), 65536)
            assert piece, f"{block.place}: the shell ended:\n{output.decode()}"
            output += piece
        return output.decode(errors="replace").replace(MARK + "\n", "")

    def _run_sh_background(self, block):
        path = self._write(block)
        log = self.directory / f"background-{self.count}.log"
        self.logs.append(log)
        self._say(f"(. {path}) >{log} 2>&1 </dev/null &\n")
        deadline = time.monotonic() + SECONDS
        wanted = pattern_of(block.expected or "…")
        while True:
            output = self._elsewhere(log.read_text(errors="replace")) if log.exists() else ""
            if wanted.match(output):
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"{block.place}: it printed\n\n{output}\ninstead of\n\n"
                                     f"{block.expected}")
            time.sleep(0.05)

    def _run_sh_shown(self, block):
        for script in re.findall(r"\bscript/\w+", block.text):
            assert (ROOT / script).exists(), f"{block.place}: there is no {script}"

    def _run_console(self, block):
        command, *lines = self._here(block.text).rstrip("\n").split("\n")
        assert command.startswith("$ "), f"{block.place}: a dialogue begins with a command"
        environment = {name: value for name, value in self.environment.items()
                       if name.startswith(("FERMATA_", "NO_COLOR", "PATH", "USER"))}
        words = command[2:].split()
        with Terminal(*words[1:], program=self._program(words[0]), **environment) as terminal:
            heading = ""
            for line in lines:
                prompt = re.match(r"(.*[>?] |.*>$)(.*)", line)
                heading = heading if prompt else line
                terminal.expect_pattern(pattern_of_line((prompt[1] if prompt else line).rstrip()))
                if prompt and "not shown" in heading:
                    terminal.expect_secret()
                if prompt:
                    terminal.send(prompt[2])
            terminal.wait()

    def _program(self, name):
        return build_directory() / name if name == "fermata" else self.directory / name

    def _run_c(self, block):
        compile_declarations(block, self.directory)


def compile_declarations(block, directory):
    source = directory / f"declarations-{block.line}.c"
    source.write_text("#include <fermata.h>\n" + block.text)
    done = subprocess.run(
        ["cc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-Wno-unused", "-fsyntax-only",
         "-I", ROOT / "include", source], capture_output=True, text=True)
    assert done.returncode == 0, f"{block.place}: {done.stderr}"
