"""The main job on the sample, end to end: files in, page out, held against the truth from which the sample was made."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis import settings, warehouse
from analysis.cli import main
from analysis.sample import world

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
AS_OF = date(2026, 9, 14)
CHROMIUM = next((found for name in ("chromium", "google-chrome", "chrome") if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> settings.Settings:
    """The sample, copied so that nothing that ran before helps, loaded, built and rendered by the verb itself."""
    folder = tmp_path_factory.mktemp("sample")
    shutil.copytree(SAMPLE / "exports", folder / "data" / "sample" / "exports")
    shutil.copy(SAMPLE / "settings.toml", folder / "data" / "sample" / "settings.toml")
    places = ["--sample", "--data", str(folder / "data"), "--reports", str(folder / "reports")]
    result = CliRunner().invoke(main, ["report", *places])
    assert result.exit_code == 0, result.output
    return settings.load(folder / "data", folder / "reports", sample=True)


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return {plan.shop: world.build(plan) for plan in world.PLANS}


@pytest.fixture(scope="module")
def rates(done: settings.Settings) -> pd.DataFrame:
    return pd.read_csv(done.reports / AS_OF.isoformat() / "numbers" / "rates.csv")


def test_every_file_of_the_sample_is_accepted_and_accounted_for(done: settings.Settings) -> None:
    with warehouse.connect(done) as connection:
        assert connection.execute("select * from marts.refused_files").fetchall() == []
        ((files, unbalanced),) = connection.execute(
            "select count(*), count(*) filter (where read_rows <> kept_rows + superseded_rows + quarantined_rows + note_rows) "
            "from marts.files"
        ).fetchall()
        reasons = connection.execute("select reason from marts.quarantined_rows").fetchall()
    assert files == len([each for each in (SAMPLE / "exports").rglob("*") if each.is_file()])
    assert unbalanced == 0
    assert reasons == [("scientific_notation",)] * 2


def test_every_order_is_dealt_on_its_true_day(done: settings.Settings, truth: dict[str, Any]) -> None:
    with warehouse.connect(done) as connection:
        found = connection.execute("select shop_id, order_id, dealt_on from marts.orders").df()
    for shop, true in truth.items():
        ours = found[found["shop_id"] == shop].merge(true.orders, on="order_id", how="outer", validate="one_to_one")
        assert len(ours) == len(true.orders) == (found["shop_id"] == shop).sum()
        true_day = ours["dealt_at"].dt.normalize()
        assert ours["dealt_on"].isna().equals(true_day.isna())
        assert (ours["dealt_on"].dropna() == true_day.dropna()).all()


def test_the_newest_window_is_right_to_the_order(rates: pd.DataFrame, truth: dict[str, Any]) -> None:
    for shop, true in truth.items():
        started, ended = pd.Timestamp("2026-08-16"), pd.Timestamp("2026-09-15")
        events = world.interventions(true.after_sales)
        events = events[(events["began_at"] >= started) & (events["began_at"] < ended)]
        left_out = (events["initiated_by"] == "platform") | (
            (events["outcome"] == "withdrawn") & events["decided_at"].isna()
        )
        dealt = true.orders["dealt_at"]
        (last,) = rates[(rates["shop_id"] == shop) & (rates["window_end"] == "2026-09-14")].itertuples()
        assert last.numerator == events[~left_out]["order_id"].nunique()
        assert last.denominator == ((dealt >= started) & (dealt < ended)).sum()


def test_in_all_ninety_windows_the_denominator_is_exact_and_the_numerator_near(
    rates: pd.DataFrame, truth: dict[str, Any]
) -> None:
    """An export shows that the platform stepped in, not on which day: older windows may be off by what two exports hide."""
    assert set(rates.groupby("shop_id").size()) == {90}
    for row in rates.itertuples():
        true = truth[str(row.shop_id)]
        started, ended = pd.Timestamp(str(row.window_start)), pd.Timestamp(str(row.window_end)) + pd.Timedelta(days=1)
        dealt = true.orders["dealt_at"]
        assert row.denominator == ((dealt >= started) & (dealt < ended)).sum()
        events = world.interventions(true.after_sales)
        events = events[(events["initiated_by"] != "platform") & (events["outcome"] != "withdrawn")]
        inside = events[(events["began_at"] >= started) & (events["began_at"] < ended)]
        assert abs(int(str(row.numerator)) - inside["order_id"].nunique()) <= 2


def test_the_platforms_own_figures_are_met_on_the_newest_day(done: settings.Settings, rates: pd.DataFrame) -> None:
    with warehouse.connect(done) as connection:
        ((count, rate),) = connection.execute(
            "select intervention_count, intervention_rate from marts.platform_figures where stat_on = '2026-09-14'"
        ).fetchall()
    (last,) = rates[(rates["shop_id"] == "云岭百货") & (rates["window_end"] == "2026-09-14")].itertuples()
    assert last.numerator == count
    assert round(float(str(last.rate)), 4) == float(rate)


def test_the_page_says_that_it_is_the_sample(done: settings.Settings) -> None:
    for name in ("daily.html", "daily.en.html"):
        page = (done.reports / AS_OF.isoformat() / name).read_text(encoding="utf-8")
        assert "示例数据" in page or "made up" in page


def test_the_sample_never_mixes_with_real_data(done: settings.Settings) -> None:
    real = settings.load(done.data.parent, done.reports.parent)
    assert not real.exports.exists() and not real.warehouse.exists() and not list(real.reports.glob("*/daily.html"))
    assert done.is_sample and not real.is_sample


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        reason = "no Chromium here: install Debian's package chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield started
        started.close()


@pytest.mark.parametrize("name", ["daily.html", "daily.en.html"])
def test_the_real_page_opens_without_a_network(done: settings.Settings, browser: Any, name: str) -> None:
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    problems: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto((done.reports / AS_OF.isoformat() / name).as_uri())
    page.wait_for_selector(".js-plotly-plot .main-svg")
    plots = page.locator(".js-plotly-plot")
    assert plots.count() == 12, "two shops: rolling, four segments, coverage"
    deadline = time.monotonic() + 20
    while page.locator(".js-plotly-plot .main-svg").count() < 12 and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert all(plots.nth(at).bounding_box()["height"] > 100 for at in range(12))
    lines = page.locator(".js-plotly-plot").first.locator(".scatterlayer .trace")
    before = lines.count()
    page.locator(".js-plotly-plot").first.locator(".legendtoggle").nth(1).click()
    page.wait_for_function(
        "before => document.querySelector('.js-plotly-plot').querySelectorAll('.scatterlayer .trace').length < before",
        arg=before,
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert problems == []
    assert all(url.startswith("file://") for url in requests)
    context.close()
