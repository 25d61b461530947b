"""What docs/spark.md uses of Spark, in this process: a frame in partitions, each handed to a function as batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import polars as pl
import pyarrow as pa

TYPES = {"binary": pa.binary()}
Task = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


class Frame:
    """A DataFrame of Spark: its schema, and the batches of each partition."""

    def __init__(self, schema: pa.Schema, partitions: list[list[pa.RecordBatch]]) -> None:
        self.schema = schema
        self.partitions = partitions

    @classmethod
    def of(cls, table: pa.Table, partitions: int) -> Frame:
        size = max(-(-len(table) // partitions), 1)
        parts = [table.slice(part * size, size) for part in range(partitions)]
        return cls(table.schema, [[*part.to_batches(max_chunksize=max(size // 3, 1))] for part in parts])

    def toArrow(self) -> pa.Table:
        return pa.Table.from_batches([batch for part in self.partitions for batch in part], self.schema)

    def select(self, *names: str) -> Frame:
        return Frame.of(self.toArrow().select(list(names)), len(self.partitions))

    def limit(self, rows: int) -> Frame:
        return Frame.of(self.toArrow().slice(0, rows), 1)

    def repartition(self, partitions: int) -> Frame:
        return Frame.of(self.toArrow(), partitions)

    def mapInArrow(self, task: Task, schema: str) -> Frame:
        """Each partition through a task, whose batches must have the schema that was announced."""
        name, kind = schema.split()
        announced = pa.schema([(name, TYPES[kind])])
        made = [list(task(iter(part))) for part in self.partitions]
        assert all(batch.schema == announced for part in made for batch in part)
        return Frame(announced, made)


def read_parquet(folder: str) -> Frame:
    table = pl.concat(pl.read_parquet(file) for file in sorted(Path(folder).iterdir())).to_arrow()
    return Frame.of(table, 3)


def modules() -> dict[str, ModuleType]:
    """The modules that `import pyspark` would find."""
    session = SimpleNamespace(read=SimpleNamespace(parquet=read_parquet))
    sql = ModuleType("pyspark.sql")
    sql.SparkSession = SimpleNamespace(builder=SimpleNamespace(getOrCreate=lambda: session))  # type: ignore[attr-defined]
    return {"pyspark": ModuleType("pyspark"), "pyspark.sql": sql}
