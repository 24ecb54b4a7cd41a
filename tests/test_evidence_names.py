"""What names and bytes tell of a file: its kind, its numbers, its type, a missing end; and paths that are no text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.evidence import contents, files, names
from tests.evidence_files import ORDER, RULES, digest_of, jpeg, png, video


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("红章.jpg", "signed_seal"),
        ("签收证明.jpg", "signed_seal"),
        ("签收底单.jpg", "signed_seal"),
        ("底单.jpg", "waybill_stub"),
        ("电子面单.png", "waybill_stub"),
        ("waybill.png", "waybill_stub"),
        ("发货称重图.jpg", "weight_sent"),
        ("出库称重.jpg", "weight_sent"),
        ("weight_sent.jpg", "weight_sent"),
        ("派件称重.jpg", "weight_out"),
        ("签收称重.jpg", "weight_signed"),
        ("签收时的称重图.jpg", "weight_signed"),
        ("称重.jpg", "other"),
        ("聊天记录1.png", "chat"),
        ("签收后聊天.png", "chat"),
        ("WeChat Image.png", "other"),
        ("Screenshot_20260601.png", "other"),
        ("质检报告.pdf", "inspection"),
        ("检测.pdf", "inspection"),
        ("品牌授权书.pdf", "authorization"),
        ("进货发票.pdf", "invoice"),
        ("实物图.jpg", "photo"),
        ("商品详情截图.png", "listing"),
        ("物流轨迹.png", "track"),
        ("ＷＡＹＢＩＬＬ.PNG", "waybill_stub"),
        ("红章/1.jpg", "signed_seal"),
        ("红章/底单.jpg", "waybill_stub"),
        ("底单/聊天/a/1.jpg", "chat"),
        ("IMG_0001.jpg", "other"),
    ],
)
def test_names_tell_the_kind(path: str, kind: str) -> None:
    assert (names.kind(path.split("/"), RULES.kinds) or "other") == kind


@pytest.mark.parametrize(
    ("name", "content", "content_type", "problem"),
    [
        ("a.jpg", jpeg(), "image/jpeg", ""),
        ("a.jpg", jpeg() + b"\0" * 70_000, "image/jpeg", ""),  # phones put a short film behind the picture
        ("a.jpg", jpeg()[:-2], "image/jpeg", "truncated"),
        ("a.jpg", jpeg(preview=jpeg())[:-2], "image/jpeg", "truncated"),
        ("a.jpg", jpeg(preview=jpeg()), "image/jpeg", ""),
        ("a.jpg", b"\xff\xd8\xff", "image/jpeg", "truncated"),
        ("a.jpg", b"\xff\xd8\xff\xd8rubbish", "image/jpeg", "truncated"),
        ("a.jpg", png(), "image/png", ""),
        ("a.png", png(), "image/png", ""),
        ("a.png", png()[:-1], "image/png", "truncated"),
        ("a.png", png()[:-12], "image/png", "truncated"),
        ("a.png", png() + b"more", "image/png", ""),
        ("a.jpg", b"", "application/octet-stream", "empty"),
        ("a.JPG", "不是图片".encode(), "text/plain", "not_a_picture"),
        ("a.jpg", b"MZ\x90\0\3\0\0\0", "application/octet-stream", "not_a_picture"),
        ("a.jpg", b"<html>login</html>", "text/plain", "not_a_picture"),
        ("a.png", b"%PDF-1.7\n", "application/pdf", "not_a_picture"),
        ("a.pdf", b"%PDF-1.7\n", "application/pdf", ""),
        ("a.pdf", png(), "image/png", "not_a_pdf"),
        ("a.gif", b"GIF89a\1\0\1\0\0\0\0;", "image/gif", ""),
        ("a.webp", b"RIFF\4\0\0\0WEBP", "image/webp", ""),
        ("a.webp", b"RIFF\5\0\0\0WEBP", "image/webp", "truncated"),
        ("a.bmp", b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0", "image/bmp", ""),
        ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0", "image/heic", ""),
        ("a.mp4", video(), "video/mp4", ""),
        ("a.mp4", video()[:-1], "video/mp4", "truncated"),
        ("a.mp4", video()[:-16], "video/mp4", "truncated"),
        ("a.mov", b"\0\0\0\x14ftypqt  \0\0\0\0qt  \0\0\0\x08moov", "video/quicktime", ""),
        ("a.mp4", png(), "image/png", "not_a_video"),
        ("a.xlsx", b"PK\3\4....", "application/zip", ""),
        ("a.txt", "聊天".encode("gb18030"), "text/plain", ""),
        ("a.txt", "聊".encode() * 5000, "text/plain", ""),
        ("a.bin", b"\0\1\2", "application/octet-stream", ""),
    ],
)
def test_content_is_told_by_the_bytes(
    tmp_path: Path, name: str, content: bytes, content_type: str, problem: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with (tmp_path / name).open("rb") as file:
        found = contents.examine(file, name)
    assert found == contents.Content(len(content), digest_of(content), content_type, problem)


@pytest.mark.parametrize("whole", [jpeg(b"note"), png(), video()], ids=["jpeg", "png", "mp4"])
def test_wherever_a_file_is_cut_something_is_reported(tmp_path: Path, whole: bytes) -> None:
    for length in range(len(whole)):
        (tmp_path / "a.bin").write_bytes(whole[:length])
        with (tmp_path / "a.bin").open("rb") as file:
            found = contents.examine(file, "a.jpg" if whole[:1] != b"\0" else "a.mp4")
        assert found.problem, length


def test_the_ends_marker_is_found_across_two_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "PIECE", 5)
    for padding in range(12):
        picture = jpeg()[:-2] + b"\x11" * padding + b"\xff\xd9"
        (tmp_path / "a.jpg").write_bytes(picture)
        with (tmp_path / "a.jpg").open("rb") as file:
            assert contents.examine(file, "a.jpg") == contents.Content(
                len(picture), digest_of(picture), "image/jpeg", ""
            )


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_a_path_survives_as_text(path: str) -> None:
    text = files.to_text(path)
    assert files.from_text(text) == path
    assert text.isprintable() or any(not each.isprintable() for each in path)
    assert text.encode("utf-8")


@given(
    st.binary(min_size=1).filter(lambda raw: b"\0" not in raw),
    st.binary(min_size=1).filter(lambda raw: b"\0" not in raw),
)
def test_bytes_that_are_no_text_survive_and_never_meet(one: bytes, other: bytes) -> None:
    first, second = files.to_text(os.fsdecode(one)), files.to_text(os.fsdecode(other))
    assert os.fsencode(files.from_text(first)) == one
    assert (first == second) == (one == other)
    assert not any(ord(each) < 32 for each in first)


@given(
    st.integers(0, 10**15 - 1),
    st.text(st.sampled_from("红章_ ()（）号abc"), max_size=6),
    st.text(st.sampled_from("红章_ 号xyz."), max_size=6),
)
def test_an_order_number_is_found_between_any_signs(number: int, before: str, after: str) -> None:
    order = f"260601-{number:015d}"
    assert names.order_ids(f"{before}{order}{after}.jpg") == [order]


@given(st.from_regex(r"[A-Z]{2}[0-9]{10,13}", fullmatch=True), st.sampled_from(["", "红章", "20260601-", "a_"]))
def test_a_tracking_number_is_among_the_candidates(number: str, before: str) -> None:
    assert number in names.tracking_numbers(f"{before}{number.lower()}（1）.jpg")


def test_part_of_an_order_number_is_no_tracking_number() -> None:
    assert names.tracking_numbers(f"{ORDER}_红章.jpg") == []
