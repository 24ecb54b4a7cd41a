"""What disputes cost, what restrictions cost, whether an open case is worth a fight, and what acting brought back."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property, partial

import pandas as pd

from analysis import evidence, losses, rates, rules, tickets, warehouse
from analysis.escalation.feedback import watched
from analysis.findings.escalation import EscalationFindings
from analysis.findings.tickets import WAITING
from analysis.losses.contest import Chance
from analysis.rules import evidence as proof

WATCHED = ["order_id", "acted", "is_control", "escalated", "loss_fen"]
PARCEL_DAYS = 120
"""A parcel of a dispute that began in the window was sent no earlier."""


class LossFindings(EscalationFindings):
    """The figures about money of one `as_of` day, each computed when it is first asked for; frames as `losses` describes them."""

    # What disputes cost

    @cached_property
    def loss_entries(self) -> pd.DataFrame:
        """What the disputes cost, one row an order, component and source; all that is known by the end of `as_of`."""
        return warehouse.ask(self.settings, "loss_entries", as_of=self.as_of)

    @cached_property
    def loss_orders(self) -> pd.DataFrame:
        """Every disputed order with what is known of it."""
        return warehouse.ask(self.settings, "loss_orders", as_of=self.as_of)

    @cached_property
    def losses(self) -> pd.DataFrame:
        """The counted entries of the orders whose dispute began in the last 30 days."""
        return losses.listed(self.loss_entries, self.loss_orders, self.as_of)

    @cached_property
    def loss_summary(self) -> pd.DataFrame:
        return losses.summary(self.loss_entries, self.loss_orders, self.shop_days, self.as_of)

    @cached_property
    def loss_components(self) -> pd.DataFrame:
        return losses.by_component(self.loss_entries, self.loss_orders, self.as_of)

    @cached_property
    def loss_causes(self) -> pd.DataFrame:
        return losses.by_cause(self.loss_entries, self.loss_orders, self.as_of)

    @cached_property
    def loss_waterfall(self) -> pd.DataFrame:
        return losses.waterfall(self.loss_entries, self.loss_orders, self.as_of)

    @cached_property
    def loss_products(self) -> pd.DataFrame:
        begins = self.as_of - timedelta(days=losses.WINDOW_DAYS - 1)
        dealt = warehouse.ask(self.settings, "segment_orders", window_start=begins, window_end=self.as_of)
        return losses.top_products(self.loss_entries, self.loss_orders, dealt, self.as_of)

    @cached_property
    def loss_trend(self) -> pd.DataFrame:
        return losses.trend(self.loss_entries, self.loss_orders, self.shop_days, self.as_of)

    @cached_property
    def loss_oddities(self) -> pd.DataFrame:
        return losses.oddities(self.loss_entries, self.loss_orders, self.as_of)

    @cached_property
    def carrier_claims(self) -> pd.DataFrame:
        """The window's orders that were lost through their courier, with their parcels."""
        parcels = warehouse.ask(self.settings, "parcels", since=self.as_of - timedelta(days=PARCEL_DAYS))
        return losses.claims(self.loss_entries, self.loss_orders, self.as_of, parcels)

    @cached_property
    def couriers_to_claim(self) -> pd.DataFrame:
        return losses.carriers_to_claim(self.carrier_claims)

    @cached_property
    def assumptions(self) -> pd.DataFrame:
        return losses.assumptions(self.loss_entries, self.loss_orders, self.settings.costs, self.as_of)

    # The ledger

    @cached_property
    def ledger_files(self) -> pd.DataFrame:
        """Each ledger export against its own totals."""
        return warehouse.ask(self.settings, "ledger_files", as_of=self.as_of)

    @cached_property
    def unclassified(self) -> pd.DataFrame:
        """The wordings of bookings that no rule knows, with their money."""
        return warehouse.ask(self.settings, "unclassified_bookings", as_of=self.as_of)

    # Restrictions

    @cached_property
    def restrictions(self) -> pd.DataFrame:
        """The restrictions that the merchant noted."""
        return warehouse.ask(self.settings, "restrictions", as_of=self.as_of)

    @cached_property
    def restriction_prices(self) -> pd.DataFrame:
        """What each restriction cost in orders and margin."""
        return losses.restriction.price(
            self.restrictions, self.shop_days, self.covered_days, self._receipts, self.settings.costs, self.as_of
        )

    @cached_property
    def restriction_measured(self) -> pd.DataFrame:
        """What one restriction costs each shop, by all of its own."""
        return losses.restriction.measured(self.restriction_prices)

    @cached_property
    def restriction_price(self) -> pd.DataFrame:
        """What one restriction costs each shop in yuan, and who says so: the settings, else the measurement."""
        found = losses.restriction.restriction_price_yuan(self.settings.tickets, self.restriction_measured, self.shops)
        return found.reset_index()

    @property
    def restriction_yuan(self) -> pd.Series:
        """What a restriction costs each shop, set or measured: for the worklist and the advice alike."""
        return self.restriction_price.set_index("shop_id")["price_yuan"]

    @cached_property
    def restriction_scenario(self) -> pd.DataFrame:
        """A what-if from the settings; it is added to nothing."""
        return losses.restriction.scenario(
            self.settings.costs, self.shop_days, self.covered_days, self._receipts, self.as_of
        )

    @cached_property
    def learned_line(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The rate before each restriction, and the line that each shop's restrictions show."""
        return losses.restriction.learned_line(self.restrictions, self._rates_since_restricted, self.as_of)

    @cached_property
    def _receipts(self) -> pd.DataFrame:
        return warehouse.ask(self.settings, "order_receipts", as_of=self.as_of)

    @cached_property
    def _rates_since_restricted(self) -> pd.DataFrame:
        """The leading rule's rates as far back as a week before the first noted restriction."""
        began = pd.to_datetime(self.restrictions["started_at"]).min()
        days = 0 if pd.isna(began) else (pd.Timestamp(self.as_of) - began).days + 1 + losses.restriction.DAYS_BEFORE
        if days <= rates.DAYS_SHOWN:
            return self.rates
        since = self.as_of - timedelta(days=days + self.rule.window_days)
        events = warehouse.ask(self.settings, "rate_events", as_of=self.as_of, since=since, kinds=[self.rule.event])
        known = (self.shop_days, events, self.covered_days, self.evidence_sources, [self.rule])
        return rates.rolling(*known, self.as_of, self.settings.line, days)

    # Contest or concede

    @cached_property
    def contest(self) -> pd.DataFrame:
        """Fight or refund, for each open ticket that the platform decides and each request without one; the widest margin first."""
        waiting = self.tickets[self.tickets["state"].isin(WAITING) & self._is_decided].assign(is_request=False)
        requests = self.waiting_requests.merge(waiting[["shop_id", "order_id"]], how="left", indicator="found_in")
        requests = requests[requests.pop("found_in") == "left_only"].assign(is_request=True)
        waiting = pd.concat([waiting, requests.reindex(columns=waiting.columns)], ignore_index=True)
        stepped_in = warehouse.ask(self.settings, "intervened_orders", as_of=self.as_of).assign(is_intervened=True)
        cases = waiting.merge(stepped_in, on=["shop_id", "order_id"], how="left", validate="many_to_one")
        cases = cases.assign(is_intervened=cases["is_intervened"].notna()).astype({"type": "str"})
        return losses.contest.recommend(
            cases, self.closed_cases, self._chance, self.rate_effect_yuan, self.rule, self.settings.costs
        )

    @cached_property
    def waiting_requests(self) -> pd.DataFrame:
        """Requests that wait for the merchant, as cases: `ticket_id` is the 售后编号, `type` that of a ticket for the same reason."""
        asked = warehouse.ask(self.settings, "waiting_requests", as_of=self.as_of)
        wanted, types = proof.load().wanted, rules.types_of_reasons()
        required = asked["reason_group"].map(lambda group: wanted.get(group, wanted["other"]))
        ready = evidence.readiness(asked.assign(required=required), self.evidence)
        return asked.rename(columns={"after_sales_id": "ticket_id"}).assign(
            type=asked["reason_group"].map(types).fillna("other").astype("str"),
            state=(asked["deadline_at"] < self.read_at).map({True: "expired", False: "open"}),
            required=ready["required"],
            present=ready["present"],
            missing=ready["missing"],
        )

    @cached_property
    def closed_cases(self) -> pd.DataFrame:
        """How each settled ticket was dealt with, and how it ended."""
        key = ["shop_id", "ticket_id"]
        told = self.states[[*key, "began_at", "settled_on", "answered_at"]]
        known = self.tickets.drop(columns=[name for name in told if name not in key], errors="ignore")
        accounts = list(self.settings.interventions.platform_accounts)
        return losses.contest.closed_cases(
            known.merge(told, on=key, validate="one_to_one"),
            warehouse.ask(self.settings, "case_refunds", as_of=self.as_of, platform_accounts=accounts),
            losses.contest.extra_losses(self.loss_entries, self.loss_orders),
            self._counts,
        )

    @cached_property
    def contest_backtest(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """What the advice would have brought on closed cases, and what that rests on."""
        return losses.contest_backtest.backtest(
            self.closed_cases, self._chance, self.rate_effect_yuan, self.rule, self.settings.costs
        )

    @property
    def _chance(self) -> Chance:
        return partial(tickets.win_probability, choices=self.settings.tickets)

    @property
    def _counts(self) -> dict[str, str]:
        return {each.name: each.counts for each in self.ticket_types}

    @property
    def _is_decided(self) -> pd.Series:
        """Which tickets the platform decides; the others are services that ask for something."""
        return self.tickets["type"].map(self._counts).fillna("no") != "no"

    # What came back

    @cached_property
    def savings(self) -> pd.DataFrame:
        """What acting on warnings, on tickets that the platform decides, and on appeals brought back."""
        settled = self.states[["shop_id", "ticket_id", "settled_on"]]
        decided = self.tickets[self._is_decided].drop(columns="settled_on", errors="ignore")
        known = decided.merge(settled, on=["shop_id", "ticket_id"], validate="one_to_one")
        known = known.assign(at_stake_fen=known["refund_fen"].fillna(known["paid_fen"]))
        return losses.savings(self.loss_entries, known, self.watched_losses, self.as_of)

    @cached_property
    def watched_losses(self) -> pd.DataFrame:
        """The orders of earlier watch lists whose outcome is known, with what was done and what they lost."""
        outcomes = warehouse.ask(self.settings, "outcomes", as_of=self.as_of)
        drawn = watched(self._earlier_lists, outcomes, self.escalations, self.as_of, self.label_days)
        return losses.watched(drawn, self.loss_entries)[WATCHED]
