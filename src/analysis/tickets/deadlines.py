"""By when must each ticket be answered, how is that known, and in which words was it said?"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from analysis.tickets import limits
from analysis.tickets.states import words as meaning_of

COLUMNS = ["shop_id", "ticket_id", "deadline_at", "deadline_source", "deadline_words", "limits", "flags"]
SOURCES = ("stated", "time_left", "text", "type", "unknown")
FLAGS = (
    "deadline_before_creation", "created_in_future", "workdays", "day_without_time", "undated_time_left", "unknown_status", "empty_text", "unknown_order",
)  # fmt: skip
CLOCKS_DIFFER = pd.Timedelta(minutes=5)
"""How far a ticket's creation may lie behind the export that shows it: the two clocks need not agree."""
A_MONDAY, DAY_US = np.datetime64("2001-01-01"), 86_400_000_000
OF_THE_ORDER = ["paid_fen", "received_fen", "product_id", "product_name", "shipped_at"]
AT: Final = "datetime64[us]"


def deadlines(typed: pd.DataFrame) -> pd.DataFrame:
    """By when must each ticket be answered?

    One row a ticket with COLUMNS, in the order of `typed`. The first of these that is there decides (`deadline_source`): the
    deadline the page states; the time left on the page + the export's own time; the ticket's creation + the shortest limit
    in its title and content; its creation + the `hours` of its type. `unknown`: none of them, `deadline_at` is NaT. A limit
    of 24 hours ends exactly 24 hours after creation, and that instant is still in time; a day without a time ends at its
    24:00; workdays skip Saturdays and Sundays and know no holidays.

    `deadline_words` are the words that decided, `limits` all that were found, with semicolons; of several the earliest wins that
    does not lie before the creation. `flags` are words of FLAGS with blanks; a flagged ticket keeps its deadline.
    """
    created = typed["created_at"].astype(AT)
    text = typed["ticket_title"].fillna("").str.cat(typed["content"].fillna(""), sep="\n")
    codes, unique = pd.factorize(text)
    named = [limits.found(limits.plain(str(each))) for each in unique]
    chosen = _earliest(_in_texts(named), codes, created)
    all_words = ["; ".join(dict.fromkeys(each.words for each in text)) for text in named]
    words_left, left = _left(typed["time_left"])
    hours = pd.to_numeric(typed["hours"]).astype("Float64")
    by_source = {
        "stated": typed["stated_deadline_at"].astype(AT),
        "time_left": typed["exported_at"].astype(AT) + left,
        "text": chosen["at"],
        "type": created + pd.to_timedelta(hours.astype("float64"), unit="h").astype("timedelta64[us]"),
    }
    words = {"time_left": words_left, "text": chosen["words"], "type": hours.map("{:g}小时".format, na_action="ignore")}
    deadline = pd.Series(pd.NaT, index=typed.index, dtype=AT)
    source = pd.Series("unknown", index=typed.index, dtype="str")
    shown = pd.Series("", index=typed.index, dtype="str")
    for name, at in by_source.items():
        is_new = deadline.isna() & at.notna()
        deadline = deadline.where(~is_new, at)
        source = source.mask(is_new, name)
        if name in words:
            shown = shown.mask(is_new, words[name].astype("str"))
    status = typed["ticket_status"].fillna("").str.strip()
    flags = {
        "deadline_before_creation": deadline < created,
        "created_in_future": created > typed["exported_at"].astype(AT) + CLOCKS_DIFFER,
        "workdays": (source == "text") & chosen["is_in_workdays"],
        "day_without_time": (source == "text") & chosen["is_day_only"],
        "undated_time_left": (source == "time_left") & ~typed["is_dated_by_name"].astype("bool"),
        "unknown_status": (status != "") & meaning_of(status, "states").isna(),
        "empty_text": text.str.strip() == "",
        "unknown_order": typed[OF_THE_ORDER].isna().all(axis=1),
    }
    return pd.DataFrame(
        {
            "shop_id": typed["shop_id"],
            "ticket_id": typed["ticket_id"],
            "deadline_at": deadline,
            "deadline_source": source,
            "deadline_words": shown,
            "limits": pd.Series(all_words, dtype="str").to_numpy()[codes],
            "flags": _joined(flags, typed.index),
        },
        columns=COLUMNS,
    )


def _in_texts(named: list[list[limits.Limit]]) -> pd.DataFrame:
    """One row a limit in a text: `text` (its place in the list), `limit` (a number each) and what `limits.Limit` says of it."""
    numbers: dict[limits.Limit, int] = {}
    pairs = [(place, numbers.setdefault(each, len(numbers))) for place, text in enumerate(named) for each in text]
    kinds = [
        (number, each.words, each.seconds, each.workdays, each.point, each.is_day_only, each.is_time_only)
        for each, number in numbers.items()
    ]
    columns = ["limit", "words", "seconds", "workdays", "point", "is_day_only", "is_time"]
    return pd.DataFrame(pairs, columns=["text", "limit"]).merge(pd.DataFrame(kinds, columns=columns), on="limit")


def _earliest(said: pd.DataFrame, codes: np.ndarray, created: pd.Series) -> pd.DataFrame:
    """For each ticket the limit of its text that ends first: `at, words, is_in_workdays, is_day_only`; NaT where none does."""
    tickets = pd.DataFrame({"row": np.arange(len(codes)), "text": codes, "created_at": created.to_numpy()})
    rows = tickets[tickets["created_at"].notna()].merge(said, on="text")
    rows["is_in_workdays"] = rows["workdays"].astype("float64") > 0
    rows["at"] = _ends(rows)
    rows = rows[rows["at"].notna()].assign(is_past=rows["at"] < rows["created_at"])
    first = rows.sort_values(["row", "is_past", "at"], kind="stable").drop_duplicates("row").set_index("row")
    chosen = first[["at", "words", "is_in_workdays", "is_day_only"]].reindex(tickets["row"])
    chosen.index = created.index
    for column in ("is_in_workdays", "is_day_only"):
        chosen[column] = chosen[column].eq(True)
    return chosen


def _ends(rows: pd.DataFrame) -> pd.Series:
    """When each limit ends, from its ticket's creation."""
    created = rows["created_at"].astype(AT)
    running = created + pd.to_timedelta(rows["seconds"].astype("float64"), unit="s").astype("timedelta64[us]")
    ends = running.where(~rows["is_in_workdays"], _after_workdays(running, rows["workdays"].astype("float64")))
    named = rows[["limit", "point"]].assign(day=created.dt.normalize())[rows["point"].notna()]
    each = named.drop_duplicates(["limit", "day"])
    meant = [limits.on(point, day.date()) for point, day in zip(each["point"], each["day"], strict=True)]
    at = named.merge(each.assign(at=pd.Series(meant, index=each.index, dtype=AT)), on=["limit", "day"], how="left")[
        "at"
    ]
    ends[named.index] = at.to_numpy()
    is_over_today = rows["is_time"].eq(True) & (ends < created)
    return ends.mask(is_over_today, ends + pd.Timedelta(days=1))


def _after_workdays(begun: pd.Series, workdays: pd.Series) -> pd.Series:
    """The time after so many workdays; on Saturdays and Sundays no time passes."""
    days = begun.to_numpy().astype("datetime64[D]")
    of_day = np.where(np.is_busday(days), (begun.to_numpy() - days).astype("timedelta64[us]").astype("int64"), 0)
    passed = np.busday_count(A_MONDAY, days) * DAY_US + of_day + np.round(workdays.to_numpy() * DAY_US).astype("int64")
    whole, rest = np.divmod(
        passed - 1, DAY_US
    )  # less one: a midnight is the 24:00 of a Friday, not the 0:00 of a Monday
    ends = np.busday_offset(A_MONDAY, whole).astype("datetime64[us]") + (rest + 1).astype("timedelta64[us]")
    return pd.Series(ends, index=begun.index)


def _left(time_left: pd.Series) -> tuple[pd.Series, pd.Series]:
    """The words and the length of the time left: negative where it has run out, NaT where it is no stretch of time."""
    codes, unique = pd.factorize(time_left.fillna("").astype("str"))
    lengths = [_length(limits.plain(str(each))) for each in unique]
    length = pd.Series(
        pd.to_timedelta(lengths, unit="s").astype("timedelta64[us]").to_numpy()[codes], index=time_left.index
    )
    return time_left.fillna("").astype("str").str.strip(), length


def _length(text: str) -> float:
    """Seconds in a time left; 0 where it only says that it is over, NaN where there is none."""
    text = text.replace(" ", "")
    is_over = any(word in text for word in ("逾期", "超时"))
    for word in ("剩余", "还剩", "处理时间", "时间", "已", "逾期", "超时", ":"):
        text = text.removeprefix(word)
    if is_over and not text:
        return 0.0
    read = limits.stretch(text)
    if read is None or read[1]:
        return np.nan
    return -read[0] if is_over else read[0]


def _joined(flags: dict[str, pd.Series], index: pd.Index) -> pd.Series:
    """The names of the flags that are up, with blanks between them."""
    joined = pd.Series("", index=index, dtype="str")
    for name in FLAGS:
        is_up = flags[name].eq(True).fillna(False).astype("bool")
        joined = joined.mask(is_up, joined + " " + name)
    stripped: pd.Series = joined.str.strip()
    return stripped
