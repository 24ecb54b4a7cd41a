"""What docs/tickets.md says of tickets and evidence, compared with the rules and recomputed by the code."""

from __future__ import annotations

import csv
import re
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis import rules, texts, tickets
from analysis.evidence import names
from analysis.evidence.register import Entry
from analysis.rules import evidence as evidence_rules
from analysis.settings import PACKAGE, Tickets
from analysis.tickets.appeals import APPEALS
from analysis.tickets.backlog import AGES
from analysis.tickets.deadlines import FLAGS, SOURCES
from analysis.tickets.lapses import CAUSES
from analysis.tickets.states import STATES
from analysis.tickets.worklist import win_probability
from tests.documents import DICTIONARY, TICKETS, bare, rows_below
from tests.test_ticket_types import CLOSING

EVIDENCE = evidence_rules.load()
EN = texts.load("en")


def listed(cell: str) -> tuple[str, ...]:
    return () if cell == "–" else tuple(re.findall(r"`(\w+)`", cell))


def column(mark: str, name: str, text: str = TICKETS) -> list[str]:
    return [bare(row[name]) for row in rows_below(text, mark)]


def words_of(group: str) -> set[str]:
    """The words that have a text, by their group; the two languages have the same."""
    return {key.removeprefix(f"{group}.") for key in EN if key.startswith(f"{group}.")}


# Words


def test_the_sources_and_flags_of_deadlines_are_documented_in_their_order() -> None:
    assert column("## Deadlines", "source") == list(SOURCES)
    assert column("**Flags**", "flag") == list(FLAGS)


def test_the_states_causes_and_appeals_are_documented() -> None:
    assert column("## States", "state") == list(STATES)
    named = {word for cell in column("## Lapse audit", "cause") for word in re.findall(r"\w+", cell)}
    assert set(CAUSES) - named == {"wrong_proof", "facts"}, "these come from words, as the text says"
    assert "`wrong_proof` and `facts` come from words only" in TICKETS.replace("\n", " ")
    assert column("## Lapse audit", "cause_by") == ["words", "times", "evidence", "none"]
    assert column("## Appeals", "appeal") == list(APPEALS)
    for row in rows_below(TICKETS, "## Appeals"):
        assert APPEALS[bare(row["appeal"])] in row["what"]
    assert set(column("`blocked_by`, the first", "blocked_by")) == words_of("blocked_by")
    assert set(column("`already` says", "already")) == words_of("already")


def test_every_problem_of_a_file_is_documented_and_every_documented_one_exists() -> None:
    assert set(column("A file with a problem is listed", "problem")) == words_of("evidence_problem")


def test_the_register_s_file_is_documented() -> None:
    assert column("<!-- keys: evidence-register.json -->", "key", DICTIONARY) == [each.name for each in fields(Entry)]


# Rules


def test_the_table_of_types_is_the_rule_file() -> None:
    rows = rows_below(TICKETS, "<!-- types -->")
    assert len(rows) == 20
    for row, each in zip(rows, rules.ticket_types(), strict=True):
        assert (bare(row["type"]), row["工单"]) == (each.name, each.title_zh)
        assert row["hours"] == ("–" if each.hours is None else str(each.hours))
        assert listed(row["required"]) == each.required
        assert (bare(row["entrance"]), row["counts"]) == (each.entrance, each.counts)
        assert (row["valid from"], row["confidence"]) == (each.valid_from.isoformat(), each.confidence)


def test_the_names_in_the_document_are_recognised_as_it_says() -> None:
    rows = {bare(row["kind"]): row for row in rows_below(TICKETS, "<!-- expected: names -->")}
    assert sorted(rows) == sorted(EVIDENCE.kind_names)
    for kind, row in rows.items():
        examples = re.split(", ", row["names that are recognised, for example"])
        assert kind == "video" or len(examples) >= 2
        for name in examples if kind != "video" else []:
            assert (names.kind([name], EVIDENCE.kinds) or "other") == kind, name


@pytest.mark.parametrize("heading", ["### 举证文件", "### Proof files"])
def test_the_names_that_the_data_folder_s_readme_gives_are_recognised(heading: str) -> None:
    text = (PACKAGE.parent.parent / "data" / "README.md").read_text(encoding="utf-8").split(f"{heading}\n")[1]
    paths = re.findall(r"^data/evidence/(.+)$", text.split("###")[0], re.MULTILINE)
    assert [names.kind(path.split("/"), EVIDENCE.kinds) for path in paths] == [
        "signed_seal",
        "weight_sent",
        "waybill_stub",
    ]
    said = re.split(r"[，、（）；,：:]|\s", text.split("###")[0])
    known = {names.kind([word], EVIDENCE.kinds) for word in said} - {None}
    assert known == set(EVIDENCE.kind_names) - set(evidence_rules.UNNAMED)


def test_what_to_have_and_whom_to_ask_is_the_rule_file() -> None:
    wanted = {bare(row["reason"]): listed(row["kinds"]) for row in rows_below(TICKETS, "<!-- expected: wanted -->")}
    assert wanted == EVIDENCE.wanted
    rows = rows_below(TICKETS, "<!-- expected: sources -->")
    for row, source in zip(rows, EVIDENCE.sources, strict=True):
        days = "–" if source.days is None else str(source.days)
        told = [bare(row[name]) for name in ("kind", "ask", "exists since", "days kept", "confidence")]
        assert told == [source.kind, source.ask, source.since, days, source.confidence]


def test_the_limits_of_the_forms_are_the_rule_file_s() -> None:
    rows = {bare(row["form"]): row for row in rows_below(TICKETS, "<!-- expected: forms -->")}
    assert list(rows) == list(EVIDENCE.forms)
    for name, form in EVIDENCE.forms.items():
        most = (form.most_pictures, form.most_videos, form.most_characters)
        assert tuple(int(rows[name][each]) for each in ("pictures", "videos", "characters")) == most
        assert rows[name]["confidence"] == form.confidence


# Numbers


def asked(rows: list[tuple[str, str]]) -> pd.DataFrame:
    """Tickets that have nothing but a text and a time of creation."""
    frame = pd.DataFrame(rows, columns=["content", "created_at"])
    at = pd.to_datetime(frame["created_at"]).astype("datetime64[us]")
    return frame.assign(
        shop_id="店", ticket_id=[str(number) for number in range(len(frame))], ticket_title="", created_at=at,
        exported_at=at, stated_deadline_at=pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us]"),
        time_left=pd.Series(None, index=frame.index, dtype="str"), ticket_status="待处理", is_dated_by_name=True, paid_fen=1, received_fen=1,
        product_id="1", product_name="杯", shipped_at=at, hours=pd.Series(None, index=frame.index, dtype="Int64"),
    )  # fmt: skip


def test_the_deadlines_of_the_document_come_out() -> None:
    rows = rows_below(TICKETS, "<!-- expected: deadlines -->")
    found = tickets.deadlines(asked([(row["text"], row["created at"]) for row in rows]))
    written = found["deadline_at"].dt.strftime("%Y-%m-%d %H:%M").fillna("–")
    for row, at, got in zip(rows, written, found.to_dict("records"), strict=True):
        assert (row["deadline"], row["words"]) == (at, got["deadline_words"] or "–"), row["text"]
        assert got["deadline_source"] == ("unknown" if at == "–" else "text")


def test_the_accuracy_of_the_document_is_that_of_the_held_out_texts() -> None:
    table = Path(__file__).with_name("tickets") / "types.csv"
    held_out = pd.DataFrame(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    given = held_out[["title", "content"]].set_axis(["ticket_title", "content"], axis=1)
    created = pd.Series(datetime(2026, 6, 1), index=given.index, dtype="datetime64[us]")
    found = tickets.typed(given.assign(created_at=created), rules.ticket_types())
    closed = given.assign(content=given["content"] + CLOSING, created_at=created)
    every = pd.Series(True, index=given.index)
    rows = rows_below(TICKETS, "<!-- expected: accuracy -->")
    read = (found, every), (found, held_out["written"] == "after"), (tickets.typed(closed, rules.ticket_types()), every)
    for row, (frame, chosen) in zip(rows, read, strict=True):
        assert int(row["how many"]) == chosen.sum()
        by_rules = frame["type"].where(frame["type_source"] == "rule", "other")
        for name, types in (("right", frame["type"]), ("right by the rules alone", by_rules)):
            share = (types == held_out["type"])[chosen].mean()
            assert float(row[name]) == pytest.approx(share, abs=0.015), name


def settled(shop: str, kind: str, won: int, cases: int) -> list[dict[str, Any]]:
    case = {"shop_id": shop, "type": kind, "is_complete": True}
    return [case | {"is_won": number < won} for number in range(cases)]


def test_the_worklist_example_comes_out_by_its_formulas_and_by_the_code() -> None:
    rows = {bare(row["step"]): row for row in rows_below(TICKETS, "<!-- expected: worklist -->")}
    for row in rows.values():
        by_formula = eval(row["computation"].replace("·", "*"))
        digits = len(row["result"].split(".")[1])
        assert f"{by_formula:.{digits}f}" == row["result"], row["step"]
    closed = pd.DataFrame(settled("店", "a", 4, 5) + settled("别店", "a", 26, 35) + settled("别店", "b", 40, 60))
    case = pd.DataFrame([("店", "a"), ("新店", "a"), ("新店", "新")], columns=["shop_id", "type"]).assign(
        is_complete=True
    )
    shop, kind, everything = win_probability(case, closed, Tickets())
    for step, chance in (("all types", everything), ("the type", kind), ("the shop", shop)):
        assert f"{chance:.6f}" == rows[step]["result"]
    read_at = datetime(2026, 6, 12, 9)
    ticket = {
        "shop_id": "店", "ticket_id": "1", "order_id": "1", "type": "a", "state": "open", "created_at": read_at,
        "deadline_at": pd.Timestamp(read_at) + pd.Timedelta(hours=36), "deadline_source": "text", "required": (),
        "present": (), "missing": (), "entrance": "ticket", "paid_fen": 99900, "refund_fen": 8600, "penalty_fen": None, "may_count": True,
    }  # fmt: skip
    effect = pd.Series({"店": 0.02 * 5000}, dtype="Float64")
    listed_now = tickets.worklist(pd.DataFrame([ticket]), closed, effect, read_at, Tickets())
    assert f"{listed_now['priority'].iloc[0]:.2f}" == rows["priority"]["result"]


def test_the_slots_of_the_document_come_out() -> None:
    rows = rows_below(TICKETS, "<!-- expected: due -->")
    nothing = pd.DataFrame({"deadline_at": pd.Series([], dtype="datetime64[us]")})
    capacities = {"day_capacity": 1, "evening_capacity": 2, "weekend_capacity": 3}
    found = tickets.due(nothing, datetime(2026, 6, 12, 9), Tickets(**capacities))
    for row, got in zip(rows, found.to_dict("records"), strict=True):
        assert (bare(row["slot"]), capacities[bare(row["capacity"])]) == (got["slot"], got["capacity"])
        assert [row["from"], row["to"]] == [f"{got[at]:%Y-%m-%d %H:%M}" for at in ("from_at", "to_at")]
    assert set(words_of("due_slot")) == set(found["slot"])


def test_the_ages_of_the_backlog_are_documented() -> None:
    told = next(row for row in rows_below(DICTIONARY, "columns: backlog.csv") if row["column"] == "`age`")
    assert re.findall(r"`([\d+-]+)`", told["meaning"]) == list(AGES)
