"""Tests speak in exports: a few lines of text go in, mart rows come out, through the real reading and the real build."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis import archive, rates, rules, settings, warehouse
from analysis.cli import loading, main
from tests import browsing, made_up_pages

SAMPLE = settings.PROJECT / "data" / "sample"
ROOT = Path(__file__).parent.parent
WORKED = ROOT / "docs" / "worked" / "intervention-rate"
ORDERS = "订单号,订单状态,商品,商品id,快递公司,省,用户实付金额(元),发货时间,确认收货时间,售后状态,订单成交时间"
AFTER_SALES = "售后编号,订单编号,售后状态,退款类型,退款金额,申请时间,售后原因,同意退款时间,同意退款人"
INTERVENTIONS = "订单编号,介入时间,发起方,结果,判定时间,备注"
KINDS = ("intervention", "request", "ticket")
TICKETS = "工单编号,订单编号,工单类型,工单状态,创建时间,截止时间,处理结果,关闭时间,是否判责商家,扣款金额"


def order_id(number: int, day: str = "2026-06-01") -> str:
    """An order number of the real shape, for the day on which the order was made."""
    return f"{day[2:4]}{day[5:7]}{day[8:10]}-{number:015d}"


class Data:
    """A data folder of its own, and what a user does with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.exports = folder / "data" / "exports"
        self.exports.mkdir(parents=True)

    @property
    def settings(self) -> settings.Settings:
        return settings.load(self.folder / "data", self.folder / "reports")

    def put(self, path: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        """A file in the exports folder, `<shop>/<name>`."""
        file = self.exports / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return file

    def orders(
        self, rows: list[str] | str, name: str = "orders_export2026-07-01.csv", shop: str = "店", header: str = ORDERS
    ) -> Path:
        return self.put(f"{shop}/{name}", _csv(header, rows))

    def after_sales(self, rows: list[str] | str, name: str, shop: str = "店", header: str = AFTER_SALES) -> Path:
        return self.put(f"{shop}/{name}", _csv(header, rows))

    def interventions(self, rows: list[str] | str, name: str = "登记.csv", shop: str = "店") -> Path:
        return self.put(f"{shop}/{name}", _csv(INTERVENTIONS, rows))

    def tickets(self, rows: list[str] | str, name: str = "工单.csv", shop: str = "店") -> Path:
        return self.put(f"{shop}/{name}", _csv(TICKETS, rows))

    def load(self) -> archive.Manifest:
        return loading.load(self.settings, lambda _: None).manifest

    def build(self) -> archive.Manifest:
        """What `analysis build` does; the manifest tells what was accepted and refused."""
        manifest = self.load()
        loading.build(self.settings, manifest, lambda _: None)
        return manifest

    def ask(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        with warehouse.connect(self.settings) as connection:
            return connection.execute(sql, values).fetchall()

    def one(self, sql: str) -> Any:
        ((value,),) = self.ask(sql)
        return value

    def rates(self, as_of: str, rule: str = "pdd-2021-03", days: int = rates.DAYS_SHOWN) -> pd.DataFrame:
        """What the report's rates say, by shop and window_end."""
        chosen, day = self.settings, date.fromisoformat(as_of)
        return rates.rolling(
            warehouse.ask(chosen, "shop_days"),
            warehouse.ask(chosen, "rate_events", as_of=day, since=day - timedelta(days=days + 60), kinds=list(KINDS)),
            warehouse.ask(chosen, "covered_days"),
            warehouse.ask(chosen, "evidence_sources"),
            [rules.load(rule, chosen.rules)],
            day,
            chosen.line,
            days,
            warehouse.ask(chosen, "platform_figures", as_of=day).query("is_newest"),
        )


def _csv(header: str, rows: list[str] | str) -> str:
    lines = rows if isinstance(rows, list) else [line.strip() for line in rows.strip().splitlines()]
    return "\n".join([header, *lines, ""])


@pytest.fixture
def data(tmp_path: Path) -> Data:
    return Data(tmp_path)


@pytest.fixture(scope="session")
def new_data(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A maker of data folders, for property tests that need a fresh one for every example."""

    @contextmanager
    def make() -> Iterator[Data]:
        yield Data(tmp_path_factory.mktemp("data"))

    return make


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing.chromium() as started:
        yield started


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the report of the made-up shops, in both languages; rendering takes long, so all tests share it."""
    return made_up_pages.deliver(tmp_path_factory.mktemp("made_up"), {"b.csv": "22", "a.csv": "11"})


@pytest.fixture(scope="session")
def sample_report(tmp_path_factory: pytest.TempPathFactory) -> settings.Settings:
    """The sample, copied so that nothing that ran before helps, loaded, built and rendered by the verb itself."""
    folder = tmp_path_factory.mktemp("sample")
    shutil.copytree(SAMPLE / "exports", folder / "data" / "sample" / "exports")
    shutil.copytree(SAMPLE / "evidence", folder / "data" / "sample" / "evidence")
    shutil.copy(SAMPLE / "settings.toml", folder / "data" / "sample" / "settings.toml")
    places = ["--sample", "--data", str(folder / "data"), "--reports", str(folder / "reports")]
    result = CliRunner().invoke(main, ["report", *places])
    assert result.exit_code == 0, result.output
    return settings.load(folder / "data", folder / "reports", sample=True)


@pytest.fixture(scope="session")
def worked_example(tmp_path_factory: pytest.TempPathFactory) -> Data:
    """The worked example of docs/metrics.md, built as a user would build it."""
    example = Data(tmp_path_factory.mktemp("worked"))
    shutil.copytree(WORKED, example.exports, dirs_exist_ok=True)
    assert example.build().refusals == []
    return example


@pytest.fixture(scope="session")
def built_sample(tmp_path_factory: pytest.TempPathFactory) -> Data:
    """The sample, built."""
    made_up = Data(tmp_path_factory.mktemp("sample"))
    shutil.copytree(ROOT / "data" / "sample" / "exports", made_up.exports, dirs_exist_ok=True)
    made_up.build()
    return made_up
