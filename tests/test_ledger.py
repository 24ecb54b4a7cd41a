"""What each booking is, what a ledger adds up to, and what becomes of a ledger that is wrong, torn or doubled."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from analysis import rules, warehouse
from analysis.cli import answers
from analysis.exports.stated import NOTHING, stated
from analysis.settings import UserError
from tests.conftest import ROOT, Data, order_id

HEADER = "商户订单号,发生时间,收入金额（+元）,支出金额（-元）,账务类型,备注,业务描述"
JUNE = ("2026-06-01 00:00:00", "2026-06-30 23:59:59")
SALE, REFUND = "0010002|交易收入-订单收入", "0020002|交易退款-订单退款"
AD = "0070004|转账-广告账户"


def row(number: int | None, income: str, expense: str, business: str, account_type: str = "其他", day: int = 5) -> str:
    """A booking of an order, or of the shop itself where there is no number; amounts in yuan as they stand in the file."""
    order = "" if number is None else order_id(number)
    return f"{order},2026-06-{day:02d} 10:00:00,{income},{expense},{account_type},,{business}"


def footer(rows: list[str]) -> list[str]:
    """The totals that the platform would write under these rows."""
    income, expense = (sum(Decimal(each.split(",")[place] or 0) for each in rows) for place in (2, 3))
    return [
        f"#支出合计：{len(rows)}笔，{expense:.2f}元",
        f"#收入合计：{len(rows)}笔，{income:.2f}元",
        f"#总计：{len(rows)}笔，{income + expense:.2f}元",
        "#导出时间：2026-07-01 08:30:00",
    ]


def export(rows: list[str], feet: list[str] | None = None, period: tuple[str, str] = JUNE) -> str:
    above = [
        "拼多多店铺账务明细查询",
        "",
        f"起始时间：{period[0]}  终止时间：{period[1]}",
        "----------交易记录明细列表---------",
    ]
    return "\n".join([*above, HEADER, *rows, *(footer(rows) if feet is None else feet), ""])


def put(data: Data, rows: list[str], name: str = "pdd-mall-bill-detail(a).csv", **rest: Any) -> None:
    data.put(f"店/{name}", export(rows, **rest), "gb18030")


def of_file(data: Data, *columns: str) -> Any:
    """Those columns of the only ledger file."""
    ((*values,),) = data.ask(f"select {', '.join(columns)} from marts.ledger_files")
    return values[0] if len(columns) == 1 else tuple(values)


def warned(data: Data) -> dict[str, int]:
    frame = warehouse.ask(data.settings, "warnings", unseen_days=14)
    return {key: count for key, count in zip(frame["key"], frame["count"], strict=True) if key.startswith("ledger_")}


KNOWN = [
    ("0010002|交易收入-订单收入", "交易收入", "+", "0010002", "sale", "sale"),
    ("0010005|交易收入-优惠券结算", "", "+", "0010005", "coupon_settled", "sale"),
    ("0020002|交易退款-订单退款", "退款", "-", "0020002", "refund", "loss"),
    ("0020005|交易退款-优惠券结算", "", "-", "0020005", "coupon_back", "loss"),
    ("0030001|技术服务费-技术服务费", "其他", "-", "0030", "fee_charged", "fee"),
    ("0030002|技术服务费-基础技术服务费", "技术服务费", "-", "0030", "fee_charged", "fee"),
    ("0030002|技术服务费-基础技术服务费", "技术服务费", "+", "0030:returned", "fee_returned", "recovery"),
    ("0040002|售后费用-售后补偿消费者", "", "-", "0040002", "compensation", "loss"),
    ("0040004|售后费用-延迟发货", "交易收入", "-", "0040004", "late_shipping", "loss"),
    ("0040005|售后费用-虚假发货", "", "-", "0040005", "false_shipping", "loss"),
    ("0040011|售后费用-小额打款", "", "-", "0040:small_payment", "small_payment", "loss"),
    ("0040012|售后费用-欺诈发货", "", "-", "0040:fraudulent_shipping", "fraudulent_shipping", "loss"),
    ("0040013|售后费用-运费补偿", "", "-", "0040:freight_compensation", "freight_compensation", "loss"),
    ("0040014|售后费用-缺货", "", "-", "0040:out_of_stock", "out_of_stock", "loss"),
    ("0040099|某种新费用", "交易收入", "-", "0040", "other_after_sales", "loss"),
    ("0040099", "转账", "-", "0040", "other_after_sales", "loss"),
    ("0050002|服务支出-消费者体验提升计划", "其他服务", "-", "0050", "service", "service"),
    ("0060001|营销费用-多多进宝", "多多进宝", "-", "0060", "marketing", "marketing"),
    ("0070004|转账-广告账户", "转账", "-", "0070004", "transfer", "transfer"),
    ("0080001|提现-提现申请", "提现", "-", "0080001", "withdrawal", "transfer"),
    ("0130007|其他收入-申诉补回", "", "+", "text:appeal_recovery", "appeal_recovery", "recovery"),
    ("0140028|其他支出-合作费追回", "其他支出", "-", "0140028", "other", "other"),
    ("售后费用-延迟发货", "", "-", "text:late_shipping", "late_shipping", "loss"),
    ("9990001|售后费用-没见过的", "", "-", "text:other_after_sales", "other_after_sales", "loss"),
    ("", "退款", "-", "text:refund", "refund", "loss"),
    ("", "优惠券结算", "+", "text:coupon_settled_by_direction", "coupon_settled", "sale"),
    ("", "优惠券结算", "-", "text:coupon_back_by_direction", "coupon_back", "loss"),
    ("", "提现", "-", "text:withdrawal", "withdrawal", "transfer"),
    ("9990001|全新业务-甲", "交易收入", "+", None, "unclassified", "unclassified"),
    ("0010099|交易收入-全新收入", "交易收入", "+", None, "unclassified", "unclassified"),
    ("0070099|新支出", "转账", "-", None, "unclassified", "unclassified"),
    ("", "", "-", None, "unclassified", "unclassified"),
]


def test_a_booking_is_what_its_code_says_else_what_its_words_say(data: Data) -> None:
    rows = [
        row(number, "7.00" if sign == "+" else "0.00", "0.00" if sign == "+" else "-7.00", business, kind)
        for number, (business, kind, sign, *_) in enumerate(KNOWN)
    ]
    put(data, rows)
    data.build()
    found = data.ask("select order_id, rule, component, ledger_class from marts.ledger_entries order by order_id")
    assert found == [(order_id(number), *expected) for number, (_, _, _, *expected) in enumerate(KNOWN)]
    assert (
        data.ask("select order_id, rule, component, class from facts.ledger_order_components order by order_id")
        == found
    )


def test_a_fee_is_charged_or_returned_by_its_direction_alone(data: Data) -> None:
    fee = "0030002|技术服务费-基础技术服务费"
    put(data, [row(1, "0.00", "-0.60", fee, day=3), row(1, "0.25", "0.00", fee, day=9)])
    data.build()
    assert data.ask("select component, amount_fen from facts.ledger_order_components order by 1") == [
        ("fee_charged", 60),
        ("fee_returned", -25),
    ]


def test_an_orders_bookings_are_summed_by_component_as_costs(data: Data) -> None:
    late = "0040004|售后费用-延迟发货"
    put(
        data,
        [
            row(1, "80.00", "0.00", SALE, day=3),
            row(1, "0.00", "-50.00", REFUND, day=9),
            row(1, "0.00", "-3.00", late, day=4),
            row(1, "0.00", "-3.00", late, day=4),
            row(1, "0.00", "-30.00", REFUND, day=12),
            row(None, "0.00", "-500.00", AD),
        ],
    )
    data.build()
    assert data.ask(
        "select component, class, amount_fen, ledger_rows, first_booked_at::date::varchar, last_booked_at::date::varchar "
        "from facts.ledger_order_components order by component"
    ) == [
        ("late_shipping", "loss", 600, 2, "2026-06-04", "2026-06-04"),
        ("refund", "loss", 8000, 2, "2026-06-09", "2026-06-12"),
        ("sale", "sale", -8000, 1, "2026-06-03", "2026-06-03"),
    ]


def test_what_is_classified_unclassified_and_excluded_is_the_files_own_total(data: Data) -> None:
    put(
        data,
        [
            row(1, "80.00", "0.00", SALE),
            row(1, "0.00", "-80.00", REFUND),
            row(2, "0.00", "-1.23", "9990001|全新业务-甲"),
            row(None, "0.00", "-996.00", AD),
        ],
    )
    data.build()
    assert of_file(data, "classified_fen", "unclassified_fen", "excluded_fen") == (0, -123, -99600)
    assert of_file(data, "stated_income_fen", "stated_expense_fen", "stated_total_fen") == (8000, -107723, -99723)
    assert of_file(data, "income_fen", "expense_fen", "difference_fen") == (8000, -107723, 0)
    assert of_file(data, "stated_from::varchar", "stated_to::varchar", "is_partial_month") == (*JUNE, False)
    assert of_file(data, "ledger_rows", "shop_rows", "unclassified_rows", "flags") == (4, 1, 1, "unclassified")
    assert warned(data) == {"ledger_unclassified": 1}
    shown = answers.account(data.settings)
    assert " 0.00 " in shown and " -1.23 " in shown and " -996.00 " in shown and " -997.23 " in shown


def test_a_total_that_disagrees_is_told_and_stops_nothing(data: Data) -> None:
    rows = [row(1, "80.00", "0.00", SALE), row(1, "0.00", "-80.00", REFUND)]
    wrong = [line.replace("-80.00元", "-80.01元") for line in footer(rows)]
    put(data, rows, feet=wrong)
    assert data.build().refusals == []
    assert of_file(data, "flags") == "totals_disagree"
    assert warned(data) == {"ledger_totals": 1}
    lost_row = export(rows, feet=footer([*rows, row(2, "0.00", "-5.00", REFUND)]))
    data.put("店/pdd-mall-bill-detail(a).csv", lost_row, "gb18030")
    data.put("店/pdd-mall-bill-detail(b).csv", export([row(9, "1.00", "0.00", SALE)], period=JUNE), "gb18030")
    manifest = data.build()
    assert data.ask("select difference_fen, flags from marts.ledger_files where stated_expense_fen = -8500") == [
        (500, "totals_disagree,overlaps")
    ]
    lines = list(answers.accounts(data.settings, list(manifest.records.values())))
    assert [line.split("ledger: ")[1] for line in lines if "ledger: " in line] == [
        "totals_disagree,overlaps",
        "totals_disagree,overlaps",
    ]


def test_a_row_that_cannot_be_read_shows_as_a_difference(data: Data) -> None:
    rows = [row(number, "80.00", "0.00", SALE) for number in range(150)]
    put(data, [*rows, rows[0].replace("2026-06-05 10:00:00", "不知道")], feet=footer([*rows, rows[0]]))
    data.build()
    assert of_file(data, "difference_fen", "flags") == (-8000, "totals_disagree,unreadable_rows")


def test_overlapping_ledgers_keep_their_own_totals_and_count_every_booking_once(data: Data) -> None:
    early = [row(1, "0.00", "-3.00", REFUND, day=9)] * 2 + [row(2, "20.00", "0.00", SALE, day=2)]
    late = [row(1, "0.00", "-3.00", REFUND, day=9)] * 3 + [row(3, "9.99", "0.00", SALE, day=20)]
    put(data, early, "pdd-mall-bill-detail(a).csv")
    put(data, late, "pdd-mall-bill-detail(b).csv")
    data.build()
    assert data.ask(
        "select income_fen, expense_fen, difference_fen, overlapping_rows, flags from marts.ledger_files order by 1"
    ) == [
        (999, -900, 0, 2, "overlaps"),
        (2000, -600, 0, 2, "overlaps"),
    ]
    assert data.one("select sum(income_fen + expense_fen)::bigint from marts.ledger_entries") == 2000 + 999 - 900
    assert data.ask(
        "select order_id, amount_fen, ledger_rows from facts.ledger_order_components where component = 'refund'"
    ) == [(order_id(1), 900, 3)]
    assert data.ask("select copies, count(*) from marts.ledger_entries group by 1 order by 1") == [(1, 3), (2, 2)]


def test_a_booking_of_two_exports_stands_where_the_newer_one_shows_it(data: Data) -> None:
    refund = row(1, "0.00", "-3.00", REFUND)
    put(data, [refund], "pdd-mall-bill-detail(older).csv", feet=["#导出时间：2026-07-01 08:30:00"])
    newer = [row(3, "9.99", "0.00", SALE), refund, refund]
    put(data, newer, "pdd-mall-bill-detail(newer).csv", feet=["#导出时间：2026-07-02 08:30:00"])
    data.build()
    places = "select contains(path, 'newer'), row_no, ordinal, entries.exported_at::date::varchar"
    assert data.ask(
        f"{places} from marts.ledger_entries as entries join marts.files using (file_id) order by row_no"
    ) == [
        (True, 6, 1, "2026-07-02"),
        (True, 7, 1, "2026-07-02"),
        (True, 8, 2, "2026-07-02"),
    ]


def test_an_empty_amount_is_the_same_booking_as_a_zero(data: Data) -> None:
    put(data, [row(1, "0.00", "-3.00", REFUND), row(2, "20.00", "0.00", SALE)], "pdd-mall-bill-detail(a).csv")
    put(data, [row(1, "", "-3.00", REFUND), row(2, "20.00", "", SALE)], "pdd-mall-bill-detail(b).csv")
    data.build()
    assert data.ask("select copies, income_fen, expense_fen from marts.ledger_entries order by 2") == [
        (2, 0, -300),
        (2, 2000, 0),
    ]


def test_amounts_of_the_wrong_sign_are_taken_as_they_stand_and_told(data: Data) -> None:
    fee = "0030002|技术服务费-基础技术服务费"
    wrong = [row(1, "-5.00", "0.00", SALE), row(2, "0.00", "3.00", REFUND), row(4, "0.00", "0.50", fee)]
    put(data, [*wrong, row(3, "0.00", "-3.00", REFUND)])
    data.build()
    assert of_file(data, "negative_income_rows", "positive_expense_rows", "flags") == (
        1,
        2,
        "negative_income,positive_expense",
    )
    assert of_file(data, "income_fen", "expense_fen", "classified_fen", "difference_fen") == (-500, 50, -450, 0)
    assert data.ask("select component, amount_fen from facts.ledger_order_components order by order_id") == [
        ("sale", 500),
        ("refund", -300),
        ("refund", 300),
        ("fee_returned", -50),
    ]
    assert warned(data) == {"ledger_wrong_sign": 3}


@pytest.mark.parametrize(
    ("period", "is_partial"),
    [
        (JUNE, False),
        (("2026-05-01 00:00:00", "2026-06-30 23:59:59"), False),
        (("2026-06-01 00:00:00", "2026-06-15 23:59:59"), True),
        (("2026-06-02 00:00:00", "2026-06-30 23:59:59"), True),
        (("2026-06-01 00:00:00", "2026-06-30 23:59:58"), True),
        (("2026-06-01", "2026-06-30"), False),
        (("2026/6/1 00:00", "2026/7/31 23:59:59"), True),
    ],
)
def test_a_month_only_half_exported_is_told(data: Data, period: tuple[str, str], is_partial: bool) -> None:
    put(data, [row(1, "80.00", "0.00", SALE)], period=period)
    data.build()
    assert of_file(data, "is_partial_month", "flags") == (is_partial, "partial_month" if is_partial else None)
    assert warned(data) == ({"ledger_partial_month": 1} if is_partial else {})


def test_a_ledger_without_period_and_totals_is_read_and_told(data: Data) -> None:
    data.put("店/账务.csv", f"{HEADER}\n{row(1, '80.00', '0.00', SALE)}\n")
    data.build()
    assert of_file(data, "stated_total_fen", "difference_fen", "is_partial_month", "stated_from") == (None,) * 4
    assert of_file(data, "income_fen", "flags") == (8000, "no_totals,no_period")
    assert warned(data) == {"ledger_no_totals": 1}


def test_costs_without_an_order_number_are_told_and_belong_to_no_order(data: Data) -> None:
    put(data, [row(None, "0.00", "-3.00", "0040004|售后费用-延迟发货"), row(None, "0.00", "-99.00", AD)])
    data.build()
    assert data.ask("select * from facts.ledger_order_components") == []
    assert of_file(data, "shop_rows", "classified_fen", "excluded_fen", "difference_fen") == (2, -300, -9900, 0)
    assert warned(data) == {"ledger_without_order": 1}


def test_a_ledger_saved_as_a_workbook_states_the_same(data: Data) -> None:
    import pandas as pd

    rows = [row(1, "80.00", "0.00", SALE), row(1, "0.00", "-27.50", REFUND)]
    cells = [
        [*line.split(","), *[""] * 7][:7] if line[:1] != "#" else [line, *[""] * 6] for line in export(rows).split("\n")
    ]
    target = data.exports / "店" / "账务.xlsx"
    target.parent.mkdir(parents=True)
    pd.DataFrame(cells).to_excel(target, header=False, index=False, engine="xlsxwriter")
    data.build()
    assert of_file(data, "stated_from::varchar", "stated_to::varchar", "stated_total_fen", "difference_fen") == (
        *JUNE,
        5250,
        0,
    )


def test_totals_are_read_in_the_forms_that_they_may_have() -> None:
    def totals(*lines: str) -> tuple[int | None, int | None, int | None]:
        found = stated([], lines)
        return found.income_fen, found.expense_fen, found.total_fen

    assert totals("#支出合计：12笔，-1,027.50元", "#收入合计：3笔，¥80元", "#总计：15笔，-947.50元") == (
        8000,
        -102750,
        -94750,
    )
    assert totals("# 支出合计: 27.5", '"#总计：2笔,-27.50元"') == (None, -2750, -2750)
    assert totals("#总计：-12345678.90元（3笔）,,,,,,") == (None, None, -1234567890)
    assert totals("总计：1.00元", "#总计：3笔") == (None, None, None)
    assert stated(["起始时间：2026-13-01 00:00:00 终止时间：[2026-06-30]"], []).begins_at is None
    assert stated(["起始时间", "x"], ["", "a,b"]) == NOTHING


def test_an_archive_made_before_totals_were_kept_still_loads(data: Data) -> None:
    put(data, [row(1, "80.00", "0.00", SALE)])
    data.load()
    file = data.settings.archive / "manifest.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    for each in content["files"]:
        for name in [name for name in each if name.startswith("stated_")]:
            del each[name]
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    data.build()
    assert of_file(data, "income_fen", "difference_fen", "flags") == (8000, None, "no_totals,no_period")


def own(data: Data, text: str) -> Path:
    file = data.settings.rules / "ledger.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


OWN = """
[[rules]]
name = "mine"
pattern = "全新业务"
component = "small_payment"
class = "loss"
source_zh = "自己核对过"
source_en = "checked by hand"
confidence = "B"
"""


def test_a_users_own_rule_comes_first_and_builds_anew(data: Data) -> None:
    put(data, [row(1, "0.00", "-1.00", "0040099|全新业务")])
    data.build()
    assert data.one("select rule from marts.ledger_entries") == "0040"
    own(data, OWN)
    data.build()
    assert data.ask("select rule, component from marts.ledger_entries") == [("mine", "small_payment")]
    assert "ledger" not in rules.load_all(data.settings.rules)


def test_the_rule_of_the_documents_is_one(data: Data) -> None:
    document = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    example = document.split("```toml\n# data/rules/ledger.toml\n")[1].split("```")[0]
    first, *ours = rules.ledger_rules(own(data, example).parent)
    assert (first.name, first.component, first.ledger_class) == ("packaging", "packaging", "service")
    assert ours == rules.ledger_rules()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('class = "loss"', 'class = "sale"', "the class of small_payment is loss already"),
        ('class = "loss"', 'class = "cost"', "class cannot be cost; it can be: loss, recovery"),
        ('name = "mine"', 'name = "0040"', "there is a rule 0040 already"),
        ('pattern = "全新业务"', "", "needs a component of its own and a code or a pattern"),
        ('pattern = "全新业务"', 'pattern = "(?=新)"', "without look-around"),
        ('pattern = "全新业务"', 'pattern = "(新"', "a regular expression"),
        ('pattern = "全新业务"', "code = 40", "needs quotation marks"),
        ('pattern = "全新业务"', 'words = "新"', "unknown one: words"),
        ('component = "small_payment"', "", "lacks a field or has an unknown one: component"),
        ('component = "small_payment"', 'component = "unclassified"', "a component of its own"),
        ('confidence = "B"', 'confidence = "B"\ndirection = "up"', "direction cannot be up"),
        ("[[rules]]", "[[rules", "not TOML"),
        ("[[rules]]", "[rules]", "each rule begins with [[rules]]"),
    ],
)
def test_a_wrong_rule_of_the_users_is_named(data: Data, old: str, new: str, said: str) -> None:
    file = own(data, OWN.replace(old, new))
    with pytest.raises(UserError) as error:
        rules.ledger_rules(file.parent)
    assert said in error.value.en and str(file) in error.value.en and str(file) in error.value.zh


def test_our_own_rules_give_each_component_one_class_and_each_name_once() -> None:
    ours = rules.ledger_rules()
    assert len({(each.component, each.ledger_class) for each in ours}) == len({each.component for each in ours})
    assert len({each.name for each in ours}) == len(ours)
    assert all(each.name.startswith(each.code or "text:") for each in ours)
    first_without_code = next(place for place, each in enumerate(ours) if not each.code)
    assert not any(each.code for each in ours[first_without_code:])


amounts = st.integers(-3000, 3000)
bookings = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(1, 3)),
        amounts,
        amounts,
        st.sampled_from([each[0] for each in KNOWN]),
        st.integers(1, 2),
    ),
    min_size=1,
    max_size=12,
)


@effort(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=bookings, second=bookings, shared=st.integers(0, 6))
def test_whatever_the_files_hold_their_sums_stay_their_own(new_data: Any, first: Any, second: Any, shared: int) -> None:
    """Two files that share their first rows; every file's classes add up, and the orders hold each booking once."""
    second = [*first[:shared], *second]

    def written(entries: Any) -> list[str]:
        return [
            row(number, f"{income / 100:.2f}", f"{expense / 100:.2f}", business, day=day)
            for number, income, expense, business, day in entries
        ]

    with new_data() as data:
        put(data, written(first), "pdd-mall-bill-detail(a).csv")
        put(data, written(second), "pdd-mall-bill-detail(b).csv")
        data.build()
        found = data.ask(
            "select income_fen, expense_fen, difference_fen, classified_fen + unclassified_fen + excluded_fen "
            "from marts.ledger_files order by path"
        )
        files = [first] if written(first) == written(second) else [first, second]
        expected = [(sum(each[1] for each in file), sum(each[2] for each in file)) for file in files]
        assert found == [(income, expense, 0, income + expense) for income, expense in expected]
        counts = [{each: written(file).count(each) for each in written(file)} for file in files]
        once = {each: max(count.get(each, 0) for count in counts) for count in counts for each in count}
        assert data.one("select count(*) from marts.ledger_entries") == sum(once.values())
        on_orders = {}
        for entry in (each for file in files for each in file):
            if entry[0] is not None:
                text = written([entry])[0]
                on_orders[text] = -once[text] * (entry[1] + entry[2])
        assert (data.one("select sum(amount_fen)::bigint from facts.ledger_order_components") or 0) == sum(
            on_orders.values()
        )
