"""Several notebooks in one kernel: nothing leaks from one into the next, and a report is whole or not there."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from analysis.reports import render
from analysis.settings import UserError
from tests import report_frames as made_up
from tests.made_up_pages import PUBLISH, WORDS, small


def render_two(folder: Path, first: str, second: str, **given: Any) -> Path:
    notebooks = [small(folder / "notebooks", first), small(folder / "notebooks", second, name="second")]
    words = given.pop("words", {"zh": WORDS["zh"]})
    return render(notebooks, {}, as_of=made_up.AS_OF, words=words, reports=folder / "reports", **given)


def test_a_notebook_begins_without_the_names_of_the_one_before(tmp_path: Path) -> None:
    first = "import sys, wave\nfrom wave import Error as kept\nsecret = [1]\nsecret"
    second = (
        "import sys\n"
        "print('names', [each for each in ('secret', 'kept', 'wave') if each in globals()])\n"
        "print('outputs', dict(Out), '_' in globals() and repr(_))\n"
        "print('imported', 'wave' in sys.modules)"
    )
    folder = render_two(tmp_path, first, second)
    html = (folder / "second.html").read_text(encoding="utf-8")
    assert "names []\noutputs {} False\nimported True" in html


def test_the_second_notebook_has_its_own_parameters(tmp_path: Path) -> None:
    folder = render_two(tmp_path, "as_of = language = 'changed'", "print(as_of, language)", words=WORDS)
    assert "<pre>2026-11-22 en" in (folder / "second.en.html").read_text(encoding="utf-8")
    assert "<pre>2026-11-22 zh" in (folder / "second.html").read_text(encoding="utf-8")


def test_a_failing_second_notebook_names_itself_and_nothing_is_delivered(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        render_two(tmp_path, "print('good')", "gone = {}['key']", words=WORDS)
    for text in (raised.value.zh, raised.value.en):
        assert "second.ipynb" in text and "small.ipynb" not in text and "KeyError" in text and "第二页" in text
    assert not (tmp_path / "reports" / "2026-11-22").exists()


def test_numbers_that_two_notebooks_publish_under_one_name_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        render_two(tmp_path, PUBLISH % ("1", "same"), PUBLISH % ("1", "same"))
    for text in (raised.value.zh, raised.value.en):
        assert "small.ipynb, second.ipynb" in text and "same.csv" in text
    assert not (tmp_path / "reports" / "2026-11-22").exists()


def test_cells_find_what_the_record_made_and_the_modules_imported(tmp_path: Path) -> None:
    made = tmp_path / "made.txt"

    def record() -> dict[str, str]:
        time.sleep(3)  # longer than a kernel takes to start
        made.write_text("made first", encoding="utf-8")
        return {"rule": "some rule"}

    cell = f"import sys\nprint('wave' in sys.modules, open({str(made)!r}).read())"
    folder = render_two(tmp_path, cell, "1", record=record, modules=["wave"], words=WORDS)
    for page in ("small.html", "small.en.html"):
        assert "True made first" in (folder / page).read_text(encoding="utf-8")
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["rule"] == "some rule"


def test_where_the_record_cannot_be_made_no_cell_runs(tmp_path: Path) -> None:
    ran = tmp_path / "ran.txt"

    def record() -> dict[str, str]:
        raise UserError("没有", "nothing there")

    with pytest.raises(UserError, match="nothing there"):
        render_two(tmp_path, f"open({str(ran)!r}, 'w')", "1", record=record, words=WORDS)
    assert not ran.exists() and not (tmp_path / "reports" / "2026-11-22").exists()
