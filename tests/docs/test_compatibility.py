"""docs/prefect-compatibility.md says what is true of this server and of the installed Prefect."""

import pytest

from harness.compatibility import PAGE, page

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def made():
    return page()


def test_the_table_is_up_to_date(made):
    assert PAGE.read_text() == made[0], "run script/compatibility"


def test_each_reason_is_needed(made):
    assert made[1] == [], "take them out of REASONS in tests/harness/compatibility.py"
