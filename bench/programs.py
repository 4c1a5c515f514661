"""The C programs of this folder, run and read."""

import json
import subprocess

from contestants import BUILD
from measure import Sample


def seconds(quick, full=5):
    """How long a round's load lasts."""
    return 1 if quick else full


def run(program, **options):
    """Runs build/bench/PROGRAM with name=value arguments; what it prints, and its rate."""
    arguments = [f"{name}={value}" for name, value in options.items()]
    ran = subprocess.run([BUILD / "bench" / program, *arguments], capture_output=True, text=True)
    if ran.returncode != 0:
        raise RuntimeError(f"{program} failed: {ran.stderr.strip()}")
    result = json.loads(ran.stdout)
    result["rate"] = result["count"] / result["elapsed"]
    return result


def load(contestant, path, **options):
    """Load on a contestant (bench/load.c); see load.c for the options. Half a second passes first."""
    return run("load", port=contestant.port, path=path, **{"warmup": 1} | options)


def rate_sample(result):
    return Sample(result["rate"], result["histogram"], result["errors"], result["count"])
