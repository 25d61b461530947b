"""Each signal against its plain twin, on hostile texts, in each engine; null, other dtypes, bad options."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest

import fastmetrics as fm
import oracle_signals as oracle
from fastmetrics import signals
from fastmetrics.contract.columns import rowwise
from fastmetrics.errors import DataError, SchemaError
from fastmetrics.signals import SIGNALS
from fastmetrics.signals.refusals import REFUSALS
from fastmetrics.state.expressions import encode_expression
from hostile_texts import hostile_text, like

N = 20_000
MODELS = {"a": (0.5, 1.5), "b": (3.0, 15.0)}
WORDS = [*oracle.TRUNCATED, *oracle.FAILED, *oracle.NO_ERROR]
WORDS += ["stop", "200", "404", "500.0", "200 ok", "timed out", "ſuccess", "finishreason.max_tokens"]
STARTS = ["Error: ", "ValueError: x", "Traceback (most recent call last)", "Failed to ", '{"error": "no"}']
STARTS += ["I can't help with ", "Sorry, I can’t answer ", "<think>a\n</think> I must decline"]
NUMBERS = (
    "NaN",
    "Infinity",
    "-Infinity",
    "nan",
    "1e400",
    "-1e400",
    "1e-400",
    "000",
    "-0",
    "01",
    "1.",
    ".5",
    "+1",
    "-",
    "1_000",
    "0x10",
    "٣",
    "true",
    "True",
    "nul",
)
OBJECTS = r"""{"a":1}|{"a":1,}|{"a":1,"a":2}|{a:1}|{"":1}|{"a":NaN}|{"a":[1e999]}|{"a":null,"b":0}|[{"a":1,"b":2}]
{"b":{"a":1}}|{"\u0061":1,"b":false}|{"a":1}{"b":2}|{"a":1} x|{}|[]|{"a":1,"b":2}|[1,]|[1 2]|"\ud800"|"\ud83d\ude00"
"\udc00\ud800"|"\u00g9"|"\x41"|"\/"|"a"|'a'""".replace("\n", "|").split("|")
NESTED = ["[" * deep + "]" * deep for deep in (100, 127, 128, 5000)] + ['{"a":' * 90 + "1" + "}" * 90, "[" * 5000]
JSON = [*NUMBERS, *OBJECTS, *NESTED, "1" + "0" * 400, "1" * 5000, "null", " null\n", '"a\nb"', '"\x00"', '"\x7f"']
JSON += ['"\u2028"', "//c\n1", "\ufeff1", "\xa01", "\x0c1", "```json\n{}\n```", "```\n[1]\n ```\n", "```json\n1```"]
JSON += ["``` \n\n1\n```"]


def documents(draw: random.Random) -> Iterator[str]:
    """JSON, and JSON that was cut, doubled or pierced."""
    while True:
        text = (
            draw.choice(JSON) if draw.random() < 0.5 else json.dumps(value(draw, 4), ensure_ascii=draw.random() < 0.5)
        )
        at = draw.randrange(len(text) + 1)
        yield draw.choice(
            [
                text,
                text,
                text[:at],
                text[:at] + draw.choice(JSON)[:9] + text[at:],
                f" \r\n\t{text} ",
                f"```json\n{text}\n```",
            ]
        )


def value(draw: random.Random, deep: int) -> Any:
    kind = draw.randrange(7 if deep else 5)
    if kind == 5:
        return [value(draw, deep - 1) for _ in range(draw.randrange(4))]
    if kind == 6:
        return {draw.choice(["a", "b", hostile_text(draw)]): value(draw, deep - 1) for _ in range(draw.randrange(4))}
    return [
        None,
        True,
        draw.random() * 10 ** draw.randrange(-300, 300),
        draw.randrange(-(10**30), 10**30),
        hostile_text(draw),
    ][kind]


@pytest.fixture(scope="module")
def log() -> pl.DataFrame:
    draw = random.Random(7)
    some = documents(draw)

    def text(*pieces: Callable[[], str]) -> str | None:
        return None if draw.random() < 0.05 else draw.choice(pieces)()

    def hostile() -> str:
        return hostile_text(draw)

    def word() -> str:
        case = draw.choice([str.upper, str.title, str])
        return draw.choice(["", " ", "\n"]) + case(draw.choice(WORDS)) + draw.choice(["", " ", "x"])

    def start() -> str:
        case = draw.choice([str.upper, str])
        return draw.choice(["", " ", "**", "> ", "“"]) + case(draw.choice(STARTS)) + hostile_text(draw)

    def loop() -> str:
        return hostile_text(draw) + hostile_text(draw) * draw.randrange(9) + draw.choice(["", "\n", "end"])

    answers = [text(hostile, word, start, loop, lambda: next(some)) for _ in range(N)]
    return pl.DataFrame(
        {
            "answer": answers,
            "reference": [one if draw.random() < 0.3 else like(draw, one or "") for one in answers],
            "document": [text(lambda: next(some)) for _ in range(N)],
            "input_tokens": [draw.choice([None, 0, draw.randrange(10**6)]) for _ in range(N)],
            "output_tokens": [draw.choice([None, 0, draw.randrange(10**6)]) for _ in range(N)],
            "latency_ms": [draw.choice([None, 0.0, -1.0, draw.random() * 1e5]) for _ in range(N)],
            "model": draw.choices([None, "a", "b", "c"], k=N),
        },
        schema_overrides={"answer": pl.String, "input_tokens": pl.Int64, "output_tokens": pl.Int64},
    )


A, D = pl.col("answer"), pl.col("document")
CASES: dict[str, tuple[pl.Expr, Callable[..., Any], list[str]]] = {
    "empty": (signals.empty("answer"), oracle.empty, ["answer"]),
    "truncated": (signals.truncated("answer"), oracle.truncated, ["answer"]),
    **{
        f"refusal {one}": (
            signals.refusal("answer", language=one),
            lambda a, of=REFUSALS[one]: oracle.refusal(a, of),
            ["answer"],
        )
        for one in REFUSALS
    },
    "json_valid": (signals.json_valid("document"), oracle.json_valid, ["document"]),
    "json_valid of texts": (signals.json_valid("answer"), oracle.json_valid, ["answer"]),
    "json_valid fenced": (
        signals.json_valid("document", fenced=True),
        lambda a: oracle.json_valid(oracle.unfenced(a)),
        ["document"],
    ),
    "json_has": (signals.json_has("document", ["a", "b"]), lambda a: oracle.json_has(a, ["a", "b"]), ["document"]),
    "json_has fenced": (
        signals.json_has("document", ["a"], fenced=True),
        lambda a: oracle.json_has(oracle.unfenced(a), ["a"]),
        ["document"],
    ),
    "format_error": (
        signals.format_error("answer", "[a-z ]+|the.*"),
        lambda a: oracle.format_error(a, "[a-z ]+|the.*"),
        ["answer"],
    ),
    "repetition": (signals.repetition("answer"), oracle.repetition, ["answer"]),
    "repetition of 3": (
        signals.repetition("answer", last=3, times=2),
        lambda a: oracle.repetition(a, 3, 2),
        ["answer"],
    ),
    "error": (signals.error("answer"), oracle.error, ["answer"]),
    "tool_error": (signals.tool_error("answer"), oracle.tool_error, ["answer"]),
    "tokens_per_second": (
        signals.tokens_per_second("output_tokens", "latency_ms"),
        oracle.tokens_per_second,
        ["output_tokens", "latency_ms"],
    ),
    "cost": (
        signals.cost("input_tokens", "output_tokens", prices=(0.5, 1.5)),
        lambda i, o: oracle.cost((i, o), (0.5, 1.5)),
        ["input_tokens", "output_tokens"],
    ),
    "cost by model": (
        signals.cost("input_tokens", "output_tokens", "model", prices=MODELS),
        lambda i, o, model: oracle.cost((i, o), MODELS.get(model)),
        ["input_tokens", "output_tokens", "model"],
    ),
    **{
        f"length {unit}": (signals.length("answer", unit=unit), lambda a, of=unit: oracle.length(a, of), ["answer"])  # type: ignore[arg-type]
        for unit in ("characters", "words", "bytes")
    },
    "exact_match": (signals.exact_match("answer", "reference"), oracle.exact_match, ["answer", "reference"]),
    "exact_match normalised": (
        signals.exact_match("answer", "reference", normalise=True),
        lambda a, r: oracle.exact_match(a, r, True),
        ["answer", "reference"],
    ),
}


def test_every_signal_has_a_twin() -> None:
    assert {name.partition(" ")[0] for name in CASES} == set(SIGNALS)


@pytest.mark.parametrize("name", CASES)
def test_a_signal_is_its_plain_twin(log: pl.DataFrame, name: str) -> None:
    made, twin, columns = CASES[name]
    got = log.select(made).to_series().to_list()
    rows = log.select(columns).rows()
    wrong = [(row, had, wanted) for row, had in zip(rows, got, strict=True) if had != (wanted := twin(*row))]
    assert wrong[:3] == [], len(wrong)
    if SIGNALS[name.partition(" ")[0]].gives == "flag" and name != "refusal":
        kinds = {True, False} | ({None} if name != "error" else set())
        assert set(got) == kinds or name.startswith("refusal ")


@pytest.mark.parametrize("name", CASES)
def test_every_engine_gives_the_same(log: pl.DataFrame, name: str) -> None:
    made = CASES[name][0]
    eager = log.select(made).to_series()
    assert rowwise(made)
    assert log.lazy().select(made).collect().to_series().equals(eager)
    assert log.lazy().select(made).collect(engine="streaming").to_series().equals(eager)


@pytest.mark.parametrize("name", CASES)
def test_a_signal_is_named_after_itself_and_stored_without_code(name: str) -> None:
    made = CASES[name][0]
    assert made.meta.output_name() == name.partition(" ")[0]
    assert encode_expression(made)["operations"] is not None


@pytest.mark.parametrize("name", CASES)
def test_columns_of_nothing_but_nulls(name: str) -> None:
    made, twin, columns = CASES[name]
    nulls = pl.DataFrame({column: [None, None] for column in columns})
    assert nulls.select(made).to_series().to_list() == [twin(*[None] * len(columns))] * 2
    assert nulls.clear().select(made).height == 0


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["length", "I can't help with that.", "stop"])], ids=str)
def test_categories_are_text(dtype: Any) -> None:
    log = pl.DataFrame({"x": pl.Series(["length", "I can't help with that.", None], dtype=dtype)})
    found = log.select(signals.truncated("x"), signals.refusal("x"), signals.length("x"), signals.exact_match("x", "x"))
    assert found.rows() == [(True, False, 6, True), (False, True, 23, True), (None, None, None, None)]


TEXTUAL = [
    "empty",
    "truncated",
    "refusal en",
    "json_valid",
    "json_has",
    "format_error",
    "repetition",
    "exact_match",
    "length words",
]


@pytest.mark.parametrize("name", TEXTUAL)
@pytest.mark.parametrize("values", [[1, 2], [1.5, None], [True, False], [{"a": 1}, None], [b"a", b"b"]], ids=str)
def test_what_is_no_text_is_one_clear_error(name: str, values: list[Any]) -> None:
    made, _, columns = CASES[name]
    log = pl.DataFrame(dict.fromkeys(columns, values) | {"label": [1, 0], "pred": [1, 1]})
    with pytest.raises(
        SchemaError, match=r"column 'e' cannot be computed: .*text goes with text, such as pl\.col\('"
    ) as caught:
        fm.count(log, fm.binary("label", "pred"), by=[made.alias("e")])
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:.is_in. with a collection")
def test_a_list_is_no_text() -> None:
    """Reasons to finish are a list in spans of OpenTelemetry."""
    log = pl.DataFrame({"reasons": [["length"], ["stop"]]})
    with pytest.raises(DataError, match="cannot cast List type"):
        fm.count(log, fm.flags(cut=signals.truncated("reasons")))
    first = pl.col("reasons").list.first()
    assert fm.count(log, fm.flags(cut=signals.truncated(first))).metrics("cut_rate")["cut_rate"].item() == 0.5


@pytest.mark.parametrize("name", ["tokens_per_second", "cost", "cost by model"])
def test_text_is_no_number(name: str) -> None:
    made, _, columns = CASES[name]
    log = pl.DataFrame({column: ["12", "13"] for column in columns} | {"label": [1, 0], "pred": [1, 1]})
    with pytest.raises(SchemaError, match=r"column 'e' cannot be computed: .*numbers with numbers") as caught:
        fm.count(log, fm.binary("label", "pred"), by=[made.alias("e")])
    assert "\n" not in str(caught.value)


def test_signals_are_keys_and_labels_of_counts(log: pl.DataFrame) -> None:
    counts = fm.count(
        log.lazy(),
        fm.binary(signals.exact_match("answer", "reference"), signals.json_valid("answer")),
        by=signals.empty("answer"),
    )
    found = counts.metrics("accuracy")
    assert found["empty"].to_list() == [False, True, None]
    assert found["n"].sum() == N


def test_signals_are_flags_of_counts_and_are_kept_with_them(log: pl.DataFrame, tmp_path: Any) -> None:
    family = fm.flags(refused=signals.refusal("answer"), broken=~signals.json_valid("document"))
    counts = fm.count(log, family)
    found = counts.metrics("refused_rate", "broken_missing_rate").row(0, named=True)
    refused = [oracle.refusal(answer, REFUSALS["en"]) for answer in log["answer"].drop_nulls()]
    assert found["refused_rate"] == refused.count(True) / len(refused)
    assert found["broken_missing_rate"] == log["document"].null_count() / N
    counts.write(tmp_path / "counts.parquet")
    assert (fm.read_counts(tmp_path / "counts.parquet") + fm.count(log, family)).rows == 2 * N


def test_numbers_of_a_csv_are_read_as_the_texts_they_are(tmp_path: Any) -> None:
    """Where every answer looks like a number Polars guesses one, and 007 would be 7."""
    path = tmp_path / "log.csv"
    path.write_text("label,pred,answer\n1,1,007\n0,1,42\n")
    counts = fm.count(path, fm.binary("label", "pred"), by=signals.length("answer"))
    assert counts.metrics("accuracy")["length"].to_list() == [2, 3]


@pytest.mark.parametrize(
    ("value", "failed"),
    [
        (None, False),
        (True, True),
        (False, False),
        (0, False),
        (1, True),
        (200, False),
        (404, True),
        (500.0, True),
        (302.0, False),
    ],
)
def test_errors_of_any_dtype(value: Any, failed: bool) -> None:
    log = pl.DataFrame({"e": [value, value]})
    assert log.select(signals.error("e")).to_series().to_list() == [failed] * 2
    wanted = None if value is None else failed
    assert log.select(signals.tool_error("e")).to_series().to_list() == [wanted] * 2


def test_errors_that_are_objects() -> None:
    log = pl.DataFrame({"e": [{"code": 429, "message": "slow down"}, {"code": None, "message": None}, None]})
    assert log.select(signals.error("e")).to_series().to_list() == [True, False, False]


@pytest.mark.parametrize("key", ["it's", 'a"b', "", "a.b", "é", "*", "$", "]", "a\nb", "\x01", ")]", "0"])
def test_keys_are_names_and_no_paths(key: str) -> None:
    log = pl.DataFrame(
        {"x": [json.dumps({key: None}), json.dumps({"a": {key: 1}, "other": 1}), json.dumps([{key: 1}])]}
    )
    assert log.select(signals.json_has("x", [key])).to_series().to_list() == [True, False, False]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: signals.empty(3), "3 is no column"),  # type: ignore[arg-type]
        (lambda: signals.refusal("a", language="english"), "unknown language of refusals 'english'"),
        (lambda: signals.refusal("a", language=[]), "names no language; known are en, de"),
        (lambda: signals.json_has("a", []), r"takes a list of keys, such as \['name', 'args'\], got \[\]"),
        (lambda: signals.json_has("a", "name"), "takes a list of keys"),
        (lambda: signals.json_has("a", ["@['a']"]), "paths of Polars cannot say one of them"),
        (lambda: signals.json_has("a", ["a\\b"]), "paths of Polars cannot say one of them"),
        (lambda: signals.format_error("a", "("), r"'\(' is not a regular expression of Polars: unclosed group"),
        (lambda: signals.format_error("a", "a)(b"), "is not a regular expression of Polars: unopened group"),
        (
            lambda: signals.format_error("a", "(?=a)"),
            "look-around, including look-ahead and look-behind, is not supported",
        ),
        (lambda: signals.format_error("a", None), "takes a regular expression in quotes"),  # type: ignore[arg-type]
        (lambda: signals.repetition("a", last=0), "last=0; expected a whole number, 1 or more"),
        (lambda: signals.repetition("a", times=1), "times=1; expected a whole number, 2 or more"),
        (lambda: signals.length("a", unit="word"), "unknown unit of length 'word'; did you mean 'words'"),  # type: ignore[arg-type]
        (lambda: signals.cost("i", "o", prices={"a": (1, 2)}), "prices= are by model, so name the column of models"),
        (lambda: signals.cost("i", "o", "m", prices={}), "has no model by name"),
        (lambda: signals.cost("i", "o", prices=(1, -2)), r"\(1, -2\) are no prices; give two numbers"),
        (lambda: signals.cost("i", "o", "m", prices={"a": 3}), "3 are no prices"),  # type: ignore[dict-item]
        (lambda: signals.cost("i", "o", prices=(1, float("nan"))), "are no prices"),
    ],
)
def test_bad_options_are_refused_at_the_door(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(SchemaError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
