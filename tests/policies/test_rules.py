"""Every kind with a compiled rule gives the same integers interpreted and compiled, to the last bit."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.kernels.economy import functions
from sim.kernels.rules import compiled
from sim.tokenomics import (
    burnmint,
    demand,
    payment,
    payout,
    price,
    score,
    slash,
    stake,
    supply,
    target,
    treasury,
    verify,
    vesting,
)
from sim.tokenomics.demand import DEMAND
from sim.tokenomics.market import MARKET
from sim.tokenomics.verify import reputation
from sim.units import INT64_MAX, muldiv
from tests.policies.kinds import (
    BURNMINTS,
    DEMANDS,
    MARKETS,
    PAYMENTS,
    PAYOUTS,
    PRICES,
    PROGRAMS,
    SCORES,
    SEEN,
    SLASHES,
    STAKES,
    SUPPLIES,
    TARGETS,
    TREASURIES,
    VERIFIES,
    VESTINGS,
)

pytestmark = pytest.mark.compiled

START = datetime.date(2026, 1, 1)
DAY_PS = 86_400 * 10**12


def _multiply(a: int, b: int, c: int) -> int:
    return muldiv(a, b, c)


_SIZES = st.one_of(st.integers(0, 100), st.integers(0, INT64_MAX), st.integers(0, 62).map(lambda n: 2**n))


@settings(max_examples=300, deadline=None)
@given(_SIZES, _SIZES, _SIZES.filter(bool))
def test_muldiv_agrees_compiled(a: int, b: int, c: int) -> None:
    fast = compiled(_multiply, "int64(int64, int64, int64)")
    if a * b // c > INT64_MAX:
        for one in (muldiv, fast):
            with pytest.raises(OverflowError, match="exceeds 2"):
                one(a, b, c)
    else:
        assert fast(a, b, c) == muldiv(a, b, c) == a * b // c


@pytest.mark.parametrize("arguments", [(-1, 1, 1), (1, -1, 1), (1, 1, 0), (1, 1, -2)])
def test_muldiv_refuses_what_has_no_floor_division_of_sizes(arguments: tuple[int, int, int]) -> None:
    for one in (muldiv, compiled(_multiply, "int64(int64, int64, int64)")):
        with pytest.raises(OverflowError, match="negative factor"):
            one(*arguments)


_INSTANTS = st.one_of(st.integers(0, 60).map(lambda n: n * 365 * DAY_PS // 4), st.integers(0, 15 * 365 * DAY_PS))


@pytest.mark.parametrize("name", SUPPLIES)
@settings(max_examples=60, deadline=None)
@given(instants=st.tuples(_INSTANTS, _INSTANTS).map(sorted), held=st.integers(0, 21 * 10**15))
def test_supply_agrees_compiled(name: str, instants: list[int], held: int) -> None:
    block = SUPPLIES[name]
    begin, end = instants[0], min(instants[1], instants[0] + 400 * DAY_PS)
    if not block.compiled:
        return
    state, moved = block.begin(START, 9), block.begin(START, 9)
    arguments = (*divmod(begin, DAY_PS), *divmod(end, DAY_PS), held, block.row(START, 9), SEEN, state)
    issued = compiled(type(block).rule, supply.SIGNATURE)(*arguments)
    assert issued == block.issued(begin, end, held, START, 9, SEEN, moved)
    assert state.tolist() == moved.tolist()


_COLUMNS = st.lists(st.tuples(st.integers(0, 2**50), st.integers(0, 2**50)), max_size=8)


@pytest.mark.parametrize("name", PAYOUTS)
@settings(max_examples=60, deadline=None)
@given(total=st.integers(0, 2**61), rows=_COLUMNS)
def test_payout_agrees_compiled(name: str, total: int, rows: list[tuple[int, int]]) -> None:
    block = PAYOUTS[name]
    if not block.compiled:
        return
    work = np.array([row[0] for row in rows], dtype=np.int64)
    live = np.array([row[1] for row in rows], dtype=np.int64)
    outs = [np.zeros(len(rows), dtype=np.int64) for _ in range(2)]
    lefts = [
        rule(total, work, live, block.row(), out)
        for rule, out in zip((type(block).rule, compiled(type(block).rule, payout.SIGNATURE)), outs, strict=True)
    ]
    assert lefts[0] == lefts[1]
    assert (outs[0] == outs[1]).all()


_SEEN = st.tuples(
    st.floats(0, 3), st.floats(0, 60), st.floats(1e-4, 1e4), st.floats(1e-4, 1e4), st.sampled_from([1.0, 8.0, 2.5]),
    st.floats(0, 1e5), st.floats(0, 1e5), st.integers(0, 40).map(float),
)  # fmt: skip
_ASKS = st.lists(st.integers(0, 10**13), max_size=6).map(sorted)


@pytest.mark.parametrize("name", VESTINGS)
@settings(max_examples=60, deadline=None)
@given(granted=st.integers(0, 2**62), elapsed_us=st.integers(0, 3 * 365 * 86_400 * 10**6))
def test_vesting_agrees_compiled_and_over_columns(name: str, granted: int, elapsed_us: int) -> None:
    block = VESTINGS[name]
    free = compiled(type(block).rule, vesting.SIGNATURE)(granted, elapsed_us, block.row())
    assert free == block.free(granted, elapsed_us)
    column = np.array([granted, 0, granted // 3], dtype=np.int64)
    assert block.free(column, elapsed_us).tolist() == [free, 0, block.free(granted // 3, elapsed_us)]


@pytest.mark.parametrize("name", SCORES)
@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(*[st.one_of(st.just(0.0), st.floats(0, 1e12))] * 3), min_size=1, max_size=8))
def test_score_agrees_compiled(name: str, rows: list[tuple[float, float, float]]) -> None:
    block, members = SCORES[name], np.array(rows)
    outs = [np.zeros(len(rows), dtype=np.int64) for _ in range(2)]
    rules = (type(block).rule, compiled(type(block).rule, score.SIGNATURE))
    lefts = [rule(members, block.row(), out) for rule, out in zip(rules, outs, strict=True)]
    assert lefts[0] == lefts[1]
    assert (outs[0] == outs[1]).all()


_COINS = st.integers(0, 10**16)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, deadline=None)
@given(
    seen=st.tuples(
        _COINS, st.integers(0, 100), st.integers(0, 10**15), st.integers(10**9, 10**15), _COINS, st.integers(0, 4000),
        st.integers(0, 20), st.integers(0, 10**10), _COINS, _COINS,
    ),
    state=st.integers(0, 10**6),
)  # fmt: skip
def test_target_agrees_compiled(name: str, seen: tuple[int, ...], state: int) -> None:
    block = TARGETS[name]
    planned, part, *rest = seen
    start_us = rest[3] * 3_600_000_000
    columns = np.array(
        [planned, planned * part // 100, *rest[:3], start_us, start_us + rest[4] * 3_600_000_000, *rest[5:], 10**9],
        dtype=np.int64,
    )
    states, outs = [np.array([state]), np.array([state])], [np.zeros(len(target.OUT), np.int64) for _ in range(2)]
    compiled(type(block).rule, target.SIGNATURE)(columns, block.row(9), states[0], outs[0])
    told = block.steer(dict(zip(target.SEEN, columns.tolist(), strict=True)), states[1], 9)
    assert outs[0].tolist() == list(told)
    assert states[0].tolist() == states[1].tolist()


@pytest.mark.parametrize("name", PRICES)
@settings(max_examples=80, deadline=None)
@given(seen=_SEEN, asks=_ASKS, held=st.integers(0, 2**40))
def test_price_agrees_compiled(name: str, seen: tuple[float, ...], asks: list[int], held: int) -> None:
    block = PRICES[name]
    looked, asked = np.array(seen), np.array(asks, np.int64)
    states = [np.array([held], np.int64) for _ in range(2)]
    outs = [np.zeros(4, np.int64) for _ in range(2)]
    for rule, state, out in zip(
        (type(block).rule, compiled(type(block).rule, price.SIGNATURE)), states, outs, strict=True
    ):
        rule(block.row(9), looked, asked, state, out)
    assert (outs[0] == outs[1]).all()
    assert (states[0] == states[1]).all()
    assert outs[0].min() >= 0
    assert outs[0][2] <= outs[0][0]
    assert looked.tolist() == list(seen)
    assert asked.tolist() == asks


_RULED = [name for name, block in PAYMENTS.items() if type(block).compiled]
_DUE = st.lists(st.integers(0, 2**40), max_size=7)


@pytest.mark.parametrize("name", _RULED)
@settings(max_examples=60, deadline=None)
@given(due=_DUE, deposit=st.integers(0, 2**43), reserve=st.integers(0, 2**43), taken=st.integers(0, 2**40))
def test_payment_agrees_compiled(name: str, due: list[int], deposit: int, reserve: int, taken: int) -> None:
    block = PAYMENTS[name]
    if block.kind == "batch":
        deposit = sum(due)  # users bring what the rule asks for
    found = []
    for rule in (type(block).rule, compiled(type(block).rule, payment.SIGNATURE)):
        owed, pots = np.array(due, np.int64), np.array([deposit, reserve, taken], np.int64)
        claimed, paid = np.zeros(len(due), np.int64), np.zeros(len(due), np.int64)
        unpaid = rule(owed, pots, block.row(), claimed, paid)
        assert owed.tolist() == due
        found.append((int(unpaid), pots.tolist(), claimed.tolist(), paid.tolist()))
    assert found[0] == found[1]
    unpaid, pots_left, _, got = found[0]
    # Nothing is lost or made, and nobody gets more than there is.
    assert sum(due) == sum(got) + unpaid
    assert deposit + reserve - pots_left[0] - pots_left[1] == sum(got)
    assert min([unpaid, *pots_left, *got]) >= 0


@pytest.mark.parametrize("name", BURNMINTS)
@settings(max_examples=60, deadline=None)
@given(paid=st.integers(0, 2**62), part=st.integers(0, 10**6))
def test_burn_agrees_compiled(name: str, paid: int, part: int) -> None:
    block = BURNMINTS[name]
    taken = paid * part // 10**6
    assert compiled(type(block).rule, burnmint.SIGNATURE)(paid, taken, block.row()) == block.burned(paid, taken)


_WEIGHTS = st.one_of(st.just(0), st.integers(1, 2**42))


@pytest.mark.parametrize("name", STAKES)
@settings(max_examples=60, deadline=None)
@given(weight=_WEIGHTS, reward=st.integers(0, 10**15), more=st.integers(0, 2**42), day=st.integers(0, 800))
def test_stake_agrees_compiled(name: str, weight: int, reward: int, more: int, day: int) -> None:
    block = STAKES[name]
    seen = np.array([21 * 10**15, weight + more, day * 86_400], np.int64)
    arguments = (weight, reward, seen, block.row(9))
    assert compiled(type(block).rule, stake.SIGNATURE)(*arguments) == type(block).rule(*arguments)


@settings(max_examples=100, deadline=None)
@given(_WEIGHTS, st.integers(0, 10**16), st.integers(0, 10**16), st.integers(0, 10**12))
def test_backed_weight_agrees_compiled(weight: int, held: int, needed: int, free: int) -> None:
    fast = compiled(stake.backed, "int64(int64, int64, int64, int64)")
    assert fast(weight, held, needed, free) == stake.backed(weight, held, needed, free)


@pytest.mark.parametrize("name", SLASHES)
@settings(max_examples=60, deadline=None)
@given(*[st.integers(0, 2**61)] * 2, st.integers(0, 10**15), st.integers(0, 10**8))
def test_slash_agrees_compiled(name: str, locked: int, unbonding: int, reward: int, age_s: int) -> None:
    block, outs = SLASHES[name], [np.zeros(2, np.int64) for _ in range(2)]
    rules = (type(block).rule, compiled(type(block).rule, slash.SIGNATURE))
    for rule, out in zip(rules, outs, strict=True):
        rule(locked, unbonding, reward, age_s, block.row(), out)
    assert outs[0].tolist() == outs[1].tolist() == list(block.taken(locked, unbonding, reward, age_s))


_CHANCE = st.floats(0, 1)


@pytest.mark.parametrize("name", VERIFIES)
@settings(max_examples=100, deadline=None)
@given(seen=st.tuples(st.floats(0, 1), st.floats(0, 100), _CHANCE, _CHANCE, _CHANCE))
def test_verify_agrees_compiled_to_the_last_bit(name: str, seen: tuple[float, ...]) -> None:
    block, outs = VERIFIES[name], [np.zeros(len(verify.GIVEN)) for _ in range(2)]
    rules = (type(block).rule, compiled(type(block).rule, verify.SIGNATURE))
    for rule, out in zip(rules, outs, strict=True):
        rule(np.array(seen), block.row(), out)
    assert outs[0].tobytes() == outs[1].tobytes()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**5), st.integers(0, 10**11), st.integers(1, 10**4))
def test_reputation_agrees_compiled(epochs: int, lost: int, whole: int) -> None:
    row = np.array([whole], np.int64)
    assert compiled(reputation.rule, reputation.SIGNATURE)(epochs, lost, row) == reputation.rule(epochs, lost, row)


_COINS = st.integers(0, 2**50)
_PRICES = st.integers(10**9, 8 * 10**15)
"""Pico-dollars a coin: all of `_COINS` at the highest are worth less than 2^63."""


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("decimals", [6, 9])
@example(seen=(0, 0, 4_969_469_116_653_979, 2**50, 2**50, 16_960), held=(1_125_899_905_853_519, 1))
@settings(max_examples=40, deadline=None)
@given(
    seen=st.tuples(_COINS, _COINS, _PRICES, _COINS, _COINS, st.integers(0, 10**6)),
    held=st.tuples(_COINS, _COINS),
)
def test_a_program_agrees_compiled(name: str, decimals: int, seen: tuple[int, ...], held: tuple[int, int]) -> None:
    block = PROGRAMS[name]
    states = [np.array([*held, 0, 0, 0], np.int64) for _ in range(2)]
    outs = [np.zeros(len(burnmint.OUT), np.int64) for _ in range(2)]
    row, looked = block.row(decimals), np.array(seen, np.int64)
    for rule, state, out in zip(
        (type(block).rule, compiled(type(block).rule, burnmint.PROGRAM)), states, outs, strict=True
    ):
        rule(looked, state, row, out)
    assert (states[0] == states[1]).all()
    assert (outs[0] == outs[1]).all()
    assert min(states[0].min(), outs[0].min()) >= 0
    assert looked.tolist() == list(seen)


@pytest.mark.parametrize("name", TREASURIES)
@settings(max_examples=80, deadline=None)
@given(
    held=st.integers(0, 2**60),
    seen=st.tuples(st.floats(1, 10**7), *[st.floats(0, 10**6)] * 4),
    passed=st.integers(0, 2**40),
)
def test_a_treasury_agrees_compiled_and_spends_what_it_holds(
    name: str, held: int, seen: tuple[float, ...], passed: int
) -> None:
    block, states = TREASURIES[name], [np.array([passed], np.int64) for _ in range(2)]
    rules = (type(block).rule, compiled(type(block).rule, treasury.SIGNATURE))
    spent = [rule(held, np.array(seen), state, block.row(9)) for rule, state in zip(rules, states, strict=True)]
    assert spent[0] == spent[1]
    assert states[0].tolist() == states[1].tolist()
    assert 0 <= spent[0] <= held


def test_every_kind_of_every_table_is_tried_here() -> None:
    tables = [
        (supply.SUPPLY, SUPPLIES),
        (MARKET, MARKETS),
        (payout.PAYOUT, PAYOUTS),
        (price.PRICE, PRICES),
        (payment.PAYMENT, PAYMENTS),
        (treasury.TREASURY, TREASURIES),
        (burnmint.BURNMINT, {**BURNMINTS, **PROGRAMS}),
        (stake.STAKE, STAKES),
        (slash.SLASH, SLASHES),
        (verify.VERIFY, VERIFIES),
        (vesting.VESTING, VESTINGS),
        (score.SCORE, SCORES),
        (target.TARGET, TARGETS),
    ]
    for table, tried in tables:
        assert {block.kind for block in tried.values()} == set(table)


def test_a_kind_without_a_compiled_rule_says_so() -> None:
    # A kind either has one plain rule for both ways of running, tried above, or says that it runs as Python.
    own = (supply.SUPPLY, payout.PAYOUT, price.PRICE, payment.PAYMENT, burnmint.BURNMINT, treasury.TREASURY)
    own = (*own, stake.STAKE, slash.SLASH, verify.VERIFY)
    for table in (*own, vesting.VESTING, score.SCORE, target.TARGET, MARKET, DEMAND):
        for name, kind in table.items():
            assert kind.compiled is hasattr(kind, "rule"), name
    assert not any(kind.compiled for kind in MARKET.values())


@pytest.mark.parametrize("name", DEMANDS)
@settings(max_examples=60, deadline=None)
@given(prices=st.lists(st.floats(1e-9, 10.0), min_size=3, max_size=3), wait_s=st.floats(0, 1e4), failed=st.floats(0, 1))
def test_demand_agrees_compiled(name: str, prices: list[float], wait_s: float, failed: float) -> None:
    taste = DEMANDS[name].calibrate(_offers((0.001, 0.002, 0.0015), 1.0, 0.0))
    now = _offers(tuple(prices), wait_s, failed)
    out = np.zeros(3)
    columns = (now.price_usd, now.price_usd_per_mtok, now.e2e_s, now.failure_frac, now.central.astype(float))
    surplus = compiled(type(taste).rule, demand.SIGNATURE)(taste.row, *columns, out)
    assert (out == taste.quantities(now)).all()
    told = taste.surplus_usd(now)
    assert np.isnan(surplus) if told is None else surplus == told


def _offers(prices: tuple[float, ...], wait_s: float, failed: float) -> demand.Offers:
    usd = np.array(prices)
    waits, failures = np.array([wait_s, 1.0, 2.0]), np.array([failed, 0.0, 0.01])
    return demand.Offers(("one", "two", "cloud"), usd, usd / 0.002, waits, failures, np.array([False, False, True]))


def test_the_kernels_call_rules_by_their_tables_signatures() -> None:
    tables = {"supply": supply, "price": price, "payout": payout, "burnmint": burnmint, "demand": demand}
    assert {name: table.SIGNATURE for name, table in tables.items()} == functions.SIGNATURES


def test_a_rule_outside_the_shared_subset_is_told_apart() -> None:
    from numba.core.errors import TypingError

    def rule(total: int) -> int:
        return int(total**0.5 if object() else 0)

    with pytest.raises(TypingError):
        compiled(rule, "int64(int64)")
