"""What goes into the platform's form for one ticket: the files in its order, and a page that says what each of them proves."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import pandas as pd

from analysis.evidence import summary as pages
from analysis.evidence.files import Closed, opened
from analysis.evidence.targets import Writer, replaced
from analysis.settings import UserError

FACTS = (
    "shop_id", "order_id", "ticket_title", "created_at", "deadline_at", "courier", "tracking_no", "shipped_at", "signed_at",
)  # fmt: skip
REFUSED = ("changed", "link")
WHY = {
    "outside": ("路径不在举证材料文件夹里", "its path leaves the evidence folder"),
    "link": ("它（或它所在的文件夹）是一个链接", "it, or a folder on the way to it, is a link"),
    "missing": ("文件不见了", "it is no longer there"),
    "not_a_file": ("它不是普通文件", "it is no plain file"),
    "unreadable": ("文件打不开", "it cannot be opened"),
    "changed": ("登记之后内容被改过", "its content changed after it was registered"),
    "other_order": ("它属于另一个订单或店铺", "it belongs to another order or shop"),
}


class Form(Protocol):
    """What one of the platform's pages takes."""

    @property
    def order(self) -> tuple[str, ...]: ...

    @property
    def most_pictures(self) -> int: ...

    @property
    def most_videos(self) -> int: ...

    @property
    def most_characters(self) -> int: ...


@dataclass(frozen=True)
class Packed:
    """A pack that was written: where, and what the form may not take or still lacks, in the user's language."""

    path: Path
    warnings: tuple[str, ...]


def pack(
    ticket: Mapping[str, Any],
    evidence: pd.DataFrame,
    folder: Path,
    target: Path,
    form: Form,
    words: Mapping[str, str],
    language: str = "zh",
) -> Packed:
    """Writes the proof of one ticket as a zip (`target` ends in .zip) or a folder.

    `ticket`: `ticket_id, shop_id, order_id, required` and, where known, `content` (the claim), `description` (the text for
    the form; without one the kinds' own sentences are put together) and the other facts of `FACTS`. `evidence`: its rows of
    the evidence frame (see `belonging`). `words`: `evidence.<kind>` (title), `proves.<kind>`, `evidence_problem.<word>` and
    `pack.*` of one `language`.

    The files come in the order of `required`, then of the form, then by path, numbered; besides them 说明.html, 说明.txt and
    sha256.txt. Files with a problem are left out and named in the warnings. The same input gives the same zip, byte for byte.

    Raises UserError for a file that changed since it was registered, is gone, is a link or lies elsewhere, for one of another
    order, for nothing to pack, and for a target that is not an untouched pack.
    """
    _refuse_foreign(ticket, evidence)
    for row in evidence[evidence["problem"].isin(REFUSED)].itertuples():
        raise _refused(str(row.path), str(row.problem))
    usable = evidence[evidence["problem"] == ""]
    if usable.empty:
        raise UserError(
            f"没有可以打包的材料：订单 {ticket['order_id']}。请把文件放进 {folder}，名字里写上订单号和材料名（如 红章、底单）。",
            f"There is nothing to pack for order {ticket['order_id']}. Put files into {folder}, with the order number and the "
            "kind (such as 红章 or 底单) in their names.",
        )
    files = _files(_ordered(usable, _required(ticket), form), words)
    page = _summary(ticket, files, evidence, form, words)
    with replaced(target, folder) as new:
        writer = Writer(new, is_zip=target.suffix.lower() == ".zip")
        try:
            for name, text in (
                ("说明.html", pages.as_html(page, words, language)),
                ("说明.txt", pages.as_text(page, words)),
            ):
                writer.add(name, io.BytesIO(text.encode()), len(text.encode()))
            for file in files:
                _copy(folder, file, writer)
            writer.close()
        finally:
            writer.abandon()
    return Packed(target, tuple(page.warnings))


def _copy(folder: Path, file: pages.File, writer: Writer) -> None:
    try:
        with opened(folder, file.path) as source:
            written = writer.add(file.name, source, file.size)
    except Closed as closed:
        raise _refused(file.path, closed.problem) from closed
    if written != file.sha256:
        raise _refused(file.path, "changed")


def _refuse_foreign(ticket: Mapping[str, Any], evidence: pd.DataFrame) -> None:
    """Another order's proof loses the case, so it is refused even where the caller chose it."""
    other = (evidence["shop_id"] != ticket["shop_id"]) | (
        evidence["order_id"].notna() & (evidence["order_id"] != ticket["order_id"])
    )
    for path in evidence.loc[other.astype("bool"), "path"]:
        raise _refused(str(path), "other_order")


def _refused(path: str, problem: str) -> UserError:
    zh, en = WHY[problem]
    return UserError(
        f"没有打包：{path}：{zh}。请放回原来的文件，或者用新名字另存一份，再运行一次。",
        f"Nothing was packed: {path}: {en}. Put the original back, or save it under a new name, and run again.",
    )


def _required(ticket: Mapping[str, Any]) -> tuple[str, ...]:
    required = ticket.get("required")
    return required if isinstance(required, tuple) else ()


def _ordered(evidence: pd.DataFrame, required: tuple[str, ...], form: Form) -> pd.DataFrame:
    order = list(dict.fromkeys([*required, *form.order]))
    place = evidence["kind"].map({kind: number for number, kind in enumerate(order)}).fillna(len(order))
    return evidence.assign(place=place).sort_values(["place", "path"])


def _files(evidence: pd.DataFrame, words: Mapping[str, str]) -> list[pages.File]:
    return [
        pages.File(
            name=f"{number:02d}_{words[f'evidence.{row.kind}']}{_suffix(str(row.path))}",
            path=str(row.path),
            proves=words[f"proves.{row.kind}"],
            modified_on=str(row.modified_on),
            size=int(row.bytes),  # type: ignore[arg-type]
            sha256=str(row.sha256),
        )
        for number, row in enumerate(evidence.itertuples(), 1)
    ]


def _suffix(path: str) -> str:
    suffix = PurePosixPath(path).suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else ""


def _summary(
    ticket: Mapping[str, Any],
    files: list[pages.File],
    evidence: pd.DataFrame,
    form: Form,
    words: Mapping[str, str],
) -> pages.Summary:
    description = _said(ticket, "description") or "\n".join(dict.fromkeys(file.proves for file in files))
    return pages.Summary(
        ticket_id=_said(ticket, "ticket_id"),
        facts=[(words[f"pack.{name}"], _said(ticket, name)) for name in FACTS if _said(ticket, name)],
        claim=_said(ticket, "content"),
        description=description,
        warnings=_warnings(_required(ticket), description, evidence, form, words),
        files=files,
    )


def _warnings(
    required: tuple[str, ...], description: str, evidence: pd.DataFrame, form: Form, words: Mapping[str, str]
) -> list[str]:
    usable = evidence[evidence["problem"] == ""]
    pictures, videos = (int(usable["content_type"].str.startswith(each).sum()) for each in ("image/", "video/"))
    held = {*usable["kind"], *(["video"] if videos else [])}
    missing = [words[f"evidence.{kind}"] for kind in required if kind not in held]
    limits = [
        ("pack.missing", len(missing), 0),
        ("pack.too_many_pictures", pictures, form.most_pictures),
        ("pack.too_many_videos", videos, form.most_videos),
        ("pack.too_many_characters", len(description), form.most_characters),
    ]
    listed = words["pack.separator"].join(missing)
    found = [words[key].format(count=count, most=most, kinds=listed) for key, count, most in limits if count > most]
    left_out = evidence[evidence["problem"] != ""].sort_values("path")
    return found + [
        words["pack.left_out"].format(path=path, problem=words[f"evidence_problem.{problem}"])
        for path, problem in zip(left_out["path"], left_out["problem"], strict=True)
    ]


def _said(ticket: Mapping[str, Any], name: str) -> str:
    value = ticket.get(name)
    return "" if value is None or pd.isna(value) else str(value)
