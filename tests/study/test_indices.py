"""Sobol' indices on a function whose indices are known, through the code that studies use."""

import numpy as np
import pytest

from sim.scenario import designs
from sim.study import indices


def ishigami(rows):
    """Ishigami and Homma (1990): sin x1 + 7 sin^2 x2 + 0.1 x3^4 sin x1 on [-pi, pi]^3."""
    x = np.pi * (2 * rows - 1)
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def known():
    """Its indices in closed form (Saltelli et al. 2008, Global Sensitivity Analysis, section 4.2), a = 7, b = 0.1."""
    a, b, pi = 7.0, 0.1, np.pi
    variance = a**2 / 8 + b * pi**4 / 5 + b**2 * pi**8 / 18 + 1 / 2
    v1, v2 = (1 + b * pi**4 / 5) ** 2 / 2, a**2 / 8
    v13 = b**2 * pi**8 * (1 / 18 - 1 / 50)
    return [v1 / variance, v2 / variance, 0.0], [(v1 + v13) / variance, v2 / variance, v13 / variance]


def estimated(n, root=7):
    rows = indices.saltelli(designs.sobol(n, 6, root, designs.INDICES))
    assert rows.shape == (n * 5, 3)
    return indices.sobol_indices(ishigami(rows), 3, seed=root)


def test_the_known_indices_lie_within_the_intervals_and_near():
    first, total = known()
    assert first == pytest.approx([0.3139, 0.4424, 0.0], abs=1e-4)
    assert total == pytest.approx([0.5576, 0.4424, 0.2437], abs=1e-4)
    for found, s, t in zip(estimated(1024), first, total, strict=True):
        assert found.first == pytest.approx(s, abs=0.02)
        assert found.total == pytest.approx(t, abs=0.02)
        assert found.first_low <= s <= found.first_high
        assert found.total_low <= t <= found.total_high


def test_more_points_narrow_the_intervals():
    widths = [[e.total_high - e.total_low for e in estimated(n)] for n in (64, 1024)]
    assert all(few > 2.5 * many for few, many in zip(*widths, strict=True))


def test_the_same_seed_gives_the_same_intervals():
    assert estimated(64) == estimated(64)
    assert estimated(64) != estimated(64, root=8)


def test_an_output_that_does_not_vary_has_no_indices():
    assert indices.sobol_indices([2.0] * 40, 3, seed=1) is None
    assert indices.sobol_indices([2.0 + 1e-12 * k for k in range(40)], 3, seed=1) is None  # by rounding alone


def test_the_rows_are_a_b_and_a_with_one_column_of_b():
    cube = np.arange(8.0).reshape(2, 4) / 10
    a, b = cube[:, :2], cube[:, 2:]
    rows = indices.saltelli(cube).reshape(4, 2, 2)
    assert (rows[0] == a).all() and (rows[1] == b).all()
    assert rows[2].tolist() == [[b[0, 0], a[0, 1]], [b[1, 0], a[1, 1]]]
    assert rows[3].tolist() == [[a[0, 0], b[0, 1]], [a[1, 0], b[1, 1]]]
