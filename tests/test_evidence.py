"""Files in, rows out: whose they are, what is wrong with them, and what was registered before."""

from __future__ import annotations

import json
import os
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis import evidence
from analysis.evidence import files
from analysis.settings import BEIJING, UserError
from tests.evidence_files import ORDER, ORDERS, OTHER, PARCEL, RULES, SHOP, Kept, digest_of, jpeg, orders_of

NO_LINKS = not hasattr(os, "symlink") or os.name == "nt"


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_a_file_becomes_a_row(kept: Kept) -> None:
    file = kept.put(f"{SHOP}/{ORDER}/发货底单.jpg")
    os.utime(file, (0, datetime(2026, 6, 3, 0, 30, tzinfo=BEIJING).timestamp()))
    (row,) = kept.register().to_dict("records")
    assert row == {
        "shop_id": SHOP,
        "order_id": ORDER,
        "tracking_no": row["tracking_no"],
        "path": f"{SHOP}/{ORDER}/发货底单.jpg",
        "kind": "waybill_stub",
        "bytes": file.stat().st_size,
        "content_type": "image/jpeg",
        "is_readable": True,
        "sha256": digest_of(file.read_bytes()),
        "modified_on": date(2026, 6, 3),
        "problem": "",
    }
    assert pd.isna(row["tracking_no"])


def test_a_shops_name_tells_no_kind(kept: Kept) -> None:
    row = kept.only(f"质检之家/{ORDER}/1.jpg", orders=orders_of(("质检之家", ORDER, None)))
    assert (row["shop_id"], row["kind"]) == ("质检之家", "other")


THREE, FOUR, FIVE = (f"260603-00000000000000{n}" for n in (3, 4, 5))


@pytest.mark.parametrize(
    ("path", "shop", "order", "parcel", "problem"),
    [
        (f"店/{ORDER}/红章.jpg", "店", ORDER, None, ""),
        (f"店/2026-06/{ORDER}/a/b/红章.jpg", "店", ORDER, None, ""),
        (f"店/{ORDER}_红章.jpg", "店", ORDER, None, ""),
        (f"店/红章{ORDER.replace('-', '－')}号.jpg", "店", ORDER, None, ""),
        (f"{ORDER}_红章.jpg", "店", ORDER, None, ""),
        (f"{ORDER}/红章.jpg", "店", ORDER, None, ""),
        (f"店/{PARCEL}/红章.jpg", "店", ORDER, PARCEL, ""),
        (f"店/红章{PARCEL.lower()}.jpg", "店", ORDER, PARCEL, ""),
        (f"店/{ORDER}/{PARCEL}.jpg", "店", ORDER, PARCEL, ""),
        (f"{PARCEL}/红章.jpg", "店", ORDER, PARCEL, ""),
        ("乙/20260603-JDVA123456-1-1-.jpg", "乙", THREE, "JDVA123456-1-1-", ""),
        ("乙/SF0000000077 红章.jpg", "乙", None, "SF0000000077", ""),
        (f"乙/{FOUR}/SF0000000077.jpg", "乙", FOUR, "SF0000000077", ""),
        ("店/260609-000000000000009_红章.jpg", "店", "260609-000000000000009", None, ""),
        ("260609-000000000000009_红章.jpg", None, "260609-000000000000009", None, "no_shop"),
        ("店/红章.jpg", "店", None, None, "no_id"),
        ("店/1260601-000000000000001_红章.jpg", "店", None, None, "no_id"),
        ("店/260601-0000000000000012.jpg", "店", None, None, "no_id"),
        ("店/YT9999999999999.jpg", "店", None, None, "no_id"),
        ("红章.jpg", None, None, None, "no_id"),
        (f"店/{ORDER}/{OTHER}_红章.jpg", "店", None, None, "several_orders"),
        (f"店/{ORDER}_{OTHER}.jpg", "店", None, None, "several_orders"),
        (f"店/{ORDER}/SF0000000002.jpg", "店", None, None, "several_orders"),
        (f"店/{THREE}/红章.jpg", "店", None, None, "other_shop"),
        ("店/SF0000000077.jpg", "店", None, None, "other_shop"),
    ],
)
def test_whose_a_file_is(kept: Kept, path: str, shop: Any, order: Any, parcel: Any, problem: str) -> None:
    row = kept.only(path, orders=ORDERS)
    found = [None if pd.isna(row[name]) else row[name] for name in ("shop_id", "order_id", "tracking_no")]
    assert [*found, row["problem"]] == [shop, order, parcel, problem]


def test_a_number_in_several_shops_needs_the_shops_folder(kept: Kept) -> None:
    both = orders_of(("甲", ORDER, None), ("乙", ORDER, None))
    kept.put(f"{ORDER}_红章.jpg")
    kept.put(f"乙/{ORDER}_红章.jpg")
    first, second = kept.register(both).to_dict("records")
    assert (first["problem"], second["problem"], second["shop_id"]) == ("no_shop", "", "乙")


@pytest.mark.skipif(os.name == "nt", reason="names are text on Windows")
def test_a_name_that_is_no_text_is_registered(kept: Kept) -> None:
    raw = os.fsencode(kept.folder) + f"/{SHOP}/{ORDER}_".encode() + "红章".encode("gbk") + b".jpg"
    (kept.folder / SHOP).mkdir()
    try:
        with open(raw, "wb") as file:  # noqa: PTH123
            file.write(jpeg())
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    (row,) = kept.register().to_dict("records")
    assert (row["order_id"], row["problem"]) == (ORDER, "")
    assert row["path"].encode("utf-8") and json.loads(kept.register_file.read_text(encoding="utf-8"))
    with files.opened(kept.folder, row["path"]) as file:
        assert file.read() == jpeg()


def test_systems_own_files_are_left_out(kept: Kept) -> None:
    for name in (".DS_Store", "._红章.jpg", "Thumbs.db", "desktop.ini", "~$聊天.xlsx", ".git/x.jpg"):
        kept.put(f"{SHOP}/{ORDER}/{name}")
    assert kept.register().empty


def test_no_folder_is_no_evidence(tmp_path: Path) -> None:
    frame = evidence.register(tmp_path / "none", ORDERS, RULES.kinds, tmp_path / "register.json")
    assert frame.empty and list(frame.columns)[:4] == ["shop_id", "order_id", "tracking_no", "path"]
    assert not (tmp_path / "register.json").exists()
    ready = evidence.readiness(orders_of((SHOP, ORDER, None), required=[("photo",)]), frame)
    assert ready["missing"].tolist() == [("photo",)]


@pytest.mark.skipif(NO_LINKS, reason="links need rights on Windows")
def test_links_are_reported_and_never_followed(kept: Kept, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / f"{ORDER}_红章.jpg").write_bytes(jpeg())
    kept.put(f"{SHOP}/{ORDER}/底单.jpg")
    (kept.folder / SHOP / ORDER / "红章.jpg").symlink_to(outside / f"{ORDER}_红章.jpg")
    (kept.folder / SHOP / "more").symlink_to(outside, target_is_directory=True)
    (kept.folder / SHOP / "loop").symlink_to(kept.folder, target_is_directory=True)
    (kept.folder / SHOP / f"{ORDER}_gone.jpg").symlink_to(tmp_path / "gone")
    frame = kept.register().set_index("path")
    assert frame["problem"].to_dict() == {
        f"{SHOP}/{ORDER}/底单.jpg": "",
        f"{SHOP}/{ORDER}/红章.jpg": "link",
        f"{SHOP}/{ORDER}_gone.jpg": "link",
        f"{SHOP}/loop": "link",
        f"{SHOP}/more": "link",
    }
    linked = frame[frame["problem"] == "link"]
    assert linked["sha256"].isna().all() and not linked["is_readable"].any()


@pytest.mark.skipif(NO_LINKS, reason="links need rights on Windows")
def test_the_evidence_folder_itself_may_be_a_link(kept: Kept, tmp_path: Path) -> None:
    kept.put(f"{SHOP}/{ORDER}/底单.jpg")
    (tmp_path / "other").symlink_to(kept.folder, target_is_directory=True)
    frame = evidence.register(tmp_path / "other", ORDERS, RULES.kinds, tmp_path / "r.json")
    assert frame["problem"].tolist() == [""]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_reported_not_waited_for(kept: Kept) -> None:
    (kept.folder / SHOP).mkdir()
    os.mkfifo(kept.folder / SHOP / f"{ORDER}_红章.jpg")
    assert kept.register()["problem"].tolist() == ["not_a_file"]
    with pytest.raises(files.Closed, match="not_a_file"):
        files.opened(kept.folder, f"{SHOP}/{ORDER}_红章.jpg")


def test_an_unchanged_file_is_not_read_again(kept: Kept) -> None:
    kept.put(f"{SHOP}/{ORDER}_红章.jpg")
    kept.register()
    before = kept.register_file.stat().st_mtime_ns
    marked = kept.register_file.read_text(encoding="utf-8")
    content = json.loads(marked)
    (entry,) = content["files"].values()
    marked = marked.replace(entry["sha256"], "0" * 64)
    kept.register_file.write_text(marked, encoding="utf-8")
    os.utime(kept.register_file, ns=(before, before))
    assert kept.register()["sha256"].tolist() == ["0" * 64]
    assert kept.register_file.read_text(encoding="utf-8") == marked and kept.register_file.stat().st_mtime_ns == before


def test_a_changed_file_keeps_its_first_digest_and_is_no_proof(kept: Kept) -> None:
    file = kept.put(f"{SHOP}/{ORDER}_红章.jpg", jpeg(b"one"))
    kept.register()
    file.write_bytes(jpeg(b"retouched"))
    for _ in range(2):
        (row,) = kept.register().to_dict("records")
        assert (row["sha256"], row["problem"]) == (digest_of(jpeg(b"one")), "changed")
    file.write_bytes(jpeg(b"one"))
    assert kept.register()["problem"].tolist() == [""]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no time of change: there the pack notices")
def test_a_change_is_noticed_though_size_and_time_are_set_back(kept: Kept) -> None:
    file = kept.put(f"{SHOP}/{ORDER}_红章.jpg", jpeg(b"one"))
    kept.register()
    was = file.stat()
    file.write_bytes(jpeg(b"two"))
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (was.st_size, was.st_mtime_ns)
    assert kept.register()["problem"].tolist() == ["changed"]


def test_a_touched_file_is_the_same(kept: Kept) -> None:
    file = kept.put(f"{SHOP}/{ORDER}_红章.jpg")
    first = kept.register()
    os.utime(file, (1, 1))
    again = kept.register()
    assert again["problem"].tolist() == [""] and again["sha256"].tolist() == first["sha256"].tolist()
    assert again["modified_on"].tolist() == [date(1970, 1, 1)]


def test_a_file_replaced_after_it_was_gone_is_changed(kept: Kept) -> None:
    file = kept.put(f"{SHOP}/{ORDER}_红章.jpg", jpeg(b"one"))
    kept.register()
    file.unlink()
    assert kept.register().empty
    kept.put(f"{SHOP}/{ORDER}_红章.jpg", jpeg(b"another"))
    assert kept.register()["problem"].tolist() == ["changed"]


def test_half_a_copy_is_registered_anew_when_it_is_whole(kept: Kept) -> None:
    file = kept.put(f"{SHOP}/{ORDER}_红章.jpg", jpeg()[:-10])
    assert kept.register()["problem"].tolist() == ["truncated"]
    file.write_bytes(jpeg())
    (row,) = kept.register().to_dict("records")
    assert (row["problem"], row["sha256"]) == ("", digest_of(jpeg()))


def test_registering_alters_nothing_in_the_folder(kept: Kept) -> None:
    file = kept.put(f"{SHOP}/{ORDER}_红章.jpg")
    before = (file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ctime_ns)
    kept.register()
    assert (file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ctime_ns) == before
    assert [each.name for each in kept.data.iterdir() if each.name != "evidence"] == ["evidence-register.json"]


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"format": 9}', '{"format": 1, "files": {"a": {"x": 1}}}', '{"format": 1, "files": []}']
)
def test_a_broken_register_says_what_to_do(kept: Kept, content: str) -> None:
    kept.register_file.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"(?s)登记读不懂.*register of evidence cannot be read"):
        kept.register()
