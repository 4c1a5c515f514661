"""`fermata run`: any command as a flow run."""

import os
import re
import signal
import subprocess
import time

import pytest

from harness.flows import log_of, read, wait
from harness.plain_server import gateway
from harness.runs import ask_for_run, deployment_of, is_alive, wait_for_end
from harness.scripts import IMPATIENT, started_scripts, with_path
from harness.server import build_directory, clean_environment
from harness.terminal import Terminal, run_command


@pytest.fixture
def start(server, tmp_path):
    yield from started_scripts(server, tmp_path)


def lines_of(api, run):
    lines = api.post("/logs/filter", json={"logs": {"flow_run_id": {"any_": [run["id"]]}}}).json()
    return [(line["level"], line["message"]) for line in lines]


def pid_in(script):
    """What the script prints as "pid N"."""
    return int(wait(lambda: re.search(r"pid (\d+)", script.output()), "its pid", script.output)[1])


def on_terminal(server, directory, text, *options, signal="--default-signal=HUP"):
    """`fermata run` with a script, on a terminal; `signal` is an option of env."""
    (directory / "script.sh").write_text(text)
    return Terminal(signal, str(build_directory() / "fermata"), "run", *options, "--", "bash",
                    str(directory / "script.sh"), program="env",
                    FERMATA_API_URL=server.url + "/api", PATH=with_path(build_directory()))


def pid_on(terminal):
    """What is shown there as "pid N."."""
    terminal.expect_pattern(r"pid \d+\.")
    return int(re.findall(r"pid (\d+)\.", terminal.text())[-1])


def test_output_is_logged_and_the_exit_status_is_the_state(api, start):
    script = start("echo out; echo err >&2; printf last", "--name", "plain-run")
    assert script.end() == 0
    run = script.run()
    assert run["name"] == "plain-run"
    assert read(api, run)["state"]["type"] == "COMPLETED"
    lines = lines_of(api, run)
    assert (20, "out") in lines and (30, "err") in lines and (20, "last") in lines
    assert "out\n" in script.output() and "err\n" in script.output()
    assert script.left_behind() == []


@pytest.mark.parametrize("text, status, message", [
    ("exit 3", 3, "the command ended with exit status 3"),
    ("kill -9 $$", 137, "the command was ended by signal 9 (Killed)"),
])
def test_a_command_that_fails(api, start, text, status, message):
    script = start(text)
    assert script.end() == status
    state = read(api, script.run())["state"]
    assert (state["type"], state["message"]) == ("FAILED", message)


def test_a_command_that_is_not_there(server, tmp_path):
    environment = {"FERMATA_API_URL": server.url + "/api"}
    done = run_command("run", "--", "./no-such-command", **environment)
    assert done.returncode == 127
    assert "'./no-such-command' could not be started: No such file or directory" in done.stderr
    assert run_command("run", "--", "/", **environment).returncode == 126
    assert run_command("run", **environment).returncode == 2
    done = run_command("run", "-p", "a-b=1", "--", "true", **environment)
    assert done.returncode == 2 and "it has to be NAME=VALUE" in done.stderr


def test_without_a_server_nothing_is_run(tmp_path):
    done = run_command("run", "--", "touch", str(tmp_path / "done"),
                       FERMATA_API_URL="http://127.0.0.1:9/api")
    assert done.returncode == 1 and "127.0.0.1:9" in done.stderr
    assert not (tmp_path / "done").exists()


def test_standard_input_that_is_no_terminal_is_the_command_s(server):
    done = run_command("run", "--", "cat", input="from a pipe", FERMATA_API_URL=server.url + "/api")
    assert done.returncode == 0 and "from a pipe" in done.stdout


def test_parameters_are_in_the_environment(api, start):
    script = start('echo "$FERMATA_PARAM_VERSION $FERMATA_PARAM_A|$FERMATA_PARAM_LIST|${FERMATA_PARAM_OLD-gone}"\n'
                   'echo "$FERMATA_PARAMETERS $FERMATA_FLOW_RUN_NAME"\n'
                   'ls -ld "$FERMATA_RUN_DIR"',
                   "-p", "a=it's $(x) \"q\"", "-p", "list=[1, 2.50]", "-p", "n=7", "-p", "version=1.10", "-n", "with-values",
                   FERMATA_PARAM_OLD="of an outer run")
    assert script.end() == 0
    assert '1.10 it\'s $(x) "q"|[1, 2.5]|gone\n' in script.output()
    assert ('{"a": "it\'s $(x) \\"q\\"", "list": [1, 2.5], "n": 7, "version": "1.10"} with-values\n'
            in script.output())
    assert "drwx------" in script.output()
    assert read(api, script.run())["parameters"] == {
        "a": "it's $(x) \"q\"", "list": [1, 2.5], "n": 7, "version": "1.10"}


def test_retries_count_pauses_anew(api, start, tmp_path):
    script = start(f'fermata pause -i "what: again|done" --get what > {tmp_path}/what || exit\n'
                   f'[ "$(cat {tmp_path}/what)" = done ]',
                   "--retries", "2")  # the first pause counts as a try, as it does in Prefect
    run = script.answer(what="again")
    wait(lambda: "is tried again" in script.output(), "another try", script.output)
    script.answer(what="done")
    assert script.end() == 0
    assert read(api, run)["state"]["type"] == "COMPLETED"
    assert [i["key"] for i in api.post(f"/flow_runs/{run['id']}/input/filter",
                                       json={"prefix": "paused-2"}).json()] == []
    assert script.left_behind() == []


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_cancels(api, start, number, status):
    script = start('trap "echo cleaning up; exit 7" TERM; echo "pid $$"; sleep 60 & wait')
    pid = pid_in(script)
    script.process.send_signal(number)
    assert script.end() == status
    assert read(api, script.run())["state"]["type"] == "CANCELLED"
    assert "cleaning up" in log_of(api, script.run())
    assert not is_alive(pid)
    assert script.left_behind() == []


def test_what_does_not_end_is_killed_with_all_that_it_started(api, start):
    script = start('trap "" TERM; sleep 61 & echo "pid $!"; echo "child $!"; wait; wait; sleep 60',
                   program=IMPATIENT)
    pid = pid_in(script)
    script.process.send_signal(signal.SIGTERM)
    assert script.end() == 143
    assert read(api, script.run())["state"]["type"] == "CANCELLED"
    wait(lambda: not is_alive(pid), "the end of its child")


def test_a_run_that_is_cancelled_through_the_api(api, start):
    script = start('echo "pid $$"; sleep 60')
    pid_in(script)
    run = script.run()
    api.post(f"/flow_runs/{run['id']}/set_state", json={"state": {"type": "CANCELLING"}})
    assert script.end() == 143
    assert read(api, run)["state"]["type"] == "CANCELLED"


@pytest.mark.parametrize("status", [0, 7])
def test_a_cancelled_script_ends_alike_whatever_its_trap_says(api, start, status):
    script = start(f'trap "exit {status}" TERM; echo "pid $$"; sleep 60 & wait')
    pid_in(script)
    run = script.run()
    api.post(f"/flow_runs/{run['id']}/set_state", json={"state": {"type": "CANCELLING"}})
    assert script.end() == 143
    assert read(api, run)["state"]["type"] == "CANCELLED"


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_between_two_tries_cancels(api, start, number, status):
    script = start("exit 3", "--retries", "1", "--retry-delay", "60")
    script.expect("is tried again")
    wait(lambda: read(api, script.run())["state"]["name"] == "AwaitingRetry", "the delay")
    script.process.send_signal(number)
    assert script.end() == status
    assert read(api, script.run())["state"]["type"] == "CANCELLED"


def test_what_does_not_end_is_killed_though_it_never_stops_talking(api, start):
    script = start('trap "" TERM; for i in 1 2 3 4; do yes > "$FERMATA_RUN_DIR/control" & done\n'
                   'echo "pid $!"; wait; wait; sleep 60', program=IMPATIENT)
    pid = pid_in(script)
    script.process.send_signal(signal.SIGTERM)
    assert script.process.wait(20) == 143
    wait(lambda: not is_alive(pid), "the end of its child")


def test_a_command_inside_ends_with_its_script(api, start):
    script = start('fermata receive --follow & echo "pid $!"; sleep 1')
    pid = pid_in(script)
    assert script.end() == 0
    wait(lambda: not is_alive(pid), "the end of the command", script.output)


def test_a_second_interrupt_kills_all_that_it_started(server, tmp_path):
    text = ("trap 'echo told' TERM; (trap '' TERM; sleep 61) & echo \"pid $!.\"\n"
            "while :; do wait; sleep 1; done")
    with on_terminal(server, tmp_path, text) as terminal:
        pid = pid_on(terminal)
        terminal.interrupt()
        terminal.expect("told")
        assert is_alive(pid)
        time.sleep(0.5)  # no person is faster
        terminal.interrupt()
        assert terminal.wait() == -signal.SIGINT
        wait(lambda: not is_alive(pid), "the end of its child")


def test_a_signal_that_is_sent_twice_at_once_is_one(api, start):
    """As timeout(1) does it, to its child and to the child's group."""
    script = start('trap "sleep 0.5; echo cleaning up; exit 7" TERM; echo "pid $$"; sleep 60 & wait')
    pid_in(script)
    script.process.send_signal(signal.SIGTERM)
    time.sleep(0.02)
    script.process.send_signal(signal.SIGTERM)
    assert script.end() == 143
    assert read(api, script.run())["state"]["type"] == "CANCELLED"
    assert "cleaning up" in log_of(api, script.run())


def test_a_terminal_that_is_closed_cancels(server, api, tmp_path):
    text = "sleep 61 & echo \"pid $!.\"; wait"
    with on_terminal(server, tmp_path, text, "--name", "closed") as terminal:
        pid = pid_on(terminal)
        terminal.close()
        assert terminal.process.wait(20) == 143
        wait(lambda: not is_alive(pid), "the end of its child")
    [run] = api.post("/flow_runs/filter", json={"flow_runs": {"name": {"any_": ["closed"]}}}).json()
    assert run["state"]["type"] == "CANCELLED"


def test_a_terminal_that_is_closed_ends_no_run_of_nohup(server, tmp_path):
    text = f"echo \"pid $$.\"; sleep 1; touch {tmp_path}/done"
    with on_terminal(server, tmp_path, text, signal="--ignore-signal=HUP") as terminal:
        pid_on(terminal)
        terminal.close()
        assert terminal.process.wait(20) == 0
    assert (tmp_path / "done").exists()


def unread(server, *arguments):
    """The command, with somebody who reads one line of what it prints and goes away."""
    process = subprocess.Popen(
        [build_directory() / "fermata", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=clean_environment(FERMATA_API_URL=server.url + "/api", PATH=with_path(build_directory())))
    process.stdout.readline()
    process.stdout.close()
    return process


def test_a_command_goes_on_when_nobody_reads_what_it_prints(server, api, tmp_path):
    text = f"fermata log one; sleep 0.5; fermata log two; echo three; touch {tmp_path}/done"
    with unread(server, "run", "--name", "unread", "--", "bash", "-c", text) as process:
        assert process.wait(20) == 0
    [run] = api.post("/flow_runs/filter", json={"flow_runs": {"name": {"any_": ["unread"]}}}).json()
    assert run["state"]["type"] == "COMPLETED" and (tmp_path / "done").exists()
    assert {(20, "two"), (20, "three")} <= set(lines_of(api, run))


def test_a_runner_goes_on_when_nobody_reads_what_it_prints(server, api):
    with unread(server, "serve", "--name", "unread", "--", "bash", "-c", "echo out") as process:
        wait(lambda: deployment_of(api, "bash/unread").get("status") == "READY", "the deployment")
        for _ in range(2):
            run = ask_for_run(api, "bash/unread")
            assert wait_for_end(api, run)["state"]["type"] == "COMPLETED"
        process.terminate()
        assert process.wait(20) == 0


def test_a_wrapper_that_is_killed_takes_its_script_with_it(api, start):
    script = start('echo "pid $$"; sleep 60', program=IMPATIENT)
    pid = pid_in(script)
    run = script.run()
    script.process.kill()
    wait(lambda: not is_alive(pid), "the end of the script")
    assert wait_for_end(api, run)["state"]["type"] == "CRASHED"


def test_its_commands_do_not_outlive_the_run(api, start, tmp_path):
    """Somebody has left the script's group: the run is gone, and its commands say so."""
    script = start(f'setsid bash -c "sleep 1; fermata pause -i a; echo \\"ended \\$?\\"" '
                   f'> {tmp_path}/left 2>&1 & echo "pid $$"', program=IMPATIENT)
    pid_in(script)
    script.end()
    wait(lambda: "ended 1" in (tmp_path / "left").read_text(), "its end")
    assert "has gone, and the run with it" in (tmp_path / "left").read_text()


def test_on_a_terminal(server, api, tmp_path):
    script = tmp_path / "script.sh"
    script.write_text("printf '\\033]0;title\\007\\033[31mred\\n'\n"
                      "fermata log $'\\033[2Jcleared\\302\\233'\n"
                      "(: </dev/tty) 2>/dev/null || echo 'no terminal'\n"
                      "read -r line || echo 'no input'\n"
                      "sleep 60\n")
    with Terminal("run", "--name", "on-a-terminal", "--", "bash", str(script),
                  FERMATA_API_URL=server.url + "/api", PATH=with_path(build_directory())) as terminal:
        terminal.expect("no input")
        terminal.interrupt()
        assert terminal.wait() == 130
        screen = terminal.screen
    assert "\ufffd]0;title\ufffd\ufffd[31mred" in screen
    assert "\ufffd[2Jcleared\ufffd" in screen
    assert "no terminal" in screen
    assert "\x1b]0" not in screen and "\x1b[2J" not in screen
    [run] = api.post("/flow_runs/filter",
                     json={"flow_runs": {"name": {"any_": ["on-a-terminal"]}}}).json()
    assert run["state"]["type"] == "CANCELLED"
    assert "\x1b[2Jcleared\x9b" in log_of(api, run)  # kept as it was, for whoever looks


def test_a_log_that_is_read_from_a_pipe(api, start):
    script = start('printf "one\\ntwo\\n" | fermata log --level error -\n'
                   "fermata log $'bytes \\xff'\n"
                   'fermata log --level loud x; echo "status $?"')
    assert script.end() == 0
    lines = lines_of(api, script.run())
    assert (40, "one") in lines and (40, "two") in lines and (20, "bytes \ufffd") in lines
    assert "status 2" in script.output()


def test_a_line_that_cannot_be_stored_is_no_success(server, start):
    with gateway(server) as front:
        front.failing = "/logs/"
        script = start("fermata log one; echo \"status $?\"", FERMATA_API_URL=front.url + "/api")
        wait(lambda: "status 1" in script.output(), "the end of the command", script.output)
        front.failing = None
        assert script.end() == 0
    assert "1 lines could not be stored; they are only shown" in script.output()


def test_steps_keep_their_output(api, start, tmp_path):
    script = start(f'cd {tmp_path}\n'
                   'one=$(fermata step work -- bash -c "echo x >> count; printf \'a\\\\0\\\\377\\n\'" | od -An -tx1)\n'
                   'two=$(fermata step work -- bash -c "echo y >> count; echo second")\n'
                   'same=$(fermata step work -- bash -c "echo y >> count; echo second")\n'
                   'echo "$one|$two|$same"\n'
                   '[ -e again ] || { touch again; exit 1; }', "--retries", "1")
    assert script.end() == 0
    assert script.output().count(" 61 00 ff 0a|second|second\n") == 2
    assert (tmp_path / "count").read_text() == "x\ny\ny\n"
    tasks = api.post("/task_runs/filter", json={
        "task_runs": {"flow_run_id": {"any_": [script.run()["id"]]}}}).json()
    assert len(tasks) == 3 and {task["state_type"] for task in tasks} == {"COMPLETED"}


def test_steps_fail_and_are_tried_again(api, start, tmp_path):
    script = start(f'cd {tmp_path}\n'
                   'out=$(fermata step --retries 2 flaky -- bash -c '
                   '"echo try; echo x >> tries; [ \\$(wc -l < tries) = 3 ]")\n'
                   'echo "out=$out."\n'
                   'fermata step bad -- bash -c "exit 9"; echo "status $?"\n'
                   'fermata step gone -- ./not-there; echo "status $?"\n'
                   'fermata step odd --retries 1 -- true; echo "status $?"\n'
                   'fermata step big -- head -c 600000 /dev/zero > /dev/null; echo "status $?"\n')
    assert script.end() == 0
    output = script.output()
    assert "out=try.\n" in output
    assert re.findall(r"^status (\d+)$", output, re.MULTILINE) == ["9", "127", "2", "1"]
    assert "the command ended with exit status 9" in output
    assert "more than the 512 KiB" in output


def test_a_step_that_is_cancelled(api, start):
    script = start('fermata step long -- bash -c "echo begun; sleep 60"')
    script.expect("begun")
    script.process.send_signal(signal.SIGTERM)
    assert script.end() == 143
    run = script.run()
    [task] = api.post("/task_runs/filter",
                      json={"task_runs": {"flow_run_id": {"any_": [run["id"]]}}}).json()
    assert read(api, run)["state"]["type"] == "CANCELLED"
    assert task["state_type"] == "CANCELLED"


@pytest.mark.parametrize("arguments", [["pause"], ["suspend"], ["confirm", "Go on?"], ["log", "x"],
                                       ["step", "a", "--", "true"], ["receive"], ["respond", "x"]])
def test_what_is_for_scripts_says_how_to_start_one(arguments):
    done = run_command(*arguments)
    assert done.returncode == (2 if arguments[0] == "confirm" else 1)
    assert f"'fermata {arguments[0]}' is for scripts" in done.stderr
    assert "fermata run -- ./script.sh" in done.stderr


def test_runs_at_the_same_time_have_nothing_in_common(api, start):
    scripts = [start(f"fermata pause -i a --get a; sleep 0.2; echo {number}") for number in range(3)]
    for number, script in enumerate(scripts):
        script.answer(a=f"answer {number}")
    for number, script in enumerate(scripts):
        assert script.end() == 0
        assert f"answer {number}\n" in script.output()
