"""The forecast against simulated shops whose truth is known, and against counts and sums made one by one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis import forecast
from analysis.forecast import arrivals, counts
from analysis.forecast.backtest import COLUMNS, band_holds, sides, transformed
from analysis.forecast.replay import Replay, replay

AS_OF = date(2026, 6, 30)
WINDOW_DAYS = 30
ORDERS_A_DAY = 50


class Shops(NamedTuple):
    """What `replay` is given, in its order; and, to look up, the true daily counts."""

    events: pd.DataFrame
    since: pd.Series
    orders: pd.DataFrame
    lines: pd.Series

    def allowed(self, orders: pd.DataFrame) -> pd.DataFrame:
        return np.floor(orders * self.lines.reindex(orders.columns) + 1e-9)  # type: ignore[return-value]

    def replay(self, as_of: date = AS_OF, pending: pd.DataFrame | None = None) -> Replay:
        return replay(self.events, self.since, as_of, WINDOW_DAYS, self.orders, self.allowed, pending)


def simulated(level: npt.NDArray[np.float64], seed: int = 1) -> Shops:
    """Shops whose events come with these daily levels (days × shops); the line lies at the mean of each."""
    random = np.random.default_rng(seed)
    days, shops = level.shape
    daily = random.poisson(level)
    calendar = pd.date_range(AS_OF - timedelta(days=days - 1), AS_OF)
    names = [f"s{number:03}" for number in range(shops)]
    day, shop = np.nonzero(daily)
    day, shop = np.repeat(day, daily[day, shop]), np.repeat(shop, daily[day, shop])
    events = pd.DataFrame(
        {
            "shop_id": np.array(names)[shop],
            "unit_id": [f"u{number}" for number in range(len(day))],
            "booked_on": calendar[day],
        }
    )
    orders = pd.DataFrame(random.poisson(ORDERS_A_DAY, level.shape), index=calendar, columns=names)
    lines = pd.Series(daily.mean(axis=0) / ORDERS_A_DAY, index=names)
    return Shops(events, pd.Series(calendar[0], index=names), orders, lines)


def stable(shops: int = 40, days: int = 200, level: float = 1.0, seed: int = 1) -> Shops:
    return simulated(np.full((days, shops), level), seed)


def drifting() -> Shops:
    steps = np.random.default_rng(2).normal(0, 0.03, (200, 40))
    return simulated(np.exp(np.cumsum(steps, axis=0)))


def shifted() -> Shops:
    at = np.random.default_rng(3).integers(70, 150, 40)
    return simulated(np.where(np.arange(200)[:, None] < at, 0.8, 1.6))


def covers(past: Replay, horizon_days: int) -> tuple[float, float]:
    """Share of outcomes inside the 80 % band as shown, and of randomised PITs inside .1–.9."""
    low, high = sides(past, horizon_days)
    known = ~np.isnan(high)
    pit = transformed(low, high)[known]
    return float(band_holds(80, low, high)[known].mean()), float(((pit >= 0.1) & (pit <= 0.9)).mean())


@pytest.mark.parametrize(
    ("shops", "horizons"),
    [
        (stable(), (7, 14, 30)),
        (drifting(), (7, 14, 30)),
        (shifted(), (7, 14)),  # a doubling that comes within the next 30 days cannot be foreseen: .70 there
        (stable(level=0.1), (7, 14, 30)),
    ],
    ids=["stable", "drifting", "level shift", "tiny"],
)
def test_80_percent_bands_hold_and_7_days_ahead_has_skill(shops: Shops, horizons: tuple[int, ...]) -> None:
    past = shops.replay()
    for horizon in horizons:
        shown, randomised = covers(past, horizon)
        assert 0.75 <= shown <= 0.95
        assert 0.7 <= randomised <= 0.95
    every = [covers(past, horizon)[0] for horizon in (7, 14, 30)]
    assert 0.75 <= np.mean(every) <= 0.95, "all horizons together, those that cannot be foreseen among them"
    tested = forecast.backtest(past)
    weekly = tested[tested["horizon_days"] == 7]
    assert (weekly["skill_of"] == "breach").all()
    assert (weekly["skill"] > 0).mean() > 0.95
    assert weekly["skill"].mean() > 0.4
    assert weekly["skill_no_change"].mean() > 0
    assert (tested["origins"] == 200 - 60 - tested["horizon_days"] + 1).all()
    assert weekly["coverage80"].mean() == pytest.approx(covers(past, 7)[0])


def test_a_stable_shop_has_a_uniform_pit_and_a_shifted_one_has_not() -> None:
    fair, moved = (forecast.backtest(each.replay()).query("horizon_days == 7") for each in (stable(), shifted()))
    assert fair["pit_mean"].mean() == pytest.approx(0.5, abs=0.04)
    assert fair["pit_distance"].mean() < 0.15 < moved["pit_distance"].mean()


events_of_units = st.lists(
    st.tuples(st.sampled_from(["甲", "乙", "丙"]), st.integers(0, 4), st.integers(0, 99)), max_size=40
)


@settings(max_examples=60, deadline=None)
@given(events_of_units, st.integers(0, 50), st.sampled_from([1, 7, 10, 30]))
def test_what_is_inside_equals_a_count_by_hand(drawn: list[Any], later_start: int, window_days: int) -> None:
    first = AS_OF - timedelta(days=89)  # the last ten drawn days are in the future
    events = pd.DataFrame(drawn, columns=["shop_id", "unit_id", "day"])
    events["booked_on"] = pd.Timestamp(first) + pd.to_timedelta(events["day"].astype("int64"), unit="D")
    starts = {"甲": 0, "乙": later_start}
    since = pd.Series({shop: pd.Timestamp(first + timedelta(days=start)) for shop, start in starts.items()})
    known = arrivals.windows(events, since, AS_OF, window_days)
    assert known.shops == sorted(starts)

    def units(shop: str, begin: int, end: int) -> set[int]:
        return {u for s, u, day in drawn if s == shop and max(begin, starts[shop]) <= day <= end}

    for column, shop in enumerate(known.shops):
        for day in range(90):
            new = units(shop, day, day) - units(shop, day - window_days + 1, day - 1)
            assert known.arrivals[day, column] == len(new)
        for origin in range(0, 90, 7):
            now = units(shop, origin - window_days + 1, origin)
            assert known.counts[origin, column] == len(now)
            for h in forecast.HORIZONS_DAYS:
                staying = units(shop, origin + h - window_days + 1, origin)
                assert known.inside[h][origin, column] == len(staying)
                if origin + h < 90:
                    inside = units(shop, origin + h - window_days + 1, origin + h)
                    assert known.came(h)[origin, column] == len(inside) - len(staying)
                else:
                    assert np.isnan(known.came(h)[origin, column])


def test_the_back_test_equals_sums_made_one_by_one() -> None:
    shops = stable(shops=1, days=130, level=0.7)
    past = shops.replay()
    got = forecast.backtest(past).set_index("horizon_days").loc[7]
    days = past.known.days
    unit_days = shops.events["booked_on"].tolist()
    line = float(shops.lines.iloc[0])
    orders = shops.orders["s000"]

    def count(end: pd.Timestamp, begin: pd.Timestamp | None = None) -> int:
        begin = begin or end - pd.Timedelta(days=29)
        return sum(begin <= each <= end for each in unit_days)

    def is_above(end: pd.Timestamp) -> bool:
        return count(end) > int(orders.loc[end - pd.Timedelta(days=29) : end].sum() * line + 1e-9)

    model, past_share, as_now, held = [], [], [], []
    for number in range(59, 130 - 7):
        origin, target = days[number], days[number + 7]
        inside = count(origin, target - pd.Timedelta(days=29))
        mean, spread = past.ahead[7].mean[number, 0], past.ahead[7].spread[number, 0]
        pmf = stats.nbinom.pmf(np.arange(400), 1 / spread, 1 / (1 + spread * mean))
        assert pmf @ np.arange(400) == pytest.approx(mean)
        ahead = round(
            orders.loc[target - pd.Timedelta(days=29) : origin].sum() + 7 * orders.iloc[number - 27 : number + 1].mean()
        )
        p = pmf[np.arange(400) + inside > int(ahead * line + 1e-9)].sum()
        outcome = is_above(target)
        model.append((p - outcome) ** 2)
        past_share.append((np.mean([is_above(day) for day in days[29 : number + 1]]) - outcome) ** 2)
        as_now.append((is_above(origin) - int(outcome)) ** 2)
        below = np.cumsum(pmf)
        low, high = np.argmax(below >= 0.1), np.argmax(below >= 0.9)
        held.append(low <= count(target) - inside <= high)
    assert got["origins"] == len(model)
    assert got["brier"] == pytest.approx(np.mean(model))
    assert got["brier_climatology"] == pytest.approx(np.mean(past_share))
    assert got["brier_no_change"] == pytest.approx(np.mean(as_now))
    assert got["skill"] == pytest.approx(1 - np.mean(model) / np.mean(past_share))
    assert got["skill_no_change"] == pytest.approx(1 - np.mean(model) / np.mean(as_now))
    assert got["coverage80"] == pytest.approx(np.mean(held))


def test_the_level_is_the_discounted_mean() -> None:
    shops = stable(shops=2, days=80, level=2.0)
    past = shops.replay()
    daily = shops.events.query("shop_id == 's001'")["booked_on"].value_counts()
    come = np.array([daily.get(day, 0) for day in past.known.days])
    weight = 0.5 ** (np.arange(80)[::-1] / 21)
    prior = 7 * (come.sum() + 0.5) / 80
    assert past.daily[-1, 1] == pytest.approx((weight @ come + prior) / (weight.sum() + 7))


def test_the_negative_binomial_agrees_with_sums_and_its_bands_with_its_quantiles() -> None:
    mean, spread = np.array([0.05, 3.0, 40.0]), np.array([2.0, 0.3, 0.01])
    support = np.arange(1000)
    pmf = np.array([stats.nbinom.pmf(support, 1 / s, 1 / (1 + s * m)) for m, s in zip(mean, spread, strict=True)])
    assert pmf @ support == pytest.approx(mean)
    assert pmf @ support**2 - mean**2 == pytest.approx(mean + spread * mean**2)
    for count in (-1.0, 0.0, 2.0, 45.0):
        expected = pmf[:, support <= count].sum(axis=1)
        assert counts.at_most(np.full(3, count), mean, spread) == pytest.approx(expected)
        assert counts.above(np.full(3, count), mean, spread) == pytest.approx(1 - expected)
    assert counts.log_score(np.full(3, 2.0), mean, spread) == pytest.approx(np.log(pmf[:, 2]))
    assert np.isnan(counts.above(np.array([np.nan]), mean[:1], spread[:1]))
    for level, (lower, upper) in counts.BANDS.items():
        low, high = counts.quantile(lower, mean, spread), counts.quantile(upper, mean, spread)
        for count in range(60):
            at = np.full(3, float(count))
            held = band_holds(level, counts.at_most(at - 1, mean, spread), counts.at_most(at, mean, spread))
            assert (held == ((low <= count) & (count <= high))).all()


def with_pending(shops: Shops, seed: int = 5) -> pd.DataFrame:
    """Open cases that tell nothing."""
    return pd.DataFrame(
        np.random.default_rng(seed).poisson(6, shops.orders.shape),
        index=shops.orders.index,
        columns=shops.orders.columns,
    )


def test_what_comes_after_an_origin_changes_nothing_in_its_forecast() -> None:
    shops, pending = led_by_pending()
    whole = shops.replay(pending=pending)
    for back in (1, 60, 120):
        as_of = AS_OF - timedelta(days=back)
        end = pd.Timestamp(as_of)
        events = shops.events[shops.events["booked_on"] <= end]
        cut = shops._replace(events=events, orders=shops.orders.loc[:end]).replay(as_of, pending.loc[:end])
        for h, ahead in whole.ahead.items():
            for name in ("inside", "mean", "spread", "allowed", "breach", "pending_weight"):
                before, after = getattr(ahead, name)[: len(shops.orders) - back], getattr(cut.ahead[h], name)
                assert np.array_equal(before, after, equal_nan=True), (back, h, name)
        # and so the frames do not change when the future is another one
        other = pd.concat([events, shops.events.assign(booked_on=end + pd.Timedelta(days=1))])
        orders = shops.orders.where(pd.Series(shops.orders.index <= end, index=shops.orders.index), 7)
        rewritten = shops._replace(events=other, orders=orders).replay(as_of, pending)
        pd.testing.assert_frame_equal(forecast.backtest(cut), forecast.backtest(rewritten))
        tested = forecast.backtest(cut)
        pd.testing.assert_frame_equal(forecast.outlook(cut, tested), forecast.outlook(rewritten, tested))


def test_the_same_frames_give_the_same_bytes_in_any_order_and_stay_as_they_were() -> None:
    shops = stable(shops=5, level=0.5)
    before: list[Any] = [each.copy() for each in shops]
    one, two = (shops.replay(), shops._replace(events=shops.events.sample(frac=1, random_state=1)).replay())
    tested = forecast.backtest(one)
    assert tested.to_csv() == forecast.backtest(two).to_csv()
    assert forecast.outlook(one, tested).to_csv() == forecast.outlook(two, tested).to_csv()
    for given_before, now in zip(before, shops, strict=True):
        assert given_before.equals(now)


def test_whole_number_types_that_know_missing_values_give_the_same() -> None:
    shops = stable(shops=3, days=120)
    sparse = shops.orders.iloc[5:].astype("Int64")
    zeros = shops.orders.astype("float64").where(shops.orders.index.to_series() >= sparse.index[0], 0.0)
    pending = with_pending(shops)
    typed = shops._replace(orders=sparse).replay(pending=pending.iloc[:-1].astype("Int64"))
    plain = shops._replace(orders=zeros).replay(pending=pending.iloc[:-1].astype("float64"))
    pd.testing.assert_frame_equal(forecast.backtest(typed), forecast.backtest(plain))


def test_the_outlook_shows_nested_bands_around_the_expected_count() -> None:
    past = stable(shops=6, level=0.6).replay()
    table = forecast.outlook(past, forecast.backtest(past))
    assert table.groupby("shop_id")["horizon_days"].apply(list).tolist() == [[7, 14, 30]] * 6
    assert list(table["target_date"])[:3] == [AS_OF + timedelta(days=h) for h in (7, 14, 30)]
    edges = table[["low95", "low80", "low50", "high50", "high80", "high95"]].astype(float).to_numpy()
    assert (np.diff(edges, axis=1) >= 0).all()
    assert table["expected"].between(table["low95"], table["high95"]).all()
    sooner, latest = table[table["horizon_days"] < 30], table[table["horizon_days"] == 30]
    assert sooner["breach_probability"].between(0, 1).all() and (sooner["reason"] == "").all()
    assert latest["breach_probability"].isna().all() and (latest["reason"] == "band_only").all()


def at(table: pd.DataFrame, horizon_days: int) -> Any:
    """The only row of a horizon."""
    (row,) = table.reset_index().query(f"horizon_days == {horizon_days}").itertuples()
    return row


def outlook(shops: Shops) -> pd.DataFrame:
    past = shops.replay()
    return forecast.outlook(past, forecast.backtest(past)).set_index("horizon_days")


BANDS = ["expected", "low50", "high50", "low80", "high80", "low95", "high95"]


def test_a_short_history_has_no_forecast() -> None:
    shops = stable(shops=2)
    shops.since["s001"] = pd.Timestamp(AS_OF - timedelta(days=88))
    table = outlook(shops)
    short = table[table["shop_id"] == "s001"]
    assert (short["reason"] == "too_short").all()
    assert short[[*BANDS, "breach_probability"]].isna().all(axis=None)
    assert not (table[table["shop_id"] == "s000"]["reason"] == "too_short").any()
    shops.since["s001"] = pd.Timestamp(AS_OF - timedelta(days=89))
    assert not (outlook(shops)["reason"] == "too_short").any()


def test_no_skill_withholds_the_forecast_but_not_the_band_at_30_days() -> None:
    past = stable(shops=1).replay()
    tested = forecast.backtest(past).assign(skill=0.0)
    table = forecast.outlook(past, tested).set_index("horizon_days")
    assert table["reason"].to_dict() == {7: "no_skill", 14: "no_skill", 30: "band_only"}
    assert table.loc[[7, 14], [*BANDS, "breach_probability"]].isna().all(axis=None)
    assert table.loc[30, BANDS].notna().all()


def test_without_a_line_the_count_is_forecast_and_its_own_skill_is_shown() -> None:
    shops = stable(shops=1)
    shops.lines["s000"] = np.nan
    past = shops.replay()
    tested = forecast.backtest(past).set_index("horizon_days")
    assert tested[["brier", "brier_climatology", "brier_no_change"]].isna().all(axis=None)
    assert (tested["skill_of"] == "count").all() and at(tested, 7).skill > 0.3
    expected = past.ahead[7].inside + past.ahead[7].mean
    errors, climatology = [], []
    for origin in range(59, 200 - 7):
        outcome = past.known.counts[origin + 7, 0]
        errors.append((expected[origin, 0] - outcome) ** 2)
        climatology.append((past.known.counts[29 : origin + 1, 0].mean() - outcome) ** 2)
    assert at(tested, 7).skill == pytest.approx(1 - np.mean(errors) / np.mean(climatology))
    table = outlook(shops)
    assert table["reason"].to_dict() == {7: "no_line", 14: "no_line", 30: "band_only"}
    assert table[BANDS].notna().all(axis=None) and table["breach_probability"].isna().all()


def test_a_shop_that_was_never_above_its_line_is_judged_on_the_count() -> None:
    shops = stable(shops=1)
    shops.lines["s000"] = 0.2
    past = shops.replay()
    tested = forecast.backtest(past).set_index("horizon_days")
    assert (tested["brier_climatology"] == 0).all() and (tested["skill_of"] == "count").all()
    table = forecast.outlook(past, tested.reset_index()).set_index("horizon_days")
    assert at(table, 7).breach_probability < 0.01 and at(table, 7).reason == ""


def test_few_events_leave_14_days_without_a_probability_and_none_without_a_forecast() -> None:
    table = outlook(stable(shops=1, level=0.08))
    assert table["reason"].to_dict() == {7: "", 14: "too_few_events", 30: "band_only"}
    assert table.loc[14, BANDS].notna().all()
    empty = stable(shops=2)
    nothing = outlook(empty._replace(events=empty.events.query("shop_id == 's000'")))
    nothing = nothing[nothing["shop_id"] == "s001"]
    assert nothing["reason"].to_dict() == {7: "too_few_events", 14: "too_few_events", 30: "band_only"}
    assert nothing.loc[7, BANDS].isna().all()


def test_without_shops_the_frames_are_empty_and_keep_their_columns() -> None:
    shops = stable(shops=1)
    past = shops._replace(since=shops.since.iloc[:0]).replay()
    tested = forecast.backtest(past)
    assert tested.empty and list(tested) == COLUMNS
    table = forecast.outlook(past, tested)
    assert table.empty and "breach_probability" in table


def led_by_pending() -> tuple[Shops, pd.DataFrame]:
    """Shops where cases open now become events over the next days."""
    random = np.random.default_rng(7)
    wave = 1 + 0.9 * np.sin(2 * np.pi * (np.arange(240)[:, None] + random.uniform(0, 40, 40)) / 40)
    shops = simulated(2.0 * wave)
    week_ahead = np.array([wave[day : day + 7].mean(axis=0) for day in range(240)])
    pending = pd.DataFrame(random.poisson(15 * week_ahead), index=shops.orders.index, columns=shops.orders.columns)
    return shops, pending


def test_open_cases_are_used_where_they_help_and_only_there() -> None:
    shops, pending = led_by_pending()
    plain, led = shops.replay(), shops.replay(pending=pending)
    assert (forecast.backtest(plain)["pending_weight"] == 0).all()
    weights = forecast.backtest(led).query("horizon_days == 7")["pending_weight"]
    assert (weights > 0).mean() > 0.9

    def error(past: Replay) -> float:
        ahead = past.ahead[7]
        return float(np.nanmean(np.abs(ahead.inside + ahead.mean - ahead.outcome)[59:]))

    assert error(led) < 0.9 * error(plain)
    calm = stable()
    told_nothing = forecast.backtest(calm.replay(pending=with_pending(calm))).query("horizon_days == 7")
    assert (told_nothing["pending_weight"] == 0).mean() > 0.8
    unknown = forecast.backtest(shops.replay(pending=pending.iloc[:0]))
    pd.testing.assert_frame_equal(unknown, forecast.backtest(plain))


def test_one_more_case_costs_what_a_line_lower_by_one_would() -> None:
    shops = stable(shops=6)

    def breach(lower: int) -> pd.Series:
        past = replay(
            shops.events, shops.since, AS_OF, WINDOW_DAYS, shops.orders, lambda orders: shops.allowed(orders) - lower
        )
        return pd.Series(past.ahead[7].breach[-1], index=past.known.shops)

    rise = forecast.one_more(shops.replay())
    assert list(rise) == pytest.approx(list(breach(1) - breach(0)))
    assert (rise > 0).all()
