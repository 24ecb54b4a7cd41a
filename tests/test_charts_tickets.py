"""What to do this morning, proof, lost cases and the backlog: the words of each row, and what stands apart."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from analysis import charts, rules, texts
from tests import ticket_frames as made_up
from tests.report_frames import AS_OF, HOSTILE, SHOPS
from tests.shown import Reading, figure, named, note, said

BUSY, EMPTY = SHOPS
TYPES = rules.ticket_types()
WORDS: dict[str, Any] = {language: texts.load(language) for language in ("zh", "en")}
ZH, EN = WORDS["zh"], WORDS["en"]


def rows(part: charts.Chart | charts.Fragment) -> list[list[str]]:
    """The cells of a table as a reader sees them."""
    assert isinstance(part, charts.Fragment)
    body = part.html.partition("<tbody>")[2]
    return [
        [" ".join(Reading(cell).text.split()) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]


def toned(part: charts.Chart | charts.Fragment, tone: str) -> list[str]:
    """The text of the cells with that tone."""
    assert isinstance(part, charts.Fragment)
    found = re.findall(r'<td class="([^"]*)">(.*?)</td>', part.html, re.DOTALL)
    return [Reading(text).text for kinds, text in found if tone in kinds.split()]


def listed(frame: pd.DataFrame, words: Any = ZH, tickets: pd.DataFrame | None = None) -> list[Any]:
    return list(charts.worklist(frame, TYPES, SHOPS, words, tickets).parts[BUSY])


def test_the_tickets_stand_in_the_order_of_the_frame_and_the_overdue_apart() -> None:
    first, late = listed(made_up.worklist())
    assert [row[0].split(" · ")[0] for row in rows(first)] == ["50000", "50001", "50002", HOSTILE, "50004"]
    assert [row[0].split(" · ")[0] for row in rows(late)] == ["50005", "50006"]
    assert said(first).startswith(ZH["worklist.title"]) and said(late).startswith(ZH["overdue.title"])
    assert rows(first)[0] == [
        "50000 · 签收未收到货",
        "还剩 5.5 小时（剩余时间推算）；涉及 ¥2,680.00；胜算 52%；多一单介入约损失 ¥41.25；凭证齐全",
        "2026-11-23 14:30",
        "商家工单页",
        made_up.ORDERS[0],
        "1,415",
    ]
    assert rows(first)[2][3] == "退款/售后的订单页"


def test_only_overdue_tickets_make_one_table() -> None:
    parts = listed(made_up.worklist(made_up.ticket(1, -1.0)))
    assert [said(part).startswith(ZH["overdue.title"]) for part in parts] == [True]


@pytest.mark.parametrize(
    ("row", "zh", "en"),
    [
        (
            made_up.ticket(1, 11.04),
            "还剩 11.0 小时（正文的时限）；涉及 ¥128.50；胜算 24%；多一单介入约损失 ¥41.25；缺 签收红章证明",
            "11.0 h left (from the text); ¥128.50 at stake; 24% chance to win; one more intervention costs about ¥41.25; "
            "missing: sealed proof of delivery",
        ),
        (
            made_up.ticket(1, -0.04, missing=("chat", "photo"), rate_effect_yuan=0.0),
            "已超时 0.0 小时；涉及 ¥128.50；胜算 24%；缺 聊天记录、实物图",
            "overdue by 0.0 h; ¥128.50 at stake; 24% chance to win; missing: chat record, photo of the goods",
        ),
        (
            made_up.ticket(1, None, missing=(), at_stake_yuan=pd.NA, rate_effect_yuan=pd.NA),
            "读不出截止时间，请到后台核对；胜算 24%；凭证齐全",
            "no deadline could be read, check the backend; 24% chance to win; proof complete",
        ),
        (
            made_up.ticket(1, 0.0, required=(), missing=(), rate_effect_yuan=None, win_probability=0.996),
            "还剩 0.0 小时（正文的时限）；涉及 ¥128.50；胜算 >99%",
            "0.0 h left (from the text); ¥128.50 at stake; >99% chance to win",
        ),
    ],
)
def test_why_says_time_money_chance_and_missing_proof(row: dict[str, Any], zh: str, en: str) -> None:
    (record,) = made_up.worklist(row).to_dict("records")
    assert charts.why(record, ZH) == zh
    assert charts.why(record, EN) == en
    for words, text in ((ZH, zh), (EN, en)):
        assert rows(listed(made_up.worklist(row), words)[0])[0][1] == text


@pytest.mark.parametrize(
    ("hours", "is_urgent"), [(6.0, True), (6.1, False), (0.0, True), (-3.0, True), (None, False)], ids=str
)
def test_little_time_left_has_an_urgent_tone(hours: float | None, is_urgent: bool) -> None:
    (part,) = listed(made_up.worklist(made_up.ticket(1, hours)))
    assert len(toned(part, "bad")) == is_urgent
    assert rows(part)[0][2] == ("–" if hours is None else f"{made_up.READ_AT + timedelta(hours=hours):%Y-%m-%d %H:%M}")


def test_many_tickets_are_counted_and_none_without_an_order_is_called_nan() -> None:
    many = made_up.worklist(*(made_up.ticket(1, ticket_id=str(at), order_id=None) for at in range(53)))
    (part,) = listed(many)
    assert len(rows(part)) == 50 and "另有 3 张没有列出，见 tickets.csv。" in said(part)
    assert rows(part)[0][4] == "–"
    (whole,) = listed(many.head(50))
    assert "没有列出" not in said(whole)


def test_a_shop_without_open_tickets_has_one_sentence() -> None:
    for words in (ZH, EN):
        (part,) = charts.worklist(made_up.worklist(), TYPES, SHOPS, words, made_up.tickets()).parts[EMPTY]
        assert said(part) == words["worklist.empty"]
    nothing = charts.worklist(made_up.worklist().iloc[:0], TYPES, SHOPS, ZH, made_up.tickets())
    assert [said(part) for parts in nothing.parts.values() for part in parts] == [ZH["worklist.empty"]] * 2


def test_what_is_odd_about_waiting_tickets_is_counted_and_named_before_them() -> None:
    look, *tables = listed(made_up.worklist(), ZH, made_up.tickets())
    assert (
        said(look)
        == "有 2 张工单请到后台核对：创建时间晚于导出时间 1 张（50002）；订单不在导出里 2 张（50001、50002）。"
    )
    assert len(tables) == 2, "the settled ticket's flag is no work"
    (english, *_) = listed(made_up.worklist(), EN, made_up.tickets())
    assert said(english) == (
        "Tickets to check in the backend: 2. Why: created after the export was made: 1 (50002); "
        "order not in the exports: 2 (50001, 50002)."
    )
    assert len(listed(made_up.worklist(), ZH, made_up.tickets({}))) == 2, "nothing odd: no sentence"
    every = dict.fromkeys(made_up.worklist()["ticket_id"], "unknown_status")
    assert "7 张（50000、50001、50002…）" in said(listed(made_up.worklist(), ZH, made_up.tickets(every))[0])


def test_every_flag_of_the_deadlines_has_words() -> None:
    from analysis.tickets.deadlines import FLAGS

    flagged = {flag for words in WORDS.values() for flag in words if flag.startswith("flag.")}
    assert {f"flag.{flag}" for flag in FLAGS} == flagged


def test_what_falls_due_stands_against_what_the_team_can_answer() -> None:
    part = charts.due(made_up.due(), ZH)
    assert rows(part) == [
        ["今天白天", "2", "30", "够", "11-23 09:00 – 18:00"],
        ["今晚", "5", "3", "2", "11-23 18:00 – 11-24 09:00"],
        ["明天白天", "0", "30", "够", "11-24 09:00 – 18:00"],
        ["周末", "1", "未设置", "–", "11-28 00:00 – 11-30 09:00"],
    ]
    assert toned(part, "bad") == ["2"] and toned(part, "good") == ["够", "够"]
    english = rows(charts.due(made_up.due(("tonight", 3, 3)), EN))
    assert english == [["Tonight", "3", "3", "enough", "11-23 18:00 – 11-24 09:00"]]


def test_proof_that_can_still_be_got_says_from_whom_and_until_when() -> None:
    (part,) = charts.obtainable(made_up.obtainable(), SHOPS, ZH).parts[BUSY]
    assert rows(part) == [
        [
            *(made_up.ORDERS[7], "发货底单、签收红章证明", "快递公司", "2026-11-22"),
            *("有未结的售后、物流超时", "极兔速递 JT5200000000001"),
        ],
        [made_up.ORDERS[8], "发货称重图", "仓库", "2026-12-01", "物流超时", HOSTILE],
        [made_up.ORDERS[9], "质检报告、进货凭证或发票", "自己的档案", "–", "有未结的售后", "–"],
    ]
    many = pd.concat([made_up.obtainable()] * 11)
    (cut,) = charts.obtainable(many, SHOPS, ZH).parts[BUSY]
    assert len(rows(cut)) == 30 and "另有 3 项，见 obtainable.csv" in said(cut)
    (none,) = charts.obtainable(made_up.obtainable(), SHOPS, ZH).parts[EMPTY]
    assert said(none) == ZH["obtainable.empty"]


def test_lost_tickets_are_counted_by_cause_and_type_with_their_cost() -> None:
    part, by_weekday, by_hour = charts.lapses(made_up.lapses(), TYPES, SHOPS, ZH).parts[BUSY]
    assert rows(by_weekday) == [
        ["周一", "1", "1", "0.00"],
        ["周五", "3", "2", "196.90"],
        ["周日", "1", "0", "268.00"],
        ["没有写时间", "1", "0", "–"],
    ]
    assert rows(by_hour) == [
        ["00–06", "2", "2", "187.90"],
        ["06–12", "1", "0", "268.00"],
        ["18–24", "2", "1", "9.00"],
        ["没有写时间", "1", "0", "–"],
    ]
    assert rows(part) == [
        ["超时", "少发漏发/错发", "3", "187.90"],
        ["事实成立", "质量问题", "1", "9.00"],
        ["缺凭证", "签收未收到货", "1", "268.00"],
        ["看不出来", HOSTILE, "1", "–"],
    ]
    assert "判责的工单共 6 张，已知损失 464.90 元。" in said(part)
    unknown = made_up.lapses().assign(cost_fen=pd.array([None] * 6, dtype="Int64"))
    assert "已知损失 – 元" in said(charts.lapses(unknown, TYPES, SHOPS, ZH).parts[BUSY][0]), "unknown is no 0"
    (none,) = charts.lapses(made_up.lapses(), TYPES, SHOPS, ZH).parts[EMPTY]
    assert said(none) == ZH["lapses.empty"]


def test_appeals_say_what_comes_back_until_when_and_what_stands_against_it() -> None:
    (part,) = charts.appeals(made_up.appealable(), SHOPS, ZH).parts[BUSY]
    assert rows(part) == [
        [made_up.ORDERS[3], "货款申诉", "2", "128.00", "可申诉", "2026-11-25 15:00"],
        [made_up.ORDERS[3], "纠纷退款率申诉", "2", "–", "申诉中", "2026-11-25 15:00"],
        [made_up.ORDERS[4], "货款申诉", "–", "–", "商家同意过退款，不能申诉", "–"],
        [HOSTILE, "运费申诉", "22", "8.00", HOSTILE, "2026-12-15 15:00"],
    ]
    assert "还有 1 单可以申诉，已知可追回 128.00 元。" in said(part), "what is blocked or under way is not free"
    (cut,) = charts.appeals(pd.concat([made_up.appealable()] * 8), SHOPS, ZH).parts[BUSY]
    assert len(rows(cut)) == 30 and "另有 2 项，见 appeals.csv" in said(cut)
    (none,) = charts.appeals(made_up.appealable(), SHOPS, ZH).parts[EMPTY]
    assert said(none) == ZH["appeals.empty"]


def test_the_backlog_stacks_ages_over_every_day_up_to_the_data_s_end() -> None:
    chart, table = charts.backlog(made_up.backlog(), made_up.handling(), ZH, shops=SHOPS, as_of=AS_OF).parts[BUSY]
    bars = named(chart)
    assert list(bars) == ["0 天", "1 天", "3-6 天", "7+ 天"]
    days = bars["0 天"]["x"]
    assert (days[0], days[-1], len(days)) == ("2026-10-11", "2026-11-22", 43)
    assert all(bar["y"][-3:] == [0, 0, 0] for bar in bars.values()), "days without a row are none, not missing"
    drawn = pd.DataFrame({age: bar["y"] for age, bar in bars.items()}, index=pd.to_datetime(days).date)
    by_hand = made_up.backlog().groupby("on_date")["open"].sum()
    pd.testing.assert_series_equal(
        drawn.sum(axis=1)[by_hand.index], by_hand, check_names=False, check_index_type=False, check_index=False
    )
    assert note(chart) == "" and figure(chart)["layout"]["barmode"] == "stack"
    assert rows(table) == [
        ["（导出里没有写）", "31", "20", "18", "3–14", "51.3"],
        ["小林", "12", "12", "9", "3", "20.0"],
        [HOSTILE, "1", "0", "0", "–", "–"],
    ]


def test_an_age_has_the_same_colour_in_every_shop_and_a_shop_without_tickets_a_sentence() -> None:
    old = made_up.backlog().query("age == '7+'").assign(shop_id="只有老的")
    frame = pd.concat([made_up.backlog(), old])
    shown = charts.backlog(frame, made_up.handling(), ZH, shops=[*SHOPS, "只有老的"])
    colours = [named(shown.parts[shop][0])["7+ 天"]["marker"]["color"] for shop in (BUSY, "只有老的")]
    assert colours[0] == colours[1] != named(shown.parts[BUSY][0])["0 天"]["marker"]["color"]
    assert [said(part) for part in shown.parts[EMPTY]] == [ZH["handling.empty"]]
    nothing = charts.backlog(frame.iloc[:0], made_up.handling().iloc[:0], ZH, shops=SHOPS)
    assert [said(part) for parts in nothing.parts.values() for part in parts] == [ZH["handling.empty"]] * 2


def test_proof_files_with_a_problem_are_listed_and_counted() -> None:
    part = charts.evidence(made_up.evidence(), ZH)
    assert said(part).startswith("登记了 3 个文件，2 个有问题。")
    assert sorted(rows(part)) == sorted(
        [
            [f"{HOSTILE}.jpg", ZH["evidence_problem.no_id"]],
            [f"{BUSY}/{made_up.ORDERS[0]}/红章.jpg", ZH["evidence_problem.not_a_picture"]],
        ]
    )
    good = made_up.evidence().query("problem == ''")
    assert said(charts.evidence(good, ZH)) == "登记了 1 个文件，0 个有问题。"
    assert said(charts.evidence(good.iloc[:0], ZH)) == ZH["evidence_files.none"]
    many = charts.evidence(made_up.evidence(*((f"{at}.jpg", "no_id") for at in range(57))), EN)
    assert len(rows(many)) == 50 and "7 more are not listed" in said(many)


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_text_from_exports_is_never_markup_and_no_placeholder_is_left(words: Any) -> None:
    shown = [
        charts.worklist(made_up.worklist(), TYPES, SHOPS, words, made_up.tickets({HOSTILE: "unknown_order"})),
        charts.obtainable(made_up.obtainable(), SHOPS, words),
        charts.lapses(made_up.lapses(), TYPES, SHOPS, words),
        charts.appeals(made_up.appealable(), SHOPS, words),
        charts.backlog(made_up.backlog(), made_up.handling(), words, shops=SHOPS),
    ]
    parts = [part for each in shown for parts in each.parts.values() for part in parts]
    parts += [charts.due(made_up.due(), words), charts.evidence(made_up.evidence(), words)]
    seen = 0
    for part in parts:
        if isinstance(part, charts.Fragment):
            reading = Reading(part.html)
            assert set(reading.tags) <= {"h4", "p", "div", "table", "thead", "tbody", "tr", "th", "td"}
            assert not re.search(r"\{\w+\}", reading.text.replace(HOSTILE, ""))
            assert " nan" not in reading.text and "<NA>" not in reading.text and "None" not in reading.text
            seen += reading.text.count(HOSTILE)
    assert seen == 11


def test_ticket_frames_are_left_as_they_were() -> None:
    frames: list[Any] = [
        made_up.worklist,
        made_up.tickets,
        made_up.due,
        made_up.obtainable,
        made_up.lapses,
        made_up.appealable,
    ]
    frames += [made_up.backlog, made_up.handling, made_up.evidence]
    worklist, tickets, due, obtainable, lapses, appealable, backlog, handling, evidence = kept = [
        make() for make in frames
    ]
    charts.worklist(worklist, TYPES, SHOPS, ZH, tickets), charts.due(due, ZH), charts.evidence(evidence, ZH)
    charts.obtainable(obtainable, SHOPS, ZH), charts.lapses(lapses, TYPES, SHOPS, ZH)
    charts.appeals(appealable, SHOPS, ZH), charts.backlog(backlog, handling, ZH, shops=SHOPS)
    for make, frame in zip(frames, kept, strict=True):
        pd.testing.assert_frame_equal(frame, make())
