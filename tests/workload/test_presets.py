"""The built-in classes are what the published trace condenses to, and together they are a chat service."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks import condense_services, condense_workloads
from sim.workload import class_means
from sim.workload.lengths.quantiles import KNOTS
from tests.moments import check_moments

ROOT = Path(__file__).parents[2]
CHAT = ("chat_steady", "chat_bursty")
SERVICES = ("long_context", "reasoning", "batch_api")
HOUR = 3600 * 10**12


@pytest.fixture(scope="module")
def condensed(chat_trace, tmp_path_factory):
    """Figures that the script makes of the trace."""
    return condense_workloads.condense(chat_trace, tmp_path_factory.mktemp("condensed"))


@pytest.mark.long
@pytest.mark.parametrize("name", SERVICES)
def test_presets_of_services_equal_what_the_script_condenses(name, preset, chat_trace):
    cls, figures = preset(name), condense_services.CLASSES[name]()
    assert cls.rate == figures.pop("rate_per_s")
    for column in ("prompt", "output"):
        law, table = getattr(cls, column), figures.pop(column)
        assert list(law.tokens) == table["tokens"]
        assert law.error.startswith(f"KS {table['ks']}, mean {table['mean_error'] * 100:+.2f} %")
        assert table["ks"] < 0.02 and abs(table["mean_error"]) < 0.03
    if "cached" in figures:
        cached = figures.pop("cached")
        assert list(cls.cached_tokens.of_prompt) == cached["of_prompt"]
        assert f"tokens {cached['share']}, mean {cached['mean_error'] * 100:+.2f} %" in cls.cached_tokens.error
        assert cls.cached_tokens.mean == pytest.approx(cached["share"], rel=0.001)
    if "profile" in figures:
        assert list(cls.profile) == figures.pop("profile")
    arrivals = cls.arrivals.model_dump()
    for key in ("tau", "asking", "silent"):
        unit = "s" if key == "tau" else "h"
        if f"{key}_{unit}" in figures:
            assert arrivals[key] == pytest.approx(figures.pop(f"{key}_{unit}") * (1 if unit == "s" else 3600))
    for key in [key for key in figures if key in arrivals and key != "error"]:
        if (name, key) != ("reasoning", "cv"):
            assert arrivals[key] == figures[key], key


def test_the_rates_of_services_vary_as_their_data_do(preset):
    # CV of the rate over 10 minutes: .513 of deepseek-r1 (its daily profile in it), .393 of m-large.
    batch = preset("batch_api").arrivals
    assert batch.variance**0.5 == pytest.approx(0.393, rel=0.01)
    assert batch.shares()[0] == pytest.approx(0.16, abs=0.03)
    one = preset("reasoning")
    profile, x = np.array(one.profile), 600 / one.arrivals.tau
    averaged = one.arrivals.variance * 2 * (x - 1 + np.exp(-x)) / x**2
    assert ((1 + (profile.std() / profile.mean()) ** 2) * (1 + averaged) - 1) ** 0.5 == pytest.approx(0.513, rel=0.01)


@pytest.mark.long
@pytest.mark.parametrize("name", CHAT + SERVICES)
def test_what_a_preset_draws_has_its_declared_moments(name, preset, potential):
    cls = preset(name)
    drawn = potential({"c": preset(name, rate="20 /s")}, headroom=1).draw(0, 3 * HOUR)
    for column in ("prompt", "output"):
        law = getattr(cls, column)
        check_moments(drawn[column].astype(float), law.mean, law.variance)
    if cls.cached_tokens is not None:
        check_moments(drawn.cached / drawn.prompt, cls.cached_tokens.mean, cls.cached_tokens.variance)
        assert drawn.cached.sum() / drawn.prompt.sum() == pytest.approx(0.3736, rel=0.02)


@pytest.mark.long
@pytest.mark.parametrize("name", CHAT)
def test_presets_equal_what_the_script_condenses(name, preset, condensed):
    cls, figures = preset(name), condensed[name]
    assert cls.rate == figures["rate_per_s"]
    assert (cls.arrivals.relative_variance, cls.arrivals.tau) == (figures["relative_variance"], figures["tau_s"])
    assert f"dispersion {figures['dispersion_log_error']} over" in cls.arrivals.error
    assert figures["dispersion_log_error"] < figures["least_dispersion_log_error"] + 0.005  # the rule of the fit
    for column in ("prompt", "output"):
        law, table = getattr(cls, column), figures[column]
        assert list(law.tokens) == table["tokens"]
        assert law.error == f"KS {table['ks']}, mean {table['mean_error'] * 100:+.2f} %"
        assert table["ks"] < 0.02 and abs(table["mean_error"]) < 0.03  # what 57 knots are said to reach


@pytest.mark.parametrize("name", SERVICES)
def test_every_figure_of_a_service_tells_its_source(name):
    raw = yaml.safe_load((ROOT / "sim" / "presets" / "workloads" / f"{name}.yaml").read_text(encoding="utf-8"))
    for key in set(raw) - {"patience"}:
        assert {"source", "date", "licence", "flag"} <= set(raw[key])
        assert "Apache-2.0" in raw[key]["licence"] and raw[key]["flag"] in ("fitted", "measured")


@pytest.mark.parametrize("name", CHAT)
def test_every_figure_of_a_preset_tells_its_source(name, preset):
    raw = yaml.safe_load((ROOT / "sim" / "presets" / "workloads" / f"{name}.yaml").read_text(encoding="utf-8"))
    for key in ("rate", "arrivals", "prompt", "output"):
        assert {"source", "date", "licence", "flag"} <= set(raw[key])
        assert "CC-BY-4.0" in raw[key]["licence"] and raw[key]["flag"] in ("fitted", "measured")
    assert raw["patience"]["mean"]["assumed"] is True and raw["patience"]["mean"]["changes"]
    assert preset(name).patience.mean == 30


@pytest.mark.long
def test_the_two_chat_classes_together_have_the_traces_rate_and_means(preset, potential):
    classes = {"steady": preset("chat_steady"), "bursty": preset("chat_bursty", correlation={"steady": -0.9})}
    rates = np.array([cls.rate for cls in classes.values()])
    means = np.array([class_means(cls) for cls in classes.values()])
    # 19,366 requests in 3,501.7 s; 1,154.7 tokens in and 211.1 out (facts of the published trace).
    assert rates.sum() == pytest.approx(5.530, rel=0.001)
    assert rates @ means / rates.sum() == pytest.approx([1154.7, 211.1], rel=0.005)
    day = 86_400 * 10**12
    drawn = potential(classes, headroom=1).draw(0, day)
    # The rate itself wanders: its mean over a day has relative variance sum (share^2 v 2 tau / day) = 1e-3 at most.
    assert len(drawn) == pytest.approx(86_400 * 5.530, rel=0.1)
    for k, mean in enumerate(means):
        mine = drawn.klass == k
        assert [drawn.prompt[mine].mean(), drawn.output[mine].mean()] == pytest.approx(mean, rel=0.01)


@pytest.mark.long
def test_a_crowd_of_short_answers_comes_as_long_ones_go(preset, potential):
    # In the trace the logarithms of the two classes' one-minute rates correlate -.76 over its one hour.
    classes = {"steady": preset("chat_steady"), "bursty": preset("chat_bursty", correlation={"steady": -0.9})}
    drawn = potential(classes, headroom=1).draw(0, 86_400 * 10**12)
    minute = drawn.time_ps // (60 * 10**12)
    counts = [np.bincount(minute[drawn.klass == k], minlength=1440) for k in (0, 1)]
    assert np.corrcoef(*np.log(counts))[0, 1] == pytest.approx(-0.76, abs=0.08)
    # Dispersion of the counts of ten seconds: 2.9 and 7.4 in the trace.
    for k, published in ((0, 2.9), (1, 7.4)):
        tens = np.bincount(drawn.time_ps[drawn.klass == k] // 10**13, minlength=8640)
        assert tens.var() / tens.mean() == pytest.approx(published, rel=0.35)


def test_there_are_57_knots():
    assert len(KNOTS) == 57 and KNOTS[:5] == (0, 0.5, 1, 2, 3) and KNOTS[-6:] == (97, 98, 99, 99.5, 99.9, 100)
