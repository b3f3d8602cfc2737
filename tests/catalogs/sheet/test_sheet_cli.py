"""The officer's way by command: form out, sheet in, a marked copy back, drafts when nothing is wrong."""

import json
from pathlib import Path

import openpyxl
import planted_sheet
import pytest
from click.testing import CliRunner, Result

import hub as front_door
from catalogs.life.drafts import drafts
from infra.ground import open_ground


@pytest.fixture
def environ(city_environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """On SQLite with a folder, and on PostgreSQL with an S3."""
    found = city_environ | {"HUB_LANG": "zh"}
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


def run(*arguments: str, status: int = 0) -> Result:
    done = CliRunner().invoke(front_door.hub, ["catalog", *arguments], prog_name="hub")
    assert done.exit_code == status, done.output
    return done


def test_form_out_filled_in_and_back_as_drafts(environ: dict[str, str], tmp_path: Path) -> None:
    run("register")
    form = tmp_path / "表.xlsx"
    run("template", str(form), "--department", "jinshui_transport", "--prefill")
    book = openpyxl.load_workbook(form)
    assert book.sheetnames == ["目录", "数据项", "选项", "填报说明", "填报版本"]
    assert book["选项"].sheet_state == book["填报版本"].sheet_state == "hidden"
    sheet = book["目录"]
    heads = {str(cell.value): cell for cell in sheet[1]}
    assert [str(cell.value) for cell in sheet[1]][:4] == ["目录名称", "提供单位", "数据格式", "数据更新频率"]
    assert all(cell.comment is not None for cell in sheet[1])
    lists = [check for check in sheet.data_validations.dataValidation if check.type == "list"]
    assert any(heads["共享属性"].column_letter + "2" in check.sqref for check in lists)
    assert sheet.column_dimensions[heads["权属关系"].column_letter].hidden
    assert not sheet.column_dimensions[heads["摘要"].column_letter].hidden
    sheet.cell(2, heads["摘要"].column, "改过的摘要。")
    book.save(form)
    said = json.loads(run("import-excel", str(form), "--as", "officer_jinshui", "--json").output)
    assert said["faults"] == 0
    assert len(said["saved"]) == 1  # what says nothing new is no draft
    assert said["same"] == said["files"][0]["entries"] - 1
    with open_ground() as ground:
        assert [one.body.summary.zh for one in drafts(ground.engine)].count("改过的摘要。") == 1
    run("import-excel", str(form), "--as", "officer_jinshui")  # the same again changes nothing and is no fault


def test_a_faulty_sheet_saves_nothing_and_comes_back_marked(environ: dict[str, str], tmp_path: Path) -> None:
    run("register")
    filled = planted_sheet.write(tmp_path / "报送.xlsx")
    before = {ws.title: [[c.value for c in row] for row in ws.iter_rows()] for ws in openpyxl.load_workbook(filled)}
    marked = tmp_path / "标注.xlsx"
    said = run("import-excel", str(filled), "--marked", str(marked), "--as", "officer_jinshui", status=1).output
    assert "22 项目录，2 项无误，30 处错误" in said
    assert "什么都没有保存" in said
    with open_ground() as ground:
        assert drafts(ground.engine) == []
    book = openpyxl.load_workbook(marked)
    for sheet, cell, _ in planted_sheet.PLANTED:
        assert book[sheet][cell].comment is not None
        assert book[sheet][cell].fill.fgColor.rgb == "FFFFC7CE"
    for title, rows in before.items():
        assert [[c.value for c in row] for row in book[title].iter_rows()] == rows
    listed = book["问题清单"]
    assert listed.max_row == 31
    assert {listed.cell(row, 2).hyperlink.location or listed.cell(row, 2).hyperlink.target for row in range(2, 32)}
    good = json.loads(
        run("import-excel", str(filled), "--good-only", "--as", "officer_jinshui", "--json", status=1).output
    )
    assert len(good["saved"]) == 2


def test_yaml_out_is_a_catalogue_of_the_city(environ: dict[str, str], tmp_path: Path) -> None:
    run("register")
    run("export-excel", str(tmp_path / "all.xlsx"), "--unit", "jinshui", "--layout", "national")
    run("import-excel", str(tmp_path / "all.xlsx"), "--out", str(tmp_path / "out"))
    assert (tmp_path / "out/catalogues/jinshui.yaml").is_file()
    assert "SHEET_NOBODY" in str(
        CliRunner()
        .invoke(front_door.hub, ["catalog", "template", str(tmp_path / "x.xlsx"), "--unit", "nowhere"])
        .exception
    )
