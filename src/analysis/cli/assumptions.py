"""What the shop assumes about costs (`settings.Costs`), as the values and tables that the build's SQL asks for."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from analysis.settings import Costs


def values(costs: Costs) -> dict[str, Any]:
    """The `$name`s of the SQL files: amounts in fen, shares as decimals; None where nothing is assumed."""
    return {
        "outbound_freight_fen": _fen(costs.outbound_freight_yuan),
        "return_freight_fen": _fen(costs.return_freight_yuan),
        "labour_fen": _fen(costs.labour_yuan),
        "unit_cost_share": _share(costs.unit_cost_share),
        "salvage_share": _share(costs.salvage_share),
        "technical_fee_rate": _share(costs.technical_fee_rate),
    }


def tables(costs: Costs) -> list[tuple[str, str, list[tuple[Any, ...]]]]:
    """`input.unit_costs` and `input.penalties`, each with its columns and rows."""
    return [
        ("unit_costs", "item varchar, unit_cost_fen bigint", _amounts(costs.unit_costs_yuan)),
        ("penalties", "component varchar, penalty_fen bigint", _amounts(costs.penalties_yuan)),
    ]


def _amounts(yuan: Mapping[str, float]) -> list[tuple[Any, ...]]:
    return [(name, _fen(each)) for name, each in sorted(yuan.items())]


def _fen(yuan: float | None) -> int | None:
    """As it is written in the settings, half a fen up; never through binary fractions."""
    return None if yuan is None else int((Decimal(str(yuan)) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def _share(share: float | None) -> Decimal | None:
    return None if share is None else Decimal(str(share)).quantize(Decimal("0.000001"), ROUND_HALF_UP)
