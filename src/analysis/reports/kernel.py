"""Runs notebooks in a kernel, one after another; says which cell failed, under which heading, with which error."""

from __future__ import annotations

import ast
import asyncio
import copy
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from analysis.settings import LANGUAGES, PACKAGE, UserError

Notebook = Any
"""nbformat's NotebookNode, which has no types of its own."""
CELL_SECONDS = 600
OPTIONAL = ("language", "previous")
"""The parameters that go in only where a notebook names them."""
KERNEL = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
LONGEST_SOCKET_FOLDER = 80
"""A socket's path holds about 100 bytes; in a longer folder the kernel listens on the loopback address."""


@dataclass(frozen=True)
class Executed:
    """A notebook with its outputs, and how long it took."""

    notebook: Notebook
    seconds: float

    def numbers(self) -> dict[str, str]:
        """The frames that the notebook publishes, as CSV text by file name."""
        return {
            output.metadata["name"]: output.data["text/csv"]
            for cell in self.notebook.cells
            for output in cell.get("outputs", [])
            if "text/csv" in output.get("data", {})
        }


def prepare(file: Path, parameters: Mapping[str, Any], language: str) -> Notebook:
    """The notebook in one language with the parameters put in, not run yet.

    Text cells tagged with another language are dropped. A parameter that the cell tagged `parameters` does
    not name is an error, so that a misspelt one is never ignored; those in OPTIONAL go in only where the cell
    names them.
    """
    with _no_address_grammar():
        import nbformat

    try:
        notebook = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    except (OSError, nbformat.reader.NotJSONError) as error:
        raise UserError(
            f"报告用的 notebook 无法读取：{file.name}：{error}。",
            f"The report's notebook cannot be read: {file.name}: {error}.",
        ) from error
    others = set(LANGUAGES) - {language}
    cells = [cell for cell in notebook.cells if not (cell.cell_type == "markdown" and others & tags(cell))]
    at = next((at for at, cell in enumerate(cells) if "parameters" in tags(cell)), None)
    known = assigned(cells[at].source) if at is not None else set()
    given = {key: value for key, value in parameters.items() if key not in OPTIONAL or key in known}
    if extra := sorted(set(given) - known):
        wrong, right = ", ".join(extra), ", ".join(sorted(known)) or "–"
        raise UserError(
            f"{file.name} 不认识参数 {wrong}；可用的有：{right}。请检查拼写。",
            f"{file.name} has no parameter {wrong}; it has: {right}. Check the spelling.",
        )
    if at is not None:
        text = "\n".join(f"{name} = {_literal(value)!r}" for name, value in sorted(given.items()))
        injected = nbformat.v4.new_code_cell(text, id="injected", metadata={"tags": ["injected"]})  # type: ignore[no-untyped-call]
        cells.insert(at + 1, injected)
    notebook.cells = cells
    return notebook


def execute(
    notebooks: Mapping[Path, Notebook], modules: Sequence[str] = (), ready: Future[Any] | None = None
) -> dict[Path, Executed]:
    """Copies of the notebooks, by file, with the outputs that one kernel gave, started in the first one's folder.

    The kernel starts and imports `modules` at once, the first cell waits until `ready` has a result. Each
    notebook begins with no variable of the one before; modules stay imported, so that pandas and plotly are read
    once. Raises UserError naming the notebook, the cell's heading and the Python error, and what `ready` raises.
    """
    from nbformat.v4 import new_code_cell

    copies = {file: copy.deepcopy(notebook) for file, notebook in notebooks.items()}
    for notebook in copies.values():
        notebook.cells.insert(0, new_code_cell("%reset -f", id="reset", metadata={"tags": ["injected"]}))  # type: ignore[no-untyped-call]
    return asyncio.run(_execute(copies, modules, ready))


async def _execute(
    notebooks: Mapping[Path, Notebook], modules: Sequence[str], ready: Future[Any] | None
) -> dict[Path, Executed]:
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    done: dict[Path, Executed] = {}
    first, *_ = notebooks
    with TemporaryDirectory(prefix="kernel-") as scratch:
        manager = AsyncKernelManager(connection_file=f"{scratch}/connection.json")
        if os.name == "posix" and len(scratch) < LONGEST_SOCKET_FOLDER:
            manager.transport, manager.ip = "ipc", f"{scratch}/socket"
        early = [f"--IPKernelApp.exec_lines=import {module}" for module in modules]
        manager._kernel_spec = KernelSpec(argv=KERNEL + early)
        where = {"metadata": {"path": str(first.parent.absolute())}}
        client = NotebookClient(
            notebooks[first], km=manager, timeout=CELL_SECONDS, resources=where, shutdown_kernel="immediate"
        )
        path = os.pathsep.join(filter(None, [str(PACKAGE.parent), os.environ.get("PYTHONPATH")]))
        own = {"IPYTHONDIR": scratch, "PLOTLY_RENDERER": "plotly_mimetype", "PYTHONHASHSEED": "0"}
        async with client.async_setup_kernel(env=os.environ | own | {"PYTHONPATH": path}, cleanup_kc=True):
            if ready:
                await asyncio.wrap_future(ready)
            begun = perf_counter()
            for file, notebook in notebooks.items():
                try:
                    client.nb = notebook
                    client.reset_execution_trackers()
                    for at, cell in enumerate(notebook.cells):
                        await client.async_execute_cell(cell, at, execution_count=client.code_cells_executed + 1)
                except CellExecutionError as error:
                    raise _failed(file, notebook, f"{error.ename}: {error.evalue}") from error
                except (CellTimeoutError, DeadKernelError) as error:
                    raise _failed(file, notebook, f"{type(error).__name__}: {error}") from error
                done[file] = Executed(notebook, perf_counter() - begun)
                begun = perf_counter()
    return done


def tags(cell: Notebook) -> set[str]:
    return set(cell.metadata.get("tags", []))


def assigned(source: str) -> set[str]:
    """The plain names that a parameters cell assigns."""
    targets = [
        each.targets if isinstance(each, ast.Assign) else [each.target]
        for each in ast.parse(source).body
        if isinstance(each, ast.Assign | ast.AnnAssign)
    ]
    return {target.id for group in targets for target in group if isinstance(target, ast.Name)}


def heading(text: str) -> str:
    """The first heading in a text cell, without its marks; nothing where there is none."""
    lines = (line.strip() for line in text.splitlines())
    return next((line.lstrip("#").strip() for line in lines if line.startswith("#")), "")


@contextmanager
def _no_address_grammar() -> Iterator[None]:
    """Leaves out an optional import of jsonschema that compiles a grammar of web addresses for two seconds.

    It serves a format check that no notebook needs. Where something else has imported it already, nothing
    changes.
    """
    name = "rfc3987_syntax"
    is_ours = name not in sys.modules
    if is_ours:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if is_ours:
            sys.modules.pop(name, None)


def _literal(value: Any) -> Any:
    return str(value) if isinstance(value, Path | date) else value


def _failed(file: Path, notebook: Notebook, error: str) -> UserError:
    above = ""
    for cell in notebook.cells:
        above = heading(cell.source) or above if cell.cell_type == "markdown" else above
        is_unfinished = cell.cell_type == "code" and cell.source.strip() and cell.get("execution_count") is None
        if is_unfinished or any(output.output_type == "error" for output in cell.get("outputs", [])):
            break
    return UserError(
        f"报告没有写出：{file.name} 里“{above}”这一节运行出错：{error}。原来的报告没有改动。",
        f"No report was written: {file.name} failed under '{above}': {error}. "
        "The report that was there before is untouched.",
    )
