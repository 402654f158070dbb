"""From an epoch's states and accounts to its line in the book, and to what operators believe afterwards."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from sim.records.run import price_bucket
from sim.serving.contract import NEVER, Fate
from sim.tokenomics.ledger import exact_sum
from sim.tokenomics.operators import IDLE, LIVE
from sim.units import DAY_S, PS_PER_S
from sim.world.book import Book, Line, gini, hhi, nakamoto
from sim.world.calendar import Epoch
from sim.world.identities import shared
from sim.world.money import Account
from sim.world.network import NetworkState
from sim.world.service import Served
from sim.world.tally import Targets
from sim.world.treasury import runway_days

PATIENT_S = 60.0
"""Users who wait longer in the mean would queue from window to window (specification of serving, section 4)."""
PARTIES = ("users", "operators", "protocol")
"""Who gains or loses from the coin's price between invoice and sale."""
LATE_FRAC = 0.01
"""Share of their requests that ends at a deadline, beyond which a run says so (assumed: less moves no headline)."""


def line(
    network: NetworkState, epoch: Epoch, served: Served, account: Account, wanted: np.ndarray, seen: np.ndarray
) -> Line:
    """One network's line of an epoch; `wanted` requests by class, `seen` the network's `incomes`."""
    mtok = float(served.slo_tokens.sum()) / 1e6
    fees, coins_usd = float(account.fees.sum()), float(account.coins_usd.sum())
    emission_usd = network.value_usd(account.own_emission)
    avoidable, capital = costs(network, epoch)
    avoidable += account.gas_usd + account.moving_usd
    staked, slashed_usd = stake_cost(network, epoch), network.value_usd(account.slashed - account.rewarded)
    income = fees + coins_usd
    days = epoch.days
    tokens = float(served.prompt.sum() + served.output.sum())
    down = network.down_nodes(epoch.end_ps)
    made: Line = {
        "nodes": float(network.nodes - sum(down.values())),
        "gpus": float(network.gpus - sum(o.machine.gpus * down.get(o.name, 0) for o in network.owners)),
        "demand_rps": float(wanted.sum()) / epoch.seconds,
        "served_mtok": tokens / 1e6 / days,
        "utilization_frac": None if served.utilization is None else (served.utilization * days, days),
        "unmet_frac": (served.arrived - served.completed, served.arrived),
        "slo_met_frac": (int(served.slo.sum()), served.arrived),
        "goodput_tps": (float(served.slo_output.sum()), epoch.seconds),
        "network_s": (float(served.network_us.sum()) / 1e6, served.completed),
        "energy_j_per_tok": (served.energy_j, tokens + served.job_tokens),
        "price_paid_usd_per_mtok": (account.paid_usd - account.jobs_usd, mtok),
        "payout_usd_per_mtok": (income, mtok),
        "resource_cost_usd_per_mtok": (avoidable + capital - staked, mtok),
        "fee_coverage_frac": (fees, avoidable + capital),
        "revenue_usd_per_day": account.paid_usd / days,
        "operator_margin_frac": (income - avoidable, income),
        "operator_surplus_usd_per_day": (income + account.schemed_usd - avoidable - capital - slashed_usd) / days,
        "entries": sum(o.entered for o in network.owners) / days * 365.25,
        "exits": sum(o.left for o in network.owners) / days * 365.25,
    }
    made["gini"], made["nakamoto"] = gini(seen), nakamoto(seen)
    if shared(network.block):
        owned = network.identities.owned(account.fees + account.coins_usd, network.paid_mask())
        made["gini_owners"], made["nakamoto_owners"], made["hhi_owners"] = gini(owned), nakamoto(owned), hhi(owned)
    if any(owners.columns.twins for owners in network.owners):
        made["moves_in"] = sum(o.moved_in for o in network.owners) / days * 365.25
    if network.names.claims:
        made["second_names"] = float(network.names.slots.sum())
    for owners in network.owners:
        owners.entered = owners.left = owners.moved_in = 0
    if network.block.settle.via is not None:
        made["default_usd_per_day"] = account.lost_usd / days
        made["gas_usd_per_day"] = account.gas_usd / days
    if network.block.settle.sla is not None:
        made["sla_credit_usd_per_day"] = account.credited_usd / days
    if network.subnets is not None:
        made |= network.subnets.line(epoch, account, avoidable + capital)
    if network.coin:
        made |= coin_line(network, epoch, account, emission_usd, mtok)
        if network.block.treasury:
            made["runway_days"] = runway_days(network)
    return made | trust_line(network, account, days)


def incomes(network: NetworkState, account: Account) -> np.ndarray:
    """USD that each identity with a live node earned in the epoch."""
    live = network.paid_mask()
    earned, people = account.fees + account.coins_usd, network.identities
    return people.seen(earned, live) if people.many else earned[live]


def trust_line(network: NetworkState, account: Account, days: float) -> Line:
    """What checks and stakes told, where there are any."""
    made: Line = {}
    if network.checks.active:
        seen = network.checks.seen
        made |= {
            "cheated_frac": (seen.bad, seen.served),
            "caught_frac": (seen.found, seen.bad),
            "wronged_frac": (seen.wronged, seen.served - seen.bad),
            "check_load_frac": network.checks.load,
        }
        if network.coin:
            cheats = network.checks.cheating | network.checks.pretends
            made["cheats_pay_frac"] = (float(account.coins_usd[cheats].sum()), float(account.coins_usd.sum()))
        if network.checks.pretends.any():
            made["exposed_frac"] = (seen.exposed, seen.looked)
    if (schemes := network.schemes).earns:
        made |= {
            "schemed_usd_per_day": account.schemed_usd / days,
            "arbitraged_usd_per_day": account.arbitraged_usd / days,
        }
    if schemes.known:
        made["schemes_found_frac"] = (schemes.found, schemes.done)
        schemes.done = schemes.found = 0
    if network.purses.kept:
        made["insolvencies"] = float(network.purses.broke.sum()) / days * 365.25
        made["unpaid_usd_per_day"] = account.unpaid_usd / days
    if network.checks.dealing.any():
        made["dealt_frac"] = (account.dealt_usd, account.paid_usd)
    if network.stakes.held:
        unit = 10**network.decimals
        made |= {"stake_coin": network.stakes.in_all() / unit, "slashed_coin": account.slashed / unit / days}
    return made


def coin_line(network: NetworkState, epoch: Epoch, account: Account, emission_usd: float, mtok: float) -> Line:
    """What a network with a coin has besides."""
    unit, days = 10**network.decimals, epoch.days
    minted = account.emission + account.reminted
    net = minted - account.burned
    return {
        "coin_usd": network.coin_usd,
        "emission_coin": minted / unit / days,
        "burn_coin": account.burned / unit / days,
        "net_issuance_coin": net / unit / days,
        "supply_coin": network.ledger.supply(network.ticker) / unit,
        "sell_pressure_usd_per_day": account.sold_usd / days,
        "security_budget_usd_per_day": (emission_usd + account.paid_usd) / days,
        "dilution_usd_per_day": net / unit * network.coin_usd / days,
        "subsidy_usd_per_mtok": (emission_usd, mtok),
        "break_even_coin_usd": break_even_usd(network, epoch, account),
        **exchange_line(account, days),
    }


def exchange_line(account: Account, days: float) -> Line:
    """Gains and losses from the coin's price; 0 where nothing was paid in coins."""
    gains = account.gains
    each = (gains.user, gains.operators, gains.protocol) if gains else ()
    return {
        f"exchange_{party}_usd_per_day": gains.usd(each[place]) / days if gains else 0.0
        for place, party in enumerate(PARTIES)
    }


def costs(network: NetworkState, epoch: Epoch) -> tuple[float, float]:
    """Avoidable cost and capital service of the epoch in USD, outside rents and the interest on stakes included."""
    avoidable = capital = 0.0
    for owners in network.owners:
        days = owners.live_ps(epoch) / PS_PER_S / DAY_S
        avoidable += float((days * owners.avoidable_usd_per_day()).sum())
        capital += float(days.sum()) * owners.block.capital_usd_per_day()
    return avoidable, capital


def unbilled_usd(network: NetworkState, epoch: Epoch) -> float:
    """What of the epoch's resource cost nobody sends a bill for: rents forgone and capital service, USD."""
    total = 0.0
    for owners in network.owners:
        rent = 24 * owners.block.outside_rent * owners.machine.gpus
        total += exact_sum(owners.live_ps(epoch)) / PS_PER_S / DAY_S * (rent + owners.block.capital_usd_per_day())
    return total


def stake_cost(network: NetworkState, epoch: Epoch) -> float:
    """What the stakes of the epoch cost their owners in interest: no resource that anybody used up, USD."""
    return sum(exact_sum(o.live_ps(epoch)) / PS_PER_S / DAY_S * o.stake_usd_per_day for o in network.owners)


def break_even_usd(network: NetworkState, epoch: Epoch, account: Account) -> float | None:
    """Coin price at which the marginal live node's avoidable margin is zero; None where nobody earns coins."""
    highest = None
    price = network.coin_usd
    for owners, span in zip(network.owners, network.spans, strict=True):
        days = np.maximum(owners.live_ps(epoch) / PS_PER_S / DAY_S, 1e-12)
        coins = account.coins_usd[span] / price if price > 0 else np.zeros(span.stop - span.start)
        earning = (coins > 0) & (days > 0.5 * epoch.days)
        if earning.any():
            need = owners.avoidable_usd_per_day() * days - account.fees[span]
            most = float((need[earning] / coins[earning]).max())
            highest = most if highest is None else max(highest, most)
    return None if highest is None else max(highest, 0.0)


def believe(network: NetworkState, epoch: Epoch, account: Account) -> None:
    """Operators take the epoch's fees, and the coins of the coming epoch at today's price, per node and day.

    Nodes that came within the epoch shared its income for a part of it only; in the coming one they share all of it.
    """
    growth = _emission_growth(network, epoch, account)
    # Picoseconds of sixteen nodes and a week exceed 64 bits.
    node_days = [exact_sum(owners.live_ps(epoch)) / PS_PER_S / DAY_S for owners in network.owners]
    served = sum(days * owners.machine.capacity_rps for days, owners in zip(node_days, network.owners, strict=True))
    thinner = served / (network.capacity_rps * epoch.days) if network.capacity_rps else 1.0
    # What names earn tells nobody what a node does.
    coins = np.where(network.names.slots, 0.0, account.coins_usd) if network.names.claims else account.coins_usd
    for i, (owners, span) in enumerate(zip(network.owners, network.spans, strict=True)):
        if node_days[i] > 0:
            owners.believe(
                float(account.fees[span].sum()) / node_days[i] * thinner,
                float(coins[span].sum()) / node_days[i] * growth * thinner,
                epoch.seconds,
                network.capacity_rps,
            )


def _emission_growth(network: NetworkState, epoch: Epoch, account: Account) -> float:
    """Emission announced for the coming epoch over that of the last: schedules are known exactly."""
    if not network.coin or account.scheduled == 0 or network.vaulted:
        return 1.0
    return network.issued(epoch.end_ps, 2 * epoch.end_ps - epoch.start_ps) / account.scheduled


def total_surplus(written: dict[str, Line], networks: list[NetworkState], days: float) -> Line:
    """Value served less resource cost, of all networks together: what all parties gain but for the change of coins' market value.

    Nothing where consumer surplus is not known. What users paid is a transfer: it is in the value that they got, and nowhere else.
    """
    found = written["world"].get("consumer_surplus_usd_per_day")
    if not isinstance(found, float):
        return {}
    for network in networks:
        line = written[network.name]
        paid, cost = line["revenue_usd_per_day"], line["resource_cost_usd_per_mtok"]
        assert isinstance(paid, float) and isinstance(cost, tuple)  # as `line` makes them
        found += paid
        found -= cost[0] / days
    return {"total_surplus_usd_per_day": found}


def shares(written: dict[str, Line], wanted: dict[str, float], base_requests: float) -> None:
    """Each network's share of all potential base requests of the epoch."""
    for name, requests in wanted.items():
        written[name]["share_frac"] = (requests, base_requests)


def operators(networks: list[NetworkState], book: Book) -> list[dict[str, Any]]:
    """The table of operators at the horizon, one row a class."""
    rows = []
    for network in networks:
        for owners in network.owners:
            live = owners.columns.state == LIVE
            factor = owners.columns.cost_factor[live]
            power = owners.power_usd_per_day()
            rows.append(
                {
                    "network": network.name,
                    "operators": owners.name,
                    "gpu": owners.block.gpu,
                    "decides": owners.block.decides,
                    "nodes": float(owners.live),
                    "gpus": float(owners.live * owners.machine.gpus),
                    "idle_nodes": float(owners.columns.count(IDLE)),
                    "fees_usd_per_node_day": owners.fee_usd_per_node_day,
                    "coins_usd_per_node_day": owners.coin_usd_per_node_day,
                    "avoidable_usd_per_node_day": power * float(factor.mean()) + owners.fixed_usd_per_day()
                    if live.any()
                    else None,
                    "capital_usd_per_node_day": owners.block.capital_usd_per_day(),
                    "capacity_rps_per_node": owners.machine.capacity_rps,
                    "utilization_frac": owners.utilization,
                }
            )
    return rows


def break_evens(networks: list[NetworkState]) -> dict[str, list[list[int]]]:
    """Live nodes at the horizon by the bucket of their break-even coin price, `network.class`: who would stop first if the price fell.

    A node's is (avoidable cost - fees) / coins, each as its class expects it for the coming epoch: what it decides by.
    """
    found = {}
    for network in networks:
        price = network.coin_usd if network.coin else 0.0
        for owners in network.owners if price > 0 else ():
            need = owners.avoidable_usd_per_day()[owners.columns.state == LIVE] - owners.fee_usd_per_node_day
            coins = owners.coin_usd_per_node_day / price
            prices = [each / coins if coins > 0 else math.inf if each > 0 else 0.0 for each in need.tolist()]
            counts = Counter(price_bucket(each) for each in prices)
            if counts:
                found[f"{network.name}.{owners.name}"] = [[bucket, counts[bucket]] for bucket in sorted(counts)]
    return found


def classes(book: Book, names: tuple[str, ...], targets: Targets) -> list[dict[str, Any]]:
    """The table of client classes, one row a network and class with measured requests from `policies_from` on.

    Attainment is None for a class without targets, a mean of latencies where none completed.
    """
    rows = []
    for network, tally in book.tallies.items():
        for k, name in enumerate(names):
            arrived, done = int(tally.arrived[k]), int(tally.completed[k])
            if arrived == 0:
                continue
            tokens = int(tally.prompt[k] + tally.output[k])
            fates = {f"{fate.name.lower()}_frac": int(tally.fates[k, fate]) / arrived for fate in Fate}
            rows.append(
                {
                    "network": network,
                    "client_class": name,
                    "requests": float(arrived),
                    **fates,
                    "slo_met_frac": int(tally.slo[k]) / arrived if targets.ttft_ps[k] != NEVER else None,
                    "ttft_mean_s": int(tally.ttft_us[k]) / 1e6 / done if done else None,
                    "e2e_mean_s": int(tally.e2e_us[k]) / 1e6 / done if done else None,
                    "network_mean_s": int(tally.network_us[k]) / 1e6 / done if done else None,
                    "tokens": float(tokens),
                    "energy_j": float(tally.energy_class_j[k]),
                    "energy_j_per_tok": float(tally.energy_class_j[k]) / tokens if tokens else None,
                }
            )
    return rows


def backlogs(book: Book, workload: dict[str, Any]) -> list[str]:
    """What windows cannot tell: classes that would queue from window to window, as they lose requests at their deadline.

    Of classes whose users wait for more than `PATIENT_S` in the mean, where more than `LATE_FRAC` of the measured requests ended so.
    """
    found = []
    for network, tally in book.tallies.items():
        for k, (name, block) in enumerate(workload.items()):
            waits = block.patience is None or block.patience.mean > PATIENT_S
            late, arrived = int(tally.fates[k, Fate.DEADLINE]), int(tally.arrived[k])
            if waits and late > LATE_FRAC * arrived:
                found.append(
                    f"{network}: {late / arrived:.1%} of the requests of {name} that windows counted ended at their deadline, and windows begin "
                    f"without those that wait from before: the network is fuller than they tell; `requests: {{mode: all}}` serves them all"
                )
    return found
