"""The data dictionary names what the build and the pages give, both ways."""

from __future__ import annotations

import ast
import re

import nbformat
import pandas as pd

from analysis import forecast, rates, settings, warehouse
from analysis.archive import types
from analysis.findings import Findings
from analysis.rates.segments import SEGMENT_COLUMNS
from tests.conftest import Data
from tests.documents import DICTIONARY, ROOT, bare, rows_below


def documented_columns() -> dict[str, list[tuple[str, str]]]:
    names = re.findall(r"^### (marts\.\w+)$", DICTIONARY, re.MULTILINE)
    return {
        name: [(bare(row["column"]), row["type"]) for row in rows_below(DICTIONARY, f"### {name}\n")] for name in names
    }


def test_every_mart_column_is_documented_and_every_documented_one_exists(worked_example: Data) -> None:
    exist: dict[str, list[tuple[str, str]]] = {}
    for table, column, sql_type in worked_example.ask(
        "select table_schema || '.' || table_name, column_name, data_type from information_schema.columns "
        "where table_schema = 'marts' order by table_name, ordinal_position"
    ):
        exist.setdefault(table, []).append((column, sql_type))
    assert documented_columns() == exist


def test_every_grain_is_documented() -> None:
    for table in warehouse.tables("marts"):
        section = DICTIONARY.split(f"### {table.full_name}\n")[1].split("\n### ")[0]
        assert re.search(rf"Grain:\s+`{', '.join(table.grain)}`", section), table.full_name


def test_a_column_that_is_said_to_be_always_there_has_no_null(built_sample: Data) -> None:
    for table in documented_columns():
        always = [bare(row["column"]) for row in rows_below(DICTIONARY, f"### {table}\n") if row["NULL means"] == "–"]
        missing = ", ".join(f"count(*) - count({column})" for column in always)
        ((rows, *nulls),) = built_sample.ask(f"select count(*), {missing} from {table}")
        assert rows > 0 or table == "marts.refused_files"
        assert [column for column, count in zip(always, nulls, strict=True) if count] == [], table


def test_every_other_table_is_documented_and_every_documented_one_exists() -> None:
    exist = {table.full_name for layer in warehouse.LAYERS[:-1] for table in warehouse.tables(layer)}
    assert {bare(row["table"]) for row in rows_below(DICTIONARY, "## Other layers")} == exist


def test_every_quarantine_reason_is_documented_and_every_documented_one_exists() -> None:
    given = {
        word for name in types.TYPES for word in re.findall(r"(?:then|else) '([a-z_]+)'", types.reason(name, "c0"))
    }
    accepting = (settings.PACKAGE / "archive" / "accepting.py").read_text(encoding="utf-8")
    given |= set(re.findall(r"else '([a-z_]+)' end\]", accepting))
    assert {"missing", "digits_lost", "too_many_cells"} <= given
    assert {bare(row["reason"]) for row in rows_below(DICTIONARY, "## Quarantine reasons")} == given


def published(found: Findings) -> dict[str, pd.DataFrame]:
    """The frames that the report's notebooks publish, by name: what stands in their calls of `charts.numbers`."""
    frames: dict[str, pd.DataFrame] = {}
    for file in sorted((ROOT / "notebooks" / "reports").glob("*.ipynb")):
        notebook = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
        source = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "charts.numbers":
                frame, name = node.args
                known = {"found": found, "rates": rates, "forecast": forecast}
                frames[ast.literal_eval(name)] = eval(compile(ast.Expression(frame), file.name, "eval"), known)
    return frames


def test_every_column_of_every_csv_is_documented_and_every_documented_one_exists(built_sample: Data) -> None:
    documented = {
        name: [bare(row["column"]) for row in rows_below(DICTIONARY, f"<!-- columns: {name}.csv -->")]
        for name in re.findall(r"^<!-- columns: (\w+)\.csv -->$", DICTIONARY, re.MULTILINE)
    }
    exist = {name: list(frame.columns) for name, frame in published(Findings(built_sample.settings)).items()}
    assert {"rates", "status", "changes", "forecast", "reconciliation"} <= set(exist)
    assert documented == exist


def test_the_dimensions_of_segments_are_documented(built_sample: Data) -> None:
    documented = next(
        row for row in rows_below(DICTIONARY, "### marts.segment_days\n") if row["column"] == "`dimension`"
    )
    exist = built_sample.ask("select distinct dimension from marts.segment_days")
    assert set(re.findall(r"`(\w+)`", documented["meaning"])) == {name for (name,) in exist}
    documented = next(row for row in rows_below(DICTIONARY, "columns: segments.csv") if row["column"] == "`dimension`")
    assert re.findall(r"`(\w+)`", documented["meaning"]) == list(SEGMENT_COLUMNS)


def test_run_json_is_documented() -> None:
    """The keys that the two writers of the record give it."""
    written: set[str] = set()
    for module, name in (("cli/reporting.py", "record"), ("reports/__init__.py", "known")):
        tree = ast.parse((settings.PACKAGE / module).read_text(encoding="utf-8"))
        assigned = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and [ast.unparse(each) for each in node.targets] == [name]
        ]
        returned = [
            node.body[-1].value
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and node.name == name and isinstance(node.body[-1], ast.Return)
        ]
        for found in (*assigned, *returned):
            if isinstance(found, ast.Dict):
                written |= {ast.literal_eval(key) for key in found.keys if key is not None}
    assert {bare(row["key"]) for row in rows_below(DICTIONARY, "<!-- keys: run.json -->")} == written
