"""The rate's figures of one day: rates under every rule, what comes, the platform's figures, what changed."""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import pandas as pd

from analysis import forecast, rates, rules, warehouse
from analysis.forecast import Replay
from analysis.rules import Rule
from analysis.settings import Settings

CASE_COLUMNS = [
    "shop_id", "rule", "order_id", "unit_id", "event_id", "began_on", "booked_on", "counted", "reason", "initiated_by",
    "outcome", "source", "dated_by",
]  # fmt: skip
TEXT_COLUMNS = {name: "str" for name in ("shop_id", "rule", "order_id", "unit_id", "event_id")}


class RateFindings:
    """The rate's figures of one `as_of` day, each computed when it is first asked for; frames as their modules describe them.

    `as_of` None takes the last day that the orders exports cover. `previous`: the day of the report to compare with;
    one from before its cases were kept counts as none.
    """

    def __init__(self, settings: Settings, as_of: date | None = None, previous: date | None = None) -> None:
        self.settings = settings
        self.as_of = as_of or warehouse.ask(settings, "last_closed_day").as_of[0].date()
        self.previous = previous if previous and self._cases_of(previous).exists() else None

    def _cases_of(self, day: date) -> Path:
        return self.settings.reports / day.isoformat() / "numbers" / "cases.csv"

    @cached_property
    def rule(self) -> Rule:
        """The definition that leads."""
        return rules.load(self.settings.report.rule, self.settings.rules)

    @cached_property
    def rules(self) -> list[Rule]:
        """The leading rule and those beside it."""
        return rules.chosen((self.rule.name, *self.settings.report.also), self.settings.rules)

    @cached_property
    def candidates(self) -> list[Rule]:
        """The leading rule, then every other that could be the platform's definition of its metric."""
        others = rules.candidates(self.rule.metric, self.settings.rules)
        return [self.rule, *(each for each in others if each.name != self.rule.name)]

    @cached_property
    def every_rule(self) -> list[Rule]:
        """The leading rule, the other candidates for its metric, and the rules of other metrics."""
        found = {rule.name: rule for rule in (*self.candidates, *self.rules)}
        return list(found.values())

    # Facts

    @cached_property
    def shop_days(self) -> pd.DataFrame:
        return warehouse.ask(self.settings, "shop_days")

    @cached_property
    def covered_days(self) -> pd.DataFrame:
        return warehouse.ask(self.settings, "covered_days")

    @cached_property
    def warnings(self) -> pd.DataFrame:
        """What a reader should know about the data: one count a shop and warning."""
        return warehouse.ask(self.settings, "warnings", unseen_days=self.settings.tickets.unseen_days)

    @cached_property
    def evidence_sources(self) -> pd.DataFrame:
        return warehouse.ask(self.settings, "evidence_sources")

    @cached_property
    def events(self) -> pd.DataFrame:
        """What any rule may count, as far back as the oldest window reaches that is shown or compared with."""
        oldest = self.as_of - timedelta(days=rates.DAYS_SHOWN)
        longest = max(rule.window_days for rule in self.every_rule)
        since = min(oldest, self.previous or oldest) - timedelta(days=longest)
        kinds = sorted({rule.event for rule in self.every_rule})
        return warehouse.ask(self.settings, "rate_events", as_of=self.as_of, since=since, kinds=kinds)

    @cached_property
    def figures(self) -> pd.DataFrame:
        """The platform's own figures."""
        return warehouse.ask(self.settings, "platform_figures", as_of=self.as_of)

    @cached_property
    def segment_orders(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Each segment's orders in the newest window, and in the one before it of the shops that were covered then."""
        earlier = self.as_of - timedelta(days=self.rule.window_days)
        now, before = (
            warehouse.ask(
                self.settings, "segment_orders", window_start=rules.window_start(self.rule, day), window_end=day
            )
            for day in (self.as_of, earlier)
        )
        begins = pd.Timestamp(rules.window_start(self.rule, earlier))
        covered = self.since[self.since <= begins].index
        return now, before[before["shop_id"].isin(covered)]

    # Rates and lines

    @cached_property
    def shops(self) -> list[str]:
        """Every shop that the rates know, by name."""
        return sorted(self.rates["shop_id"].unique())

    @cached_property
    def windows(self) -> pd.DataFrame:
        """The rolling rates under every rule: the leading one, the other candidates, and the other metrics."""
        return rates.rolling(
            self.shop_days,
            self.events,
            self.covered_days,
            self.evidence_sources,
            self.every_rule,
            self.as_of,
            self.settings.line,
            category_rates=self.figures[self.figures["is_newest"]],
        )

    @cached_property
    def rates(self) -> pd.DataFrame:
        """The rolling rates under the leading rule."""
        return self._rates(self.rule).reset_index(drop=True)

    @cached_property
    def all_rates(self) -> pd.DataFrame:
        """The rolling rates under the rules of the report."""
        return self.windows[self.windows["rule"].isin([rule.name for rule in self.rules])].reset_index(drop=True)

    @cached_property
    def rolloff(self) -> pd.DataFrame:
        """What leaves the window on the next days, under each rule of the report."""
        return pd.concat([self._rolloff(rule) for rule in self.rules], ignore_index=True)

    @cached_property
    def status(self) -> pd.DataFrame:
        """How each shop stands against its lines under each rule of the report."""
        return pd.concat([self._status(rule) for rule in self.rules], ignore_index=True)

    @cached_property
    def judged(self) -> pd.DataFrame:
        """Every event under the leading rule."""
        return rates.judged(self.events, self.rule)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """Every event in the newest window under each rule of the report, counted or not, with the reason."""
        found = [
            rates.in_window(rates.judged(self.events, rule), rule, self.as_of).assign(rule=rule.name)
            for rule in self.rules
        ]
        every = pd.concat(found, ignore_index=True)
        dated = every.assign(booked_on=every["booked_on"].dt.date)
        return dated[CASE_COLUMNS].sort_values(["shop_id", "rule", "booked_on", "event_id"]).reset_index(drop=True)

    @cached_property
    def interventions(self) -> pd.DataFrame:
        """The newest window's events under the leading rule, with all that is known of their orders."""
        return rates.in_window(self.judged, self.rule, self.as_of)

    @cached_property
    def sources(self) -> pd.DataFrame:
        return rates.sources(self.judged, self.rule, self.as_of)

    @cached_property
    def segments(self) -> pd.DataFrame:
        now, before = self.segment_orders
        earlier = self.as_of - timedelta(days=self.rule.window_days)
        return rates.segments(self.judged, now, before, self.rule, self.as_of, earlier)

    # What comes

    @cached_property
    def since(self) -> pd.Series:
        """Since when every day up to `as_of` is covered, by shop."""
        return rates.covered_since(self.covered_days, self.evidence_sources, self.rule, self.as_of)

    @cached_property
    def replay(self) -> Replay:
        own = self.judged[self.judged["counted"]]
        allowed = rates.limits(self.rates)
        since = self.since if self.rule.follows_the_calendar else self.since.iloc[:0]
        return forecast.replay(own, since, self.as_of, self.rule.window_days, self._daily_orders, allowed, self.pending)

    @cached_property
    def backtest(self) -> pd.DataFrame:
        return forecast.backtest(self.replay).assign(rule=self.rule.name)

    @cached_property
    def outlook(self) -> pd.DataFrame:
        """What comes under the leading rule; nothing can be said under one that books events on their order's day."""
        if not self.rule.follows_the_calendar:
            return forecast.withheld(self.shops, self.as_of, "order_day").assign(rule=self.rule.name)
        return forecast.outlook(self.replay, self.backtest).assign(rule=self.rule.name)

    @cached_property
    def cohorts(self) -> pd.DataFrame:
        """By order day: how many have been intervened, and how many will have been."""
        dealt = self.shop_days.pivot(index="on_date", columns="shop_id", values="orders_dealt")
        return forecast.nowcast(dealt, self.judged[self.judged["counted"]], self.since, self.as_of)

    @cached_property
    def pending(self) -> pd.DataFrame:
        """Requests and tickets open at the end of each day, day × shop."""
        moves = warehouse.ask(self.settings, "open_cases", as_of=self.as_of)
        change = moves.assign(change=moves["opened"] - moves["settled"])
        wide = change.pivot(index="on_date", columns="shop_id", values="change")
        days = pd.date_range(wide.index.min(), self.as_of) if len(wide) else pd.DatetimeIndex([])
        return wide.set_axis(pd.DatetimeIndex(wide.index)).reindex(days).fillna(0).cumsum()

    @cached_property
    def signal(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The control chart on daily counts, and what it rests on."""
        stays = rates.units_inside(self.judged, self.rule)
        counts = stays.groupby(["enters_on", "shop_id"]).size().unstack(fill_value=0)
        shops = sorted(self.since.index)
        days = pd.date_range(self.since.min(), self.as_of) if len(shops) else pd.DatetimeIndex([])
        wide = counts.reindex(index=days, columns=shops, fill_value=0).astype("Float64")
        covered = pd.DataFrame({shop: days >= self.since[shop] for shop in shops}, index=days)
        return rates.daily_signal(wide.where(covered), self.as_of)

    # The platform's figures

    @cached_property
    def reconciliation(self) -> pd.DataFrame:
        """Our figures and the platform's under every candidate, and under the other rules of the report."""
        return rates.reconcile(self.windows, self.figures, self._lag_days)

    @cached_property
    def fits(self) -> pd.DataFrame:
        names = [rule.name for rule in self.candidates]
        return rates.fits(self.reconciliation[self.reconciliation["rule"].isin(names)])

    @cached_property
    def gaps(self) -> pd.DataFrame:
        judged = pd.concat([rates.judged(self.events, rule).assign(rule=rule.name) for rule in self.candidates])
        window_days = {rule.name: rule.window_days for rule in self.candidates}
        return rates.gaps(judged, self.reconciliation, self.rule.name, window_days, self._lag_days)

    @cached_property
    def agreement(self) -> pd.DataFrame:
        """On how many days each rule's figures equal the platform's, and what its newest figure shows beyond ours."""
        names = [rule.name for rule in self.rules]
        return rates.agreement(self.reconciliation[self.reconciliation["rule"].isin(names)], self.as_of)

    # The last report

    @cached_property
    def changes(self) -> pd.DataFrame:
        before, restated, redefined, now = self._counted
        return rates.changes(before, restated, redefined, now, self.previous or self.as_of)

    @cached_property
    def change_totals(self) -> pd.DataFrame:
        before, _, _, now = self._counted
        return rates.change_totals(self.changes, before, now)

    @cached_property
    def _counted(self) -> tuple[pd.DataFrame | None, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """What the last report counted, the same with what is known today, under today's rules, and what counts today."""
        known = {rule.name: rule for rule in self.rules}
        if self.previous is None:
            nothing = self._units([], self.as_of)
            return None, nothing, nothing, nothing
        then = _rules_of(self.settings.reports / self.previous.isoformat())
        both = [name for name in known if name in then]
        now = self._units([known[name] for name in both], self.as_of)
        restated = self._units([then[name] for name in both], self.previous)
        redefined = self._units([known[name] for name in both], self.previous)
        cases = pd.read_csv(self._cases_of(self.previous), dtype=TEXT_COLUMNS, encoding="utf-8-sig")
        return cases[cases["counted"] & cases["rule"].isin(both)], restated, redefined, now

    def _units(self, chosen: list[Rule], as_of: date) -> pd.DataFrame:
        found = [
            rates.in_window(rates.judged(self.events, rule), rule, as_of).query("counted").assign(rule=rule.name)
            for rule in chosen
        ]
        columns = ["shop_id", "rule", "unit_id", "order_id"]
        return pd.concat(found)[columns] if found else pd.DataFrame(columns=columns)

    def _rates(self, rule: Rule) -> pd.DataFrame:
        return self.all_rates[self.all_rates["rule"] == rule.name]

    def _rolloff(self, rule: Rule) -> pd.DataFrame:
        return rates.rolloff(self._rates(rule), self.events, self.shop_days, rule, self.as_of)

    def _status(self, rule: Rule) -> pd.DataFrame:
        leaving = self.rolloff[self.rolloff["rule"] == rule.name]
        unseen = self.agreement[self.agreement["rule"] == rule.name]
        return rates.status(self._rates(rule), leaving, self.shop_days, rule, self.as_of, unseen)

    @cached_property
    def _daily_orders(self) -> pd.DataFrame:
        shops = sorted(self.shop_days["shop_id"].unique())
        first = pd.to_datetime(self.shop_days["on_date"]).min()
        return rates.daily_orders(self.shop_days, self.rule, pd.date_range(first, self.as_of), shops)

    @cached_property
    def _lag_days(self) -> dict[str, int]:
        return {rule.name: rule.lag_days for rule in self.every_rule}


def _rules_of(folder: Path) -> dict[str, Rule]:
    """The rules of a report as they were then."""
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return {name: rules.restored(each) for name, each in record.get("rules", {}).items()}
