"""The rows of the table, in their order: each a file of this folder, with one MEASURE."""

import importlib

ORDER = [
    "create_input_64",
    "create_input_1",
    "send_receive",
    "answer_pause",
    "start_run",
    "small_runs",
    "crowd_memory",
    "crowd_send",
]


def all_measures():
    """By the name of the file."""
    return {name: importlib.import_module(f"measures.{name}").MEASURE for name in ORDER}
