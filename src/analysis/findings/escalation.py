"""Which open orders are likely to become a case, whom to act on this morning, and whether the model behind it still holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import pandas as pd

from analysis import charts, escalation, texts, warehouse
from analysis.escalation.feedback import LISTED_COLUMNS, effect, read_list
from analysis.escalation.keeping import CARD
from analysis.escalation.watchlist import WATCH_COLUMNS, watchlist
from analysis.findings.tickets import TicketFindings
from analysis.reports.published import published

HISTORY_DAYS = 120
"""So far back days of observation are learnt from: what led to a case last spring says little of couriers and rules today."""
FIRST_DAYS = 14
"""The first days of the exports are left out: orders that were open then are not in them."""
STEPS_DAYS = (3, 7, 14, 28)
MOST_ROWS = 1_000_000
"""Days of observation are three days apart, further where that would give more rows: neighbouring days tell nearly the same."""
PAST = "past"
"""Below the models' folder: the model of reports on earlier days than those that the newest model knows."""


class EscalationFindings(TicketFindings):
    """The escalation model's figures of one `as_of` day, each computed when it is first asked for."""

    # What is learnt from

    @cached_property
    def escalations(self) -> pd.DataFrame:
        """Every intervention known by `as_of` that the platform did not begin of itself."""
        return warehouse.ask(self.settings, "escalations", as_of=self.as_of)

    @cached_property
    def label_days(self) -> int:
        """How long after a day an intervention is its order's: the user's choice, else read from the delays."""
        return self.settings.escalation.label_days or escalation.label_days(self.escalations, self.as_of)

    @cached_property
    def landmarks(self) -> list[date]:
        """The days of observation whose outcome is known, the oldest first."""
        last = self.as_of - timedelta(days=self.label_days)
        if self.shop_days.empty:
            return []
        begins = pd.to_datetime(self.shop_days["on_date"]).min().date() + timedelta(days=FIRST_DAYS)
        days = (last - max(begins, last - timedelta(days=HISTORY_DAYS))).days
        step = next((each for each in STEPS_DAYS if len(self.open_orders) * days / each <= MOST_ROWS), STEPS_DAYS[-1])
        return [last - timedelta(days=back) for back in range(days // step * step, -1, -step)]

    @cached_property
    def features(self) -> pd.DataFrame:
        """What was known of every order that was open on each day of observation."""
        return self._features(self.landmarks)

    @cached_property
    def open_orders(self) -> pd.DataFrame:
        """What is known of every order that is open to escalation at the end of `as_of`."""
        return self._features([self.as_of])

    def _features(self, days: Sequence[date]) -> pd.DataFrame:
        chosen = self.settings.tickets
        return warehouse.features(self.settings, days, late_days=chosen.late_days, unseen_days=chosen.unseen_days)

    # The model

    @cached_property
    def kept(self) -> escalation.Kept:
        """The model on disk; trained anew where it is due, or where it was trained under other choices."""
        chosen = self.settings.escalation
        context = {
            "label_days": chosen.label_days,
            "capacity": chosen.capacity,
            "late_days": self.settings.tickets.late_days,
            "unseen_days": self.settings.tickets.unseen_days,
        }
        return escalation.kept(self._models, context, self.as_of, chosen.retrain_days, self._train)

    def _train(self) -> escalation.Trained:
        labels = escalation.labelled(self.features, self.escalations, self.as_of, self.label_days)
        card = escalation.label_card(self.features, self.escalations, labels, self.as_of, self.label_days)
        known_on = escalation.known_on(self.features, self.escalations, self.as_of, self.label_days)
        return escalation.train(
            self.features,
            labels,
            self.as_of,
            self.label_days,
            self.settings.escalation.capacity,
            label_card=card,
            known_on=known_on,
        )

    @property
    def _models(self) -> Path:
        """Where the model lies. One that knows later days than `as_of` is left alone: the next morning needs it."""
        is_later = _trained_on(self.settings.models) > self.as_of.isoformat()
        return self.settings.models / PAST if is_later else self.settings.models

    @cached_property
    def trained(self) -> escalation.Trained:
        """The model under today's verdict: it says so where orders or outcomes have drifted from what was learnt."""
        return escalation.judged(self._model, self.drift)

    @cached_property
    def _model(self) -> escalation.Trained:
        nothing = escalation.Verdict("no_history")
        capacity = self.settings.escalation.capacity
        return self.kept.trained or escalation.Trained("none", self.as_of, self.label_days, capacity, nothing)

    @cached_property
    def drift(self) -> pd.DataFrame:
        """How today's orders, and the outcomes that came in since, differ from what the model learnt from."""
        model = self._model
        scores = escalation.score(model, self.open_orders)["probability"]
        return escalation.drift(model, self.open_orders, scores, self._matured_since)

    @cached_property
    def _matured_since(self) -> pd.DataFrame | None:
        """The newest day of observation with a known outcome, as the model sees it; None where the model learnt from it."""
        last = self.as_of - timedelta(days=self._model.label_days)
        known = self._model.label_card.get("last_matured")
        if known is None or date.fromisoformat(known) >= last:
            return None
        features = self._features([last])
        labels = escalation.labelled(features, self.escalations, self.as_of, self._model.label_days)
        return escalation.score(self._model, features).assign(label=labels)

    @cached_property
    def model_card(self) -> dict[str, object]:
        """What the model learnt from."""
        model = self._model
        about = {
            "version": model.version,
            "kind": self.trained.kind,
            "challenger": model.challenger,
            "trained_on": model.as_of,
        }
        return about | {"label_days": model.label_days} | dict(model.label_card)

    @cached_property
    def model_features(self) -> pd.DataFrame:
        """What moves the model, and which way it was expected to: `feature, expected, weight, odds_ratio`, the strongest first."""
        found = escalation.effects(self._model)
        return found.assign(expected=found["feature"].map(escalation.DIRECTIONS))[
            ["feature", "expected", "weight", "odds_ratio"]
        ]

    @cached_property
    def model_measures(self) -> pd.DataFrame:
        """How good the model would have been: `measure, value, low, high, ceiling`; empty where nothing could be tested."""
        columns = ["measure", "value", "low", "high", "ceiling"]
        return self._model.evaluation["overall"].reindex(columns=columns)

    # The watch list

    @cached_property
    def scored(self) -> pd.DataFrame:
        """Every open order with its probability, where the model ranks, its reasons, and all that is known of it."""
        found = escalation.score(self.trained, self.open_orders).drop(columns=list(escalation.KEY))
        return self.open_orders.join(found)

    @cached_property
    def loss_yuan(self) -> pd.Series:
        """What a case costs, by shop: the mean refund of its lost orders, else that of all shops, else what an order brings in."""
        accounts = list(self.settings.interventions.platform_accounts)
        lost = warehouse.ask(self.settings, "lost_orders", as_of=self.as_of, platform_accounts=accounts)
        paid = self.open_orders.groupby("shop_id")["paid_fen"].mean().astype("float64")
        mean = lost.groupby("shop_id")["refund_fen"].mean().reindex(paid.index)
        return mean.fillna(lost["refund_fen"].mean()).fillna(paid) / 100

    @cached_property
    def watchlist(self) -> pd.DataFrame:
        """The open orders to act on, to leave alone, and to find on the ticket list, the first first, with why in Chinese."""
        chinese = texts.load("zh")
        why = [charts.watch_reasons(row, chinese) for row in self.watched.to_dict("records")]
        return self.watched[WATCH_COLUMNS].assign(why=why)

    @cached_property
    def watched(self) -> pd.DataFrame:
        """The watch list with what its reasons speak of, the orders' features and names, and what a case costs the shop: `loss_yuan`."""
        listed = watchlist(self.scored, self.loss_yuan, self.settings.escalation, self.as_of)
        about = ["shop_id", "order_id", *escalation.FEATURES, "courier", "province", "reason_group", "paid_fen"]
        chosen = self.settings.escalation.loss_yuan
        loss = listed["shop_id"].map(self.loss_yuan) if chosen is None else chosen
        of_orders = self.open_orders[about]
        return listed.assign(loss_yuan=loss).merge(of_orders, on=["shop_id", "order_id"], validate="one_to_one")

    @property
    def high_scores(self) -> list[str]:
        """The orders that the model, where it ranks, sets on the watch list to be acted on."""
        acted = self.watchlist[self.watchlist["act"] & self.watchlist["probability"].notna()]
        return sorted(acted["shop_id"] + "\n" + acted["order_id"])

    @cached_property
    def feedback(self) -> pd.DataFrame:
        """What acting on earlier watch lists prevented, against the orders that were left alone."""
        outcomes = warehouse.ask(self.settings, "outcomes", as_of=self.as_of)
        return effect(self._earlier_lists, outcomes, self.escalations, self.as_of, self.label_days)

    @property
    def unread_lists(self) -> list[str]:
        """The days of earlier watch lists that cannot be read any more, so that the feedback does not count them."""
        return [day for day, frame in self._lists.items() if frame is None]

    @property
    def _earlier_lists(self) -> pd.DataFrame:
        nothing = pd.DataFrame(columns=LISTED_COLUMNS).astype({"act": "bool", "control": "bool"})
        whole = [frame for frame in self._lists.values() if frame is not None and len(frame)]
        return pd.concat(whole, ignore_index=True) if whole else nothing

    @cached_property
    def _lists(self) -> dict[str, pd.DataFrame | None]:
        files = published(self.settings.reports).get("watchlist", [])
        earlier = {file.parent.parent.name: file for file in files if file.parent.parent.name < self.as_of.isoformat()}
        return {day: read_list(file) for day, file in earlier.items()}


def _trained_on(folder: Path) -> str:
    """The last day that the model in the folder knows; empty where none can be read."""
    try:
        return str(json.loads((folder / CARD).read_text(encoding="utf-8"))["model"]["as_of"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
