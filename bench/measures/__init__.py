"""The rows of the table, in their order: each a file of this folder, with one MEASURE."""

import importlib

ORDER = [
    "create_input_64",
    "create_input_1",
    "read_run",
    "filter_inputs",
    "create_run",
    "filter_million_runs",
    "send_receive",
    "answer_pause",
    "start_run",
    "small_runs",
    "start_fresh",
    "start_million_runs",
    "memory_idle",
    "memory_after_load",
    "cpu_idle",
    "crowd_memory",
    "crowd_send",
    "resume_suspended",
    "expire_suspended",
    "mixed_load",
]


def all_measures():
    """By the name of the file."""
    return {name: importlib.import_module(f"measures.{name}").MEASURE for name in ORDER}
