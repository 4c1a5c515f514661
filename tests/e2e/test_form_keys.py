"""The form of `fermata answer` on a pseudo-terminal, key by key, and that the terminal is given back."""

import signal
import termios

import pytest

from harness.pauses import pause, request_of, state_of
from harness.server import build_directory
from harness.terminal import Terminal

UP, DOWN, RIGHT, LEFT, HOME, END, DELETE = (f"\x1b[{code}" for code in ("A", "B", "C", "D", "H", "F", "3~"))
BACKSPACE, CTRL_A, CTRL_E, CTRL_U, CTRL_W, CTRL_K, CTRL_Z = "\x7f", "\x01", "\x05", "\x15", "\x17", "\x0b", "\x1a"


@pytest.fixture
def form(server, api):
    """form(schema of the field "a"): the form of a run that asks for it, in a terminal."""
    terminals = []

    def open_form(field, required=True, columns=80, rows=24, before="  > ", **more):
        schema = {"type": "object", "properties": {"a": field}, "required": ["a"] if required else []}
        run = pause(api, schema)
        terminal = Terminal("answer", "--run", run["id"], columns=columns, rows=rows,
                            FERMATA_API_URL=server.url + "/api", **more)
        terminals.append(terminal)
        terminal.run = run
        terminal.expect(before)
        return terminal
    yield open_form
    for terminal in terminals:
        terminal.__exit__()


def last_line(terminal, text):
    terminal.expect_screen(lambda lines: lines[-1] == text)


def answered(api, terminal):
    assert terminal.wait() == 0, terminal.text()
    return request_of(api, terminal.run)["answer"]


@pytest.mark.parametrize("keys, shown, value", [
    ("", "Ada", "Ada"),  # as it is filled in
    ("Bo", "Bo", "Bo"),  # in its place
    (RIGHT + "m", "Adam", "Adam"),
    (LEFT + LEFT + "n", "Anda", "Anda"),
    (BACKSPACE + "e", "Ade", "Ade"),
    (HOME + "L", "LAda", "LAda"), (CTRL_A + "L", "LAda", "LAda"),
    (HOME + DELETE + "a", "ada", "ada"),
    (HOME + RIGHT + CTRL_K + "nn", "Ann", "Ann"),
    (END + " Lovelace" + CTRL_W + "L", "Ada L", "Ada L"),
    (LEFT + CTRL_U, "a", "a"),
    (CTRL_U + "日本é" + LEFT + LEFT + BACKSPACE, "本é", "本é"),
    (CTRL_U + "e\u0301x" + LEFT + BACKSPACE, "x", "x"),  # a letter with its accent is one character
    (CTRL_U + "a\x1b[5~b\x1b[1;5Dc\x1bOHd\x1b[200~", "dacb", "dacb"),  # what is unknown does nothing
    (CTRL_U + '"', '"', '"'),
])
def test_a_line_is_edited(api, form, keys, shown, value):
    terminal = form({"type": "string", "default": "Ada"})
    last_line(terminal, "  > Ada")
    terminal.press(keys)
    last_line(terminal, f"  > {shown}")
    terminal.press("\r")
    assert answered(api, terminal) == {"a": value}


def test_the_cursor_is_where_the_text_goes(form):
    terminal = form({"type": "string", "default": "日本語"})
    last_line(terminal, "  > 日本語")
    assert terminal.cursor()[0] == 4 + 6
    terminal.press(LEFT)
    terminal.expect_screen(lambda lines: terminal.cursor()[0] == 4 + 4)
    terminal.press("x")
    terminal.expect_screen(lambda lines: lines[-1] == "  > 日本x語" and terminal.cursor()[0] == 4 + 5)


def test_a_line_that_is_longer_than_the_screen(api, form):
    terminal = form({"type": "string"}, columns=30)
    text = "".join(chr(ord("a") + i % 26) for i in range(60))
    terminal.press(text)
    terminal.expect_screen(lambda lines: lines[-1].startswith("  > …") and lines[-1].endswith("fgh"))
    height = len(terminal.lines())
    terminal.press(HOME)
    terminal.expect_screen(lambda lines: lines[-1].startswith("  > abc") and lines[-1].endswith("…"))
    assert len(terminal.lines()) == height and terminal.cursor()[0] == 4
    terminal.press("0" + END + "1\r")
    assert answered(api, terminal) == {"a": f"0{text}1"}


@pytest.mark.parametrize("field, required, value", [
    ({"type": "string", "default": "Ada"}, False, {"a": ""}),
    ({"anyOf": [{"type": "string"}, {"type": "null"}], "default": "Ada"}, False, {"a": None}),
    ({"type": "array", "items": {"type": "string"}, "default": ["x"]}, False, {"a": []})])
def test_a_line_that_is_emptied_is_no_default(api, form, field, required, value):
    terminal = form(field, required)
    terminal.press(CTRL_U + "\r")
    assert answered(api, terminal) == value


def test_what_is_left_as_it_was_is_the_default_itself(api, form):
    terminal = form({"type": "string", "default": "two\nlines\t\x1b[31m"})
    last_line(terminal, "  > two lines �[31m")
    terminal.press("\r")
    assert answered(api, terminal) == {"a": "two\nlines\t\x1b[31m"}


CHOICE = {"enum": ["small", "medium", "large"]}


@pytest.mark.parametrize("keys, value", [
    (DOWN, "small"), (DOWN + DOWN, "medium"), ("jj", "medium"), (UP, "large"), ("kk", "medium"),
    ("jjk", "small"), (DOWN * 4, "small"), ("2", "medium"), ("Large", "large"), ("2" + DOWN, "large"),
    (DOWN + "3", "large"), (DOWN + BACKSPACE * 5 + "medium", "medium"), ("\x0e\x0e\x10", "small")])
def test_a_choice(api, form, keys, value):
    terminal = form(CHOICE)
    assert not [line for line in terminal.lines() if "❯" in line], "nothing is chosen for the person"
    terminal.press(keys)
    number = CHOICE["enum"].index(value) + 1
    terminal.expect_screen(lambda lines: [line for line in lines if "❯" in line] == [f" ❯ {number}) {value}"]
                           and lines[-1].startswith("  > "))
    height = len(terminal.lines())
    terminal.press("\r")
    assert answered(api, terminal) == {"a": value}
    assert terminal.lines()[height - 5:height] == [
        "A *  one of", *[f" {'❯' if name == value else ' '} {i}) {name}"
                         for i, name in enumerate(CHOICE["enum"], 1)], terminal.lines()[height - 1]]


def test_letters_that_begin_a_choice_are_typed(api, form):
    terminal = form({"enum": ["java", "kotlin", "c"]})
    terminal.press("kotlin\r")
    assert answered(api, terminal) == {"a": "kotlin"}


def test_no_choice_is_none(form):
    terminal = form(CHOICE)
    terminal.press("\r")
    terminal.expect("✗ needs an answer")
    terminal.press("huge\r")
    terminal.expect("✗ must be one of the choices")


def test_the_default_of_a_choice_is_marked(api, form):
    terminal = form(CHOICE | {"default": "medium"}, required=False)
    terminal.expect_screen(lambda lines: lines[-3:] == [" ❯ 2) medium", "   3) large", "  > medium"])
    terminal.press("\r")
    assert answered(api, terminal) == {"a": "medium"}


@pytest.mark.parametrize("keys, value", [
    (DOWN + " " + DOWN + DOWN + " ", ["red", "blue, dark"]),
    ("j j j \r", ["green, grass", "blue, dark"]), ("", ["red"]), (DOWN + " " + UP + " ", ["blue, dark"]),
    ("1, 3", ["red", "blue, dark"]), ('red,"green, grass"', ["red", "green, grass"]),
    ("red," + DOWN + DOWN + " ", ["red", "green, grass"])])
def test_several_choices(api, form, keys, value):
    names = ["red", "green, grass", "blue, dark"]
    default = ["red"] if keys in ("", "j j j \r") or keys.startswith(DOWN + " " + UP) else []
    terminal = form({"type": "array", "items": {"enum": names}, "default": default})
    terminal.press(keys.rstrip("\r"))
    marked = [f"[{'x' if name in value else ' '}] {i}) {name}" for i, name in enumerate(names, 1)]
    terminal.expect_screen(lambda lines: [line[3:] for line in lines[-4:-1]] == marked)
    terminal.press("\r")
    assert answered(api, terminal) == {"a": value}


def test_more_choices_than_the_screen_has_rows(api, form):
    names = [f"choice {i}" for i in range(1, 101)]
    terminal = form({"enum": names}, rows=12)
    terminal.expect_screen(lambda lines: lines[-2] == "      1 to 7 of 100")
    terminal.press(DOWN * 9)
    terminal.expect_screen(lambda lines: lines[-3:] == [" ❯ 9) choice 9", "      3 to 9 of 100", "  > choice 9"])
    terminal.press(UP * 9)
    terminal.expect_screen(lambda lines: lines[-3:] == [" ❯100) choice 100", "      94 to 100 of 100", "  > choice 100"])
    terminal.press("\r")
    assert answered(api, terminal) == {"a": "choice 100"}


def test_a_union_is_chosen_from(api, form):
    terminal = form({"anyOf": [{"title": "Number", "type": "integer"}, {"title": "Text", "type": "string"}]})
    terminal.press(DOWN + "\r")
    terminal.expect("Number *")
    terminal.press("7\r")
    assert answered(api, terminal) == {"a": 7}


def test_a_window_that_changes(api, form):
    terminal = form(CHOICE | {"default": "medium"})
    terminal.expect_screen(lambda lines: lines[-1] == "  > medium")
    terminal.resize(60)
    terminal.press(DOWN)
    terminal.expect_screen(lambda lines: lines[-2:] == [" ❯ 3) large", "  > large"])
    assert sum("small" in line for line in terminal.lines()) == 1
    terminal.press("\r")
    assert answered(api, terminal) == {"a": "large"}


def modes(terminal):
    return termios.tcgetattr(terminal.master)[:4]


@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP),
    (signal.SIGQUIT, -signal.SIGQUIT)])
def test_whatever_ends_it_gives_the_terminal_back(api, form, number, status):
    terminal = form({"type": "string"})
    assert not terminal.echoes()
    terminal.process.send_signal(number)
    assert terminal.wait() == status
    assert terminal.echoes() and modes(terminal)[3] & termios.ICANON
    assert state_of(api, terminal.run) == "PAUSED"


def test_ctrl_d_is_the_end_of_the_input(api, form):
    terminal = form({"type": "string"})
    terminal.press("\x04")
    terminal.expect("the input ended")
    assert terminal.wait() == 1 and terminal.echoes()


def test_a_form_that_is_stopped_goes_on(server, api):
    run = pause(api, {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]})
    with Terminal("--norc", "--noediting", "-i", program="/bin/bash", PS1="$ ", HISTFILE="",
                  FERMATA_API_URL=server.url + "/api") as shell:
        shell.send(f"{build_directory()}/fermata answer --run {run['id']}")
        shell.expect("  > ")
        shell.press("half")
        shell.expect("half")
        shell.press(CTRL_Z)
        shell.expect("Stopped")
        shell.send("echo a$((1 + 1))b")
        shell.expect("echo a")  # the terminal shows again what is typed
        shell.expect("a2b")
        shell.send("fg")
        shell.expect_screen(lambda lines: lines[-1] == "  > half")
        shell.press(" way\r")
        shell.expect("goes on.")
        shell.send("exit")
        assert shell.wait() == 0
    assert request_of(api, run)["answer"] == {"a": "half way"}


def test_a_server_that_is_gone_leaves_the_terminal_as_it_was(fresh_server):
    run = pause(fresh_server.api, {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]})
    with Terminal("answer", "--run", run["id"], FERMATA_API_URL=fresh_server.url + "/api") as terminal:
        terminal.expect("  > ")
        fresh_server.kill9()
        terminal.press("x\r")
        while not terminal.echoes():
            pass
        terminal.interrupt()
        assert terminal.wait() in (130, -signal.SIGINT)
    fresh_server.start()
    assert state_of(fresh_server.api, run) == "PAUSED"


def test_a_simple_terminal_has_plain_lines(server, api):
    run = pause(api, {"type": "object", "properties": {"a": CHOICE | {"default": "large"}}})
    with Terminal("answer", "--run", run["id"], FERMATA_API_URL=server.url + "/api", TERM="dumb") as terminal:
        terminal.expect("   3) large\n  [large] > ")
        assert terminal.echoes() and "\x1b" not in terminal.screen
        terminal.send("1")
        assert terminal.wait() == 0
    assert request_of(api, run)["answer"] == {"a": "small"}


# ---- what is wider than the screen, or longer than most ----


def test_a_long_question_is_shown_whole(form):
    question = " ".join(f"word{i}" for i in range(60))
    terminal = form({"title": question, "type": "boolean"}, columns=60, rows=40)
    lines = terminal.lines()
    assert question in " ".join(line.strip() for line in lines)
    assert max(map(len, lines)) <= 60


@pytest.mark.parametrize("columns", [80, 50])
def test_a_long_default_leaves_room_for_the_line(form, columns):
    schema = {"type": "object", "properties": {"b": {"type": "string"}}, "default": {"b": "x" * 100}}
    terminal = form(schema, required=False, columns=columns, before="change it? [y/N] > ")
    for key in "nope":
        terminal.press(key)
    lines = terminal.expect_screen(lambda lines: lines[-1].endswith("change it? [y/N] > nope"))
    assert sum("change it?" in line for line in lines) == 1


def test_many_picks_at_once(api, form):
    names = [f"name-{i}" for i in range(1000)]
    terminal = form({"type": "array", "items": {"enum": names}, "default": names})
    terminal.press(END)
    for _ in range(3):
        terminal.press(BACKSPACE)
    terminal.press("998")
    terminal.expect_screen(lambda lines: lines[-1].endswith("name-998"))
    terminal.press("\r")
    assert answered(api, terminal)["a"] == names[:-1] + ["name-998"]
