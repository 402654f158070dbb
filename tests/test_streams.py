"""Streams: value i is a function of the stream and i alone, however it is read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.streams import BLOCK, Streams

LAWS = {"uniforms": "random", "normals": "standard_normal", "exponentials": "standard_exponential"}


@pytest.mark.parametrize("read", LAWS)
@given(cuts=st.lists(st.integers(0, 3 * BLOCK), min_size=1, max_size=5))
def test_how_a_stream_is_cut_changes_no_value(read, cuts):
    whole = np.concatenate([getattr(Streams(7, 2)["x"].generator(block), LAWS[read])(BLOCK) for block in range(3)])
    stream = Streams(7, 2)["x"]
    for first, last in zip(sorted(cuts), [*sorted(cuts)[1:], 3 * BLOCK], strict=True):
        assert (getattr(stream, read)(first, last - first) == whole[first:last]).all()


def test_what_was_read_is_the_readers_own():
    stream = Streams(7, 0)["x"]
    first = stream.uniforms(0, 10)
    kept = first.copy()
    first[:] = -1
    assert (stream.uniforms(0, 10) == kept).all()


def test_a_value_before_the_first_is_refused():
    with pytest.raises(ValueError, match="must be >= 0"):
        Streams(7, 0)["x"].uniforms(-1, 2)


def test_the_uniform_of_an_id_depends_on_no_other_id():
    stream = Streams(7, 2)["x"]
    ids = np.arange(5000, dtype=np.int64) << 20
    assert (stream.of_ids(ids)[::7] == stream.of_ids(ids[::7])).all()
    assert (stream.of_ids(ids) != Streams(7, 3)["x"].of_ids(ids)).all()


def test_uniforms_of_ids_fill_the_unit_interval():
    # Ids as requests have them: minute, layer, class, number. Deviations of sorted uniforms from the line beyond
    # 1.63 / sqrt(n) have a probability of 1 % (Kolmogorov).
    minute, number = np.meshgrid(np.arange(400), np.arange(100), indexing="ij")
    drawn = np.sort(Streams(7, 0)["x"].of_ids((minute << 36 | 1 << 24 | number).ravel()))
    n = len(drawn)
    assert drawn[0] >= 0 and drawn[-1] < 1
    assert np.abs(drawn - (np.arange(n) + 0.5) / n).max() < 1.63 / n**0.5
