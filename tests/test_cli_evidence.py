"""`analysis evidence list` and `evidence pack` as a user types them; the folder of proof stays as it was."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from analysis import texts
from analysis.cli import main
from tests.conftest import Data, order_id
from tests.evidence_files import jpeg
from tests.test_findings_tickets import LAST, export, orders, proof, ticket

LOADED = LAST + timedelta(days=1)
ZH, EN = texts.load("zh"), texts.load("en")


def run(data: Data, *words: str) -> Result:
    places = ["--data", str(data.settings.data), "--reports", str(data.settings.reports)]
    result = CliRunner().invoke(main, ["evidence", words[0], *places, *words[1:]])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def tree(folder: Path) -> dict[str, tuple[float, str]]:
    """Every file and folder with its time of modification and its digest."""
    return {
        str(each.relative_to(folder)): (
            each.stat().st_mtime,
            hashlib.sha256(each.read_bytes()).hexdigest() if each.is_file() else "",
        )
        for each in sorted(folder.rglob("*"))
    }


@pytest.fixture
def shop(data: Data) -> Data:
    """Three tickets; proof of the first and the third, with a file that is no picture and one that is nobody's."""
    orders(data, since=date(2026, 6, 1))
    export(
        data,
        LOADED,
        ticket(1, 工单内容="买家称未收到货"),
        ticket(2),
        ticket(3, "少发漏发"),
    )
    proof(data, "底单.jpg", "红章.jpg", order=1)
    proof(data, *(f"发货称重{n}.jpg" for n in range(5)), order=3)
    (data.settings.evidence / "店" / order_id(3) / "签收称重.jpg").write_bytes(b"no picture")
    (data.settings.evidence / "店" / "说不清.jpg").write_bytes(jpeg(b"?"))
    data.build()
    return data


def test_the_list_names_every_file_with_its_order_its_kind_and_its_problem(shop: Data) -> None:
    before = tree(shop.settings.evidence)
    result = run(shop, "list")
    assert result.exit_code == 0, result.output
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line.startswith("店/")}
    assert len(lines) == 9
    stub = lines[f"店/{order_id(1)}/底单.jpg"]
    assert order_id(1) in stub.split()[1:] and ZH["evidence.waybill_stub"] in stub
    assert ZH["evidence_problem.not_a_picture"] in lines[f"店/{order_id(3)}/签收称重.jpg"]
    assert ZH["evidence_problem.no_id"] in lines["店/说不清.jpg"]
    assert not [path for path, line in lines.items() if path == f"店/{order_id(1)}/红章.jpg" and "不是" in line]
    assert run(shop, "list").stdout == result.stdout
    assert tree(shop.settings.evidence) == before


def test_a_list_without_any_file_is_an_empty_table(data: Data) -> None:
    orders(data, since=date(2026, 6, 1))
    data.build()
    result = run(data, "list")
    assert result.exit_code == 0 and "(0 行 rows)" in result.stdout
    assert not data.settings.evidence.exists()


def test_a_pack_is_a_zip_below_the_reports(shop: Data) -> None:
    before = tree(shop.settings.evidence)
    result = run(shop, "pack", "50001")
    assert result.exit_code == 0, result.output
    written = shop.settings.reports / "packs" / "50001.zip"
    assert str(written) in result.stdout and "!" not in result.stdout, "complete and within the form's limits"
    with zipfile.ZipFile(written) as pack:
        names = pack.namelist()
        page = pack.read("说明.html").decode()
        assert pack.read("01_发货底单.jpg") == jpeg("底单.jpg".encode())
        digest = hashlib.sha256(jpeg("红章.jpg".encode())).hexdigest()
        assert f"{digest}  02_签收红章证明.jpg" in pack.read("sha256.txt").decode().splitlines()
    assert sorted(names) == sorted(["01_发货底单.jpg", "02_签收红章证明.jpg", "sha256.txt", "说明.html", "说明.txt"])
    assert "买家称未收到货" in page and "50001" in page and order_id(1) in page and "2026-07-02 12:00" in page
    assert tree(shop.settings.evidence) == before
    first = written.read_bytes()
    assert run(shop, "pack", "50001").exit_code == 0 and written.read_bytes() == first


def test_a_pack_goes_where_the_user_says_in_the_language_the_user_says(shop: Data) -> None:
    target = shop.folder / "mine" / "pack"
    result = run(shop, "pack", "50001", "--to", str(target), "--language", "en")
    assert result.exit_code == 0, result.output
    page = (target / "说明.txt").read_text(encoding="utf-8")
    assert EN["pack.title"] in page and EN["proves.waybill_stub"] in page and ZH["pack.title"] not in page
    assert (target / f"01_{EN['evidence.waybill_stub']}.jpg").read_bytes() == jpeg("底单.jpg".encode())
    assert not (shop.settings.reports / "packs").exists()
    assert run(shop, "pack", "50001", "--language", "fr").exit_code == 2


def test_warnings_say_what_is_missing_too_much_and_left_out(shop: Data) -> None:
    result = run(shop, "pack", "50003")
    assert result.exit_code == 0, result.output
    warnings = [line for line in result.stdout.splitlines() if line.startswith("  ! ")]
    assert len(warnings) == 3
    kinds = "、".join(ZH[f"evidence.{kind}"] for kind in ("weight_signed", "weight_out", "chat"))
    assert warnings == [
        "  ! " + ZH["pack.missing"].format(count=3, kinds=kinds),
        "  ! " + ZH["pack.too_many_pictures"].format(count=5, most=3),
        "  ! "
        + ZH["pack.left_out"].format(
            path=f"店/{order_id(3)}/签收称重.jpg", problem=ZH["evidence_problem.not_a_picture"]
        ),
    ]
    english = run(shop, "pack", "50003", "--language", "en").stdout
    assert EN["pack.too_many_pictures"].format(count=5, most=3) in english


def test_what_is_refused_is_said_in_both_languages_and_writes_nothing(shop: Data) -> None:
    for number, zh, en in (
        ("59999", "导出里没有工单 59999", "The exports show no ticket 59999"),
        ("50002", "没有可以打包的材料", "There is nothing to pack"),
    ):
        result = run(shop, "pack", number)
        assert result.exit_code == 2 and result.stdout == ""
        assert zh in result.stderr and en in result.stderr and "Traceback" not in result.stderr
    assert not list((shop.settings.reports / "packs").glob("*"))


def test_a_number_that_two_shops_share_is_packed_only_for_the_shop_that_is_named(shop: Data) -> None:
    """The proof of another shop's order would lose the case."""
    orders(shop, since=date(2026, 6, 1), shop="二店")
    export(shop, LOADED, ticket(1, 订单编号=order_id(8)), shop="二店")
    proof(shop, "底单.jpg", order=8, shop="二店")
    shop.build()
    packs = shop.settings.reports / "packs"
    asked = run(shop, "pack", "50001")
    assert asked.exit_code == 2 and not packs.exists()
    assert "二店、店" in asked.stderr and "--shop" in asked.stderr and "2 shops have a ticket 50001" in asked.stderr
    wrong = run(shop, "pack", "50001", "--shop", "三店")
    assert wrong.exit_code == 2 and "没有店铺 三店 的工单 50001" in wrong.stderr and "of shop 三店" in wrong.stderr
    for name, number in (("店", 1), ("二店", 8)):
        assert run(shop, "pack", "50001", "--shop", name).exit_code == 0
        with zipfile.ZipFile(packs / f"{name}-50001.zip") as pack:
            assert order_id(number) in pack.read("说明.txt").decode()
    assert run(shop, "pack", "50003", "--shop", "二店").exit_code == 2, "that number is only 店's"
    assert run(shop, "pack", "50003", "--shop", "店").exit_code == 0 and (packs / "50003.zip").exists()


def test_a_file_that_changed_since_it_was_registered_is_refused(shop: Data) -> None:
    run(shop, "list")
    file = shop.settings.evidence / "店" / order_id(1) / "红章.jpg"
    file.write_bytes(jpeg(b"another one"))
    os.utime(file, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns + 10**9))
    result = run(shop, "pack", "50001")
    assert result.exit_code == 2
    assert "登记之后内容被改过" in result.stderr and "its content changed after it was registered" in result.stderr
    assert ZH["evidence_problem.changed"] in run(shop, "list").stdout


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="links need a system that has them")
def test_a_link_is_refused_and_never_followed(shop: Data) -> None:
    secret = shop.folder / "secret.jpg"
    secret.write_bytes(jpeg(b"secret"))
    (shop.settings.evidence / "店" / order_id(1) / "聊天.jpg").symlink_to(secret)
    result = run(shop, "pack", "50001")
    assert result.exit_code == 2 and "链接" in result.stderr and "link" in result.stderr
    assert not list((shop.settings.reports / "packs").glob("*"))


@pytest.mark.parametrize("name", ["pack.zip", "new/pack.zip", f"店/{order_id(1)}/pack"])
def test_a_target_in_the_evidence_folder_is_refused_and_leaves_it_alone(shop: Data, name: str) -> None:
    before = tree(shop.settings.evidence)
    result = run(shop, "pack", "50001", "--to", str(shop.settings.evidence / name))
    assert result.exit_code == 2
    assert "不能写到举证材料的文件夹里" in result.stderr and "cannot go into the evidence folder" in result.stderr
    assert tree(shop.settings.evidence) == before


def test_something_of_the_users_own_is_never_overwritten(shop: Data) -> None:
    own = shop.folder / "own.zip"
    own.write_bytes(b"mine")
    result = run(shop, "pack", "50001", "--to", str(own))
    assert result.exit_code == 2 and "不会覆盖它" in result.stderr
    assert own.read_bytes() == b"mine"


def test_before_anything_is_built_the_verbs_say_what_to_do(data: Data) -> None:
    for words in (("list",), ("pack", "50001")):
        result = run(data, *words)
        assert result.exit_code == 2 and result.stdout == "" and "start.py report" in result.stderr


def test_without_an_orders_export_the_files_are_listed(data: Data) -> None:
    export(data, LOADED, ticket(1))
    proof(data, "底单.jpg", order=1)
    data.build()
    result = run(data, "list")
    assert result.exit_code == 0 and f"店/{order_id(1)}/底单.jpg" in result.stdout


def test_without_an_orders_export_a_ticket_is_not_called_unknown(data: Data) -> None:
    export(data, LOADED, ticket(1))
    proof(data, "底单.jpg", order=1)
    data.build()
    assert "The exports show no ticket" not in run(data, "pack", "50001").stderr


def test_new_proof_makes_a_new_report(shop: Data) -> None:
    """The list of the morning says which proof is missing, so a report from before the proof came is out of date."""
    places = ["--data", str(shop.settings.data), "--reports", str(shop.settings.reports)]

    def missing() -> str:
        result = CliRunner().invoke(main, ["report", *places])
        assert result.exit_code == 0, result.output
        text = (shop.settings.reports / str(LAST) / "numbers" / "tickets.csv").read_text(encoding="utf-8-sig")
        return {row["ticket_id"]: row["missing"] for row in csv.DictReader(io.StringIO(text))}["50002"]

    (shop.settings.data / "settings.toml").write_text('[report]\nlanguages = ["zh"]\n', encoding="utf-8")
    assert "waybill_stub" in missing()
    proof(shop, "底单.jpg", order=2)
    assert "waybill_stub" not in missing()
