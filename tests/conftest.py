"""Each test starts from the same names, the same seeds and the same settings."""

import pytest

from minigraph import backend


@pytest.fixture(autouse=True)
def fresh_session():
    """Names count from the start, randomness repeats, and weights are float32 again."""
    backend.clear_session()
    backend.set_random_seed(0)
    yield
    backend.set_floatx("float32")
