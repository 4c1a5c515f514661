"""Where the time of a write goes, from the socket to the disk and back: python3 bench/stages.py

Lays probes of the kernel (perf probe; as root) on functions of build/fermata, has one client create
inputs one after the other, and prints the median time from each probe to the next. A probe costs
about a microsecond, which counts in the stage that it ends.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import inputs
from contestants import BUILD, Fermata

BINARY = BUILD / "fermata"

# What ends each stage, in their order, and what happened up to there.
STAGES = (
    ("syscalls:sys_exit_recvfrom", None),
    ("probe_fermata:api_on_request", "the loop reads the head and the body, and takes them apart"),
    ("probe_fermata:store_submit_all", "route, a job for it; the end of the loop's round"),
    ("probe_fermata:prepare_input", "wake a reader; it parses the JSON and checks it"),
    ("probe_fermata:run_batch", "what is prepared; the turn to write"),
    ("probe_fermata:create_input", "BEGIN and the savepoint"),
    ("probe_fermata:db_release", "the handler: its SQL"),
    ("probe_fermata:db_commit", "the end of the savepoint"),
    ("probe_fermata:db_commit__return", "COMMIT: write the log of the database, fdatasync"),
    ("probe_fermata:http_reply", "topics, wake those who wait for them"),
    ("syscalls:sys_enter_sendto", "wake the loop, write the reply's head"),
)
PROBES = [event.partition(":")[2] for event, _ in STAGES if event.startswith("probe_")]
LINE = re.compile(r"\s(\d+\.\d+):\s+(\S+):")


def perf(*arguments, **options):
    return subprocess.run(["perf", *arguments], check=True, text=True, capture_output=True,
                          **options)


def add_probes():
    for name in PROBES:
        function = name.replace("__return", "%return")
        perf("probe", "-q", "-x", BINARY, function)


def remove_probes():
    subprocess.run(["perf", "probe", "-q", "-d", "probe_fermata:*"], capture_output=True)


def events(path):
    """Time and name of each event, in order of time."""
    text = perf("script", "-i", path, "-F", "time,event").stdout
    found = [(float(time), event) for time, event in LINE.findall(text)]
    return sorted(found)


def whole_ways(found):
    """Times of the events of each request that was seen whole."""
    names = [event for event, _ in STAGES]
    way = []
    for time, event in found:
        if event == names[0]:
            way = [time]
        elif way and event == names[len(way)]:
            way.append(time)
            if len(way) == len(names):
                yield way
                way = []


def main():
    directory = Path(tempfile.mkdtemp(dir=BUILD / "bench"))
    server = Fermata(directory)
    remove_probes()
    add_probes()
    try:
        server.start()
        recorded = subprocess.Popen(
            ["perf", "record", "-q", "-o", directory / "perf.data", "-p", str(server.process.pid),
             *[part for event, _ in STAGES for part in ("-e", event)]], stderr=subprocess.DEVNULL)
        inputs.create(server, quick=False, connections=1)
        recorded.terminate()
        recorded.wait()
        ways = list(whole_ways(events(directory / "perf.data")))
    finally:
        server.stop()
        remove_probes()
        shutil.rmtree(directory)
    if not ways:
        sys.exit("no request was seen whole")
    print(f"| stage, median of {len(ways):,} | µs |\n|---|---|")
    for number, (_, what) in enumerate(STAGES[1:], 1):
        print(f"| {what} | {median(way[number] - way[number - 1] for way in ways) * 1e6:.0f} |")
    print(f"| all | {median(way[-1] - way[0] for way in ways) * 1e6:.0f} |")


if __name__ == "__main__":
    main()
