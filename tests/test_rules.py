"""Rules are data: what comes with the project, what a user adds, and what a rule cannot say."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from analysis import rules
from analysis.settings import UserError
from tests.conftest import Data, order_id

VARIANT = """
variant_of = "pdd-2021-03"
title_zh = "七天口径"
title_en = "Seven days"
window_days = 7
"""


def own(folder: Path, text: str, name: str = "seven") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_platforms_metrics_and_enough_candidates_for_its_rate_are_there() -> None:
    metrics = {rule.metric for rule in rules.load_all().values()}
    assert metrics == {"intervention_rate", "help_rate", "dispute_refund_rate", "quality_refund_rate"}
    assert len(rules.candidates("intervention_rate")) >= 12


def test_no_two_rules_say_the_same() -> None:
    said = [{**rules.described(rule), "name": ""} for rule in rules.load_all().values()]
    assert all(said.count(each) == 1 for each in said)


def test_a_rule_survives_its_way_through_a_file() -> None:
    for rule in rules.load_all().values():
        again = rules.restored(json.loads(json.dumps(rules.described(rule), default=str)))
        assert rules.described(again) == rules.described(rule)


def test_a_users_own_rule_is_a_file_and_counts(data: Data) -> None:
    own(data.folder / "data" / "rules", VARIANT)
    data.orders(
        [f"{order_id(n)},已收货,,,,,,,,,2026-06-{1 + n:02d} 10:00:00" for n in range(30)], "orders_export2026-07-01.csv"
    )
    data.interventions(
        [f"{order_id(1)},2026-06-20 10:00,买家,处理中,,", f"{order_id(2)},2026-06-27 10:00,买家,处理中,,"]
    )
    data.build()
    (row,) = data.rates("2026-06-30", "seven", days=1).itertuples()
    assert (row.rule, row.numerator, row.denominator, row.window_start) == ("seven", 1, 7, date(2026, 6, 24))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("window_days = 30", "缺少字段"),
        (VARIANT + "windows = 3\n", "不认识的字段 windows"),
        (VARIANT + 'unit = "parcels"\n', "unit 不能是 parcels"),
        (VARIANT + 'denominator = ["orders_dreamt"]\n', "denominator 不能是 orders_dreamt"),
        (VARIANT + 'reason_groups = ["bad_luck"]\n', "reason_groups 不能是 bad_luck"),
        (VARIANT.replace("= 7", "= 0"), "window_days 的值 0"),
        (VARIANT + "lag_days = true\n", "lag_days 的值 True"),
        (VARIANT.replace("pdd-2021-03", "nobody"), "variant_of 不能是 nobody"),
        ("window_days = ", "无法读取"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        rules.load_all(own(tmp_path, text))
    assert said in error.value.zh and "seven.toml" in error.value.zh and "seven.toml" in error.value.en


def test_a_users_rule_does_not_replace_ours_unseen(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="already"):
        rules.load_all(own(tmp_path, VARIANT, "pdd-2021-03"))
