"""The shop's proof on the terminal: what is registered, and a pack of it for one ticket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis import evidence, texts
from analysis.cli.reporting import last_closed_day
from analysis.findings import Findings
from analysis.rules import evidence as rules
from analysis.settings import LANGUAGES, Settings, UserError

if TYPE_CHECKING:
    import pandas as pd


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


def pack(settings: Settings, ticket_id: str, shop: str | None, target: Path | None, language: str) -> str:
    """Writes a ticket's pack and says where it lies and what to look at before it is sent.

    `shop`: needed only where several shops have a ticket of that number. Raises UserError for a ticket that the exports do
    not show, for one that could be either of two shops', and for what `evidence.pack` refuses.
    """
    found = Findings(settings, last_closed_day(settings))
    numbered = found.tickets[found.tickets["ticket_id"] == ticket_id]
    ticket, is_shared = _chosen(numbered, ticket_id, shop), len(numbered) > 1
    orders = numbered.loc[numbered["shop_id"] == ticket["shop_id"], ["shop_id", "order_id", "tracking_no"]]
    files = evidence.belonging(orders, found.evidence)
    forms = rules.load().forms
    form = forms.get(str(ticket["entrance"]), forms["ticket"])
    name = f"{ticket['shop_id']}-{ticket_id}.zip" if is_shared else f"{ticket_id}.zip"
    packed = evidence.pack(
        ticket,
        files,
        settings.evidence,
        target or settings.reports / "packs" / name,
        form,
        texts.load(language if language in LANGUAGES else LANGUAGES[0]),
        language,
    )
    return "\n".join([f"举证包 · pack: {packed.path}", *(f"  ! {warning}" for warning in packed.warnings), ""])


def _chosen(numbered: pd.DataFrame, ticket_id: str, shop: str | None) -> dict[str, Any]:
    """The one ticket that is meant: another shop's proof under the same number would lose the case."""
    shops = [str(each) for each in numbered["shop_id"]]
    if shop is None and len(shops) > 1:
        raise UserError(
            f"有 {len(shops)} 个店铺都有工单 {ticket_id}：{'、'.join(shops)}。请加上 --shop，例如 --shop {shops[0]}。",
            f"{len(shops)} shops have a ticket {ticket_id}: {', '.join(shops)}. Say which one, such as --shop {shops[0]}.",
        )
    rows = numbered[numbered["shop_id"] == (shop or "".join(shops))].to_dict("records")
    if not rows:
        of_zh, of_en = (f"店铺 {shop} 的", f" of shop {shop}") if shop else ("", "")
        raise UserError(
            f"导出里没有{of_zh}工单 {ticket_id}。请检查工单编号，或先导入最新的工单表（见 data/README.md）。",
            f"The exports show no ticket {ticket_id}{of_en}. Check the number, or load the newest list of tickets first.",
        )
    return {str(name): value for name, value in rows[0].items()}
