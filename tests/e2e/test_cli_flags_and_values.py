"""``--flag`` and ``--values``: several families in one count at the prompt, alone and beside that of ``--family``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner, Result

import fastmetrics as fm
from fastmetrics import signals
from fastmetrics.cli import main


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> str:
    rng = np.random.default_rng(3)
    frame = pl.DataFrame(
        {
            "model": rng.choice(["a", "b"], 2_000),
            "label": rng.random(2_000) < 0.4,
            "pred": rng.random(2_000) < 0.4,
            "refused": rng.random(2_000) < 0.1,
            "finish_reason": pl.Series(["stop", "length", None])[rng.integers(0, 3, 2_000)],
            "is-cached": rng.integers(0, 2, 2_000),
            "status": rng.choice([200, 500], 2_000),
            "answer": rng.choice(["I'm sorry, but I can't.", "Paris.", '{"a": 1}'], 2_000),
            "latency_ms": rng.exponential(300, 2_000),
            "tokens": rng.integers(1, 300, 2_000),
            "late": rng.choice([-1, 5, 7], 2_000),
        }
    )
    path = tmp_path_factory.mktemp("flags") / "log.parquet"
    frame.write_parquet(path)
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--format", "csv"])


def shown(*arguments: str) -> pl.DataFrame:
    ended = run(*arguments)
    assert (ended.exit_code, ended.stderr) == (0, ""), ended.stderr
    return pl.read_csv(ended.stdout.encode())


def test_flags_are_columns_and_sql(log: str, tmp_path: Path) -> None:
    flags = ["--flag", "refused", "--flag", "truncated=finish_reason = 'length'", "--flag", "cached=is-cached"]
    file = str(tmp_path / "counts.parquet")
    found = shown("evaluate", log, *flags, "--by", "model", "--counts", file)
    family = fm.flags(refused="refused", truncated=pl.col("finish_reason") == "length", cached="is-cached")
    assert found.equals(fm.count(log, family, by="model").metrics())
    assert fm.read_counts(file).layout.families[0].name == "flags"
    assert shown("metrics", file, "-m", "truncated.rate", "--by", "model")["truncated.rate"].equals(
        found["truncated_rate"].rename("truncated.rate")
    )
    assert shown("evaluate", log, "--family", "flags", *flags, "--by", "model").equals(found)


def test_flags_stand_beside_another_family(log: str) -> None:
    asked = ["--y-true", "label", "--y-pred", "pred", "--flag", "failed=status >= 500", "--by", "model"]
    found = shown("evaluate", log, *asked, "-m", "f1,failed_rate", "--intervals")
    counts = fm.count(log, fm.binary("label", "pred"), fm.flags(failed=pl.col("status") >= 500), by="model")
    assert found.equals(counts.metrics("f1", "failed_rate", intervals=True))
    assert shown("evaluate", log, *asked).columns[-1] == "flags.failed_rate"


def test_flags_and_values_may_be_signals(log: str) -> None:
    asked = ["--flag", "no=signals.refusal(answer)", "--flag", "signals.json_has(answer, ['a'])", "--by", "model"]
    found = shown("evaluate", log, *asked, "--values", "signals.tokens_per_second(tokens, latency_ms)", "-m",
                  "no_rate,json_has_rate,p50")  # fmt: skip
    flags = fm.flags(no=signals.refusal("answer"), json_has=signals.json_has("answer", ["a"]))
    values = fm.values(signals.tokens_per_second("tokens", "latency_ms"), name="tokens_per_second")
    assert found.equals(fm.count(log, flags, values, by="model").metrics("no_rate", "json_has_rate", "p50"))


def test_each_column_of_values_is_a_family(log: str, tmp_path: Path) -> None:
    file = str(tmp_path / "counts.parquet")
    asked = ["--values", "latency_ms, tokens", "--values", "seconds=round(latency_ms / 1000, 3)", "--by", "model"]
    found = shown("evaluate", log, *asked, "--flag", "refused", "--counts", file, "-m", "tokens.p95,seconds.max")
    seconds = fm.values((pl.col("latency_ms") / 1000).round(3), name="seconds")
    counts = fm.count(
        log, fm.flags(refused="refused"), fm.values("latency_ms"), fm.values("tokens"), seconds, by="model"
    )
    assert [family.name for family in fm.read_counts(file).layout.families] == [
        "flags",
        "latency_ms",
        "tokens",
        "seconds",
    ]
    assert found.equals(counts.metrics("tokens.p95", "seconds.max"))
    headlines = shown("evaluate", log, *asked, "--flag", "refused").columns
    assert [name for name in headlines if "p95" in name and "error" not in name] == [
        "latency_ms.p95", "tokens.p95", "seconds.p95"
    ]  # fmt: skip


def test_values_take_the_options_of_their_family(log: str) -> None:
    least = shown("evaluate", log, "--values", "late,tokens", "--null-values=-1", "-m", "late.min,late.missing_rate")
    assert least.row(0)[1] == 5.0
    assert least.row(0)[-1] == (pl.read_parquet(log)["late"] == -1).mean()
    whole = shown("evaluate", log, "--family", "values", "--values", "tokens", "--no-extremes", "-m", "max")
    assert whole.equals(fm.count(log, fm.values("tokens", extremes=False)).metrics("max"))
    weighted = shown("evaluate", log, "--values", "tokens", "--flag", "refused", "--weight", "status", "-m", "mean")
    assert weighted.item(0, "mean") == pytest.approx(
        pl.read_parquet(log).select((pl.col("tokens") * pl.col("status")).sum() / pl.col("status").sum()).item()
    )
    both = shown(
        "evaluate", log, "--family", "values", "--column", "late", "--values", "tokens", "-m", "late.sum,tokens.sum"
    )
    assert both.row(0)[1:] == pl.read_parquet(log).select("late", "tokens").sum().cast(pl.Float64).row(0)


def test_three_families_have_one_answer(log: str, tmp_path: Path) -> None:
    asked = ["--y-true", "label", "--y-pred", "pred", "--values", "latency_ms", "--flag", "refused", "--by", "model"]
    families = fm.binary("label", "pred"), fm.flags(refused="refused"), fm.values("latency_ms")
    counts = fm.count(log, *families, by="model")
    metrics = "f1,p95,rate_above(500),refused_rate"
    assert shown("evaluate", log, *asked, "-m", metrics, "--intervals").equals(
        counts.metrics(*metrics.split(","), intervals=True)
    )
    worst = shown("evaluate", log, *asked, "-m", "p95,f1", "--worst", "1", "--better", "lower")
    assert worst.item(0, "model") == counts.worst("p95", 1, better="lower").item(0, "model")
    ended = run("evaluate", log, *asked, "-m", "f1", "--gate", "latency_ms.rate_above(500)<=0.01")
    assert ended.exit_code == 1
    assert "latency_ms.rate_above(500)<=0.01 failed in 2 of 2 groups" in ended.stderr
    ended = run(
        "evaluate", log, *asked, "-m", "f1", "--gate", "rate_above(500)_high<1", "--plot", str(tmp_path / "p.svg")
    )
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert (tmp_path / "p.svg").read_text().startswith("<svg")


def test_gates_and_configs_take_flags(log: str, tmp_path: Path) -> None:
    config = tmp_path / "job.toml"
    config.write_text(
        'by = "model"\nflag = ["refused", "failed=status >= 500"]\ngate = ["refused.rate<0.01"]\n'
        'values = ["latency_ms, tokens", "seconds=latency_ms / 1000"]\n'
    )
    ended = run("evaluate", log, "--config", str(config))
    assert ended.exit_code == 1
    assert "gate refused.rate<0.01 failed in 2 of 2 groups" in ended.stderr
    head = ended.stdout.partition("\n")[0].split(",")
    assert head[:5] == ["model", "n", "flags.refused_rate", "flags.failed_rate", "latency_ms.mean"]
    assert "seconds.p99" in head


def test_a_diagnosis_of_logs_takes_flags(log: str, tmp_path: Path) -> None:
    worse = str(tmp_path / "worse.parquet")
    pl.read_parquet(log).with_columns(refused=pl.col("refused") | (pl.col("model") == "b")).write_parquet(worse)
    found = shown("diagnose", worse, "--baseline", log, "--flag", "refused", "--by", "model", "--per", "")
    assert "rows flagged refused where model = b" in found.item(0, "sentence")
    slow = pl.when(pl.col("model") == "a").then(3 * pl.col("latency_ms")).otherwise("latency_ms")
    pl.read_parquet(worse).with_columns(latency_ms=slow).write_parquet(worse)
    asked = ["--flag", "refused", "--values", "latency_ms,tokens", "--by", "model", "--per", ""]
    said = shown("diagnose", worse, "--baseline", log, *asked)["sentence"].to_list()
    assert any("rows with latency_ms in buckets above the baseline's" in one and "model = a" in one for one in said), (
        said
    )
    assert any("rows flagged refused where model = b" in one for one in said), said


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--family", "flags"], "missing option '--flag'"),
        (["--family", "flags", "--y-true", "label"], "--y-true is not for --family flags, which takes --flag"),
        (["--flag", "refusd"], "unknown column 'refusd'; did you mean 'refused'?"),
        (["--flag", "x=refusd"], "unknown column 'refusd'; did you mean 'refused'?"),
        (["--flag", "x=refusd = 1"], "unknown column 'refusd'"),
        (["--flag", "finish_reason = 'length'"], 'reads no column; write NAME=SQL, as in --flag "truncated=finish_'),
        (["--flag", "is-cached"], "--flag is-cached: a name is needed, as in --flag"),
        (["--flag", "a=refused", "--flag", "a=status"], "'a' is there already"),
        (["--flag", "name=refused"], "no flag can be called 'name'"),
        (["--flag", "a="], "a name is needed"),
        (["--flag", "a=signals.refusl(answer)"], "unknown signal 'refusl'; did you mean 'refusal'?"),
        (["--flag", "a=signals.refusal(anwser)"], "unknown column 'anwser'; did you mean 'answer'?"),
        (["--flag", "a=signals.refusal(answer) or refused"], "--flag a=signals.refusal(answer) or refused:"),
        (["--flag", "refused", "--better", "lower"], "--better goes with --worst"),
        (["--flag", "refused", "--y-pred", "pred"], "--family binary needs --y-true"),
        (["--flag", "refused", "--null-values=-1"], "--family binary needs --y-true"),
        (["--values", "latncy_ms"], "unknown column 'latncy_ms'; did you mean 'latency_ms'?"),
        (["--values", "answer"], "column 'answer' holds String; a number is needed"),
        (["--values", "is-cached"], '--values is-cached: a name is needed, as in --values "seconds=latency_ms / 1000"'),
        (["--values", "x=1"], "1 reads no column"),
        (["--values", "tokens,tokens"], "'tokens' is there already"),
        (
            ["--values", "latency_ms,tokens", "-m", "p95"],
            "known to several families; ask for 'latency_ms.p95', 'tokens",
        ),
        (["--values", "tokens", "--worst", "2", "-m", "p95"], "say --better 'lower' or 'higher'"),
        (["--values", "flags=tokens", "--flag", "refused"], "two families are called 'flags': give one another name"),
        (["--family", "values"], "missing option '--column'"),
        (["--family", "scores", "--values", "tokens"], "missing option '--y-true'"),
        (["--flag", "a=status >="], "is not SQL"),
        (["--flag", "a=status"], "flag 'a': column 'status' holds"),
        (["--flag", "refused", "--worst", "2"], "metric 'refused_rate' cannot be ranked: it has no better direction"),
        (["--flag", "refused", "-m", "refused"], "did you mean 'refused_rate'?"),
        (["--flag", "refused", "-m", "f1"], "unknown metric 'f1' (known: refused_rate, refused_missing_rate)"),
        ([], "missing option '--y-true'"),
    ],
)
def test_what_does_not_fit_is_refused(log: str, options: list[str], says: str) -> None:
    ended = run("evaluate", log, *options, "--by", "model")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert says in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_standard_input_has_columns_and_sql(log: str) -> None:
    data = pl.read_parquet(log).write_csv().encode()
    asked = [
        "--flag",
        "failed=status >= 500",
        "--flag",
        "refused",
        "--values",
        "late",
        "-m",
        "failed_rate,refused_rate,max",
    ]
    ended = CliRunner().invoke(main, ["evaluate", "-", *asked, "--format", "csv"], input=data)
    held = pl.read_parquet(log)
    assert ended.exit_code == 0, ended.stderr
    assert pl.read_csv(ended.stdout.encode()).row(0)[1:4] == (
        (held["status"] >= 500).mean(),
        held["refused"].mean(),
        7.0,
    )


def test_eighty_columns_are_counted_at_once(tmp_path: Path) -> None:
    columns = {f"c{place}": [place, place + 1] for place in range(80)}
    pl.DataFrame(columns).write_parquet(tmp_path / "wide.parquet")
    flags = [part for name in columns for part in ("--flag", f"{name}=c0 < {name}")]
    asked = ["--values", ",".join(columns), *flags, "-m", "c79.max,c79_rate,c0_rate"]
    assert shown("evaluate", str(tmp_path / "wide.parquet"), *asked).row(0) == (2, 80.0, 0.0, 1.0, 0.0)


def test_a_curve_of_a_column_is_shown_and_drawn(log: str, tmp_path: Path) -> None:
    pytest.importorskip("altair", reason="pictures need the extra plot")
    pytest.importorskip("vl_convert", reason="pictures need the extra plot")
    counts = fm.count(log, fm.values("latency_ms"), fm.values("tokens"), by="model")
    line = ["evaluate", log, "--values", "latency_ms,tokens", "--by", "model", "--curve"]
    picture = tmp_path / "tokens.svg"
    assert shown(*line, "tokens.cumulative", "--plot", str(picture)).equals(counts.curve("tokens.cumulative"))
    assert "Cumulative distribution of tokens by model" in picture.read_text(encoding="utf-8")
    refused = run(*line, "distribution")
    assert refused.exit_code == 2
    assert "ask for 'latency_ms.distribution', 'tokens.distribution'" in refused.stderr
    assert "did you mean 'tokens.distribution'" in run(*line, "tokens.distributon").stderr
