"""What the docs promise of a diagnosis, one number at a time: a little below it one thing happens, above it another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import polars as pl
import pytest

import fastmetrics as fm
from exact_logs import counted, days, diagnosed, part
from fastmetrics.diagnosis.causes.likelihoods import Fit
from fastmetrics.diagnosis.causes.tags import TAGS, Move, Moves, clearly, rank_of
from oracle_metrics import Z95, share_bounds

Parts = Sequence[pl.DataFrame]
CLASSES = fm.classes("label", "pred")


def spent(tag: str, before: Parts | None, now: Parts) -> float:
    """The share of alpha that a finding may spend: its p over the least alpha at which it is named."""
    sides = {"current": counted(now), "baseline": None if before is None else counted(before)}
    low, high = 1e-6, 0.9
    named = None
    for _ in range(14):
        alpha = math.sqrt(low * high)
        found = [one for one in fm.diagnose(**sides, alpha=alpha, min_effect=0) if one.tag == tag]
        low, high, named = (low, alpha, found[0]) if found else (alpha, high, named)
    assert named is not None
    return named.p / high


def one_period(usual: float, other: float) -> list[float]:
    """Twelve values, of which three in a row are others."""
    return [usual] * 5 + [other] * 3 + [usual] * 4


def test_the_parts_of_a_report_spend_alpha_and_no_more() -> None:
    mixed = [
        [part(a, country="a", positive=0.1), part(b, country="b", positive=0.5)]
        for a, b in ((3000, 3000), (2850, 3150))
    ]
    misses = days(4, [2000] * 12, fnr=one_period(0.2, 0.25))
    rows = days(20, [int(size) for size in one_period(1000, 1100)])
    shares = {
        "rates": spent("fn_surge", [part(2000)], [part(2000, fnr=0.27)]),
        "volumes": spent("volume_spike", days(0, [2000] * 4), days(4, [2080] * 4)),
        "mix": spent("mix_shift", *mixed),
        "rates of a period": spent("fn_surge", days(0, [2000] * 4), misses),
        "rows of a period": spent("volume_spike", days(0, [1000] * 20), rows),
    }
    expected = {"rates": 0.5, "volumes": 0.2, "mix": 0.1, "rates of a period": 0.18, "rows of a period": 0.02}
    assert shares == pytest.approx(expected, rel=0.01)
    assert sum(shares.values()) == pytest.approx(1.0, rel=0.01)


def test_a_search_of_several_models_or_cuts_spends_no_more() -> None:
    models = [[part(2000, model="a", fnr=missed), part(2000, model="b")] for missed in (0.2, 0.27)]
    assert spent("fn_surge", *models) == pytest.approx(0.5, rel=0.01)
    assert spent("fn_surge", None, days(0, [1000] * 8, fnr=[0.2] * 4 + [0.25] * 4)) == pytest.approx(0.5, rel=0.01)


def newcombe(k: int, n: int, k_now: int, n_now: int, z: float) -> tuple[float, float]:
    """Bounds of the difference of two shares: Newcombe 1998, method 10."""
    before, now = k / n, k_now / n_now
    (low, high), (low_now, high_now) = share_bounds(k, n, z), share_bounds(k_now, n_now, z)
    return (
        now - before - math.hypot(now - low_now, high - before),
        now - before + math.hypot(high_now - now, before - low),
    )


def test_bounds_of_a_finding_hold_at_95_percent_for_the_whole_search() -> None:
    """Without keys there is one slice; the bound of a chance in both directions is 2 exp(-z² / 2) = 0.05."""
    found = diagnosed([part(4000)], [part(4000, fnr=0.3)])[0]
    assert (found.low, found.high) == pytest.approx(
        newcombe(400, 2000, 600, 2000, math.sqrt(2 * math.log(40))), abs=1e-6
    )


def test_a_fold_estimates_with_the_ordinary_95_percent_interval_of_the_rows_held_out() -> None:
    before, now = [part(4000, bit=0), part(3000, bit=1)], [part(4000, bit=0, fnr=0.3), part(2000, bit=1, fnr=0.28)]
    found = diagnosed(before, now, fold="bit")[0]
    assert (found.low, found.high) == pytest.approx(newcombe(300, 1500, 280, 1000, Z95), abs=1e-6)


@pytest.mark.parametrize(("moved", "severity"), [(0.04, "minor"), (0.07, "major")])
def test_a_rate_that_moved_by_5_points_is_major(moved: float, severity: str) -> None:
    before, now = ([part(20_000, slice="a", fnr=missed), part(180_000, slice="b")] for missed in (0.2, 0.2 + moved))
    assert [(one.tag, one.severity) for one in diagnosed(before, now)] == [("fn_surge", severity)]


@pytest.mark.parametrize(("mixed", "severity"), [(0.3, "minor"), (0.1, "major")])
def test_half_of_a_change_of_the_whole_is_major(mixed: float, severity: str) -> None:
    """A slice of 30 % whose misses rise by 3 points, and a shift from rows with few misses to others with many."""
    sizes = [(35_000, 35_000), (int(35_000 * (1 - mixed)), int(35_000 * (1 + mixed)))]
    before, now = (
        [part(30_000, slice="a", fnr=missed), part(few, slice="b", fnr=0.15), part(many, slice="c", fnr=0.25)]
        for missed, (few, many) in zip((0.2, 0.23), sizes, strict=True)
    )
    found = [one for one in diagnosed(before, now) if one.metric == "fnr"]
    assert [(one.slice, one.severity) for one in found] == [({"slice": "a"}, severity)]
    assert found[0].contribution == pytest.approx(0.9 / (0.9 + 7 * mixed / 2), rel=0.01)


@pytest.mark.parametrize(("rows", "share", "said"), [(1_850, 0.035, False), (4_300, 0.08, True)])
def test_a_share_of_a_change_is_said_from_5_percent_on(rows: int, share: float, said: bool) -> None:
    """Slice "a" changes by a part of what the mix of the others does to the whole."""
    before, now = (
        [part(rows, slice="a", fnr=missed), part(few, slice="b", fnr=0.1), part(many, slice="c", fnr=0.5)]
        for missed, few, many in ((0.2, 100_000, 100_000), (0.4, 75_000, 125_000))
    )
    found = next(one for one in diagnosed(before, now) if one.metric == "fnr")
    assert found.contribution == pytest.approx(share, rel=0.1)
    assert ("of the change of fnr" in found.sentence) == said


@pytest.mark.parametrize(
    ("rows", "found"), [(40_800, []), (41_800, ["minor"]), (48_000, ["minor"]), (58_000, ["major"])]
)
def test_volumes_are_told_from_3_percent_on_and_major_from_30(rows: int, found: list[str]) -> None:
    told = diagnosed(days(0, [40_000] * 4), days(4, [rows] * 4))
    assert [(one.tag, one.severity) for one in told] == [("volume_spike", severity) for severity in found]


@pytest.mark.parametrize(("usual", "found"), [(7, []), (14, ["missing_window"])])
def test_an_empty_window_is_told_where_10_rows_are_usual(usual: int, found: list[str]) -> None:
    now = [*days(6, [usual] * 3), *days(10, [usual] * 3)]
    assert [one.tag for one in diagnosed(days(0, [usual] * 6), now)] == found


@pytest.mark.parametrize(("new", "found"), [(0.009, True), (0.022, False)])
def test_a_shift_of_mix_is_told_where_it_explains_half_of_a_change(new: float, found: bool) -> None:
    """A new slice of positives only moves the whole besides."""
    before = [part(50_000, slice="a", positive=0.1), part(50_000, slice="b", positive=0.3)]
    now = [
        part(45_000, slice="a", positive=0.1),
        part(55_000, slice="b", positive=0.3),
        part(round(1e5 * new), slice="c", positive=1.0),
    ]
    told = [one.tag for one in diagnosed(before, now, min_effect=0.005)]
    assert ("mix_shift" in told) == found, told


@pytest.mark.parametrize(("both", "incidents"), [(0.35, {1, 2}), (0.65, {1})])
def test_findings_about_half_of_the_same_rows_are_one_incident(both: float, incidents: set[int]) -> None:
    """Misses throughout a country, and answers that are missing on one of its devices."""
    before, now = (
        [
            part(60_000, country="DE", device="ios"),
            part(60_000, country="DE", device="web"),
            part(int(40_000 * both), country="BR", device="ios", fnr=missed, every_null=null),
            part(int(40_000 * (1 - both)), country="BR", device="web", fnr=missed),
        ]
        for missed, null in ((0.2, 0), (0.4, 10))
    )
    found = {one.tag: one for one in diagnosed(before, now)}
    assert found["fn_surge"].slice == {"country": "BR"}
    assert found["null_surge"].slice == {"country": "BR", "device": "ios"}
    assert {one.incident for one in found.values()} == incidents


@pytest.mark.parametrize(("values", "left_out"), [(8_000, False), (15_000, True)])
def test_a_key_of_more_than_10_000_values_is_no_slice(values: int, left_out: bool) -> None:
    log = pl.DataFrame({"user": range(values)}).with_columns(label=pl.col("user") % 2 == 0, pred=True)
    counts = fm.count(log, fm.binary("label", "pred"), by="user")
    notes = fm.diagnose(counts, baseline=counts).notes
    assert any("user" in note for note in notes) == left_out, notes


@pytest.mark.parametrize(("windows", "found"), [(4, True), (5, False)])
def test_from_five_windows_of_baseline_on_their_own_ups_and_downs_are_allowed_for(windows: int, found: bool) -> None:
    usual = [0.1, 0.3, 0.12, 0.28, 0.2][:windows]
    told = diagnosed(days(0, [2000] * windows, fnr=usual), days(windows, [2000] * 2, fnr=[0.24, 0.26]))
    assert any(one.tag == "fn_surge" for one in told) == found


@pytest.mark.parametrize(("events", "found"), [(8, False), (18, True)])
def test_a_slice_needs_a_dozen_events(events: int, found: bool) -> None:
    """A rate that never occurred before: unlikely enough by chance, but of too few events to be worth a name."""
    before, now = [part(2000, fnr=0.0, fpr=0.0)], [part(2000, fnr=events / 1000, fpr=0.0)]
    told = diagnosed(before, now, alpha=0.9, min_effect=0.0)
    assert bool(told.all) == found


def test_a_burst_is_told_of_three_windows_and_no_longer_ones() -> None:
    rates = [0.2] * 14
    rates[5:8] = [0.26] * 3
    found = diagnosed(days(0, [3000] * 4), days(4, [3000] * 14, fnr=rates))[0]
    assert (found.period_start.day, found.period_end.day) == (10, 13)


def test_the_time_is_looked_for_at_64_cuts_with_three_windows_on_either_side() -> None:
    for windows, cuts in ((20, 15), (200, 64)):
        rates = [0.1] * (windows // 2) + [0.3] * (windows - windows // 2)
        notes = fm.diagnose(counted(days(0, [200] * windows, fnr=rates))).notes
        assert f"({cuts} cuts tried)" in notes[-1]


@pytest.mark.parametrize(("moved", "found"), [(0.008, False), (0.014, True)])
def test_changes_from_one_point_on_are_told_unless_another_effect_is_asked_for(moved: float, found: bool) -> None:
    before, now = ([part(400_000, fnr=missed)] for missed in (0.2, 0.2 + moved))
    assert bool(diagnosed(before, now).all) == found


@pytest.mark.parametrize(("positives", "found"), [(80, False), (140, True)])
def test_slices_from_100_rows_on_are_told_unless_another_number_is_asked_for(positives: int, found: bool) -> None:
    before, now = [part(8_000, positive=1.0)], [part(positives, positive=1.0, fnr=0.5)]
    assert any(one.metric == "fnr" for one in diagnosed(before, now)) == found


@pytest.mark.parametrize(("missed", "found"), [(0.247, False), (0.25, True)])
def test_a_report_names_something_at_a_chance_of_5_percent_unless_another_is_asked_for(
    missed: float, found: bool
) -> None:
    """Half of which is for rates: p is 0.031 and 0.014."""
    assert bool(diagnosed([part(4000)], [part(4000, fnr=missed)]).all) == found


@pytest.mark.parametrize(("nats", "clear"), [(math.log(17), False), (math.log(24), True)])
def test_a_cause_is_named_where_it_is_20_times_as_likely_as_any_other(nats: float, clear: bool) -> None:
    fits = {"labels flipped": Fit(5 + nats, 0.1), "classes resampled": Fit(5.0, 0.3)}
    assert clearly(fits, "labels flipped") == clear
    assert clearly({"labels flipped": Fit(nats, 0.1)}, "labels flipped") == clear


def tag_of(**rates: Move) -> str | None:
    """The tag of rates that moved in a slice."""
    rank = rank_of(Moves(rates))
    return None if rank is None else TAGS[rank].name


@pytest.mark.parametrize(("now", "tag"), [(0.007, "constant_prediction"), (0.015, "prediction_shift")])
def test_a_decision_that_is_made_for_1_percent_of_rows_is_hardly_made(now: float, tag: str) -> None:
    down = Move(-1, 0.3, now, 10_000 * now, 10_000, 100, -1)
    assert tag_of(predicted_positive_rate=down) == tag
    up = Move(1, 0.7, 1 - now, 10_000 * (1 - now), 10_000, 100, 1)
    assert tag_of(predicted_positive_rate=up) == tag


@pytest.mark.parametrize(("before", "tag"), [(0.14, "constant_prediction"), (0.07, "prediction_shift")])
def test_a_decision_that_was_rare_before_fades_by_nine_tenths(before: float, tag: str) -> None:
    assert tag_of(predicted_positive_rate=Move(-1, before, 0.0095, 95, 10_000, 100, -1)) == tag


@pytest.mark.parametrize(("now", "tag"), [(0.0007, "class_never_predicted"), (0.0015, "prediction_shift")])
def test_a_class_for_one_row_in_a_thousand_is_predicted_no_longer(now: float, tag: str) -> None:
    move = Move(-1, 0.05, now, 1e5 * now, 1e5, 100, -1)
    assert tag_of(**{"predicted[cat]": move}) == tag


@pytest.mark.parametrize(("along", "tag"), [(0.07, "fp_surge"), (0.14, "threshold_shift")])
def test_errors_that_move_a_tenth_as_much_the_other_way_are_part_of_a_trade(along: float, tag: str) -> None:
    """In log odds: false alarms rise by 2, and misses fall by a part of that, which alone is not beyond chance."""
    fpr = Move(1, odds(-2), odds(0), 500, 1000, 200, 1)
    fnr = Move(0, odds(0), odds(-2 * along), 480, 1000, 3.5, -1)
    assert tag_of(fpr=fpr, fnr=fnr) == tag


def odds(logit: float) -> float:
    """The share at some log odds."""
    return 1 / (1 + math.exp(-logit))


@pytest.mark.parametrize(("raised", "tag"), [(0.1125, "fn_surge"), (0.1175, "ranking_degradation")])
def test_a_rate_with_a_fiftieth_of_the_evidence_is_part_of_what_happened(raised: float, tag: str) -> None:
    """False alarms beside many more misses: 8 and 17 of some 560 nats."""
    assert [one.tag for one in diagnosed([part(40_000)], [part(40_000, fnr=0.35, fpr=raised)])] == [tag]


@pytest.mark.parametrize(("raised", "tag"), [(0.1092, "fn_surge"), (0.11, "ranking_degradation")])
def test_what_moved_beside_it_is_told_at_an_error_rate_of_5_percent(raised: float, tag: str) -> None:
    """Of the nine rates looked at: 4.7 and 5.6 nats, where the logarithm of 9 / 0.05 is 5.2."""
    assert [one.tag for one in diagnosed([part(40_000)], [part(40_000, fnr=0.25, fpr=raised)])] == [tag]


def without(log: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """A log that lacks every tenth value of some columns."""
    return log.with_columns(pl.when(pl.int_range(pl.len()) % 10 > 0).then(column) for column in columns)


@pytest.mark.parametrize(("both", "found"), [(0.4, 2), (0.65, 1)])
def test_rates_that_moved_in_half_of_the_smaller_slice_s_rows_are_one_finding(both: float, found: int) -> None:
    """Labels are missing in a country, and answers on a device."""
    rows = int(20_000 * (1 - both))
    before = [
        part(int(20_000 * both), country="BR", device="ios"),
        part(rows, country="BR", device="web"),
        part(rows, country="DE", device="ios"),
        part(60_000, country="DE", device="web"),
    ]
    gone = (("label", "pred"), ("label",), ("pred",), ())
    now = [without(log, *columns) if columns else log for log, columns in zip(before, gone, strict=True)]
    assert [one.tag for one in diagnosed(before, now)] == ["null_surge"] * found


@pytest.mark.parametrize(("place", "found"), [(9, True), (15, False)])
def test_of_many_classes_the_shares_of_the_12_predicted_most_are_searched(place: int, found: bool) -> None:
    shares = [(60 - 2 * at) / 820 for at in range(20)]
    raised = [share + 0.012 * (at == place) - 0.004 * (at in (17, 18, 19)) for at, share in enumerate(shares)]
    before, now = (
        fm.count(
            pl.concat(
                [pl.DataFrame({"pred": [f"c{at:02d}"] * round(60_000 * share)}) for at, share in enumerate(side)]
            ).with_columns(label=pl.lit(None, pl.String)),
            fm.classes("label", "pred"),
        )
        for side in (shares, raised)
    )
    told = [one.metric for one in fm.diagnose(now, baseline=before)]
    assert told == ([f"predicted[c{place:02d}]"] if found else [])


@pytest.mark.parametrize(("rows", "found"), [(9, False), (17, True)])
def test_a_confusion_of_a_dozen_rows_is_told(rows: int, found: bool) -> None:
    before, now = (
        fm.count({"label": ["a"] * 1000 + ["b"] * 1000, "pred": ["b"] * k + ["a"] * (1000 - k) + ["b"] * 1000}, CLASSES)
        for k in (0, rows)
    )
    told = [one.metric for one in fm.diagnose(now, baseline=before, alpha=0.9, min_effect=0)]
    assert ("confused[a -> b]" in told) == found


def p_of_a_confusion(pairs: int) -> float:
    """The p of one confusion that moved, beside others that did not."""
    sides = []
    for moved in (20, 60):
        parts = [("a", "b", moved), ("a", "a", 1000 - moved)]
        parts += [(f"{at} here", f"{at} there", 20) for at in range(pairs - 1)]
        log = pl.concat([pl.DataFrame({"label": [label] * rows, "pred": [pred] * rows}) for label, pred, rows in parts])
        sides.append(fm.count(log, CLASSES))
    found = fm.diagnose(sides[1], baseline=sides[0], min_effect=0)
    return next(one.p for one in found if one.metric == "confused[a -> b]")


def test_the_12_confusions_that_moved_most_pay_for_all_they_were_chosen_from() -> None:
    """Twice as many to choose from have twice the p; up to twelve each is searched, and the classes beside them."""
    six, twelve, more = (p_of_a_confusion(pairs) for pairs in (6, 12, 24))
    assert more == pytest.approx(2 * twelve)
    assert twelve < 1.9 * six


def test_a_fifth_of_alpha_pays_for_the_range_of_an_estimated_base() -> None:
    """Evidence of 1 / alpha is needed where the base is known, and of 1 / (0.8 alpha) where it is estimated."""
    known, estimated = (fm.watch([10] * 3, [100] * 3, base=base).needed for base in (0.1, (1000, 10_000)))
    assert (known, estimated) == pytest.approx((math.log(20), math.log(25)))


@pytest.mark.parametrize(("raised", "told"), [(4, True), (5, False)])
def test_up_to_three_slices_within_one_are_held_against_it(raised: int, told: bool) -> None:
    """Misses rise in some of ten shops: of four shops, three explain more than all ten as one; of five, four would."""
    before, now = (
        [part(20_000, positive=1.0, shop=at, fnr=missed if at < raised else 0.2) for at in range(10)]
        for missed in (0.2, 0.25)
    )
    found = sorted(one.slice.get("shop", "all") for one in diagnosed(before, now))
    assert found == (list(range(raised)) if told else ["all"])


@pytest.mark.parametrize("factor", [0.6, 1.5])
def test_bounds_of_explain_sum_are_at_95_percent(factor: float) -> None:
    """The change of 60 shops with errors of 5 % each: that of their mean is smaller by the root of 60."""
    errors = [NormalDist(0, 0.05).inv_cdf((at + 0.5) / 60) for at in range(60)]
    shops = [(region, at) for region in range(4) for at in range(60)]
    expected = pl.DataFrame({"region": [region for region, _ in shops], "shop": range(240), "value": [100.0] * 240})
    actual = expected.with_columns(
        value=pl.Series([100 * (1 + errors[at]) * (1 if region else factor) for region, at in shops])
    )
    found = fm.explain_sum(actual, expected=expected, dims=["region", "shop"]).row(0, named=True)
    half = Z95 * 0.05 * factor / math.sqrt(60)
    assert found["predicate"] == [{"column": "region", "value": "0"}]
    assert (found["low"], found["high"]) == pytest.approx((factor - 1 - half, factor - 1 + half), abs=0.1 * half)
