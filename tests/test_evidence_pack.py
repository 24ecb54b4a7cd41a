"""One ticket's files in, a zip or a folder out; and all that must never go into one."""

from __future__ import annotations

import hashlib
import io
import os
import random
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis import evidence
from analysis.evidence import files
from analysis.settings import UserError
from tests.evidence_files import ORDER, PARCEL, RULES, SHOP, Kept, jpeg, orders_of, png, video

NO_LINKS = not hasattr(os, "symlink") or os.name == "nt"
PROBLEMS = ["empty", "truncated", "not_a_picture", "not_a_video", "not_a_pdf", "not_a_file", "unreadable"]
WORDS = (
    {f"evidence.{kind}": f"名 {kind}" for kind in RULES.kind_names}
    | {f"proves.{kind}": f"证明 {kind}。" for kind in RULES.kind_names}
    | {f"evidence_problem.{problem}": f"问题 {problem}" for problem in PROBLEMS}
    | {
        f"pack.{name}": f"«{name}»"
        for name in [
            "title",
            "shop_id",
            "order_id",
            "ticket_title",
            "created_at",
            "deadline_at",
            "courier",
            "tracking_no",
            "shipped_at",
            "signed_at",
            "claim",
            "no_claim",
            "description",
            "files",
            "modified",
            "warnings",
            "separator",
        ]
    }
    | {
        "pack.separator": "、",
        "pack.missing": "缺 {count}：{kinds}",
        "pack.too_many_pictures": "图片 {count} > {most}",
        "pack.too_many_videos": "视频 {count} > {most}",
        "pack.too_many_characters": "字 {count} > {most}",
        "pack.left_out": "没放 {path}：{problem}",
    }
)
TICKET: dict[str, Any] = {
    "ticket_id": "500000000000001",
    "shop_id": SHOP,
    "order_id": ORDER,
    "ticket_title": "未收到货",
    "content": "订单显示签收，用户反馈未收到货",
    "created_at": pd.Timestamp("2026-06-10 09:00"),
    "deadline_at": pd.Timestamp("2026-06-12 09:00"),
    "shipped_at": pd.NaT,
    "courier": pd.NA,
    "required": ("waybill_stub", "signed_seal"),
}
STUB, SEAL = f"{SHOP}/{ORDER}/底单.jpg", f"{SHOP}/{ORDER}/a红章.png"


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    made = Kept(tmp_path / "data")
    made.put(STUB, jpeg(b"stub"))
    made.put(SEAL, png())
    return made


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "packs" / "500000000000001.zip"


def held(kept: Kept) -> pd.DataFrame:
    """The files of the ticket's order, as registered now."""
    return evidence.belonging(orders_of((SHOP, ORDER, PARCEL)), kept.register())


def packed(
    kept: Kept, target: Path, rows: pd.DataFrame | None = None, form: Any = None, **ticket: Any
) -> evidence.Packed:
    rows = held(kept) if rows is None else rows
    return evidence.pack(TICKET | ticket, rows, kept.folder, target, form or RULES.forms["appeal"], WORDS)


def contents(target: Path) -> dict[str, bytes]:
    """What a pack holds, by name and in its order (by name where it is a folder)."""
    if target.is_dir():
        return {each.name: each.read_bytes() for each in sorted(target.iterdir())}
    with zipfile.ZipFile(target) as pack:
        assert pack.testzip() is None
        return {name: pack.read(name) for name in pack.namelist()}


def refused(kept: Kept, target: Path, why: str, rows: pd.DataFrame | None = None, **ticket: Any) -> None:
    """Packing is refused with that reason, and nothing new is left behind."""
    rows = held(kept) if rows is None else rows

    def left() -> dict[Path, bytes]:
        around = target.parent.parent.rglob("*")
        return {each: each.read_bytes() if each.is_file() else b"" for each in around if each != target.parent}

    before = left()
    with pytest.raises(UserError, match=why) as error:
        packed(kept, target, rows, **ticket)
    assert error.value.zh != error.value.en
    assert left() == before


@pytest.mark.parametrize("name", ["p.zip", "p"])
def test_a_pack_holds_the_files_in_the_forms_order_and_what_they_prove(kept: Kept, target: Path, name: str) -> None:
    kept.put(f"{SHOP}/{ORDER}/聊天.png", png())
    kept.put(f"{SHOP}/{ORDER}/IMG_1.JPG", jpeg())
    result = packed(kept, target.parent / name)
    assert result == evidence.Packed(target.parent / name, ("图片 4 > 3",))
    inside = contents(result.path)
    pictures = ["01_名 waybill_stub.jpg", "02_名 signed_seal.png", "03_名 chat.png", "04_名 other.jpg"]
    assert set(inside) == {"说明.html", "说明.txt", *pictures, "sha256.txt"}
    assert [each for each in inside if each[0] == "0"] == pictures
    assert inside[pictures[0]] == jpeg(b"stub") and inside[pictures[1]] == png()
    said = inside["说明.txt"].decode()
    for part in (
        "500000000000001",
        ORDER,
        "用户反馈未收到货",
        "2026-06-12 09:00:00",
        "证明 waybill_stub。",
        "图片 4 > 3",
        STUB,
    ):
        assert part in said
    assert hashlib.sha256(png()).hexdigest() in said
    assert "NaT" not in said and "<NA>" not in said and "«shipped_at»" not in said


def test_the_list_of_digests_is_true(kept: Kept, target: Path) -> None:
    inside = contents(packed(kept, target).path)
    lines = inside.pop("sha256.txt").decode().splitlines()
    assert lines == [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in inside.items()]


def test_required_kinds_come_first_whatever_the_form_says(kept: Kept, target: Path) -> None:
    inside = contents(packed(kept, target, required=("signed_seal", "waybill_stub")).path)
    assert [name for name in inside if name[0] == "0"] == ["01_名 signed_seal.png", "02_名 waybill_stub.jpg"]
    other = replace(RULES.forms["appeal"], order=("signed_seal", "waybill_stub"))
    inside = contents(packed(kept, target, form=other, required=()).path)
    assert [name for name in inside if name[0] == "0"] == ["01_名 signed_seal.png", "02_名 waybill_stub.jpg"]


def test_the_same_input_gives_the_same_zip(kept: Kept, target: Path, tmp_path: Path) -> None:
    for number in range(5):
        kept.put(f"{SHOP}/{ORDER}/物流{number}.png", png())
    rows = held(kept)
    first = packed(kept, target, rows).path.read_bytes()
    shuffled = list(range(len(rows)))
    random.Random(4).shuffle(shuffled)
    second = packed(kept, tmp_path / "again" / "other.zip", rows.iloc[shuffled]).path.read_bytes()
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as pack:
        assert {entry.date_time for entry in pack.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_zip_opens_with_other_programs_too(kept: Kept, target: Path, tmp_path: Path) -> None:
    path = packed(kept, target).path
    code = "import sys, shutil; shutil.unpack_archive(sys.argv[1], sys.argv[2], 'zip')"
    subprocess.run(["python3", "-c", code, path, tmp_path / "out"], check=True)
    assert contents(tmp_path / "out") == dict(sorted(contents(path).items()))


class Tags(HTMLParser):
    """The tags and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_summary_escapes_what_others_wrote_and_needs_nothing_else(kept: Kept, target: Path) -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)>&amp;\"'"
    kept.put(f"{SHOP}/{ORDER}/物流<b onclick=x>&.png", png())
    page = contents(packed(kept, target, content=attack, ticket_title=attack, description=attack).path)[
        "说明.html"
    ].decode()
    shown = Tags(page)
    assert {tag for tag, _ in shown.tags} <= set(
        ["html", "meta", "title", "style", "h1", "h2", "table", "tr", "th", "td", "p", "strong", "br", "span"]
    )
    assert {name for _, attributes in shown.tags for name in attributes} <= {
        "lang",
        "charset",
        "name",
        "content",
        "class",
    }
    assert shown.text.count(attack) == 3 and "物流<b onclick=x>&.png" in shown.text
    assert "http" not in page and "url(" not in page


def test_the_forms_limits_are_warned_about(kept: Kept, target: Path) -> None:
    for number in range(3):
        kept.put(f"{SHOP}/{ORDER}/开箱{number}.mp4", video(bytes([number])))
        kept.put(f"{SHOP}/{ORDER}/聊天{number}.png", png())
    result = packed(kept, target, description="字" * 301, required=("waybill_stub", "photo", "weight_out", "video"))
    assert result.warnings == ("缺 2：名 photo、名 weight_out", "图片 5 > 3", "视频 3 > 2", "字 301 > 300")


def test_exactly_at_the_limits_there_is_nothing_to_warn_about(kept: Kept, target: Path) -> None:
    kept.put(f"{SHOP}/{ORDER}/聊天.png", png())
    for number in range(2):
        kept.put(f"{SHOP}/{ORDER}/开箱{number}.mp4", video())
    assert packed(kept, target, description="字" * 300).warnings == ()


def test_without_a_text_for_the_form_the_kinds_sentences_make_one(kept: Kept, target: Path) -> None:
    kept.put(f"{SHOP}/{ORDER}/底单2.jpg", jpeg())
    said = contents(packed(kept, target).path)["说明.txt"].decode()
    assert "[«description»]\n证明 waybill_stub。\n证明 signed_seal。\n" in said


def test_a_file_with_a_problem_is_left_out_and_named(kept: Kept, target: Path) -> None:
    kept.put(f"{SHOP}/{ORDER}/聊天.png", b"no picture")
    kept.put(f"{SHOP}/{ORDER}/物流.png", png()[:-3])
    result = packed(kept, target)
    assert result.warnings == (
        f"没放 {SHOP}/{ORDER}/物流.png：问题 truncated",
        f"没放 {SHOP}/{ORDER}/聊天.png：问题 not_a_picture",
    )
    assert len(contents(target)) == 5


def test_nothing_to_pack_says_where_files_go(kept: Kept, target: Path) -> None:
    refused(kept, target, "(?s)没有可以打包.*nothing to pack", held(kept).iloc[:0])


def test_a_file_that_changed_since_it_was_registered_is_refused(kept: Kept, target: Path) -> None:
    rows = held(kept)
    kept.put(SEAL, png() + b"!")
    refused(kept, target, "(?s)改过.*changed after", rows)
    refused(kept, target, "(?s)改过.*changed after")


def test_a_change_that_hides_its_size_and_time_is_refused(kept: Kept, target: Path) -> None:
    rows = held(kept)
    file = kept.folder / STUB
    was = file.stat()
    file.write_bytes(jpeg(b"STUB"))
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))
    refused(kept, target, "changed after", rows)


def test_a_missing_file_is_refused(kept: Kept, target: Path) -> None:
    rows = held(kept)
    (kept.folder / SEAL).unlink()
    refused(kept, target, "(?s)不见了.*no longer there", rows)


@pytest.mark.parametrize(
    "path", ["../secret.jpg", "店/../../secret.jpg", "/etc/hostname", "", ".", "店//x.jpg", "店/%00.jpg", "店/./x.jpg"]
)
def test_paths_out_of_the_folder_are_refused(kept: Kept, target: Path, path: str) -> None:
    (kept.data / "secret.jpg").write_bytes(jpeg())
    rows = held(kept).iloc[:1].assign(path=path, sha256=hashlib.sha256(jpeg()).hexdigest())
    refused(kept, target, "(?s)不在举证材料文件夹.*leaves the evidence folder", rows)


def link_to_file(kept: Kept, outside: Path) -> None:
    (kept.folder / STUB).unlink()
    (kept.folder / STUB).symlink_to(outside / "底单.jpg")


def link_to_folder(kept: Kept, outside: Path) -> None:
    (kept.folder / SHOP / ORDER).rename(kept.folder / "aside")
    (kept.folder / SHOP / ORDER).symlink_to(outside, target_is_directory=True)


@pytest.mark.skipif(NO_LINKS, reason="links need rights on Windows")
@pytest.mark.parametrize("attack", [link_to_file, link_to_folder])
def test_a_link_put_in_place_of_a_registered_file_is_refused(
    kept: Kept, target: Path, tmp_path: Path, attack: Callable[[Kept, Path], None]
) -> None:
    """Even where its content is the registered one."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "底单.jpg").write_bytes(jpeg(b"stub"))
    rows = held(kept).query("kind == 'waybill_stub'")
    attack(kept, outside)
    refused(kept, target, "(?s)链接.*is a link", rows)


@pytest.mark.skipif(NO_LINKS, reason="links need rights on Windows")
def test_a_link_among_the_orders_files_is_refused(kept: Kept, target: Path) -> None:
    (kept.folder / SHOP / ORDER / "物流.png").symlink_to(kept.folder / SEAL)
    refused(kept, target, "is a link")


def test_another_orders_files_are_refused(kept: Kept, target: Path) -> None:
    rows = held(kept)
    refused(kept, target, "(?s)另一个订单.*another order", rows, order_id="260601-000000000000009")
    refused(kept, target, "another order", rows, shop_id="乙")


def test_files_that_name_only_a_shared_parcel_can_be_packed(kept: Kept, target: Path) -> None:
    other = "260601-000000000000009"
    kept.put(f"{SHOP}/{PARCEL}/红章.png", png())
    both = orders_of((SHOP, ORDER, PARCEL), (SHOP, other, PARCEL))
    rows = evidence.belonging(both.iloc[1:], kept.register(both))
    assert rows["order_id"].tolist() == [other]
    assert len(contents(packed(kept, target, rows, order_id=other).path)) == 4


@pytest.mark.parametrize("name", ["p.zip", "p"])
def test_a_pack_is_replaced_by_a_newer_one(kept: Kept, target: Path, name: str) -> None:
    path = target.parent / name
    packed(kept, path)
    kept.put(f"{SHOP}/{ORDER}/聊天.png", png())
    packed(kept, path)
    assert "03_名 chat.png" in contents(path)
    assert [each.name for each in target.parent.iterdir()] == [name]


def test_an_empty_folder_can_be_filled(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "sha256.txt" in contents(packed(kept, tmp_path / "empty").path)


def edit(folder: Path) -> None:
    (folder / "说明.txt").write_text("my own words", encoding="utf-8")


def add(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine", encoding="utf-8")


def nest(folder: Path) -> None:
    (folder / "sub").mkdir()


def forget(folder: Path) -> None:
    (folder / "sha256.txt").unlink()


def link(folder: Path) -> None:
    (folder / "说明.txt").rename(folder.parent / "moved.txt")
    (folder / "说明.txt").symlink_to(folder.parent / "moved.txt")


@pytest.mark.parametrize("touch", [edit, add, nest, forget, link])
def test_a_folder_that_the_user_touched_is_left_alone(kept: Kept, target: Path, touch: Callable[[Path], None]) -> None:
    folder = target.parent / "p"
    packed(kept, folder)
    touch(folder)
    before = {each: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    refused(kept, folder, "(?s)已经存在.*left alone")
    assert {each: each.read_bytes() for each in folder.iterdir() if each.is_file()} == before


@pytest.mark.parametrize("content", [b"", b"a letter", b"PK\5\6" + b"\0" * 18])
def test_a_file_that_is_no_pack_is_left_alone(kept: Kept, target: Path, content: bytes) -> None:
    target.parent.mkdir()
    target.write_bytes(content)
    refused(kept, target, "left alone")


def test_a_zip_with_something_added_is_left_alone(kept: Kept, target: Path) -> None:
    packed(kept, target)
    with zipfile.ZipFile(target, "a") as pack:
        pack.writestr("mine.txt", "mine")
    refused(kept, target, "left alone")


def test_a_refused_pack_leaves_the_older_one(kept: Kept, target: Path) -> None:
    packed(kept, target)
    rows = held(kept)
    (kept.folder / SEAL).unlink()
    refused(kept, target, "no longer there", rows)


@pytest.mark.skipif(NO_LINKS, reason="links need rights on Windows")
def test_a_target_that_is_a_link_is_left_alone(kept: Kept, target: Path) -> None:
    packed(kept, target)
    (target.parent / "link.zip").symlink_to(target)
    refused(kept, target.parent / "link.zip", "left alone")


def test_a_pack_does_not_go_into_the_evidence(kept: Kept) -> None:
    refused(kept, kept.folder / SHOP / "p.zip", "(?s)不能写到.*cannot go into")


@pytest.mark.skipif(os.name == "nt", reason="names are text on Windows")
def test_a_name_that_is_no_text_is_packed(kept: Kept, target: Path) -> None:
    raw = os.fsencode(kept.folder / SHOP / ORDER) + b"/" + "聊天记录".encode() + b"\xff\n.png"
    try:
        with open(raw, "wb") as file:  # noqa: PTH123
            file.write(png())
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    inside = contents(packed(kept, target).path)
    assert "03_名 chat.png" in inside and "聊天记录%FF%0A.png" in inside["说明.txt"].decode()


def test_opening_reports_instead_of_following(kept: Kept) -> None:
    with files.opened(kept.folder, STUB) as file:
        assert file.read() == jpeg(b"stub")
    with pytest.raises(files.Closed, match="missing"):
        files.opened(kept.folder, f"{STUB}/x")
    with pytest.raises(files.Closed, match=r"not_a_file|unreadable"):
        files.opened(kept.folder, SHOP)
