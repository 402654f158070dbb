"""How answers are checked: chances that are chances, colluders who cover, seeds that are known, disputes that find the lie."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.tokenomics.operators.strategies import cheats
from sim.tokenomics.verify import VERIFY, Dispute, Odds, at_least_once, settle
from sim.tokenomics.verify.dispute import rounds
from tests.policies.kinds import VERIFIES, block


def odds(name: str, per_day: float = 1e5, reputation: float = 100, colluding: float = 0.0, breach: float = 0.5) -> Odds:
    found: Odds = VERIFIES[name].odds(np.array([per_day / 86_400, reputation, colluding, 1.0, breach]))
    return found


@pytest.mark.long
@pytest.mark.parametrize("name", VERIFIES)
@settings(max_examples=80, deadline=None)
@given(st.floats(0, 1e6), st.floats(0, 100), st.floats(0, 1), st.floats(0, 1))
def test_every_chance_is_one_and_finding_needs_a_check(
    name: str, per_day: float, reputation: float, colluding: float, breach: float
) -> None:
    one = odds(name, per_day, reputation, colluding, breach)
    assert one == odds(name, per_day, reputation, colluding, breach)
    assert 0 <= one.found <= one.checked <= 1
    assert 0 <= one.wronged <= 1
    assert one.load >= 0
    assert one.found >= odds(name, per_day, reputation, 1.0, breach).found


def test_nobody_looks_where_nothing_is_verified() -> None:
    assert odds("none") == (0, 0, 0, 0)


def test_who_sides_with_the_server_says_that_all_is_well() -> None:
    assert odds("sampling").found == pytest.approx(0.05 * 0.9)
    assert odds("sampling", colluding=0.3).found == pytest.approx(0.05 * 0.7 * 0.9)
    assert odds("sampling", colluding=1.0).found == 0


def test_a_public_seed_catches_nobody_and_costs_the_same() -> None:
    secret, public = odds("sampling"), odds("sampling_by_a_public_seed")
    assert (public.found, public.load) == (0, secret.load)


def test_new_nodes_and_quiet_networks_are_checked_more() -> None:
    name = "sampling_by_reputation"
    assert odds(name, 1e5, 100).checked == pytest.approx(0.01)
    assert odds(name, 1e5, 0).checked == pytest.approx(1.0)
    assert odds(name, 1e5, 50).checked == pytest.approx(0.505)
    assert odds(name, 50, 100).checked == pytest.approx(1.0)
    rates = [odds(name, n, 100).checked for n in (100, 1000, 4000, 5000, 8000, 10_000)]
    assert rates == sorted(rates, reverse=True)


def test_one_honest_solver_of_any_number_is_enough() -> None:
    assert odds("refereed", colluding=0.999).found > 0
    assert odds("refereed", colluding=0.5).found == pytest.approx(1 - 0.5**2)
    assert odds("replication", colluding=0.5).found == pytest.approx(0.3 * (1 - 0.5**3))


def test_a_broken_enclave_hides_everything_and_a_whole_one_nothing() -> None:
    assert odds("tee", breach=0.09).found == 0
    assert odds("tee", breach=0.11).found == 1


def test_an_audit_comes_once_in_its_time() -> None:
    assert at_least_once(odds("audit").checked, 30) == pytest.approx(1 - math.exp(-1))


def test_a_fingerprint_is_cheap() -> None:
    assert odds("fingerprint").load == pytest.approx(0.005)


@given(st.floats(0, 1), st.floats(0, 1e6))
def test_at_least_once_is_a_chance(chance: float, trials: float) -> None:
    assert 0 <= at_least_once(chance, trials) <= 1


def test_a_tie_is_honest() -> None:
    assert not cheats(1.0, 0.5, 1.0, 1.0)
    assert cheats(1.0, 0.499, 1.0, 1.0)
    assert not cheats(0.0, 0.0, 1.0, 1.0)


def truth(step: int, operator: int) -> str:
    return hashlib.sha256(f"{step} {operator}".encode()).hexdigest()


def party(lies_from: tuple[int, int] | None, operators: int, who: str = "") -> Dispute:
    """Tells the truth until it lies, and then whatever follows from its lie."""

    def output(step: int, operator: int) -> str:
        lied = lies_from is not None and (step, operator) >= lies_from
        return truth(step, operator) + who * lied

    return Dispute(lambda step: output(step, operators - 1), output)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_dispute_finds_the_lie_in_a_logarithmic_number_of_messages(data: st.DataObject) -> None:
    checkpoints, operators = data.draw(st.integers(1, 5000)), data.draw(st.integers(1, 5000))
    lie = (data.draw(st.integers(0, checkpoints - 1)), data.draw(st.integers(0, operators - 1)))
    liar = data.draw(st.sampled_from([0, 1]))
    parties = [party(None, operators), party(lie, operators, "x")]
    verdict = settle((parties[1 - liar], parties[liar]), checkpoints, operators, truth)
    assert verdict is not None
    assert (verdict.liars, verdict.checkpoint, verdict.operator) == ((liar,), *lie)
    assert verdict.messages <= rounds(checkpoints) + rounds(operators)
    assert verdict.computed == 1
    assert rounds(checkpoints) <= math.ceil(math.log2(checkpoints))


def test_two_who_say_the_same_have_no_dispute_and_two_liars_who_differ_lose_both() -> None:
    assert settle((party(None, 8), party(None, 8)), 16, 8, truth) is None
    both = settle((party((3, 2), 8, "x"), party((3, 2), 8, "y")), 16, 8, truth)
    assert both is not None
    assert both.liars == (0, 1)


def test_a_dispute_delays_its_verdict() -> None:
    assert VERIFIES["refereed"].verdict_s == 60 * (10 + 14)
    assert VERIFIES["fingerprint"].verdict_s == 0


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "sampling", "rate": "101 %"}, "rate"),
        ({"kind": "sampling", "rate": "1 %", "quiet": "60 /day", "busy": "100 /day"}, "quiet"),
        ({"kind": "replication", "repeaters": 0}, "repeaters"),
        ({"kind": "audit", "every": "0 day"}, "every"),
        ({"kind": "tee", "breach": "-1 %"}, "breach"),
    ],
)
def test_nonsense_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        block(VERIFY, **keys)
