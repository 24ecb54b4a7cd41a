"""The features of `sql/features/order_landmarks.sql` once more, as a user of polars would write them.

Lazy from the files to the answer, but for the small parts that several later ones need: those are collected once, because a
plan that repeats them takes many times as long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

import polars as pl

ORDER = ["shop_id", "order_id"]
CLOSED = "完结|关闭|完成|结束|违规已处理|待扣款|已扣款|已判责|撤销|撤回|取消"
LAPSED = "已超时|已逾期|逾期未处理|违规已处理|待扣款"


def features(
    tables: Mapping[str, pl.LazyFrame],
    landmarks: Sequence[date],
    late_days: int,
    unseen_days: int,
    prior: int,
    mature: int,
) -> pl.DataFrame:
    days = _landmarks(landmarks)
    dealt = _dealt(tables)
    tickets = _kept(_tickets(tables))
    signs = _kept(_signs(tables, tickets))
    escalated = _kept(signs.group_by(ORDER).agg(escalated_at=pl.col("known_at").min()))
    cases = _kept(_cases(tables, days, tickets, signs))
    shops = _kept(tables["orders"].select("shop_id").unique())
    rates, shop_rates = _histories(tables, days, dealt, escalated, shops, max(landmarks), prior, mature)

    ends = pl.col("ends_at")
    opened = (
        days.join_where(
            dealt,
            pl.col("known_at") < ends,
            pl.col("dealt_at") < ends,
            pl.col("dealt_at") >= pl.col("oldest_at"),
        )
        .join(cases, on=["landmark_on", *ORDER], how="left")
        .filter(
            ~pl.col("is_out").fill_null(False),
            pl.col("signed_at").is_null()
            | (pl.col("signed_at") >= pl.col("signed_since"))
            | pl.col("requested_at").is_not_null(),
            (pl.col("signed_at") < ends).fill_null(False)
            | (pl.col("exported_at") >= ends - timedelta(days=unseen_days))
            | pl.col("requested_at").is_not_null()
            | pl.col("has_open_ticket").fill_null(False),
        )
        .with_columns(
            is_sent=(pl.col("shipped_at") < ends).fill_null(False),
            signed_at=pl.when(pl.col("signed_at") < ends).then("signed_at"),
            ship_due_at=pl.max_horizontal(
                pl.coalesce("promised_ship_at", pl.col("dealt_at") + timedelta(hours=48)), "dealt_at"
            ),
        )
        .with_columns(
            shipped_at=pl.when("is_sent").then("shipped_at"),
            courier=pl.when("is_sent").then("courier"),
        )
        .with_columns(
            delivery_due_at=pl.when(pl.col("promised_delivery_at").is_not_null())
            .then(pl.max_horizontal("promised_delivery_at", "dealt_at"))
            .otherwise(pl.col("shipped_at") + timedelta(days=late_days))
        )
    )

    def history(dimension: str, column: str) -> pl.LazyFrame:
        return rates.filter(pl.col("dimension") == dimension).select(
            "landmark_on", "shop_id", pl.col("segment").alias(column), pl.col("rate").alias(f"{dimension}_rate")
        )

    joined = opened.join(shop_rates, on=["landmark_on", "shop_id"], how="left")
    for dimension, column in (
        ("product", "product"),
        ("courier", "courier"),
        ("province", "province"),
        ("reason", "reason_group"),
    ):
        joined = joined.join(history(dimension, column), on=["landmark_on", "shop_id", column], how="left")
    late = pl.max_horizontal(_hours(pl.coalesce("shipped_at", ends) - pl.col("ship_due_at")), 0.0)
    undelivered = pl.col("signed_at").is_null() & (pl.col("delivery_due_at") < ends).fill_null(False)
    left = _hours(pl.col("step_deadline_at") - ends)
    return (
        joined.select(
            *ORDER,
            "landmark_on",
            age_days=_hours(ends - pl.col("dealt_at")) / 24,
            is_shipped=pl.col("is_sent").cast(pl.Float64),
            ship_late_hours=late,
            delivery_late_days=pl.when(undelivered).then(_hours(ends - pl.col("delivery_due_at")) / 24).otherwise(0.0),
            waiting_days=_hours(ends - pl.max_horizontal("dealt_at", "shipped_at", "signed_at", "requested_at")) / 24,
            has_open_request=pl.col("requested_at").is_not_null().cast(pl.Float64),
            request_open_hours=_hours(ends - pl.col("requested_at")).fill_null(0.0),
            request_hours_left=pl.when(pl.col("requested_at").is_null())
            .then(0.0)
            .otherwise(pl.when(left <= 0).then(0.0).otherwise(left)),
            reason_rate=pl.coalesce("reason_rate", "request_base"),
            earlier_tickets=pl.col("tickets").fill_null(0).cast(pl.Float64),
            paid_yuan_log=(pl.col("paid_fen").clip(lower_bound=0) / 100).log1p(),
            product_rate=pl.coalesce("product_rate", "order_base"),
            courier_rate=pl.coalesce("courier_rate", "order_base"),
            province_rate=pl.coalesce("province_rate", "order_base"),
            dealt_on=pl.col("dealt_at").dt.date(),
            promise_missed=undelivered | (~pl.col("is_sent") & (late > 0)),
            open_request_hours=_hours(ends - pl.col("requested_at")),
            has_open_ticket=pl.col("has_open_ticket").fill_null(False),
            deadline_at=pl.min_horizontal("step_deadline_at", "ticket_deadline_at"),
            paid_fen="paid_fen",
            product_id="product_id",
            courier="courier",
            province="province",
            reason_group="reason_group",
        )
        .sort("landmark_on", *ORDER)
        .collect()
    )


def _kept(part: pl.LazyFrame) -> pl.LazyFrame:
    return part.collect().lazy()


def _hours(span: pl.Expr) -> pl.Expr:
    return span.dt.total_seconds() / 3600


def _landmarks(landmarks: Sequence[date]) -> pl.LazyFrame:
    ends = [datetime.combine(day, time()) + timedelta(days=1) for day in landmarks]
    return pl.LazyFrame({"landmark_on": list(landmarks), "ends_at": ends}).with_columns(
        oldest_at=pl.col("ends_at") - timedelta(days=90), signed_since=pl.col("ends_at") - timedelta(days=15)
    )


def _dealt(tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    names = ["paid_fen", "product_id", "courier", "province"]
    times = ["promised_ship_at", "promised_delivery_at", "shipped_at", "signed_at", "exported_at"]
    orders = tables["orders"].with_columns(product=pl.coalesce("product_id", "product_name"))
    chosen = [*ORDER, "dealt_at", "known_at", "product", *names, *times]
    stated = orders.filter(pl.col("dealt_at").is_not_null()).with_columns(known_at="dealt_at").select(chosen)
    seen = tables["sightings"].select(*ORDER, known_at="paid_seen_at").drop_nulls()
    unstated = (
        orders.filter(pl.col("dealt_at").is_null())
        .join(seen, on=ORDER)
        .with_columns(
            dealt_at=pl.coalesce(
                "paid_at", pl.col("order_id").str.head(6).str.to_datetime("%y%m%d", strict=False, time_unit="us")
            )
        )
        .select(chosen)
    )
    return pl.concat([stated, unstated])


def _tickets(tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    words = pl.concat_str(pl.col("ticket_status").fill_null(""), pl.col("progress").fill_null(""), separator=" ")
    more = pl.concat_str(words, pl.col("outcome").fill_null(""), separator=" ")
    exported = pl.col("exported_at")
    has_lapsed = (
        pl.col("is_punished").fill_null(False)
        | pl.col("is_merchant_liable").fill_null(False)
        | (pl.col("penalty_fen").fill_null(0) != 0)
        | more.str.contains(LAPSED)
    )
    versions = (
        tables["tickets"]
        .group_by("shop_id", "ticket_id")
        .agg(
            opened_at=pl.coalesce(pl.col("created_at").min(), exported.min()),
            closed_at=pl.min_horizontal(pl.col("closed_at").min(), exported.filter(words.str.contains(CLOSED)).min()),
            lapsed_at=pl.min_horizontal(
                pl.col("closed_at").filter(pl.col("closed_at") > pl.col("deadline_at")).min(),
                exported.filter(has_lapsed).min(),
            ),
            deadline_at=pl.col("deadline_at").sort_by("version_no").drop_nulls().first(),
        )
    )
    types = tables["ticket_types"].select("shop_id", "ticket_id", "order_id", "counts").drop_nulls("order_id")
    return versions.join(types, on=["shop_id", "ticket_id"])


def _signs(tables: Mapping[str, pl.LazyFrame], tickets: pl.LazyFrame) -> pl.LazyFrame:
    first = pl.min_horizontal("intervened_at", "first_seen_at")
    return pl.concat(
        [
            tables["interventions"]
            .filter(~pl.col("initiated_by").fill_null("").str.contains("平台", literal=True))
            .select(*ORDER, known_at="began_at", ended_at="decided_at"),
            tables["request_signs"]
            .join(
                tables["requests"].select("shop_id", "after_sales_id", "ended_at", "platform_seen_at"),
                on=["shop_id", "after_sales_id"],
            )
            .filter(pl.col("platform_seen_at").is_null() | (pl.col("platform_seen_at") > first))
            .select(*ORDER, first.alias("known_at"), "ended_at"),
            tables["sightings"]
            .filter(pl.col("intervention_seen_at").is_not_null())
            .select(*ORDER, known_at="intervention_seen_at", ended_at=pl.lit(None, pl.Datetime("us"))),
            tickets.filter(
                (pl.col("counts") == "yes") | ((pl.col("counts") == "lapsed") & pl.col("lapsed_at").is_not_null())
            ).select(
                *ORDER,
                known_at=pl.when(pl.col("counts") == "yes")
                .then("opened_at")
                .otherwise(pl.max_horizontal("opened_at", "lapsed_at")),
                ended_at="closed_at",
            ),
        ]
    )


def _cases(
    tables: Mapping[str, pl.LazyFrame], days: pl.LazyFrame, tickets: pl.LazyFrame, signs: pl.LazyFrame
) -> pl.LazyFrame:
    ends, oldest = pl.col("ends_at"), pl.col("oldest_at")
    request = ["shop_id", "after_sales_id"]
    requests = (
        tables["requests"]
        .join_where(days, pl.col("opened_at") < ends, pl.col("opened_at") >= oldest)
        .filter(pl.col("ended_at").is_null() | (pl.col("ended_at") >= ends))
        .sort("opened_at", "after_sales_id")
        .unique(["landmark_on", *ORDER], keep="first", maintain_order=True)
    )
    shown = (
        requests.select(*request, "landmark_on", "ends_at")
        .join(tables["deadlines"], on=request)
        .filter(
            pl.col("seen_at") < ends,
            pl.col("seen_until").is_null() | (pl.col("seen_until") >= ends),
        )
        .select(*request, "landmark_on", "step_deadline_at")
    )
    key = ["landmark_on", *ORDER]
    opened = (
        requests.join(tables["reasons"].select(*request, "reason_group"), on=request, how="left")
        .join(shown, on=[*request, "landmark_on"], how="left")
        .select(*key, requested_at="opened_at", reason_group="reason_group", step_deadline_at="step_deadline_at")
    )
    over = pl.concat(
        [
            tables["sightings"].select(*ORDER, ended_at="ended_seen_at"),
            tables["requests"].select(*ORDER, ended_at="refunded_at"),
        ]
    ).drop_nulls("ended_at")
    out = pl.concat(
        [
            over.join_where(days, pl.col("ended_at") < ends, pl.col("ended_at") >= oldest).select(key),
            signs.join_where(days, pl.col("known_at") < ends, pl.col("known_at") >= oldest)
            .filter(pl.col("ended_at").is_null() | (pl.col("ended_at") >= ends))
            .select(key),
        ]
    ).unique()
    is_open = pl.col("closed_at").is_null() | (pl.col("closed_at") >= ends)
    counted = (
        tickets.join_where(days, pl.col("opened_at") < ends, pl.col("opened_at") >= oldest)
        .group_by(key)
        .agg(
            tickets=pl.len(),
            has_open_ticket=is_open.any(),
            ticket_deadline_at=pl.col("deadline_at").filter(is_open).min(),
        )
    )
    return opened.join(out.with_columns(is_out=True), on=key, how="full", coalesce=True).join(
        counted, on=key, how="full", coalesce=True
    )


def _histories(
    tables: Mapping[str, pl.LazyFrame],
    days: pl.LazyFrame,
    dealt: pl.LazyFrame,
    escalated: pl.LazyFrame,
    shops: pl.LazyFrame,
    last: date,
    prior: int,
    mature: int,
) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    old = pl.max_horizontal(pl.col("dealt_at").dt.date() + timedelta(days=mature), pl.col("known_at").dt.date())
    sent_on = pl.col("shipped_at").dt.date()
    escalated_on = pl.col("escalated_at").dt.date()
    dimensions = ["shop_id", "product", "courier", "province"]
    alike = (
        dealt.filter(pl.col("dealt_at").dt.date() + timedelta(days=mature) <= last)
        .select(
            *dimensions, enters_on=old, sent_enters_on=pl.max_horizontal(old, sent_on), is_sent=sent_on.is_not_null()
        )
        .group_by(*dimensions, "enters_on", "sent_enters_on", "is_sent")
        .agg(orders=pl.len().cast(pl.Int64))
        .with_columns(escalated=pl.lit(0, pl.Int64))
    )
    hit = dealt.join(escalated, on=ORDER).select(
        *dimensions,
        enters_on=pl.max_horizontal(old, escalated_on),
        sent_enters_on=pl.max_horizontal(old, escalated_on, sent_on),
        is_sent=sent_on.is_not_null(),
        orders=pl.lit(0, pl.Int64),
        escalated=pl.lit(1, pl.Int64),
    )
    orders = _kept(pl.concat([alike, hit]))
    requests = (
        tables["requests"]
        .join(tables["reasons"].select("shop_id", "after_sales_id", "reason_group"), on=["shop_id", "after_sales_id"])
        .join(escalated, on=ORDER, how="left")
        .with_columns(old=pl.col("opened_at").dt.date() + timedelta(days=mature))
    )
    asked = _kept(
        pl.concat(
            [
                requests.select(
                    "shop_id",
                    "reason_group",
                    enters_on="old",
                    orders=pl.lit(1, pl.Int64),
                    escalated=pl.lit(0, pl.Int64),
                ),
                requests.filter(pl.col("escalated_at").is_not_null()).select(
                    "shop_id",
                    "reason_group",
                    enters_on=pl.max_horizontal("old", escalated_on),
                    orders=pl.lit(0, pl.Int64),
                    escalated=pl.lit(1, pl.Int64),
                ),
            ]
        )
    )

    def counted(rows: pl.LazyFrame, dimension: str, segment: pl.Expr, enters_on: str = "enters_on") -> pl.LazyFrame:
        return (
            rows.select(
                "shop_id", segment.alias("segment"), pl.col(enters_on).alias("enters_on"), "orders", "escalated"
            )
            .drop_nulls("segment")
            .group_by("shop_id", "segment", "enters_on")
            .agg(pl.col("orders", "escalated").sum())
            .with_columns(dimension=pl.lit(dimension))
        )

    daily = pl.concat(
        [
            counted(orders, "orders", pl.lit("")),
            counted(orders, "product", pl.col("product")),
            counted(orders.filter("is_sent"), "courier", pl.col("courier"), "sent_enters_on"),
            counted(orders, "province", pl.col("province")),
            counted(asked, "requests", pl.lit("")),
            counted(asked, "reason", pl.col("reason_group")),
        ]
    )
    totals = _kept(
        daily.join_where(days.select("landmark_on"), pl.col("enters_on") <= pl.col("landmark_on"))
        .group_by("landmark_on", "shop_id", "dimension", "segment")
        .agg(pl.col("orders", "escalated").sum())
    )
    bases = totals.filter(pl.col("dimension").is_in(["orders", "requests"]))
    overall = bases.group_by("landmark_on", "dimension").agg(overall=pl.col("escalated").sum() / pl.col("orders").sum())
    drawn = _kept(
        overall.join(shops, how="cross")
        .join(bases, on=["landmark_on", "dimension", "shop_id"], how="left")
        .with_columns(
            rate=(pl.col("escalated").fill_null(0) + prior * pl.col("overall"))
            / (pl.col("orders").fill_null(0) + prior)
        )
    )

    def base(dimension: str, name: str) -> pl.LazyFrame:
        return drawn.filter(pl.col("dimension") == dimension).select(
            "landmark_on", "shop_id", pl.col("rate").alias(name)
        )

    shop_rates = _kept(
        base("orders", "order_base").join(
            base("requests", "request_base"), on=["landmark_on", "shop_id"], how="full", coalesce=True
        )
    )
    rates = (
        totals.filter(~pl.col("dimension").is_in(["orders", "requests"]))
        .join(shop_rates, on=["landmark_on", "shop_id"])
        .with_columns(towards=pl.when(pl.col("dimension") == "reason").then("request_base").otherwise("order_base"))
        .with_columns(rate=(pl.col("escalated") + prior * pl.col("towards")) / (pl.col("orders") + prior))
    )
    return _kept(rates), shop_rates
