"""The exploration notebooks run on the sample, and what they count by hand is what the report says."""

from __future__ import annotations

import html
import re
import shutil
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from click.testing import CliRunner

from analysis import rates, settings, tickets, warehouse
from analysis.cli import main
from analysis.findings import Findings
from analysis.reports.kernel import execute, prepare, tags

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks" / "exploration").glob("*.ipynb"))
Row = dict[str, str]


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> settings.Settings:
    """The sample, built in a folder of its own."""
    folder = tmp_path_factory.mktemp("exploration")
    (folder / "data" / "sample").mkdir(parents=True)
    shutil.copytree(ROOT / "data" / "sample" / "exports", folder / "data" / "sample" / "exports")
    shutil.copytree(ROOT / "data" / "sample" / "evidence", folder / "data" / "sample" / "evidence")
    shutil.copy(ROOT / "data" / "sample" / "settings.toml", folder / "data" / "sample")
    result = CliRunner().invoke(main, ["build", "--sample", "--data", str(folder / "data")])
    assert result.exit_code == 0, result.output
    return settings.load(folder / "data", folder / "reports", sample=True)


@pytest.fixture(scope="module")
def executed(chosen: settings.Settings) -> dict[str, Any]:
    """Every notebook with its outputs, as a user would get them: places from the environment, nothing from the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANALYSIS_DATA", str(chosen.data.parent))
        patch.setenv("ANALYSIS_REPORTS", str(chosen.reports.parent))
        done = {file: execute({file: prepare(file, {}, "zh")})[file] for file in NOTEBOOKS}
    return {file.stem: each.notebook for file, each in done.items()}


@pytest.fixture(scope="module")
def outputs(executed: dict[str, Any]) -> dict[str, list[Row]]:
    """The tables of `rate-intelligence`, by the tag of the cell that shows them."""
    return tables(executed["rate-intelligence"])


@pytest.fixture(scope="module")
def shown(executed: dict[str, Any]) -> dict[str, list[Row]]:
    """The tables of `tickets`, by the tag of the cell that shows them."""
    return tables(executed["tickets"])


@pytest.fixture(scope="module")
def found(chosen: settings.Settings) -> Findings:
    return Findings(chosen)


def tables(notebook: Any) -> dict[str, list[Row]]:
    return {
        tag: table(output["data"]["text/html"])
        for cell in notebook.cells
        for tag in tags(cell) - {"injected"}
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    }


def table(text: str) -> list[Row]:
    """A frame as pandas shows it, one dict a row; index names stand in a second header row."""
    head, body = re.split("<tbody>", text)
    rows = [
        [html.unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    ]
    headers = [
        [html.unescape(cell) for cell in re.findall(r"<th[^>]*>(.*?)</th>", row, re.DOTALL)]
        for row in re.findall(r"<tr.*?</tr>", head, re.DOTALL)
    ]
    names = [max(each) for each in zip(*headers, strict=True)]
    full: list[Row] = []
    for row in rows:
        above = list(full[-1].values())[: len(names) - len(row)] if full else []  # an index shown once for several rows
        full.append(dict(zip(names, [*above, *row], strict=True)))
    return full


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_has_no_outputs_and_english_below_every_heading(file: Path) -> None:
    notebook = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert all(len(cell.source.splitlines()) <= 12 for cell in code)
    text = "\n".join(cell.source + "\n" for cell in notebook.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^#+ .*[\u4e00-\u9fff].*\n\n(.*)$", text, re.MULTILINE)
    assert len(headings) == len(re.findall(r"^#+ ", text, re.MULTILINE)) > 5
    assert [line for line in headings if not re.fullmatch(r"\*[A-Z][\x00-\x7f]+\*", line)] == []
    assert re.findall(r"^\*\*(\d)\.\*\*", text, re.MULTILINE) == ["1", "2"], "two exercises"


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_every_link_points_to_something(file: Path) -> None:
    notebook = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    links = re.findall(r"\]\(([^)\s#]+)", text)
    assert links and all((file.parent / link).exists() for link in links)


def test_it_says_the_day_and_the_rule_of_the_report(executed: dict[str, Any], found: Findings) -> None:
    (cell,) = (cell for cell in executed["rate-intelligence"].cells if "setup" in tags(cell))
    (output,) = cell.outputs
    assert output["text"] == f"{found.as_of} {found.rule.name} 30\n"


def test_the_window_counted_by_hand_is_the_report_s_and_the_warehouse_s(
    outputs: dict[str, list[Row]], chosen: settings.Settings, found: Findings
) -> None:
    with warehouse.connect(chosen) as connection:
        counted = connection.execute(
            "select shop_id, count(distinct order_id) from marts.interventions where began_on between $a and $b "
            "and initiated_by <> 'platform' and not (outcome = 'withdrawn' and decided_at is null) group by shop_id",
            {"a": found.as_of - timedelta(days=29), "b": found.as_of},
        ).fetchall()
    rows = {row["shop_id"]: row for row in outputs["window"]}
    assert {shop: int(row["数出来的"]) for shop, row in rows.items()} == dict(counted)
    assert all(row["numerator"] == row["数出来的"] for row in rows.values())


def test_the_rolling_count_moves_by_what_enters_and_leaves(outputs: dict[str, list[Row]]) -> None:
    rows = [{name: int(row[name]) for name in ("进来", "离开", "单数")} for row in outputs["rolling"]]
    for before, row in pairwise(rows):
        assert row["单数"] == before["单数"] + row["进来"] - row["离开"]
    assert str(rows[-1]["单数"]) in {row["numerator"] for row in outputs["window"]}


def test_the_departures_counted_by_hand_are_the_report_s(outputs: dict[str, list[Row]]) -> None:
    rows = outputs["rolloff"]
    assert all(row["leaving"] == row["数出来的"] for row in rows)
    for window in outputs["window"]:
        assert sum(int(row["leaving"]) for row in rows if row["shop_id"] == window["shop_id"]) == int(
            window["numerator"]
        )


def test_the_headroom_counted_by_hand_is_the_report_s(outputs: dict[str, list[Row]]) -> None:
    assert len(outputs["headroom"]) == 2
    assert all(row["headroom"] == row["数出来的"] for row in outputs["headroom"])


def test_a_forecast_is_what_stays_and_what_comes(outputs: dict[str, list[Row]], found: Findings) -> None:
    rows = outputs["outlook"]
    assert len(rows) == len(found.outlook) == 6
    for row, told in zip(rows, found.outlook.itertuples(), strict=True):
        assert (row["shop_id"], row["horizon_days"]) == (told.shop_id, str(told.horizon_days))
        assert float(row["expected"]) == pytest.approx(told.expected, abs=1e-5)
        assert float(row["expected"]) == pytest.approx(int(row["仍在窗口里"]) + float(row["新来的"]), abs=2e-5)
        assert float(row["新来的"]) > 0


def test_the_looks_back_say_rightly_what_lay_inside(outputs: dict[str, list[Row]], found: Findings) -> None:
    rows = outputs["origins"]
    assert len(rows) == 8
    counts = {
        (row.shop_id, str(row.window_end)): row.numerator
        for row in found.rates.itertuples()
        if row.numerator is not None
    }
    for row in rows:
        assert int(row["numerator"]) == counts[row["shop_id"], row["target_date"]]
        assert row["在区间内"] == str(int(row["low80"]) <= int(row["numerator"]) <= int(row["high80"]))


def test_the_denominator_by_hand_encloses_the_report_s(outputs: dict[str, list[Row]], found: Findings) -> None:
    own = found.reconciliation[found.reconciliation["rule"] == found.rule.name]
    bounds = {str(day): (low, high) for day, low, high in own[["date", "denominator_low", "denominator_high"]].values}
    assert len(outputs["figures"]) == len(bounds) == 10
    for row in outputs["figures"]:
        low, high = float(row["分母至少"]), float(row["分母至多"])
        first, last = bounds[row["stat_on"]]
        assert first - 1 <= low < first <= last <= high < last + 1
    assert outputs["fits"][0]["rule"] == found.fits["rule"].iloc[0] == "pdd-2021-03"


def test_the_cohort_table_is_the_report_s(outputs: dict[str, list[Row]], found: Findings) -> None:
    for row in outputs["cohorts"]:
        own = found.cohorts[found.cohorts["shop_id"] == row["shop_id"]].tail(30)
        assert int(row["按下单日，目前"]) == own["reported"].sum()
        assert float(row["按下单日，最终约"]) == pytest.approx(own["expected"].sum(), abs=1e-5)


def test_the_exercises_can_be_solved_as_hinted(chosen: settings.Settings, found: Findings) -> None:
    seven = replace(found.rule, name="seven-days", window_days=7)
    facts = (found.shop_days, found.events, found.covered_days, found.evidence_sources)
    newest = rates.rolling(*facts, [seven], found.as_of, chosen.line, days=1).set_index("shop_id")
    wide, narrow = (
        (each["rate_high"] - each["rate_low"])
        for each in (newest, found.rates[found.rates["window_end"] == found.as_of].set_index("shop_id"))
    )
    assert (wide > narrow).all()
    over = found.rates[found.rates["is_above"]]
    assert over["shop_id"].nunique() == 1
    signal, _ = Findings(chosen, date(2026, 8, 5)).signal
    seen = signal[signal["is_signal"].fillna(False).astype(bool)]
    assert set(seen["shop_id"]) == set(over["shop_id"])
    assert seen["on_date"].max() < over["window_end"].min(), "the daily counts show it before the line is exceeded"
    then = Findings(chosen, date(2026, 8, 17)).outlook
    (chance,) = then.loc[
        (then["shop_id"] == over["shop_id"].iloc[0]) & (then["horizon_days"] == 7), "breach_probability"
    ]
    assert date(2026, 8, 17) < over["window_end"].min() and chance > 0.5


# Tickets

VERDICTS = """
    select
        shop_id,
        ticket_id,
        max(created_at) as created_at,
        bool_or(is_merchant_liable) as is_liable,
        max(penalty_fen) as penalty_fen,
    from facts.ticket_versions
    group by shop_id, ticket_id
    having bool_or(closed_at is not null)
"""
"""What any export ever said of a settled ticket: the newest one, the saved page, forgets who was liable."""


@pytest.fixture(scope="module")
def priced(chosen: settings.Settings) -> Findings:
    """The findings of the notebook, which puts a price on a restriction."""
    return Findings(replace(chosen, tickets=replace(chosen.tickets, restriction_cost_yuan=50_000.0)))


def test_the_hand_written_texts_end_when_a_calendar_says(shown: dict[str, list[Row]]) -> None:
    thursday = datetime(2026, 3, 26, 10)
    after = [timedelta(hours=48), timedelta(hours=24), timedelta(hours=12), timedelta(days=5), timedelta(hours=26)]
    assert [row["deadline_at"] for row in shown["texts"]] == [*(str(thursday + each) for each in after), "NaT", "NaT"]
    assert [row["deadline_source"] for row in shown["texts"]] == ["text"] * 5 + ["unknown"] * 2
    assert shown["texts"][1]["limits"] == "48小时内; 24小时内"


def test_without_the_stated_deadline_the_text_and_then_the_type_say_the_same(
    shown: dict[str, list[Row]], priced: Findings
) -> None:
    rows = shown["sources"]
    assert {row["写明"] for row in rows} == {"stated"}
    assert sum(int(row["工单数"]) for row in rows) == len(priced.typed)
    assert {(row["再拿掉正文"], row["一样"]) for row in rows if row["拿掉写明的"] == "text"} == {("type", "True")}
    assert {row["type"] for row in rows if row["拿掉写明的"] == "text"} == {"not_received", "missing_or_wrong"}
    assert {row["一样"] for row in rows if row["拿掉写明的"] == "unknown"} == {"False"}
    nothing = pd.Series(pd.NaT, index=priced.typed.index, dtype="datetime64[us]")
    read = tickets.deadlines(priced.typed.assign(stated_deadline_at=nothing))
    late = read["deadline_at"] > priced.deadlines["deadline_at"]
    assert not late.any(), "a deadline read in another way is never later than the stated one"


def test_the_types_are_counted_and_the_words_stand_in_the_titles(shown: dict[str, list[Row]], priced: Findings) -> None:
    counts: Counter[str] = Counter()
    for row in shown["types"]:
        counts[row["type"]] += int(row["工单数"])
        titles = priced.typed.loc[priced.typed["type"] == row["type"], "ticket_title"]
        assert row["type_source"] == "rule" and titles.str.contains(row["type_words"], regex=False).any()
    assert counts == Counter(priced.typed["type"])


def test_the_free_texts_get_the_types_that_the_notebook_promises(shown: dict[str, list[Row]]) -> None:
    assert [(row["type"], row["type_source"]) for row in shown["free"]] == [
        ("not_received", "classifier"),
        ("missing_or_wrong", "classifier"),
        ("not_as_described", "classifier"),
        ("other", "none"),
    ]
    assert [float(row["type_probability"]) >= 0.5 for row in shown["free"]] == [True] * 3 + [False]
    assert all(word in row["content"] for row in shown["free"] for word in row["type_words"].split("; "))


def test_the_chance_and_the_priority_taken_apart_are_the_worklist_s(
    shown: dict[str, list[Row]], chosen: settings.Settings, priced: Findings
) -> None:
    proven = [file.parent.name for file in chosen.evidence.rglob("红章.png")]
    with warehouse.connect(chosen) as connection:
        ((lost, asked),) = connection.execute(
            f"select count(*) filter (is_liable), count(*) from ({VERDICTS}) as verdicts "
            "join marts.tickets as types on verdicts.shop_id = types.shop_id and verdicts.ticket_id = types.ticket_id "
            "where verdicts.shop_id = '云岭百货' and types.ticket_type = 'not_received' "
            "and not list_contains($proven, types.order_id)",
            {"proven": proven},
        ).fetchall()
    own = shown["chance"][-1]
    assert (int(own["判过"]), int(own["判过"]) - int(own["赢"])) == (asked, lost)
    (row,) = shown["priority"]
    assert row["算出来的"] == row["清单上的"]
    first = priced.worklist[priced.worklist["type"] == "not_received"].iloc[0]
    assert round(float(own["胜算"]), 3) == first["win_probability"]
    assert float(row["清单上的"]) == first["priority"] > 0
    assert [each["ticket_id"] for each in shown["worklist"]] == priced.worklist["ticket_id"].tolist()
    effect = priced.rate_effect_yuan
    over = priced.status.loc[priced.status["headroom"] < 0, "shop_id"]
    assert (effect[over].round(2) == 0).all() and (effect.drop(over) > 0).all()


def test_the_lost_tickets_are_those_that_held_the_shop_liable(
    shown: dict[str, list[Row]], chosen: settings.Settings
) -> None:
    with warehouse.connect(chosen) as connection:
        lost = connection.execute(
            f"select shop_id, count(*), sum(penalty_fen) from ({VERDICTS}) where is_liable group by shop_id"
        ).fetchall()
        weekdays = connection.execute(
            f"select isodow(created_at) - 1, count(*) from ({VERDICTS}) where is_liable group by 1 order by 1"
        ).fetchall()
    counts: Counter[str] = Counter()
    cost: Counter[str] = Counter()
    for row in shown["lapses"]:
        counts[row["shop_id"]] += int(row["工单数"])
        cost[row["shop_id"]] += int(row["损失（分）"])
    assert sorted((shop, counts[shop], cost[shop]) for shop in counts) == sorted(lost)
    assert [(int(row["weekday"]), int(row["cases"])) for row in shown["cost"]] == weekdays
    columns = {name: [float(row[name]) for row in shown["strict"] if row[name] != "NaN"] for name in shown["strict"][0]
               if name != "cause"}  # fmt: skip
    assert {sum(each) for each in columns.values()} == {sum(counts.values())}
    lacking = next(row for row in shown["strict"] if row["cause"] == "missing_proof")
    assert 0 < float(lacking["报告"]) < float(lacking["认定没登记就是没有"]), "one shop keeps proof, and only lately"


def test_the_appeals_are_those_that_are_still_open(shown: dict[str, list[Row]], priced: Findings) -> None:
    assert sum(int(row["订单数"]) for row in shown["appeals"]) == len(priced.appealable)
    assert all(int(row["最急"]) >= 0 for row in shown["appeals"])
    assert {row["until_by"] for row in shown["appeals"]} == {"stated", "refund"}
    money = sum(int(row["金额"]) for row in shown["appeals"] if row["appeal"] == "dispute_rate")
    assert money == 0 < sum(int(row["金额"]) for row in shown["appeals"])


def test_the_exercises_on_tickets_can_be_solved_as_hinted(priced: Findings) -> None:
    def listed(found: Findings) -> Any:
        return next(row for row in found.worklist.to_dict("records") if row["type"] == "not_received")

    chosen = priced.settings
    eager = Findings(replace(chosen, tickets=replace(chosen.tickets, win_rate_missing=0.4)))
    before, after = listed(priced), listed(eager)
    own_shop = before["shop_id"]
    assert before["win_probability"] < after["win_probability"] < before["win_probability"] + 0.01
    settled = priced.tickets[priced.tickets["state"].isin(["closed_won", "closed_lost"])]
    complete = settled["missing"].map(len) == 0
    kept = settled.loc[complete & (settled["type"] != "branch_warning")]
    assert set(kept["type"]) == {"not_received"} and set(kept["shop_id"]) == {own_shop}
    assert (kept["state"] == "closed_won").mean() > 0.5 and complete.sum() > 2 * len(kept)
    closed = settled.assign(is_complete=complete, is_won=settled["state"] == "closed_won")
    own = priced.tickets[priced.tickets["ticket_id"] == before["ticket_id"]]
    ready = own.assign(missing=[()])
    better = tickets.worklist(ready, closed, priced.rate_effect_yuan, priced.read_at, chosen.tickets)
    assert better["priority"].iloc[0] / before["priority"] > 1.5

    nothing = pd.Series(pd.NaT, index=own.index, dtype="datetime64[us]")
    text = "物流已超过48小时未更新，请于3个工作日内举证，最晚3月30日12点前回复"
    for created in (datetime(2026, 3, 26, 10), datetime(2026, 3, 27, 23, 59)):
        at = pd.Series([created], index=own.index, dtype="datetime64[us]")
        mine = own.assign(ticket_title="", content=text, created_at=at, stated_deadline_at=nothing, time_left=None)
        (found,) = tickets.deadlines(mine)["deadline_at"]
        assert found == datetime(2026, 3, 30, 12)


@pytest.fixture(scope="module")
def watched(executed: dict[str, Any]) -> dict[str, list[Row]]:
    """The tables of `escalation`, by the tag of the cell that shows them."""
    return tables(executed["escalation"])


def test_an_order_s_landmarks_grow_older_and_the_label_is_counted(
    watched: dict[str, list[Row]], found: Findings
) -> None:
    ages = [float(row["age_days"]) for row in watched["landmarks"]]
    assert [round(later - earlier, 3) for earlier, later in pairwise(ages)] == [3.0] * 4
    (counted,) = watched["labels"]
    card = found.model_card
    assert [int(value) for value in list(counted.values())[-2:]] == [card["landmarks"], card["positive"]]
    assert int(list(counted.values())[1]) == -(-found.label_days // 3), "the days that are younger than the label"


def test_the_label_s_days_hold_95_percent_of_the_cases(watched: dict[str, list[Row]], found: Findings) -> None:
    shares = {int(row["成交后几天"]): float(row["已经介入的比例"]) for row in watched["delays"]}
    assert shares[found.label_days] >= 0.95 > shares[14]


def test_the_notebook_s_tables_and_verdict_are_the_report_s(
    executed: dict[str, Any], watched: dict[str, list[Row]], found: Findings
) -> None:
    told = found.trained.evaluation["baselines"].set_index("name")["precision"]
    assert {row["name"]: float(row["precision"]) for row in watched["baselines"]} == pytest.approx(dict(told), abs=1e-5)
    assert len(watched["folds"]) == len(found.trained.evaluation["folds"])
    (cell,) = (cell for cell in executed["escalation"].cells if "verdict" in tags(cell))
    assert cell.outputs[0]["text"].startswith(f"{found.trained.verdict.code}\n")
    assert not found.trained.verdict.ranks, "the text above it says so"


def test_the_threshold_and_the_gain_are_reckoned_by_hand(watched: dict[str, list[Row]], found: Findings) -> None:
    least = {row["shop_id"]: float(row["可能性至少"]) for row in watched["threshold"]}
    assert least == pytest.approx({shop: 5 / (0.3 * loss) for shop, loss in found.loss_yuan.items()}, abs=0.001)
    rows = watched["gain"]
    assert [float(row["expected_gain_yuan"]) for row in rows] == [float(row["手算"]) for row in rows]
    for row in rows:
        is_worth = float(row["probability"]) >= least[row["shop_id"]]
        assert is_worth == (row["act"] == "True" or row["control"] == "True")
    assert {row["看得出来"] for row in watched["needed"]} == {"True", "False"}


# Losses


@pytest.fixture(scope="module")
def lost(executed: dict[str, Any]) -> dict[str, list[Row]]:
    """The tables of `losses`, by the tag of the cell that shows them."""
    return tables(executed["losses"])


def test_an_order_taken_apart_adds_up_and_goods_are_not_added_again(
    lost: dict[str, list[Row]], found: Findings
) -> None:
    (told,) = lost["sum"]
    by_hand = sum(int(row["amount_fen"]) for row in lost["one"] if row["is_counted"] == "True")
    assert int(told["这一单损失"]) == by_hand
    kept = [row["component"] for row in lost["one"] if row["is_counted"] == "False"]
    assert {"goods_not_returned", "outbound_freight"} <= set(kept) and int(told["多算"]) > 0
    order = next(row for row in found.losses.to_dict("records") if row["component"] == "appeal_recovery")["order_id"]
    assert found.losses.loc[found.losses["order_id"] == order, "amount_fen"].sum() == by_hand


def test_orders_refunded_before_shipping_lost_what_they_would_have_left(lost: dict[str, list[Row]]) -> None:
    (told,) = lost["unsent"]
    assert 0 < int(told["单数"]) - int(told["一样"]) < 0.1 * int(told["单数"]) and int(told["最多差几分"]) <= 2
    assert 0 < int(told["损失合计"]) < int(told["退款合计"]) / 2


def test_a_forgotten_assumption_makes_the_loss_larger_here_and_its_orders_unknown(lost: dict[str, list[Row]]) -> None:
    for row in lost["forgotten"]:
        assert int(row["loss_fen_后"]) > int(row["loss_fen_前"]), "what came back is no longer taken off"
        assert int(row["orders_with_unknown_后"]) >= int(row["orders_with_unknown_前"])


def test_the_views_add_up_and_a_lucky_product_does_not_lead(lost: dict[str, list[Row]]) -> None:
    for row in lost["views"]:
        assert len({amount for name, amount in row.items() if name not in ("shop_id", "dimension")}) == 1
    own = [row for row in lost["lucky"] if row["shop_id"] == "云岭百货"]
    lucky = next(row for row in own if row["product_id"] == "只卖过两单")
    assert max(own, key=lambda row: int(row["loss_per_1000_fen"])) == lucky != own[0]


def test_the_advice_and_the_matched_days_by_hand_are_the_page_s(lost: dict[str, list[Row]]) -> None:
    (told,) = lost["contest"]
    assert float(told["争比退好"]) == pytest.approx(float(told["页面上"]), abs=0.06) and told["建议"] == "fight"
    (days,) = lost["restriction"]
    assert float(days["少了"]) == pytest.approx(float(days["页面上"]), abs=0.05) and days["结论"] == "spans_zero"
    for row in lost["priced"]:
        assert (float(row["多一单值"]) == 0) == (int(row["headroom"]) < 0), "above the line nothing is worse"


def test_the_exercises_on_losses_can_be_solved_as_hinted(chosen: settings.Settings, found: Findings) -> None:
    dear = Findings(replace(chosen, costs=replace(chosen.costs, labour_yuan=30.0)))
    first = found.contest.iloc[0]["ticket_id"]
    before, after = (each.contest.set_index("ticket_id").loc[first] for each in (found, dear))
    assert (before["recommendation"], after["recommendation"]) == ("fight", "refund")
    assert after["turning_point"] > after["win_probability"] > before["turning_point"]
    carried = found.loss_orders[found.loss_orders["accountable"] == "carrier"][["shop_id", "order_id", "courier"]]
    per_order = found.losses.merge(carried).groupby("courier").agg(fen=("amount_fen", "sum"), n=("order_id", "nunique"))
    assert (per_order["fen"] / per_order["n"]).idxmax() == "迅捷速运"
