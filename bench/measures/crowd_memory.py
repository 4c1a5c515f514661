"""Memory of the server while ten thousand receivers wait, each with a connection of its own."""

from contestants import Fermata
from crowds import memory
from measure import MEMORY, Measure, Way, within

MEASURE = Measure(
    title="memory while 10,000 receivers wait",
    unit=MEMORY,
    ways={"Fermata": Way(Fermata, memory(10_000))},
    goals=(within(MEMORY, 120e6),),
    rounds=1,
)
