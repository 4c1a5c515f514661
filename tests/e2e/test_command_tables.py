"""Help, completion and the manual page: all are made from the tables of commands."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time

import pytest

from harness.objects import make_run
from harness.server import build_directory, clean_environment
from harness.terminal import run_command


def commands():
    """Every command that `fermata help` lists."""
    listed = run_command("help").stdout.split("Commands:\n")[1].split("\n\n")[0]
    return [re.match(r"  (\S+(?: \S+)?)  ", line).group(1) for line in listed.splitlines()]


def complete(*words, **environment):
    return [line.split("\t")[0]
            for line in run_command("complete", "--", *words, **environment).stdout.splitlines()]


@pytest.mark.parametrize("name", commands())
def test_each_command_has_help_with_an_example(name):
    done = run_command(*name.split(), "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: fermata {name}")
    assert "Example:\n  " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_words_of_commands_are_completed():
    assert complete("flow") == ["flow", "flow-run"]
    assert complete("flow-run", "") == ["ls", "inspect", "logs", "wait", "resume", "retry", "cancel",
                                        "delete"]
    assert complete("flow-run", "re") == ["resume", "retry"]
    assert complete("nothing", "") == []


def test_options_are_completed():
    assert complete("flow-run", "logs", "--f") == ["--follow"]
    assert set(complete("inbox", "--")) >= {"--json", "--quiet", "--help"}


def test_settings_of_the_server_are_options_like_others():
    assert complete("server", "--p") == ["--port"]
    assert complete("server", "--") == re.findall(r"^ +(?:-h, )?(--[\w-]+)",
                                                  run_command("server", "--help").stdout, re.M)
    assert "--json" not in complete("server", "--")
    page = run_command("manual").stdout
    assert page.index("\\-\\-allowed\\-hosts") < page.index(".SS fermata backup")
    assert "FERMATA_ALLOWED_HOSTS" in page


def test_names_come_from_the_server(server, api):
    environment = {"FERMATA_API_URL": server.url + "/api"}
    run = make_run(api, name="to-be-completed \x1b[31m")
    flow = api.get(f"/flows/{run['flow_id']}").json()
    assert complete("flow-run", "inspect", "to-be", **environment) == ["to-be-completed \ufffd[31m"]
    assert flow["name"] in complete("flow-run", "ls", "--flow", flow["name"][:-3], **environment)
    assert api.post("/variables/", json={"name": "completed", "value": 1}).status_code == 201
    assert complete("variable", "get", "compl", **environment) == ["completed"]
    deployment = {"name": "nightly", "flow_id": flow["id"]}
    assert api.post("/deployments/", json=deployment).status_code == 201
    assert complete("deployment", "run", flow["name"], **environment) == [f"{flow['name']}/nightly"]


def test_a_server_that_is_away_is_not_mentioned():
    done = run_command("complete", "--", "flow-run", "logs", "",
                       FERMATA_API_URL="http://127.0.0.1:9/api")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture
def silent():
    """An address that takes no connection and refuses none."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as taken:
        for _ in range(8):
            one = taken.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api"


def test_a_server_that_is_silent_is_not_waited_for(silent):
    start = time.monotonic()
    assert complete("deployment", "run", "", FERMATA_API_URL=silent) == []
    assert time.monotonic() - start < 8


def test_a_server_that_was_never_reached_is_tried_once(silent):
    done = run_command("flow", "ls", FERMATA_API_URL=silent)
    assert done.returncode == 1
    assert "did not answer within 10 seconds" in done.stderr


def test_what_another_program_takes_is_left_to_the_shell():
    assert "serve" in complete("")
    for words in (["run", "--", ""], ["run", ""], ["run", "--", "ls", "--"], ["run", "ls", "--"],
                  ["serve", "--name", "x", "--", ""], ["step", "name", "--"]):
        assert complete(*words) == [], words
    assert "--name" in complete("run", "--") and "--name" in complete("run", "--flow", "x", "--")
    assert complete("flow-run", "inspect", "--", "--") == []


def test_options_may_stand_in_front(server, api):
    assert complete("--json", "flow-run", "ca") == ["cancel"]
    assert complete("--api", "http://127.0.0.1:9/api", "-q", "flow-run", "ca") == ["cancel"]
    assert "flow-run" in complete("--quiet", "")
    make_run(api, name="behind-an-option")
    assert complete("--api", server.url + "/api", "flow-run", "logs", "behind") == ["behind-an-option"]


def test_bash_completes():
    script = ("source <(fermata completion bash); COMP_WORDS=(fermata flow-run ca); COMP_CWORD=2; "
              "_fermata; echo \"${COMPREPLY[@]}\"")
    done = subprocess.run(
        ["bash", "-c", script], text=True, capture_output=True, check=True, timeout=30,
        env=clean_environment(PATH=f"{build_directory()}:/usr/bin:/bin"))
    assert done.stdout == "cancel\n"


@pytest.mark.skipif(not shutil.which("zsh"), reason="there is no zsh")
def test_zsh_completes_at_the_first_tab(tmp_path):
    """As compinit has it: the file is read when its function is called for the first time."""
    (tmp_path / "_fermata").write_text(run_command("completion", "zsh").stdout)
    script = (f"fpath=({tmp_path}); autoload -Uz _fermata; compdef() {{ : }}\n"
              "_describe() { print -l -- $candidates }; _files() { print files }\n"
              "words=(fermata flow-run ca); CURRENT=3; _fermata; _fermata")
    done = subprocess.run(["zsh", "-f", "-c", script], text=True, capture_output=True, check=True, timeout=30,
                          env=clean_environment(PATH=f"{build_directory()}:{os.environ['PATH']}"))
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["cancel", "cancel"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_of_their_shell(shell):
    script = run_command("completion", shell).stdout
    assert "fermata complete" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True, timeout=30)


def test_no_other_shells():
    done = run_command("completion", "tcsh")
    assert done.returncode == 2
    assert "bash, zsh or fish" in done.stderr


def test_the_manual_page_has_every_command():
    page = run_command("manual").stdout
    for name in commands():
        assert f".SS fermata {name}".replace("-", "\\-") in page
    for line in page.splitlines():
        assert not line.startswith("'")
        if line.startswith("."):
            assert re.match(r"\.(TH|SH|SS|PP|TP|nf|fi|RS|RE)\b", line), line
