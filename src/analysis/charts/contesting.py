"""Fight or refund each open case, whether such advice would have paid, and what acting brought back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.charts.cells import Cell, by_shop, sentence, table
from analysis.charts.money import Row, between, money, of_yuan
from analysis.charts.shown import Chart, Fragment, PerShop
from analysis.charts.wording import Words, chance, count, is_missing, word

TONES = {"fight": "good strong", "refund": "warn strong", "close_call": "strong", "cannot_tell": "quiet"}
MOST_CASES = 50


def contest(
    cases: pd.DataFrame, prices: pd.DataFrame, types: Sequence[Any], shops: Sequence[str], words: Words
) -> PerShop:
    """For each open case: fight or refund, by how much that is better, why, and what would change the answer?

    `cases`: one row a case, as `losses.contest.recommend` gives it; `prices`: what a restriction costs each shop (`price_yuan`) and who
    says so (`price_by`); `types` give the titles. A shop without an open case has one sentence.
    """
    titles = {each.name: getattr(each, words["language.rule_title"]) for each in types}
    priced = {str(row["shop_id"]): row for row in prices.to_dict("records")}
    heads = ["ticket", "advice", "margin", "why", "change", "order"]
    found = by_shop(cases)
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop in sorted(shops):
        own = found.get(shop, cases.iloc[:0])
        rows: list[list[Cell]] = [
            [
                (f"{row['ticket_id']} · {titles.get(row['type'], row['type'])}", "wrap"),
                (word(words, "advice", row["recommendation"]), TONES.get(row["recommendation"], "")),
                (_margin(row, words), "num"),
                (_why(row, words), "wrap"),
                (_change(row, words), "wrap"),
                ("–" if is_missing(row["order_id"]) else str(row["order_id"]), "code"),
            ]
            for row in own.head(MOST_CASES).to_dict("records")
        ]
        notes = [_price(priced.get(shop, {}), words)] if rows else []
        if len(own) > MOST_CASES:
            notes.append(words["contest.more"].format(more=count(len(own) - MOST_CASES)))
        parts[shop] = [table(words, "contest", heads, rows, note=words["contest.note"] if rows else "", notes=notes)]
    return PerShop(parts)


def contest_backtest(compared: pd.DataFrame, basis: pd.DataFrame, words: Words) -> Fragment:
    """Would the advice have paid on closed cases? All shops together.

    `compared`: one row a policy; `basis`: one row, which cases could be compared; both as `losses.contest_backtest.backtest` gives them.
    """
    about = {str(name): count(value) for name, value in basis.iloc[0].items()} if len(basis) else {}
    if not about or not int(compared["cases"].max() if len(compared) else 0):
        return sentence(words["contest_backtest.empty"])
    rows: list[list[Cell]] = [
        [
            (word(words, "policy", row["policy"]), "wrap"),
            (count(row["cases"]), "num"),
            (money(-row["recommended_fen"] - row["recommended_rate_fen"]), "num"),
            (money(-row["policy_fen"] - row["policy_rate_fen"]), "num"),
            (money(row["difference_fen"]), "num strong"),
            (between(row["difference_low_fen"], row["difference_high_fen"], 0), "num"),
            (word(words, "backtest_verdict", row["reason"] or row["verdict"]), "wrap"),
        ]
        for row in compared.to_dict("records")
    ]
    heads = ["policy", "cases", "advised", "instead", "difference", "interval", "verdict"]
    notes = [words["contest_backtest.basis"].format(**about)]
    left_out = {name: about[name] for name in ("same_order", "no_amount", "no_history") if about[name] != "0"}
    if left_out:
        listed = words["why.and"].join(
            words[f"contest_backtest.{name}"].format(cases=n) for name, n in left_out.items()
        )
        notes.append(words["contest_backtest.left_out"].format(listed=listed))
    if about["conceded_unknown"] != "0" or about["lapsed_unknown"] != "0":
        notes.append(words["contest_backtest.unknown"].format(**about))
    if about["extra_unknown"] != "0":
        notes.append(words["contest_backtest.extra"].format(**about))
    return table(words, "contest_backtest", heads, rows, title=words["contest_backtest.title"], notes=notes)


def savings(savings: pd.DataFrame, words: Words) -> Fragment:
    """What did acting on warnings, tickets and appeals bring back, and how sure is that?

    `savings`: one row a shop and deed, as `losses.savings` gives it; `shop_id` is '' where all shops are measured together.
    """
    rows: list[list[Cell]] = [
        [
            (word(words, "deed", row["deed"]), "wrap"),
            (row["shop_id"] or words["savings.all"], "wrap"),
            (count(row["cases"]), "num"),
            (money(row["amount_fen"]), "num strong"),
            (between(row["low_fen"], row["high_fen"], 0), "num"),
            (_status(row, words), "wrap"),
        ]
        for row in savings.to_dict("records")
    ]
    heads = ["deed", "shop", "cases", "amount", "interval", "status"]
    return table(words, "savings", heads, rows, title=words["savings.title"], note=words["savings.note"])


def _margin(row: Row, words: Words) -> str:
    if is_missing(row["margin_yuan"]) or row["reason"] in ("no_amount", "past_deadline"):
        return "–"
    return words["contest.margin_text"].format(
        margin=of_yuan(row["margin_yuan"]), low=of_yuan(row["margin_low_yuan"]), high=of_yuan(row["margin_high_yuan"])
    )


def _why(row: Row, words: Words) -> str:
    said = [word(words, "contest_reason", row["reason"])] if row["reason"] else []
    if row["reason"] in ("no_amount", "past_deadline"):
        return said[0]
    said.append(
        words["contest.chance"].format(
            chance=chance(row["win_probability"]), cases=count(row["rests_on_cases"]), own=count(row["own_cases"])
        )
    )
    said.append(
        words["contest.values"].format(
            fight=of_yuan(_loss(row["fight_value_yuan"])), refund=of_yuan(_loss(row["concede_value_yuan"]))
        )
    )
    extra = "contest.extra" if not is_missing(row["extra_loss_yuan"]) else "contest.extra_unknown"
    said.append(words[extra].format(extra=of_yuan(row["extra_loss_yuan"])))
    cost = "contest.labour" if not is_missing(row["fight_cost_yuan"]) else "contest.labour_unknown"
    said.append(words[cost].format(labour=of_yuan(row["fight_cost_yuan"])))
    if is_missing(row["rate_effect_yuan"]):
        said.append(words["contest.rate_unknown"])
    elif row["rate_effect_yuan"]:
        said.append(words["contest.rate"].format(rate=of_yuan(row["rate_effect_yuan"])))
    return words["why.separator"].join(said)


def _change(row: Row, words: Words) -> str:
    """The chance at which the answer turns, then what else would turn it."""
    if row["reason"] in ("no_amount", "past_deadline"):
        return "–"
    said = (
        [words["contest.turning"].format(chance=chance(row["turning_point"]))]
        if not is_missing(row["turning_point"])
        else []
    )
    if not is_missing(row["turning_rate_effect_yuan"]) and not is_missing(row["rate_effect_yuan"]):
        said.append(words["contest.turning_rate"].format(effect=of_yuan(row["turning_rate_effect_yuan"])))
    said += [word(words, "would_change", each) for each in str(row["would_change"]).split(",") if each]
    return words["why.separator"].join(said) or "–"


def _loss(value: Any) -> Any:
    """What it is expected to cost: values are what is left, never more than nothing."""
    return None if is_missing(value) else -value


def _price(row: Mapping[Any, Any], words: Words) -> str:
    by = str(row.get("price_by", "unknown"))
    return words[f"contest.price_{by}"].format(price=of_yuan(row.get("price_yuan"), 0))


def _status(row: Row, words: Words) -> str:
    said = word(words, "saving_status", row["status"])
    if row["deed"] == "warnings" and not is_missing(row["watched"]):
        groups = {
            name: count(row[name]) for name in ("watched", "acted", "watched_escalated", "control", "control_escalated")
        }
        said = words["sentence.join"].join([said, words["savings.groups"].format(**groups)])
    if not is_missing(row["unknown_cases"]) and row["unknown_cases"]:
        said = words["sentence.join"].join([said, words["savings.unknown"].format(cases=count(row["unknown_cases"]))])
    return said
