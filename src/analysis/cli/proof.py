"""The shop's proof on the terminal: what is registered, and a pack of it for one ticket."""

from __future__ import annotations

from pathlib import Path

from analysis import evidence, texts
from analysis.cli.reporting import last_closed_day
from analysis.findings import Findings
from analysis.rules import evidence as rules
from analysis.settings import LANGUAGES, Settings, UserError


def listed(settings: Settings) -> str:
    """Every registered file with its order, its kind and what is wrong with it; then how many there are."""
    from analysis.cli.answers import table

    words = texts.load("zh")
    found = Findings(settings).evidence
    rows = [
        [
            str(row["path"]),
            "" if row["order_id"] is None else str(row["order_id"]),
            words[f"evidence.{row['kind']}"],
            words[f"evidence_problem.{row['problem']}"] if row["problem"] else "",
        ]
        for row in found.astype("object").where(found.notna(), None).to_dict("records")
    ]
    return table(["file", "order", "kind", "problem"], rows)


def pack(settings: Settings, ticket_id: str, target: Path | None, language: str) -> str:
    """Writes a ticket's pack and says where it lies and what to look at before it is sent.

    Raises UserError for a ticket that the exports do not show, and for what `evidence.pack` refuses.
    """
    found = Findings(settings, last_closed_day(settings))
    ticket = next(iter(found.tickets[found.tickets["ticket_id"] == ticket_id].to_dict("records")), None)
    if ticket is None:
        raise UserError(
            f"导出里没有工单 {ticket_id}。请检查工单编号，或先导入最新的工单表（见 data/README.md）。",
            f"The exports show no ticket {ticket_id}. Check the number, or load the newest list of tickets first.",
        )
    orders = found.tickets.loc[found.tickets["ticket_id"] == ticket_id, ["shop_id", "order_id", "tracking_no"]]
    files = evidence.belonging(orders, found.evidence)
    forms = rules.load().forms
    form = forms.get(str(ticket["entrance"]), forms["ticket"])
    where = target or settings.reports / "packs" / f"{ticket_id}.zip"
    packed = evidence.pack(
        {str(name): value for name, value in ticket.items()},
        files,
        settings.evidence,
        where,
        form,
        texts.load(language if language in LANGUAGES else LANGUAGES[0]),
        language,
    )
    return "\n".join([f"举证包 · pack: {packed.path}", *(f"  ! {warning}" for warning in packed.warnings), ""])
