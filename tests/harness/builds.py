"""Builds beside the one under test."""

import fcntl
import subprocess

from harness.server import ROOT


def plain_build():
    """build/, as script/build makes it. Ninja must not run twice in it at the same time."""
    script = ROOT / "script" / "build"
    with open(script) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([script], check=True, capture_output=True)
    return ROOT / "build"
