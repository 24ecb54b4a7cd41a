"""`analysis build | report | sql | files | backtest | evidence | sample`: words for the user, exit codes for the schedule.

Exit codes: 0 done; 2 wrong use or nothing to do it with; 3 done, but at least one file was refused; 75 another run is busy.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from analysis import settings as places
from analysis.settings import Settings, UserError

REFUSED = 3


class Verbs(click.Group):
    """Shows a UserError as two sentences instead of a traceback, and ends with its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            click.echo(f"{error.zh}\n{error.en}", err=True)
            ctx.exit(error.exit_code)
        except OSError as error:
            where = error.filename or ""
            click.echo(f"无法读写 {where}：{error.strerror}\nCannot read or write {where}: {error.strerror}", err=True)
            ctx.exit(2)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="analysis")
def main() -> None:
    """拼多多平台介入率分析：导出文件 → 近30天介入率 → 报告。

    Pinduoduo platform-intervention rates from exported files.
    """


def _places(verb: Callable[..., Any]) -> Callable[..., Any]:
    """The two folders and the sample, the same on every verb."""
    folder = click.Path(file_okay=False, path_type=Path)
    for option in (
        click.option("--sample", is_flag=True, help="用自带的示例数据 · use the made-up sample instead of your data"),
        click.option("--reports", type=folder, help="报告文件夹 · where reports go (or ANALYSIS_REPORTS)"),
        click.option("--data", type=folder, help="数据文件夹 · where data lies (or ANALYSIS_DATA)"),
    ):
        verb = option(verb)
    return verb


@main.command()
@_places
def build(data: Path | None, reports: Path | None, sample: bool) -> None:
    """读入新的导出文件并重建数据仓库 · load new exports and rebuild the warehouse."""
    chosen = places.load(data, reports, sample=sample)
    with _alone(chosen, "build") as progress:
        manifest, is_new = _load_and_build(chosen, progress)
    if not is_new:
        click.echo("没有新的内容，数据仓库保持不变 · nothing new, the warehouse stays as it is")
    sys.exit(REFUSED if manifest.refusals else 0)


@main.command()
@_places
@click.option(
    "--as-of",
    "as_of",
    help="截止日，如 2026-09-14，或 yesterday · last closed day (default: the last that the exports cover)",
)
def report(data: Path | None, reports: Path | None, sample: bool, as_of: str | None) -> None:
    """生成报告页面 · load, build, and render the report."""
    from analysis.cli.reporting import render

    chosen = places.load(data, reports, sample=sample)
    wanted = _day(as_of)
    with _alone(chosen, "report") as progress:
        manifest, _ = _load_and_build(chosen, progress)
        progress("report")
        page, is_new = render(chosen, manifest, wanted)
    done = "报告" if is_new else "没有新的内容，报告保持不变"
    click.echo(f"{done} · {'report' if is_new else 'nothing new, the report stays as it is'}: {page}")
    sys.exit(REFUSED if manifest.refusals else 0)


@main.command()
@_places
@click.argument("query")
@click.option(
    "--format",
    "shape",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    help="输出格式 · output format",
)
def sql(data: Path | None, reports: Path | None, sample: bool, query: str, shape: str) -> None:
    """用 SQL 查询数据仓库（只读） · ask the warehouse in SQL, read-only.

    例 · example: analysis sql "select * from marts.shop_days limit 5"
    """
    from analysis.cli.answers import answer

    click.echo(answer(places.load(data, reports, sample=sample), query, shape), nl=False)


@main.command()
@_places
def files(data: Path | None, reports: Path | None, sample: bool) -> None:
    """每个导出文件的行数去向 · where each export's rows went, and what could not be read."""
    from analysis.cli.answers import account

    click.echo(account(places.load(data, reports, sample=sample)), nl=False)


@main.command()
@_places
@click.option("--as-of", "as_of", help="截止日 · last closed day (default: the last that the exports cover)")
@click.option(
    "--format",
    "shape",
    type=click.Choice(["table", "csv"]),
    default="table",
    help="输出格式 · output format",
)
def backtest(data: Path | None, reports: Path | None, sample: bool, as_of: str | None, shape: str) -> None:
    """用自己的历史检验预测 · re-run the forecast on your own history and say how good it was."""
    from analysis.cli.answers import tested

    click.echo(tested(places.load(data, reports, sample=sample), _day(as_of), shape), nl=False)


@main.group()
def evidence() -> None:
    """举证材料：登记了什么，给一张工单打包 · proof files: what is registered, and a pack for one ticket."""


@evidence.command("list")
@_places
def list_evidence(data: Path | None, reports: Path | None, sample: bool) -> None:
    """登记并列出举证文件 · register and list the proof files."""
    from analysis.cli.proof import listed

    chosen = places.load(data, reports, sample=sample)
    with _alone(chosen, "evidence"):
        click.echo(listed(chosen), nl=False)


@evidence.command()
@_places
@click.argument("ticket")
@click.option("--shop", help="哪个店铺，几个店铺有同号工单时才需要 · whose ticket, where shops share its number")
@click.option(
    "--to", "target", type=click.Path(path_type=Path), help="写到哪里，.zip 或文件夹 · where to, a .zip or a folder"
)
@click.option(
    "--language", type=click.Choice(places.LANGUAGES), default="zh", help="说明页的语言 · the summary's language"
)
def pack(
    data: Path | None,
    reports: Path | None,
    sample: bool,
    ticket: str,
    shop: str | None,
    target: Path | None,
    language: str,
) -> None:
    """把一张工单的举证材料打包 · pack the proof of one ticket."""
    from analysis.cli.proof import pack as written

    chosen = places.load(data, reports, sample=sample)
    with _alone(chosen, "evidence"):
        click.echo(written(chosen, ticket, shop, target, language), nl=False)


@main.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="数据文件夹 · where data lies (or ANALYSIS_DATA)",
)
def sample(data: Path | None) -> None:
    """重新写出示例的导出和举证文件 · write the made-up sample exports and proof again."""
    from analysis import sample as made_up

    chosen = places.load(data, sample=True)
    made_up.write(chosen.exports, chosen.evidence)
    click.echo(f"示例 · sample: {chosen.exports}")


def _load_and_build(chosen: Settings, progress: Callable[[str], None]) -> tuple[Any, bool]:
    """Loads what is new and builds what it changes; prints each new export's account and each refusal."""
    from analysis.cli import answers, loading

    if chosen.is_sample and not chosen.exports.exists():
        from analysis import sample

        sample.write(chosen.exports, chosen.evidence)
    loaded = loading.load(chosen, progress)
    is_new = loading.build(chosen, loaded.manifest, progress)
    for line in answers.accounts(chosen, loaded.accepted):
        click.echo(line)
    for refusal in loaded.manifest.refusals:
        click.echo(f"未导入 · refused\n  {refusal.zh}\n  {refusal.en}", err=True)
    return loaded.manifest, is_new


@contextmanager
def _alone(chosen: Settings, verb: str) -> Iterator[Callable[[str], None]]:
    """The run's lock, and a way to say what is being done."""
    from analysis import lock

    with lock.held(chosen.data, verb), _progress() as progress:
        yield progress


def _day(text: str | None) -> date | None:
    """The day that the user named; `yesterday` is for the schedule, by Beijing's calendar."""
    if text is None:
        return None
    if text == "yesterday":
        from datetime import datetime

        return datetime.now(places.BEIJING).date() - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UserError(
            f"--as-of 读不懂“{text}”。请写成 2026-09-14，或 yesterday。",
            f"--as-of cannot be {text!r}. Write it like 2026-09-14, or yesterday.",
        ) from error


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """One line that says what is being done, on a terminal; nothing in a log."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return

    def show(step: str) -> None:
        click.echo(f"\r\033[K{step[:90]}", err=True, nl=False)

    try:
        yield show
    finally:
        click.echo("\r\033[K", err=True, nl=False)
