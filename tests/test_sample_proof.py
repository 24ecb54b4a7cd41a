"""The sample's proof files: small, the same bytes every time, and enough to show what is ready, what is missing, what is wrong."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest

from analysis import sample, settings
from analysis.evidence.contents import examine
from analysis.findings import Findings
from tests.conftest import SAMPLE, Data

TROUBLED = "云岭百货"


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_committed_files_are_what_the_code_writes_each_time(tmp_path: Path) -> None:
    for place in ("a", "b"):
        sample.write(tmp_path / place / "exports", tmp_path / place / "evidence")
    written = tree(tmp_path / "a" / "evidence")
    assert written == tree(tmp_path / "b" / "evidence") == tree(SAMPLE / "evidence")
    assert sum(map(len, written.values())) < 20_000
    for path, content in written.items():
        found = examine(io.BytesIO(content), path)
        kind = {"png": "image/png", "pdf": "application/pdf", "jpg": "text/plain"}[path.rsplit(".", 1)[1]]
        assert (found.content_type, found.problem) == (kind, "not_a_picture" if path.endswith("jpg") else "")
    sample.write(tmp_path / "c" / "exports")
    assert not (tmp_path / "c" / "evidence").exists(), "proof only where it is asked for"


def test_the_list_of_the_morning_shows_what_is_there_and_what_is_missing(sample_report: settings.Settings) -> None:
    text = (sample_report.reports / "2026-09-14" / "numbers" / "tickets.csv").read_text(encoding="utf-8-sig")
    rows = {row["type"]: row for row in csv.DictReader(io.StringIO(text))}
    assert (rows["refund_in_transit"]["present"], rows["refund_in_transit"]["missing"]) == ("track", "")
    assert "凭证齐全" in rows["refund_in_transit"]["why"]
    assert (rows["not_received"]["present"], rows["not_received"]["missing"]) == ("waybill_stub", "signed_seal")
    assert "缺 签收红章证明" in rows["not_received"]["why"]


@pytest.fixture(scope="module")
def kept(built_sample: Data, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """The sample with its proof, built."""
    folder = tmp_path_factory.mktemp("proof")
    shutil.copytree(built_sample.settings.data, folder / "data")
    shutil.copytree(SAMPLE / "evidence", folder / "data" / "evidence")
    return Findings(settings.load(folder / "data", folder / "reports"))


def test_every_file_is_registered_for_its_order(kept: Findings) -> None:
    files = kept.evidence
    assert set(files["shop_id"]) == {TROUBLED} and files["order_id"].notna().all()
    assert files.loc[files["problem"] != "", "problem"].tolist() == ["not_a_picture"]
    assert set(files["kind"]) == {"waybill_stub", "signed_seal", "track", "weight_sent", "inspection", "chat"}
    assert files.loc[files["kind"] == "weight_sent", "tracking_no"].notna().all(), "one lies flat, by its parcel"


def test_cases_won_had_the_proof_and_cases_from_before_it_was_kept_are_not_said_to_have_lacked_it(
    kept: Findings,
) -> None:
    complete = kept.tickets[(kept.tickets["type"] == "not_received") & (kept.tickets["missing"].map(len) == 0)]
    assert len(complete) >= 3 and set(complete["state"]) <= {"closed_won", "closed_lost"}
    assert (complete["state"] == "closed_won").sum() >= 3
    lost = kept.lapses[kept.lapses["shop_id"] == TROUBLED]
    by_register = lost["cause_by"] == "evidence"
    assert by_register.any() and (lost.loc[by_register, "order_id"].str[:6] >= "260719").all()
    before = lost["order_id"].str[:6] < "260719"
    assert before.any() and set(lost.loc[before, "cause"]) <= {"unknown", "clock"}
