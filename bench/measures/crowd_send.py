"""A send to one of ten thousand receivers that wait, and to one of ten."""

from contestants import Fermata
from crowds import latency
from measure import DURATION, Measure, Way, at_most, tail_at_most_that_of

FEW = "to one of 10"

MEASURE = Measure(
    title="send to one of 10,000 waiting receivers",
    unit=DURATION,
    ways={FEW: Way(Fermata, latency(10)), "Fermata": Way(Fermata, latency(10_000))},
    goals=(at_most(1.2, FEW), tail_at_most_that_of(2, FEW)),
)
