"""``--flag``: flags of logs at the prompt, alone and beside other families."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner, Result

import fastmetrics as fm
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


def test_gates_and_configs_take_flags(log: str, tmp_path: Path) -> None:
    config = tmp_path / "job.toml"
    config.write_text('by = "model"\nflag = ["refused", "failed=status >= 500"]\ngate = ["refused.rate<0.01"]\n')
    ended = run("evaluate", log, "--config", str(config))
    assert ended.exit_code == 1
    assert "gate refused.rate<0.01 failed in 2 of 2 groups" in ended.stderr
    assert ended.stdout.startswith("model,n,refused_rate,failed_rate\n")


def test_a_diagnosis_of_logs_takes_flags(log: str, tmp_path: Path) -> None:
    worse = str(tmp_path / "worse.parquet")
    pl.read_parquet(log).with_columns(refused=pl.col("refused") | (pl.col("model") == "b")).write_parquet(worse)
    found = shown("diagnose", worse, "--baseline", log, "--flag", "refused", "--by", "model", "--per", "")
    assert "rows flagged refused where model = b" in found.item(0, "sentence")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--family", "flags"], "missing option '--flag'"),
        (["--family", "flags", "--y-true", "label"], "--y-true is not for --family flags, which takes --flag"),
        (["--flag", "refusd"], "unknown column 'refusd'; did you mean 'refused'?"),
        (["--flag", "x=refusd"], "unknown column 'refusd'; did you mean 'refused'?"),
        (["--flag", "x=refusd = 1"], "unknown column 'refusd'"),
        (["--flag", "finish_reason = 'length'"], "'length' reads no column; write NAME=SQL, as in --flag \"flagged="),
        (["--flag", "is-cached"], "--flag is-cached: a flag needs a name"),
        (["--flag", "a=refused", "--flag", "a=status"], "there is a flag 'a' already"),
        (["--flag", "name=refused"], "no flag can be called 'name'"),
        (["--flag", "a="], "a flag needs a name"),
        (["--flag", "a=status >="], "is not SQL"),
        (["--flag", "a=status"], "flag 'a': column 'status' holds"),
        (["--flag", "refused", "--worst", "2"], "--worst cannot rank by 'refused_rate'"),
        (["--flag", "refused", "-m", "refused"], "did you mean 'refused_rate'?"),
        (["--flag", "refused", "-m", "f1"], "unknown metric 'f1' (known: refused_rate, refused_missing_rate)"),
        ([], "missing option '--y-true'"),
    ],
)
def test_what_is_no_flag_is_refused(log: str, options: list[str], says: str) -> None:
    ended = run("evaluate", log, *options, "--by", "model")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert says in ended.stderr
    assert ended.stderr.count("\n") == 1
