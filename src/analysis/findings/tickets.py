"""The tickets' figures of one day: what to answer first, with what proof, what was lost and why, what can be appealed."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import cached_property

import pandas as pd

from analysis import charts, evidence, forecast, rules, texts, tickets, warehouse
from analysis.findings.rate import RateFindings
from analysis.rules import evidence as proof

SETTLED = ("closed_won", "closed_lost")
WAITING = ("open", "expired")
PARCEL_DAYS = 180
"""Proof of older orders is found by the order's number only: no ticket or appeal comes so late."""


class TicketFindings(RateFindings):
    """The tickets' figures of one `as_of` day, each computed when it is first asked for."""

    @property
    def read_at(self) -> datetime:
        """When the list is read: in the morning after `as_of`."""
        return datetime.combine(self.as_of + timedelta(days=1), time(self.settings.tickets.reading_hour))

    @cached_property
    def ticket_types(self) -> list[rules.TicketType]:
        return rules.ticket_types()

    @cached_property
    def typed(self) -> pd.DataFrame:
        """Every ticket with what it is about and what it asks for."""
        return tickets.typed(warehouse.ask(self.settings, "tickets", as_of=self.as_of), self.ticket_types)

    @cached_property
    def deadlines(self) -> pd.DataFrame:
        return tickets.deadlines(self.typed)

    @cached_property
    def states(self) -> pd.DataFrame:
        """How each ticket stood when the list is read."""
        return tickets.states(self.history, self.deadlines, self.as_of, self.read_at)

    @cached_property
    def history(self) -> pd.DataFrame:
        """What each export showed of each ticket."""
        return warehouse.ask(self.settings, "ticket_history", as_of=self.as_of)

    @cached_property
    def closed_day_states(self) -> pd.DataFrame:
        """How each ticket stood at the end of `as_of`: what came in the night after is not there yet."""
        return tickets.states(self.history, self.deadlines, self.as_of)

    @cached_property
    def tickets(self) -> pd.DataFrame:
        """Every ticket with its type, deadline, state and proof; one row a ticket. `may_count`: losing it adds an intervention
        to the rate. A service ticket never does, one of the platform's own interventions has done so already.
        """
        key = ["shop_id", "ticket_id"]
        ready = self.typed.assign(present=self.readiness["present"], missing=self.readiness["missing"])
        told = ready.merge(self.deadlines, on=key, validate="one_to_one")
        standing = self.states[[*key, "state"]]
        lapsing = [each.name for each in self.ticket_types if each.counts == "lapsed"]
        told = told.assign(may_count=told["type"].isin(lapsing))
        return told.merge(standing, on=key, validate="one_to_one")

    @cached_property
    def evidence(self) -> pd.DataFrame:
        """The register of the shop's proof files."""
        orders = warehouse.ask(self.settings, "parcels", since=self.as_of - timedelta(days=PARCEL_DAYS))
        return evidence.register(
            self.settings.evidence,
            orders,
            proof.load().kinds,
            self.settings.data / "evidence-register.json",
            self.settings.reading.order_id_pattern,
        )

    @cached_property
    def readiness(self) -> pd.DataFrame:
        """Which proof that each ticket asks for is there; one row a ticket, in the order of `typed`."""
        return evidence.readiness(self.typed, self.evidence)

    @cached_property
    def worklist(self) -> pd.DataFrame:
        """The tickets to answer, the first first, with why in Chinese."""
        waiting = self.tickets[self.tickets["state"].isin(WAITING)]
        settled = self.tickets[self.tickets["state"].isin(SETTLED)]
        closed = settled.assign(is_complete=settled["missing"].map(len) == 0, is_won=settled["state"] == "closed_won")
        listed = tickets.worklist(waiting, closed, self.rate_effect_yuan, self.read_at, self.settings.tickets)
        chinese = texts.load("zh")
        return listed.assign(why=[charts.why(row, chinese) for row in listed.to_dict("records")])

    @cached_property
    def due(self) -> pd.DataFrame:
        return tickets.due(self.worklist, self.read_at, self.settings.tickets)

    @cached_property
    def rate_effect_yuan(self) -> pd.Series:
        """What one more counted intervention costs each shop: the rise of the chance of a restriction, times its price.

        Missing where no price is set, and where the forecast gives no chance.
        """
        rise = forecast.one_more(self.replay)
        given = self.outlook[self.outlook["breach_probability"].notna()]
        is_given = rise.index.isin(given.loc[given["horizon_days"] == 7, "shop_id"])
        return (rise * self.restriction_yuan.reindex(rise.index)).where(is_given)

    @property
    def restriction_yuan(self) -> pd.Series:
        """What a restriction costs each shop, as the settings say; missing where they do not."""
        price = self.settings.tickets.restriction_cost_yuan
        return pd.Series(price, index=pd.Index(self.shops, name="shop_id"), dtype="Float64")

    @cached_property
    def obtainable(self) -> pd.DataFrame:
        """Before the ticket: the proof that shipped orders at risk still lack, whom to ask and until when."""
        given = proof.load()
        at_risk = warehouse.ask(
            self.settings,
            "orders_at_risk",
            as_of=self.as_of,
            late_days=self.settings.tickets.late_days,
            unseen_days=self.settings.tickets.unseen_days,
            high_scores=self.high_scores,
        )
        wanted = at_risk["reason_group"].map(lambda group: given.wanted.get(group, given.wanted["other"]))
        return evidence.obtainable(at_risk.assign(required=wanted), self.evidence, given.sources, self.as_of)

    @property
    def high_scores(self) -> list[str]:
        """The orders that a model holds to be likely cases, shop and order joined by a line end; without a model none."""
        return []

    @cached_property
    def lapses(self) -> pd.DataFrame:
        """Why each lost ticket was lost, and what it cost. Where no proof was registered yet, none is said to have lacked:
        for orders made before the oldest order of the shop that has any, by the days that lead their numbers.
        """
        day = self.readiness["order_id"].str[:6]
        kept_since = self.evidence["order_id"].str[:6].groupby(self.evidence["shop_id"]).min()
        keeping = self.readiness[day >= self.readiness["shop_id"].map(kept_since)]
        return tickets.lapses(self.typed, self.deadlines, self.closed_day_states, keeping)

    @cached_property
    def appealable(self) -> pd.DataFrame:
        """The lost orders that can still be appealed."""
        accounts = list(self.settings.interventions.platform_accounts)
        lost = warehouse.ask(self.settings, "lost_orders", as_of=self.as_of, platform_accounts=accounts)
        return tickets.appealable(lost, warehouse.ask(self.settings, "appeals", as_of=self.as_of), self.as_of)

    @cached_property
    def backlog(self) -> pd.DataFrame:
        return tickets.backlog(self.typed, self.closed_day_states, self.as_of)

    @cached_property
    def handling(self) -> pd.DataFrame:
        return tickets.handling(self.typed, self.closed_day_states)
