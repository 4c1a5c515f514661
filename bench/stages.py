"""Where the time of a write goes, from the socket to the disk and back: python3 bench/stages.py

Lays probes of the kernel (perf probe; as root) on functions of build/fermata, and prints the median
time from each probe to the next: of inputs that one client creates one after the other, and of
answers, from the flow that sends one to the flow that paused for it. A probe costs about a
microsecond, which counts in the stage that it ends.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import inputs
import waits
from contestants import BUILD, Fermata

BINARY = BUILD / "fermata"

SENT, RECEIVED = "syscalls:sys_enter_sendto", "syscalls:sys_exit_recvfrom"
SERVER = "server"

# Who does what ends each stage, in their order, and what happened up to there.
INPUT = (
    (SERVER, RECEIVED, None),
    (SERVER, "api_on_request", "the loop reads the head and the body, and takes them apart"),
    (SERVER, "store_submit_all", "route, a job for it; the end of the loop's round"),
    (SERVER, "prepare_input", "wake a reader; it parses the JSON and checks it"),
    (SERVER, "run_batch", "what is prepared; the turn to write"),
    (SERVER, "create_input", "BEGIN and the savepoint"),
    (SERVER, "db_release", "the handler: its SQL"),
    (SERVER, "db_commit", "the end of the savepoint"),
    (SERVER, "db_commit__return", "COMMIT: write the log of the database, fdatasync"),
    (SERVER, "http_reply", "topics, wake those who wait for them"),
    (SERVER, SENT, "wake the loop, write the reply's head"),
)
ANSWER = (
    ("answer", SENT, None),
    (SERVER, RECEIVED, "the kernel: from one socket to the other; wake the loop"),
    (SERVER, "api_on_request", "the loop takes the request apart"),
    (SERVER, "prepare_resume", "route, a job for it; wake a reader, which parses the JSON"),
    (SERVER, "run_batch", "prepare: the request, its schema, the answer held against it"),
    (SERVER, "db_release", "BEGIN; the handler's SQL: run, state, request, input, events"),
    (SERVER, "db_commit", "the end of the savepoint"),
    (SERVER, "db_commit__return", "COMMIT: write the log of the database, fdatasync"),
    (SERVER, "http_reply", "topics, wake those who wait for them; the reply to who answered"),
    ("pause", RECEIVED, "a reader reads the answer for the flow that waits; wake the loop; the reply"),
)
LINE = re.compile(r"\s(\d+)\s+(\d+\.\d+):\s+(\S+):")


def perf(*arguments, **options):
    return subprocess.run(["perf", *arguments], check=True, text=True, capture_output=True,
                          **options)


def event_name(event):
    return event if ":" in event else f"probe_fermata:{event}"


def add_probes(stages):
    for _, event, _ in stages:
        if ":" not in event:
            perf("probe", "-q", "-x", BINARY, event.replace("__return", "%return"))


def remove_probes():
    subprocess.run(["perf", "probe", "-q", "-d", "probe_fermata:*"], capture_output=True)


def threads_of(pid):
    return {int(path.name) for path in Path(f"/proc/{pid}/task").iterdir()}


def events(path):
    """Time, thread and name of each event, in order of time."""
    text = perf("script", "-i", path, "-F", "tid,time,event").stdout
    return sorted((float(time), int(thread), event) for thread, time, event in LINE.findall(text))


def whole_ways(stages, threads, found):
    """Times of the events of each request that was seen whole. `threads`: those of each who."""
    steps = [(threads[who], event_name(event)) for who, event, _ in stages]
    way = []
    for time, thread, event in found:
        if thread in steps[0][0] and event == steps[0][1]:
            way = [time]
        elif way and thread in steps[len(way)][0] and event == steps[len(way)][1]:
            way.append(time)
            if len(way) == len(steps):
                yield way
                way = []


def send_inputs(server):
    inputs.create(server, quick=False, connections=1)
    return {}


def send_answers(server):
    """Two flows, each on the first thread of its process."""
    count, pause = 300, 10
    paused = waits.start(server, waits.IN_C, "pause", count=count)
    run_id = paused.stdout.readline().strip()
    answering = waits.start(server, waits.IN_C, "answer", count=count, pause=pause, run=run_id)
    waits.finish(answering)
    waits.finish(paused)
    return {"pause": {paused.pid}, "answer": {answering.pid}}


def measure(directory, stages, load):
    server = Fermata(directory)
    add_probes(stages)
    try:
        server.start()
        recorded = subprocess.Popen(
            ["perf", "record", "-q", "-a", "-o", directory / "perf.data",
             *[part for _, event, _ in stages for part in ("-e", event_name(event))]],
            stderr=subprocess.DEVNULL)
        threads = {SERVER: threads_of(server.process.pid), **load(server)}
        recorded.terminate()
        recorded.wait()
        return list(whole_ways(stages, threads, events(directory / "perf.data")))
    finally:
        server.stop()
        remove_probes()


def show(title, stages, ways):
    if not ways:
        sys.exit(f"{title}: none was seen whole")
    print(f"| {title}, median of {len(ways):,} | µs |\n|---|---|")
    for number, (_, _, what) in enumerate(stages[1:], 1):
        print(f"| {what} | {median(way[number] - way[number - 1] for way in ways) * 1e6:.0f} |")
    print(f"| all | {median(way[-1] - way[0] for way in ways) * 1e6:.0f} |\n")


def main():
    remove_probes()
    for title, stages, load in (("an input", INPUT, send_inputs),
                                ("an answer", ANSWER, send_answers)):
        directory = Path(tempfile.mkdtemp(dir=BUILD / "bench"))
        try:
            show(title, stages, measure(directory, stages, load))
        finally:
            shutil.rmtree(directory)


if __name__ == "__main__":
    main()
