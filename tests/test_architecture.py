"""One direction of imports, and nothing that reads the clock."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "analysis"
COMBINING = {"cli", "__main__", "findings"}
ALLOWED = {"settings"}


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def imported(tree: ast.AST) -> set[str]:
    """The modules of ours that a file imports, by their first name below `analysis`."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("analysis.")}
        elif isinstance(node, ast.ImportFrom) and node.module == "analysis":
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("analysis."):
            names.add((node.module or "").split(".")[1])
    return names


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_module_imports_settings_and_its_own_package_only(file: Path) -> None:
    own = file.relative_to(SOURCE).parts[0].removesuffix(".py")
    if own not in COMBINING:
        assert imported(ast.parse(file.read_text(encoding="utf-8"))) <= ALLOWED | {own}


def test_the_rule_sees_an_import_inside_a_function() -> None:
    assert imported(ast.parse("def f():\n    from analysis import rates\n    import analysis.charts.tables")) == {
        "rates",
        "charts",
    }


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(SOURCE)))
def test_no_file_outgrows_its_name(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 420


CLOCKS = {
    ("datetime", "now"),
    ("datetime", "today"),
    ("date", "today"),
    ("datetime", "utcnow"),
    ("time", "time"),
    ("Timestamp", "now"),
}


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(SOURCE)))
def test_only_yesterday_reads_the_clock(file: Path) -> None:
    """`--as-of yesterday` is for the schedule; everything else is told the day."""
    found = [
        node
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (node.value.id, node.attr) in CLOCKS
    ]
    assert len(found) == (1 if file.name == "verbs.py" else 0)


def test_report_notebooks_are_thin_and_without_outputs() -> None:
    import nbformat

    notebooks = sorted((SOURCE.parent.parent / "notebooks" / "reports").glob("*.ipynb"))
    assert notebooks
    for file in notebooks:
        notebook = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert len(code) <= 12
        for cell in code:
            assert cell.outputs == [] and cell.execution_count is None
            kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While)
            assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, kinds)]
        assert sum("parameters" in cell.metadata.get("tags", []) for cell in code) == 1
