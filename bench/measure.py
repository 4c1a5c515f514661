"""What a measure is: one row of the table, measured in one or more ways, with what it has to reach."""

from dataclasses import dataclass, field
from typing import Callable


@dataclass(frozen=True)
class Unit:
    """How a figure is written, and whether more of it is better."""

    write: Callable[[float], str]
    more_is_better: bool = False

    def best(self, values):
        return max(values) if self.more_is_better else min(values)


def _rate(value):
    return f"{value:,.0f}/s" if value >= 10 else f"{value:.1f}/s"


def _duration(seconds):
    for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 1 or name == "µs":
            value = seconds * factor
            return f"{value:.0f} {name}" if value >= 100 else f"{value:.3g} {name}"
    raise AssertionError


RATE = Unit(_rate, more_is_better=True)
DURATION = Unit(_duration)
MEMORY = Unit(lambda value: f"{value / 1e6:,.1f} MB")
SHARE = Unit(lambda value: f"{value * 100:.2f} %")


@dataclass
class Sample:
    """What one round found: the figure in its unit's base (per second, seconds, bytes, 0 to 1), and
    the latencies behind it, if there are any, as [[seconds, count], ...] in order."""

    value: float
    latencies: list = field(default_factory=list)
    errors: int = 0
    requests: int = 0
    notes: dict = field(default_factory=dict)  # what else was seen, for results.json


def quantile(latencies, part):
    """The latency within which this part of all were, or None if there are none."""
    rank = part * sum(count for _, count in latencies)
    for seconds, count in latencies:
        rank -= count
        if rank <= 0:
            return seconds
    return None


@dataclass(frozen=True)
class Way:
    """How to measure it with one contestant: the class of contestants.py, which is started for each
    round and stopped after it, and measure(contestant, quick), which returns a Sample. `rounds`: at
    the most, where one is long and has many waits."""

    contestant: type
    measure: Callable
    rounds: int = 100


@dataclass(frozen=True)
class Goal:
    """What a measure has to reach: a sentence, the names of the ways that it compares with, and a
    function from the figures and samples of all ways, by name, to true or false."""

    text: str
    reached: Callable


@dataclass(frozen=True)
class Measure:
    """A row. One of `ways`, by the name that the table shows, is OURS. Rounds go through all ways in
    turn; the best of them counts, for rival and ours alike: what else a machine does at the time
    only ever takes away."""

    title: str
    unit: Unit
    ways: dict
    goals: tuple = ()
    rounds: int = 3


OURS = "Fermata"


def at_least(times, *others):
    """Ours is so many times the lowest of the others, or more."""
    return Goal(f"≥ {times:g} × {_lowest(others)}",
                lambda best: best[OURS].value >= times * min(best[name].value for name in others))


def at_most(times, *others):
    """Ours is so many times the sum of the others, or less."""
    return Goal(f"≤ {times:g} × {_sum(others)}",
                lambda best: best[OURS].value <= times * sum(best[name].value for name in others))


def within(unit, limit):
    return Goal(f"≤ {unit.write(limit)}", lambda best: best[OURS].value <= limit)


def over(unit, limit):
    return Goal(f"≥ {unit.write(limit)}", lambda best: best[OURS].value >= limit)


def tail_at_most(times):
    """The 99th percentile is so many times the median, or less."""
    def reached(best):
        latencies = best[OURS].latencies
        return quantile(latencies, 0.99) <= times * quantile(latencies, 0.5)

    return Goal(f"p99 ≤ {times:g} × p50", reached)


def tail_at_most_that_of(times, other):
    """The 99th percentile is so many times that of the other, or less."""
    return Goal(f"p99 ≤ {times:g} × that of {other}",
                lambda best: quantile(best[OURS].latencies, 0.99)
                <= times * quantile(best[other].latencies, 0.99))


def _lowest(names):
    return names[0] if len(names) == 1 else f"the lower of {' and '.join(names)}"


def _sum(names):
    return names[0] if len(names) == 1 else f"({' + '.join(names)})"
