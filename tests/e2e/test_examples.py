"""Every program of examples/, to its visible end: real processes, terminals, the real server.
(demo.c has script/demo; see test_demo.py.)"""

import itertools
import json
import re
import subprocess
import time
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from harness.flows import (MADE, Process, input_of, log_of, read, resume, wait, wait_for_question,
                           wait_for_state)
from harness.objects import set_state
from harness.runs import processes_of
from harness.server import build_directory, clean_environment
from harness.terminal import Terminal

GREEN_IS_OUT = "color: green is only in stock in medium, large and xlarge"
EXAMPLES = build_directory() / "examples"


@pytest.fixture
def start(server, tmp_path):
    """start("greet"): the example, running, its log in a file."""
    numbers = itertools.count()
    with ExitStack() as stack:
        yield lambda name, *arguments: stack.enter_context(
            Process(server, tmp_path / f"{name}-{next(numbers)}.log", f"examples/{name}", *arguments))


@pytest.fixture
def on_terminal(server):
    """on_terminal("sender"): the example on a terminal of its own."""
    with ExitStack() as stack:
        yield lambda name, *arguments: stack.enter_context(
            Terminal(*arguments, program=EXAMPLES / name, FERMATA_API_URL=server.url + "/api"))


def messages(output):
    """The lines of a run's log in its program's output, without times."""
    return re.findall(r"^\S+ \| \w+ +\| [\w.' -]+? - (.*)$", output, re.MULTILINE)


def run_of(api, terminal):
    """The run that was created on a terminal."""
    terminal.expect_pattern(MADE.pattern)
    [run] = api.post("/flow_runs/filter", json={
        "flow_runs": {"name": {"any_": MADE.findall(terminal.text())}}}).json()
    return run


# ---- pausing ----


@pytest.mark.parametrize("name, wrong, answer, greetings", [
    ("greet_string", {"value": 5}, {"value": "Zoë"}, ["Hello, Zoë!"]),
    ("greet_list", {"value": "a"}, {"value": ["a", "b"]}, ["Hello, a!", "Hello, b!"]),
    ("greet_model", {"name": "Ada"}, {"name": "Ada", "age": 36}, ["Hello, Ada!"]),
    ("greet_initial", {"name": "Ada"}, {"name": "Ada", "age": 36}, ["Hello, Ada!"]),
    ("greet_initial", {}, {"age": 36}, ["Hello, stranger!"]),
    ("greet", {"age": 200}, {"name": "Ada", "age": 36}, ["Hello, Ada!"]),
    ("greet", {"age": -1}, {"age": 36}, ["Hello, stranger!"]),
])
def test_a_flow_asks_and_greets(api, start, name, wrong, answer, greetings):
    flow = start(name)
    run = wait_for_question(api, flow)
    assert resume(api, run, wrong)["status"] == "REJECT"
    assert read(api, run)["state"]["type"] == "PAUSED"
    begun = time.monotonic()
    assert resume(api, run, answer)["status"] == "ACCEPT"
    assert flow.end() == 0
    assert time.monotonic() - begun < 3, "it did not wait, it polled"
    told = ["Pausing flow, execution will continue when this flow run is resumed.",
            "Resuming flow run execution!", *greetings, "Finished in state Completed()"]
    assert messages(flow.output())[2:] == told
    assert set(told) <= set(log_of(api, run))
    assert read(api, run)["state"]["type"] == "COMPLETED"


@pytest.mark.parametrize("name, required, name_default", [
    ("greet_model", ["name", "age"], None), ("greet_initial", ["age"], "anonymous"),
])
def test_initial_data_is_the_default_of_the_form(api, start, name, required, name_default):
    schema = json.loads(input_of(api, wait_for_question(api, start(name)), "paused-1-schema"))
    assert schema["required"] == required
    assert schema["properties"]["name"].get("default") == name_default


def test_a_description_is_made_while_the_flow_runs(api, start):
    days = {datetime.now().strftime("%B %d, %Y")}
    run = wait_for_question(api, start("greet"))
    days.add(datetime.now().strftime("%B %d, %Y"))
    told = wait(lambda: input_of(api, run, "paused-1-description"), "a description")
    assert json.loads(told) in [f"**Welcome!** Today is {day}.\n\nPlease tell us who you are.\n"
                                for day in days]


# ---- checks ----


def put_past_the_check(api, run, answer):
    """As where nobody can ask the flow: the answer lies there, the run goes on."""
    body = {"key": "paused-1-response", "value": json.dumps(answer)}
    assert api.post(f"/flow_runs/{run['id']}/input", json=body).status_code == 201
    set_state(api, run["id"], "RUNNING")


@pytest.mark.parametrize("name", ["shirt_order", "shirt_order_once"])
def test_an_order_that_can_be_filled(api, start, name):
    flow = start(name)
    run = wait_for_question(api, flow)
    assert resume(api, run, {"size": "tiny", "color": "red"})["status"] == "REJECT"
    resume(api, run, {"size": "medium", "color": "green"})
    assert flow.end() == 0
    assert "One green shirt in medium is on its way." in messages(flow.output())


def test_without_a_loop_a_refused_order_fails_the_run(api, start):
    flow = start("shirt_order_once")
    run = wait_for_question(api, flow)
    put_past_the_check(api, run, {"size": "small", "color": "green"})
    assert flow.end() == 1
    assert messages(flow.output())[-1] == f"Finished in state Failed('{GREEN_IS_OUT}')"
    state = read(api, run)["state"]
    assert (state["type"], state["message"]) == ("FAILED", GREEN_IS_OUT)


def test_with_a_loop_it_is_asked_for_again(api, start):
    flow = start("shirt_order")
    run = wait_for_question(api, flow)
    put_past_the_check(api, run, {"size": "small", "color": "green"})
    flow.expect(f"Invalid order: {GREEN_IS_OUT}")
    run = wait_for_question(api, flow, "paused-2")
    wait(lambda: "only in stock" in (input_of(api, run, "paused-2-description") or ""), "a reason")
    resume(api, run, {"size": "medium", "color": "green"})
    assert flow.end() == 0
    assert "One green shirt in medium is on its way." in messages(flow.output())


# ---- receiving ----


def send_name(start, run, name):
    """Sends a name from a run of its own, and gives that run."""
    letter = start("send_name", run["id"], name)
    assert letter.end() == 0, letter.output()
    return letter.run()


def interrupt(api, terminal, run):
    terminal.interrupt()
    assert terminal.wait() == 130
    state = read(api, run)["state"]
    assert state["type"] == "CRASHED" and "SIGINT" in state["message"]


def test_a_greeter_prints(api, start, on_terminal):
    greeter = on_terminal("greeter_prints")
    run = run_of(api, greeter)
    for name in ("andrew", "beth"):
        send_name(start, run, name)
        greeter.expect(f"Hello, {name}!")
    interrupt(api, greeter, run)
    assert greeter.text().count("Hello, ") == 2


def test_a_greeter_knows_key_and_sender(api, start, on_terminal):
    greeter = on_terminal("greeter_metadata")
    run = run_of(api, greeter)
    sender = send_name(start, run, "andrew")
    greeter.expect(f"\n  sender  {sender['id']}\n")
    [key] = [row["key"] for row in inputs_of(api, run)]
    assert f"Hello, andrew!\n  key     {key}\n  sender" in greeter.text()
    row = {"key": "strautomaticruninput-auto-1", "value": '{"value": "nobody\'s"}'}
    assert api.post(f"/flow_runs/{run['id']}/input", json=row).status_code == 201
    greeter.expect("Hello, nobody's!\n  key     strautomaticruninput-auto-1\n  sender  none\n")
    interrupt(api, greeter, run)


def test_types_have_to_match(api, start, on_terminal):
    greeter = on_terminal("greeter_own_type")
    run = run_of(api, greeter)
    send_name(start, run, "a plain string")
    row = {"key": "greeterinput-auto-1", "value": '{"value": "an input of its type"}'}
    assert api.post(f"/flow_runs/{run['id']}/input", json=row).status_code == 201
    greeter.expect("Hello, an input of its type!")
    interrupt(api, greeter, run)
    assert greeter.text().count("Hello, ") == 1


# ---- two flows that talk ----


def inputs_of(api, run):
    reply = api.post(f"/flow_runs/{run['id']}/input/filter",
                     json={"prefix": "strautomaticruninput-", "limit": 100})
    assert reply.status_code == 200, reply.text
    return reply.json()


def greetings_of(api, run):
    """What a run of the sender was sent."""
    return [json.loads(row["value"])["value"] for row in inputs_of(api, run)]


def latest_run(api, flow):
    [run] = api.post("/flow_runs/filter", json={
        "flows": {"name": {"any_": [flow]}}, "sort": "EXPECTED_START_TIME_DESC",
        "limit": 1}).json()
    return run


@contextmanager
def served(start, name, *arguments):
    """A greeter, ready for runs; ended as with Ctrl-C afterwards."""
    greeter = start(name, *arguments)
    greeter.expect("fermata deployment run 'greeter/send-receive'")
    yield greeter
    greeter.process.terminate()
    assert greeter.end() == 0


def talk(terminal, name):
    terminal.expect("What is your name? ")
    begun = time.monotonic()
    terminal.send(name)
    terminal.expect(f"\nHello, {name}!\n")
    assert time.monotonic() - begun < 2, "it did not wait, it polled"


def leave(terminal, word):
    terminal.expect("What is your name? ")
    terminal.send(word)
    terminal.expect("\nGoodbye!\n")
    assert terminal.wait() == 0


@pytest.mark.parametrize("greeter, sender, word", [
    (["greeter_exits"], ["sender"], "q"),
    (["send_receive", "greeter"], ["send_receive", "sender"], "quit"),
])
def test_two_flows_talk(api, start, on_terminal, greeter, sender, word):
    with served(start, *greeter) as serving:
        terminal = on_terminal(*sender)
        run = run_of(api, terminal)
        talk(terminal, "andrew")
        terminal.expect("What is your name? ")
        terminal.send("")
        talk(terminal, "beth")
        leave(terminal, word)
        greeter_run = latest_run(api, "greeter")
        wait_for_state(api, greeter_run, "Completed")
        serving.expect("Goodbye!")
    assert read(api, run)["state"]["type"] == "COMPLETED"
    assert greetings_of(api, run) == ["Hello, andrew!", "Hello, beth!"]


def test_without_a_signal_to_exit_a_greeter_goes_on(api, start, on_terminal):
    with served(start, "greeter_responds"):
        terminal = on_terminal("sender")
        run = run_of(api, terminal)
        talk(terminal, "andrew")
        leave(terminal, "q")
        wait(lambda: "Hello, __EXIT__!" in greetings_of(api, run), "a greeting for the signal")
        greeter_run = latest_run(api, "greeter")
        assert read(api, greeter_run)["state"]["type"] == "RUNNING"
    assert wait_for_state(api, greeter_run, "Crashed")


def wait_until_suspended(api, run, serving):
    paused = wait_for_state(api, run, "Suspended")
    wait(lambda: not processes_of(serving.process.pid), "the end of the run's process")
    return paused["state"]["state_details"]["pause_key"]


@pytest.mark.parametrize("name", ["greeter_suspends", "greeter_cursor"])
def test_a_greeter_leaves_when_idle_and_greets_nobody_twice(api, start, on_terminal, name):
    with served(start, name, "1.5") as serving:
        terminal = on_terminal("sender")
        run = run_of(api, terminal)
        talk(terminal, "andrew")
        greeter_run = latest_run(api, "greeter")
        keys = [wait_until_suspended(api, greeter_run, serving)]
        for guest in ("beth", "cleo"):
            terminal.expect("What is your name? ")
            terminal.send(guest)
            wait(lambda guest=guest: f'"{guest}"' in str(inputs_of(api, greeter_run)), "the name")
            assert resume(api, greeter_run, None)["status"] == "ACCEPT"
            terminal.expect(f"\nHello, {guest}!\n")
            keys.append(wait_until_suspended(api, greeter_run, serving))
        assert len(set(keys)) == 3
        leave(terminal, "q")
        assert resume(api, greeter_run, None)["status"] == "ACCEPT"
        wait_for_state(api, greeter_run, "Completed")
        serving.expect("Goodbye!")
    assert greetings_of(api, run) == ["Hello, andrew!", "Hello, beth!", "Hello, cleo!"]
    told = [line for line in log_of(api, greeter_run) if line.startswith("Suspending greeter")]
    assert told == ["Suspending greeter after 1.5 seconds of idle time"] * 3


def test_seen_keys_are_in_a_variable(api, start, on_terminal):
    with served(start, "greeter_suspends", "0.5") as serving:
        terminal = on_terminal("sender")
        run_of(api, terminal)
        talk(terminal, "andrew")
        greeter_run = latest_run(api, "greeter")
        wait_until_suspended(api, greeter_run, serving)
        variable = api.get(f"/variables/name/{greeter_run['id']}-seen-ids").json()
        assert variable["value"] == [row["key"] for row in inputs_of(api, greeter_run)]


# ---- the prompt ----


def test_ctrl_c_at_the_prompt_ends_the_run(api, start, on_terminal):
    with served(start, "greeter_exits"):
        terminal = on_terminal("sender")
        run = run_of(api, terminal)
        terminal.expect("What is your name? ")
        interrupt(api, terminal, run)


def run_sender(server, input):
    return subprocess.run([EXAMPLES / "sender"], input=input, capture_output=True, timeout=60,
                          env=clean_environment(FERMATA_API_URL=server.url + "/api"))


def test_names_from_a_file(server, start):
    with served(start, "greeter_exits"):
        done = run_sender(server, b"andrew\n\nbeth")
        question = "What is your name? "
        assert done.stdout.decode() == (f"{question}Hello, andrew!\n{question}{question}"
                                        f"Hello, beth!\n{question}Goodbye!\n")
        assert done.returncode == 0


def test_a_line_without_end(server, start):
    with served(start, "greeter_exits"):
        done = run_sender(server, b"x" * 100000)
        assert done.returncode == 1
        assert "Failed('the line is longer than 65536 bytes')" in done.stderr.decode()


@pytest.mark.parametrize("command", [["send_receive"], ["send_receive", "both"], ["send_name"]])
def test_how_a_program_is_used(command):
    done = subprocess.run([EXAMPLES / command[0], *command[1:]], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(f"usage: {EXAMPLES / command[0]} ")
