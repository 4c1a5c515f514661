"""The library as an author has it: installed, found by pkg-config, without the tree around it."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.builds import plain_build
from harness.flows import Process
from harness.server import ROOT, clean_environment
from harness.terminal import Terminal

STRICT = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wmissing-prototypes", "-Wundef",
          "-pedantic", "-Werror"]


@dataclass
class Installed:
    root: Path

    @property
    def libraries(self):
        [library] = self.root.rglob("libfermata.a")
        return library.parent

    def flags(self, *options):
        """What pkg-config says, as an author asks it."""
        environment = clean_environment(PKG_CONFIG_PATH=str(self.libraries / "pkgconfig"),
                                        PKG_CONFIG_SYSROOT_DIR=str(self.root))
        done = subprocess.run(["pkg-config", *options, "fermata"], env=environment, text=True,
                              capture_output=True, check=True)
        return done.stdout.split()


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    root = tmp_path_factory.mktemp("installed")
    subprocess.run(["meson", "install", "-C", plain_build(), "--no-rebuild", "--destdir", root],
                   check=True, capture_output=True)
    return Installed(root)


def cc(*arguments, input=None):
    done = subprocess.run(["cc", *arguments], input=input, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---- what can be linked against ----


def declared(installed):
    """The functions and the data of the headers, seen behind the preprocessor."""
    text = cc("-E", "-P", "-xc", *installed.flags("--cflags"), "-", input="#include <fermata.h>\n")
    while (flat := re.sub(r"\{[^{}]*[^{}\s][^{}]*\}", "{}", text)) != text:
        text = flat
    names = set()
    for declaration in re.sub(r"\)\s*\{\}", ");", text).split(";"):
        if re.match(r"\s*(static|typedef)\b", declaration):
            continue
        if re.match(r"\s*extern\b", declaration):
            names.update(re.findall(r"(?<!struct )\b(fm_\w+)\b(?!\s*\()", declaration))
        names.update(re.findall(r"\b(fm_\w+)\s*\(", declaration)[:1])
    assert {"fm_acknowledge", "fm_pause_with", "fm_string_model", "fm_type_int"} <= names
    return names


def defined(*arguments):
    done = subprocess.run(["nm", "--defined-only", *arguments], text=True, capture_output=True,
                          check=True)
    return set(re.findall(r"^[0-9a-f]+ [^aA] ([^@\s]+)", done.stdout, re.MULTILINE))


def test_the_shared_library_shows_what_the_headers_declare_and_nothing_else(installed):
    assert defined("--dynamic", installed.libraries / "libfermata.so") == declared(installed)


def test_so_does_the_static_one(installed):
    assert defined("--extern-only", installed.libraries / "libfermata.a") == declared(installed)


# ---- what compilers say ----


@pytest.mark.parametrize("standard", ["c11", "c17", "gnu17"])
def test_the_header_gives_no_warning(installed, standard):
    cc(f"-std={standard}", *STRICT, "-fsyntax-only", "-xc", *installed.flags("--cflags"), "-",
       input="#include <fermata.h>\nint main(void) { return 0; }\n")


@pytest.mark.parametrize("source", sorted((ROOT / "examples").glob("*.c")), ids=lambda s: s.stem)
def test_neither_do_programs(installed, source):
    cc("-std=gnu17", *STRICT, "-fsyntax-only", *installed.flags("--cflags"), source)


MISTAKES = {
    "an int for an int64_t": "int x; return fm_pause(run, FM_INTEGER, &x);",
    "another struct to be filled in": "struct fm_date x; return fm_pause(run, FM_TIME, &x);",
    "another struct to be sent": 'struct fm_date x = {0}; return fm_send(run, "", FM_TIME, &x);',
    "a list of something else": 'fm_strings x; return fm_variable_get(run, "x", FM_INTEGERS, &x);',
}


@pytest.mark.parametrize("body", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_value_of_another_type_does_not_compile(installed, body):
    source = f"#include <fermata.h>\nint flow(struct fm_run *run); int flow(struct fm_run *run) {{{body}}}\n"
    done = subprocess.run(["cc", "-std=gnu17", "-fsyntax-only", "-xc", *installed.flags("--cflags"), "-"],
                          input=source, text=True, capture_output=True)
    assert done.returncode != 0
    assert "the value is not of the type that is named before it" in done.stderr


@pytest.mark.parametrize("standard", ["c11", "gnu17"])
def test_values_of_the_right_type_do(installed, standard):
    cc(f"-std={standard}", *STRICT, "-fsyntax-only", "-xc", *installed.flags("--cflags"), "-", input="""
        #include <fermata.h>
        int flow(struct fm_run *run, const struct fm_date *date, void *any);
        int flow(struct fm_run *run, const struct fm_date *date, void *any)
        {
            const char *texts[1];
            int r = fm_send(run, "", FM_DATE, date);
            r = r ? r : fm_send(run, "", FM_DATE, any);
            r = r ? r : fm_send(run, "", FM_STRING, "text");
            r = r ? r : fm_send(run, "", FM_NUMBER, 1);
            r = r ? r : fm_pause(run, FM_STRING, texts);
            r = r ? r : fm_pause(run, FM_DATE, any);
            return r ? r : fm_pause(run, FM_NOTHING, NULL);
        }
        """)


# ---- what runs ----


def link_shared(installed, source, program):
    cc("-std=c17", *STRICT, source, "-o", program, *installed.flags("--cflags", "--libs"))


def link_static(installed, source, program):
    flags = installed.flags("--static", "--cflags", "--libs")
    cc("-std=c17", *STRICT, source, "-o", program,
       *["-l:libfermata.a" if flag == "-lfermata" else flag for flag in flags])


def needed(program):
    told = subprocess.run(["readelf", "-d", program], text=True, capture_output=True, check=True)
    return re.findall(r"\(NEEDED\).*\[(.*)\]", told.stdout)


@pytest.mark.parametrize("link, is_shared", [(link_shared, True), (link_static, False)])
def test_a_program_outside_the_tree(server, installed, tmp_path, monkeypatch, link, is_shared):
    program = tmp_path / "talk"
    link(installed, shutil.copy(ROOT / "examples/send_receive.c", tmp_path / "talk.c"), program)
    assert ("libfermata.so.0" in needed(program)) == is_shared
    if is_shared:
        monkeypatch.setenv("LD_LIBRARY_PATH", str(installed.libraries))
    with Process(server, tmp_path / "greeter.log", program, "greeter") as greeter:
        greeter.expect("fermata deployment run 'greeter/send-receive'")
        with Terminal("sender", program=program, FERMATA_API_URL=server.url + "/api") as sender:
            sender.expect("What is your name? ")
            sender.send("andrew")
            sender.expect("Hello, andrew!")
            sender.expect("What is your name? ")
            sender.send("q")
            sender.expect("Goodbye!")
            assert sender.wait() == 0
        greeter.expect("Goodbye!")
        greeter.process.terminate()
        assert greeter.end() == 0
