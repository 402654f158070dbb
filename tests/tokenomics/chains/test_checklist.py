"""The checklist of Bittensor, line by line: what must hold before anything is said about it."""

from __future__ import annotations

import ast
import dataclasses
import datetime
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from sim.kernels.bittensor import layout
from sim.records.baseline import Baseline
from sim.scenario import load
from sim.study.checks import run_checks
from sim.study.planning import plan_of
from sim.study.values import Values
from sim.tokenomics.chains.bittensor import coinbase, dividends, masks, registration, rules, subnets, yuma
from sim.tokenomics.chains.bittensor.agents import AGENTS
from sim.tokenomics.chains.bittensor.constants import CHAIN, MAINNET
from sim.tokenomics.chains.bittensor.issuance import LEAK, OBSERVED, Issued, Point, halving, threshold
from sim.tokenomics.chains.bittensor.rules import by_date, by_name, by_spec
from sim.tokenomics.chains.bittensor.validators import VALIDATORS
from sim.tokenomics.chains.bittensor.yuma import Terms
from tests.conformance.adapters import ADAPTERS
from tests.conformance.cases import cases_in, misses
from tests.tokenomics.chains.chains import TAO, give_weights, small

pytestmark = pytest.mark.compiled
VECTORS = cases_in(Path(__file__).parents[2] / "vectors" / "bittensor")


def all_met(family: str, *functions: str) -> int:
    """Check every case of a family, or of some of its functions; how many there are."""
    cases = [v.case for v in VECTORS if v.family == family and (not functions or v.case["fn"] in functions)]
    for case in cases:
        assert misses(ADAPTERS[family](case), case["expected"], case) == [], case["id"]
    return len(cases)


def test_b01_issuance_of_tao_and_alpha_recycling_burning_and_adjustments() -> None:
    assert all_met("issuance") == 31
    first = halving(OBSERVED[0], 1, LEAK)[1].date()
    assert datetime.date(2025, 12, 13) <= first <= datetime.date(2025, 12, 15)
    coins = Issued(threshold(1))
    coins.burn(TAO)
    assert coins.create() == TAO // 2
    coins.recycle(TAO)
    assert coins.create() == TAO
    assert halving(Point(0, OBSERVED[0].at, threshold(1) - 10 * TAO), 1, adjustments=[(5, TAO)])[0] == 9
    # Alpha follows the same curve by its own issuance: past 10.5M alpha a block makes half.
    chain = small()
    chain.subnets["alpha_in"][0] = 11_000_000 * TAO
    before = chain.subnets["alpha_out"] - chain.subnets["protocol"]
    coinbase.run_block(chain.row, chain.subnets)
    grown = chain.subnets["alpha_out"] - chain.subnets["protocol"] - before
    assert grown.tolist() == [TAO // 2, *[TAO] * 5]


RULE_SETS = ("price", "flow", "net_flow", "root_price", "price_unburned", "gated")


@pytest.mark.parametrize("name", RULE_SETS)
def test_b02_each_rule_set_shares_as_it_says_and_is_chosen_by_date_or_spec(name: str) -> None:
    rows = coinbase.subnet_rows(4)
    rows["ema"], rows["burned"] = [0.1, 0.2, 0.3, 0.4], [0, 0.5, 0, 0.25]
    rows["user_flow"], rows["protocol_flow"] = [-10, 10, 40, 20], [0, 10, 0, 20]
    # Root's share 1/2, 1/4, 1/3, 1/4... of stake, at a weight of 1.
    rows["alpha_in"] = np.array([1, 3, 2, 3]) * 10**15
    chain = coinbase.chain_row(by_name(name), block=360, root_tao=10**15)
    chain["tao_weight"], chain["rank"] = 1.0, 2
    coinbase.find_shares(chain, rows)
    assert rows["share"].tolist() == pytest.approx(expected(name), abs=1e-12)
    found = by_name(name)
    assert by_date(found.since) is by_spec(found.spec) is found


def expected(name: str) -> list[float]:
    """The shares by hand, as fractions of their sum."""
    parts = {
        "price": [1, 2, 3, 4],
        # L = min(least flow, 0), but not below the cut-off 0: the negative one gets nothing.
        "flow": [0, 10, 40, 20],
        # Factor min(1, 70 / 30) = 1: nets -10, 0, 40, 0.
        "net_flow": [0, 0, 40, 0],
        # p (1 - burned) R / (R + alpha).
        "root_price": [0.1 / 2, 0.1 / 4, 0.3 / 3, 0.3 / 4],
        "price_unburned": [1, 1, 3, 3],
        # The bar is the second largest, 3/8: w / (1 + (bar / w)^3).
        "gated": [1 / (1 + 27), 1 / (1 + 27), 3 / 2, 3 / 2],
    }[name]
    return [part / sum(parts) for part in parts]


def test_b03_the_price_ema_is_smoothed_by_age_and_spot_counts_one_at_most() -> None:
    assert all_met("coinbase", "price_ema") == 2
    chain, rows = coinbase.chain_row(rules.RULES[-1], block=201_600), coinbase.subnet_rows(2)
    rows["alpha_in"], rows["tao"] = TAO, [TAO // 2, 7 * TAO]
    coinbase.move_prices(chain, rows)
    # Half of the base at the age of the half-time; a price of 7 counts as 1.
    assert rows["ema"].tolist() == pytest.approx([3e-4 / 2 * 0.5, 3e-4 / 2])


def test_b04_the_gate_by_rank_and_by_quantile_is_found_every_360_blocks() -> None:
    chain, rows = coinbase.chain_row(by_name("gated"), block=720), coinbase.subnet_rows(40)
    rows["ema"] = np.arange(1, 41)
    for rule, bar in (("rank", 9 / 820), ("quantile", 30 / 820)):
        chain["gate_rule"], chain["block"] = rules.GATES.index(rule), 720
        coinbase.find_shares(chain, rows)
        assert float(chain["bar"][0]) == pytest.approx(bar)
        chain["block"], kept = 721, float(chain["bar"][0])
        rows["ema"][:] = rows["ema"][::-1] ** 1.0
        chain["rank"] = 1
        coinbase.find_shares(chain, rows)
        assert float(chain["bar"][0]) == kept
        chain["rank"] = 32


def test_b05_the_whole_coinbase_of_block_8766000_within_two_rao() -> None:
    assert all_met("live_block") == 85


def test_b06_the_weighted_pool_with_fee_limits_and_injection() -> None:
    assert all_met("amm_balancer") == 43


def test_b07_v3_the_constant_product_and_the_superellipse() -> None:
    assert all_met("amm_v3") == 12
    assert all_met("amm_superellipse") == 10
    from sim.tokenomics.chains.bittensor.balancer import Balancer

    # Weights of a half are a constant product: 1000 into 10^9 and 4 x 10^9.
    assert Balancer(10**9, 4 * 10**9).alpha_for(10**6) == 4 * 10**9 * 10**6 // (10**9 + 10**6)


def test_b08_alpha_is_split_taken_and_divided_and_each_step_conserves() -> None:
    assert all_met("coinbase", "alpha_out_split", "dividend_distribution_totals") == 5
    chain = small()
    for _ in range(400):
        before = chain.subnets["dust"].copy()
        chain.walk(1)
        held = chain.subnets["epochs"] > 0
        # What rounding leaves of a block is less than 4 rao; of an epoch less than one a payment.
        assert np.all(chain.subnets["dust"] - before < np.where(held, 4 + 10 + 8, 4))
    assert chain.misplaced() == ""
    # A validator's take: 18 % where it says nothing, none at 0; the rest is left for who delegates.
    assert dividends.take_of(65_535 * TAO) == 11_796 * TAO
    assert dividends.take_of(TAO, 0) == 0


@pytest.mark.parametrize(("ema", "sells"), [(0.2, 1), (1 / 6, 0)])
def test_b08_root_sells_its_alpha_where_prices_sum_to_more_than_one_else_it_is_recycled(ema: float, sells: int) -> None:
    chain = small()
    chain.subnets["ema"] = ema
    alpha_out, claims = chain.subnets["alpha_out"].copy(), chain.subnets["claims"].copy()
    coinbase.run_block(chain.row, chain.subnets)
    assert chain.row["root_sells"][0] == sells
    # Of an alpha a block 41 % are validators', root's part of it R w / (R w + alpha).
    root = float(chain.row["root_tao"][0]) * 0.18
    before = chain.subnets["alpha_in"] + alpha_out
    part = 0.5 * (1 - 11_796 / 65_535) * root / (root + before)
    grown = chain.subnets["alpha_out"] - alpha_out - chain.subnets["bought"]
    assert grown == pytest.approx((1 - (1 - sells) * part) * TAO, rel=1e-3)
    assert np.all((chain.subnets["root"] > 0) == bool(sells))
    chain = small()
    chain.subnets["ema"], chain.row["ema_base"] = ema, 0
    chain.walk(720)
    assert np.all((chain.subnets["claims"] > claims) == bool(sells))
    assert chain.misplaced() == ""


def test_b08_what_the_owner_earns_as_a_miner_is_burned_and_his_cut_is_not() -> None:
    chain = small()
    chain.who.weights[:] = 0
    chain.who.weights[:, :, -1] = 65_535
    stake, burnt = chain.who.stake.copy(), chain.subnets["burnt"].copy()
    chain.walk(720)
    gone, earned = chain.subnets["burnt"] - burnt, chain.who.stake - stake
    # Two epochs of at least 361 blocks, at 41 % for miners and 18 % for the owner's cut.
    cut = 11_796 / 65_535
    assert np.all(gone >= 361 * TAO * 0.4) and np.all(earned[:, 4:-1] == 0)
    assert earned[:, -1] == pytest.approx(gone / ((1 - cut) / 2) * cut, rel=1e-6)
    assert np.all(chain.subnets["burned"] == 1)


def test_b09_classic_yuma_in_integers_and_in_floats() -> None:
    assert all_met("yuma_classic") == 5
    assert all_met("epoch_math", "weighted_median", "weighted_median_col") == 10


def test_b10_yuma3_liquid_alpha_bond_reset_penalty_and_kappa() -> None:
    assert all_met("yuma3") == 5
    assert all_met("epoch_math", "mat_ema_alpha") == 3
    weights = np.array([[65_535, 0], [0, 65_535], [0, 65_535]])
    active = yuma.stake_shares(np.array([40, 30, 30]))
    clipped, free = (
        yuma.epoch(Terms(relative=True, penalty=penalty), weights, active, np.zeros((3, 2))).bonds
        for penalty in (65_535, 0)
    )
    # Without a penalty the lonely weight still buys a bond.
    assert clipped[0, 0] == 0 < free[0, 0]
    # A majority of 35 % is reached by 40 % of stake.
    low = yuma.epoch(Terms(kappa=22_937), weights, active, np.zeros((3, 2)))
    assert np.all(low.incentive > 0)


def test_b11_masks_of_the_inactive_the_unpermitted_oneself_the_outdated_and_old_commits() -> None:
    weights = np.full((4, 4), 7)
    registered, updated = np.array([0, 0, 0, 90]), np.array([100, 100, 90, 100])
    commits = np.array([masks.NO_COMMIT, 80, masks.NO_COMMIT, masks.NO_COMMIT])
    counted = masks.weights_that_count(weights, np.array([1, 1, 1, 0]), updated, registered, commits) == 7
    assert counted.tolist() == [
        [False, True, True, True],
        [True, False, True, False],  # committed at 80, before uid 3 came
        [True, True, False, False],  # set at 90, when uid 3 came
        [False, False, False, False],  # no permit
    ]
    idle = masks.inactive(np.array([0, 95, 95, 95]), 100, cutoff=50)
    found = masks.stakes_of(np.array([60, 20, 20, 0]), np.ones(4), idle)
    assert (found.active / yuma.ONE).tolist() == [0, 0.5, 0.5, 0]


def test_b12_burn_price_prune_order_immunity_and_permits() -> None:
    assert all_met("registration", "burn_price", "burn_long") == 13
    emission, age = np.array([4, 1, 1, 0] + [9] * 10), np.array([1, 5, 3, 9] + [2] * 10)
    immune, owners = np.zeros(14, bool), np.zeros(14, bool)
    immune[3] = True
    assert registration.to_prune(emission, age, immune, owners) == 2
    owners[2] = True
    assert registration.to_prune(emission, age, immune, owners) == 1
    assert registration.to_prune(emission[:6], age[:6], immune[:6], owners[:6]) == 3
    assert registration.top_stakes(np.array([3, 9, 0, 9]), 1).tolist() == [False, False, False, True]


def test_b13_lock_cost_deregistration_and_a_payout_that_empties_the_pot() -> None:
    assert all_met("registration", "lock_cost") == 1
    assert subnets.to_deregister(np.array([0.2, 0.1, 0.1]), np.array([0, 9, 5]), 10**6) == 2
    paid, protocol = subnets.payouts(1001, [1, 1, 1], 7)
    assert sum(paid) + protocol == 1001
    assert protocol == 701


def test_b14_two_epochs_a_block_the_rest_is_deferred_by_one() -> None:
    chain, rows = coinbase.chain_row(rules.RULES[-1], block=1000), coinbase.subnet_rows(5)
    rows["tempo"], rows["last_epoch"] = 360, [640, 640, 640, 641, 900]
    seen = {}
    for block in range(1000, 1003):
        chain["block"] = block
        seen[block] = coinbase.tick(chain, rows)
    assert seen == {1000: [0, 1], 1001: [2, 3], 1002: []}
    # An owner may ask for a block; a tempo of 0 never runs.
    rows["asked_at"][4], rows["tempo"][0] = 1010, 0
    chain["block"] = 1010
    assert coinbase.tick(chain, rows) == [4]
    chain["block"] = 99_999
    assert coinbase.tick(chain, rows) == [1, 2]


def test_b15_participants_are_those_that_act_in_a_world() -> None:
    # What each of them does: tests/world/test_bittensor_agents.py. A selling miner is a class of operators with its own `sell`.
    assert set(VALIDATORS) == {"honest", "copier", "cartel"}
    assert set(AGENTS) == {"sniper", "pumper", "root_treasury", "alpha_treasury", "owner"}


@pytest.mark.parametrize(
    "question", ["01-halving", "03-root-or-alpha", "06-pump", "08-copying", "09-majority", "15-subsidy"]
)
def test_b15_a_questions_checks_hold_on_the_values_that_are_pinned(question: str) -> None:
    root = Path(__file__).parents[3]
    kept = Baseline.from_json((root / "outcomes" / f"bittensor-{question}.baseline.json").read_text(encoding="utf-8"))
    plan = plan_of(load(root / "scenarios" / f"bittensor-{question}.yaml"))
    rows = {row.key: row for row in kept.outcomes}
    assert all(row.mean == pytest.approx(np.mean(row.values), rel=1e-7, abs=1e-9) for row in kept.outcomes)
    # Every promise of the file is judged anew, from the replications' values: what is told must be what was told.
    table = {}
    for cell in plan.cells():
        point = ", ".join(f"{path}={value}" for path, value in plan.points[cell.point].items())
        for name in plan.outcomes:
            table[name, cell] = Values(rows[cell.policy, cell.coin_price, point, name].values)
    # Of an outcome that is promised and not compared no values are kept: there only the verdict is.
    judged = tuple(check for check in plan.checks if check.outcome in plan.outcomes)
    found = run_checks(dataclasses.replace(plan, checks=judged), table)
    assert found and all(one.ok for one in found)
    told = [(one["check"], one["policy"], one["found"]) for one in kept.checks if one["outcome"] in plan.outcomes]
    assert [(one.check, one.policy, one.found) for one in found] == told
    assert all(one["ok"] for one in kept.checks)


def test_b16_a_year_of_128_subnets_fits_in_three_minutes_and_memory_does_not_grow() -> None:
    chain, draw = small(subnets=128, validators=64, uids=256), np.random.Generator(np.random.PCG64(2))
    chain.walk(1)
    tracemalloc.start()
    spent, held = 0.0, []
    for _ in range(5):
        give_weights(chain, draw)
        begun = time.process_time()
        chain.walk(7200)
        spent += time.process_time() - begun
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    # A year is 365.25 days; on a machine half as fast as the one it was measured on this still holds.
    assert spent / 5 * 365.25 < 180
    assert held[-1] - held[1] < 100_000
    assert chain.misplaced() == ""


STRUCTURE = {
    "RAO", "BLOCK_S", "BLOCKS_A_DAY", "U16", "PARTS", "LEVEL", "CAP", "WHOLE", "ONE", "_ONE", "_Q64", "_SCALE", "_CONTEXT", "GUARD",
    "NOT_SET", "NO_COMMIT", "KEPT", "BLOCK", "SEEN_AT", "OBSERVED", "RULES",
}  # fmt: skip
"""Names of numbers that are units, digits and codes, or points of history that tell their own source."""


def test_b17_every_rule_set_and_constant_tells_its_source() -> None:
    for one in rules.RULES:
        assert one.source
        assert one.spec > 0
    for name, constant in [*CHAIN.items(), *MAINNET.items()]:
        assert constant.source, name
        assert constant.kind in ("borrowed", "fitted", "assumed"), name
        assert bool(constant.changes) == (constant.kind == "assumed"), name
    assert [name for name, constant in MAINNET.items() if constant.kind == "assumed"] == [
        "recycling_spread", "age_blocks", "most_of_stake",
    ]  # fmt: skip
    # No field of a row of the chain that a rule set fills is without one.
    codes = {"share_rule", "cap_rule", "gate_rule"}
    assert set(rules.RULES[0].fields()) - codes == set(CHAIN)
    assert tuple(MAINNET[name].value for name in ("swap_most", "swap_least_reserve", "least_weight")) == (
        layout.MOST_INPUT,
        layout.LEAST_RESERVE,
        layout.LEAST_WEIGHT,
    )


def test_b17_no_number_of_the_chain_stands_beside_the_constants() -> None:
    package = Path(rules.__file__).parent
    world = package.parents[2] / "world"
    files = [file for file in package.glob("*.py") if file.name != "constants.py"]
    files += [world / f"{name}.py" for name in ("agents", "elections", "registering", "subnets", "voting")]
    found = set()
    for file in files:
        for line in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(line, (ast.Assign, ast.AnnAssign)) and line.value is not None:
                names = line.targets if isinstance(line, ast.Assign) else [line.target]
                numbers = [node for node in ast.walk(line.value) if isinstance(node, ast.Constant)]
                if any(isinstance(node.value, (int, float)) for node in numbers):
                    found |= {ast.unparse(name) for name in names}
    assert found <= STRUCTURE, found - STRUCTURE
    assert {"RAO", "PARTS", "OBSERVED"} <= found


def test_b17_the_report_of_a_run_states_rule_set_spec_and_every_constant_with_its_source() -> None:
    scenario = load(Path(__file__).parents[3] / "scenarios" / "bittensor-chutes-2025.yaml")
    told = {row.path: row for row in scenario.assumptions if row.path.startswith("networks.tao.chain")}
    for name, constant in [*CHAIN.items(), *MAINNET.items()]:
        row = told[f"networks.tao.chain: {name}"]
        assert float(row.value) == pytest.approx(constant.value, rel=1e-5), name
        assert (row.flag, row.source, row.date) == (constant.kind, constant.source, constant.read)
        assert row.source and (row.changes or row.flag != "assumed"), name
    assert told["networks.tao.chain: state at the start"].date == "2026-08-03"
    # From November 2025 on, over 24 weeks and more: users' flow, then the net one.
    assert {row.value: row.source for row in told.values() if row.where == "rules"} == {
        f"rule set {one.name}, spec {one.spec}": one.source for one in map(by_name, ("flow", "net_flow"))
    }
