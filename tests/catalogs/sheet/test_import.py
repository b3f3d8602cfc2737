"""What departments fill in, read: every fault at its cell, no false one, and what differs a little from the form."""

from collections.abc import Sequence
from pathlib import Path

import openpyxl
import planted_sheet
import pytest
import xlwt

from catalogs.folder.city import load_city
from catalogs.sheet.importing import read_sheets
from catalogs.sheet.reading import Sheet, read_sheet
from catalogs.sheet.register import Register
from catalogs.values.model import City, ItemType
from catalogs.values.words import DataFormat, SharingMode, UpdateFrequency
from infra.errors import Refused
from infra.ground import sample_city

PROVIDER = "金水区交通运输部门(示例)"
VENDOR = [
    "分类1",
    "分类2",
    "分类3",
    "分类4",
    "名称",
    "格式",
    "提供方",
    "提供方代码",
    "代码",
    "共享类型",
    "共享条件",
    "共享方式",
    "发布日期",
    "是否开放",
    "开放类型",
    "管理方式",
    "所属系统",
    "权属关系",
    "摘要",
    "在线链接",
    "更新周期",
    "关联资源代码",
    "生成方式",
    "涉密属性",
    "数据分级",
]
PARKING: dict[str, str | None] = {
    "分类1": "部门信息资源", "分类2": "交通运输", "分类3": "静态交通", "名称": "停车场基本信息", "格式": "数据库",
    "提供方": PROVIDER, "提供方代码": "X94199009900000413", "代码": "306005/0001", "共享类型": "有条件共享",
    "共享条件": "共享范围：市、区交通部门；使用用途：停车诱导", "共享方式": "数据库、服务接口",
    "发布日期": "2026-03-31",
    "是否开放": "否", "开放类型": "不予开放", "摘要": "全区停车场。", "更新周期": "每日", "涉密属性": "非涉密",
    "数据分级": "一般2级",
}  # fmt: skip


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(sample_city())


@pytest.fixture(scope="module")
def register(city: City) -> Register:
    titles = {(each.provider, each.title.zh): each.id for each in city.resources}
    return Register(city.departments, city.units, city.domains, titles)


def book(path: Path, **sheets: Sequence[Sequence[str | None]]) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    made.save(path)
    return path


def row(headings: Sequence[str], **changed: str | None) -> list[str | None]:
    values = {**PARKING, **changed}
    return [values.get(heading) for heading in headings]


ITEMS = [["目录名称", "信息项名称", "数据类型"], ["停车场基本信息", "停车场名称", "字符型C"], [None, "泊位数", "整型I"]]


def spots(sheet: Sheet) -> set[tuple[str | None, str, str]]:
    return {(one.place.sheet, f"{one.place.column}{one.place.row}", one.code) for one in sheet.faults}


def test_requirement_11_thirty_planted_faults_are_found_at_their_cells_and_no_other(
    tmp_path: Path, register: Register
) -> None:
    assert len(planted_sheet.PLANTED) == 30
    read = read_sheet(planted_sheet.write(tmp_path / "报送.xlsx"), register)
    assert spots(read) == planted_sheet.PLANTED
    assert len(read.faults) == 30
    for fault in read.faults:
        assert fault.place.file == "报送.xlsx"
        assert fault.remedy is not None
        assert not any(key in fault.text.zh for key in ("conditions", "sharing_", "_format"))


def test_the_vendor_order_of_24_columns_is_read(tmp_path: Path, register: Register) -> None:
    read = read_sheet(book(tmp_path / "a.xlsx", 目录=[VENDOR, row(VENDOR)], 信息项=ITEMS), register)
    assert read.faults == ()
    found = read.resources[0]
    assert found.id == "jinshui.traffic.ting_che_chang_ji_ben_xin_xi"
    assert [(item.name, item.type) for item in found.items] == [
        ("ting_che_chang_ming_cheng", ItemType.STRING),
        ("bo_wei_shu", ItemType.INTEGER),
    ]
    assert found.conditions.scope is not None
    assert found.conditions.scope.zh == "市、区交通部门"
    assert found.sharing_mode == (SharingMode.BATCH, SharingMode.API)
    assert (found.classification.industry, found.classification.business) == ("交通运输", "静态交通")


def test_the_national_order_with_its_merged_header_is_read(tmp_path: Path, register: Register) -> None:
    heads = ["代码", "名称", "提供方", "提供方代码", "摘要", "格式"]
    rest = [heading for heading in VENDOR if heading not in heads]
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.append(["政务信息资源目录（2026）"])
    sheet.append([*heads, "信息项信息", None, *rest])
    sheet.append([*[None] * len(heads), "信息项名称", "数据类型"])
    sheet.append([*row(heads), "停车场名称", "C", *row(rest)])
    sheet.append([*[None] * len(heads), "泊位数", "整型"])
    sheet.append([*row(heads, 名称="公交站台", 代码="306005/0002"), "站名", "字符型", *row(rest)])
    for column in range(1, len(heads) + 1):
        sheet.merge_cells(start_row=2, end_row=3, start_column=column, end_column=column)
        sheet.merge_cells(start_row=4, end_row=5, start_column=column, end_column=column)
    sheet.merge_cells(start_row=2, end_row=2, start_column=len(heads) + 1, end_column=len(heads) + 2)
    made.save(tmp_path / "b.xlsx")
    read = read_sheet(tmp_path / "b.xlsx", register)
    assert read.faults == ()
    assert [(each.title.zh, [item.zh for item in each.items]) for each in read.resources] == [
        ("停车场基本信息", ["停车场名称", "泊位数"]),
        ("公交站台", ["站名"]),
    ]


def test_a_sheet_that_differs_a_little_is_read_and_what_was_guessed_is_told(tmp_path: Path, register: Register) -> None:
    headings = [*reversed(VENDOR), "联系电话", "备注栏"]
    renamed = {"名称": "资源 名称（必填）", "摘要": "资源摘要信息", "更新周期": "更新周期：", "格式": "3.资源格式"}
    rows: list[list[str | None]] = [
        ["金水区填报表"],
        [None],
        [renamed.get(heading, heading) for heading in headings],
        row(
            headings,
            名称="停车场基本信息 　",
            共享类型="有条件共享 ",
            更新周期="每天",
            格式="Oracle",
            发布日期="20260331",
        ),
        [None],
        ["填表人：张三", None, "审核人：李四"],
        ["注：以上数据截至三月"],
    ]
    read = read_sheet(book(tmp_path / "c.xlsx", 表一=rows, 信息项=ITEMS, 说明=[["随便写的"]]), register)
    assert read.faults == ()
    assert read.entries == 1
    assert (read.resources[0].data_format, read.resources[0].format_type) == (DataFormat.DATABASE, "Oracle")
    assert {one.code for one in read.remarks} == {"SHEET_HEADER_ALIKE", "SHEET_EXTRA", "SHEET_UNREAD"}
    assert "摘要" in next(one.text.zh for one in read.remarks if one.code == "SHEET_HEADER_ALIKE")


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-31",
        "2026/3/31",
        "2026.3.31",
        "20260331",
        "2026年3月31日",
        "二〇二六年三月三十一日",
        "２０２６－０３－３１",
    ],
)
def test_dates_as_text_in_the_notations_in_use(tmp_path: Path, register: Register, written: str) -> None:
    read = read_sheet(book(tmp_path / "d.xlsx", 目录=[VENDOR, row(VENDOR, 发布日期=written)], 信息项=ITEMS), register)
    assert read.faults == ()
    assert str(read.resources[0].published_on) == "2026-03-31"


def test_handing_in_again_keeps_ids_and_a_new_title_never_takes_one(tmp_path: Path, register: Register) -> None:
    rows = [VENDOR, row(VENDOR), row(VENDOR, 名称="停车场基本信息（二）", 代码="306005/0002")]
    items = [*ITEMS, ["停车场基本信息（二）", "名称", "C"]]
    path = book(tmp_path / "e.xlsx", 目录=rows, 信息项=items)
    first, again = read_sheet(path, register), read_sheet(path, register)
    assert [each.id for each in first.resources] == [each.id for each in again.resources]
    kept = Register(
        register.departments,
        register.units,
        register.domains,
        {("jinshui_transport", "停车场基本信息"): "jinshui.traffic.parking"},
    )
    assert read_sheet(path, kept).resources[0].id == "jinshui.traffic.parking"


def test_a_missing_column_is_told_once_and_not_for_every_row(tmp_path: Path, register: Register) -> None:
    headings = [heading for heading in VENDOR if heading not in ("摘要", "数据分级")]
    rows = [headings, *(row(headings, 名称=f"资料甲{n}乙", 代码=f"306005/{n}") for n in range(1, 30))]
    read = read_sheet(book(tmp_path / "f.xlsx", 目录=rows), register)
    told = [fault.field for fault in read.faults if fault.code == "SHEET_COLUMN_MISSING"]
    assert sorted(map(str, told)) == ["classification.grade", "items", "summary"]
    assert not [fault for fault in read.faults if fault.code == "SHEET_MISSING"]
    assert read.resources == ()


def test_an_old_workbook_and_several_departments_in_one_file(tmp_path: Path, register: Register) -> None:
    made = xlwt.Workbook(encoding="utf-8")
    other = {"名称": "学校名录", "提供方": "二七区教育部门(示例)", "提供方代码": None, "代码": None, "分类2": "教育"}
    tables = {"目录": [VENDOR, row(VENDOR), row(VENDOR, **other)], "数据项": [*ITEMS, ["学校名录", "校名", "C"]]}
    for name, rows in tables.items():
        sheet = made.add_sheet(name)
        for at, cells in enumerate(rows):
            for column, text in enumerate(cells):
                if text is not None:
                    sheet.write(at, column, text)
    made.save(str(tmp_path / "g.et"))
    read = read_sheet(tmp_path / "g.et", register)
    assert read.faults == ()
    assert [each.provider for each in read.resources] == ["jinshui_transport", "erqi_education"]
    assert read.resources[1].unit == "erqi"


def test_formulas_are_read_as_their_results_and_one_without_a_result_is_a_fault(
    tmp_path: Path, register: Register
) -> None:
    path = book(tmp_path / "h.xlsx", 目录=[VENDOR, row(VENDOR, 摘要='=CONCATENATE("全区","停车场")')], 信息项=ITEMS)
    read = read_sheet(path, register)
    assert "SHEET_FORMULA" in {fault.code for fault in read.faults}
    assert "SHEET_FORMULAS" in {one.code for one in read.remarks}


def test_bad_input_200_hidden_columns_and_merged_cells_everywhere(tmp_path: Path, register: Register) -> None:
    made = openpyxl.load_workbook(book(tmp_path / "i.xlsx", 目录=[VENDOR, row(VENDOR)], 信息项=ITEMS))
    sheet = made["目录"]
    for column in range(len(VENDOR) + 1, len(VENDOR) + 201):
        sheet.cell(1, column, f"隐藏{column}")
        sheet.column_dimensions[openpyxl.utils.get_column_letter(column)].hidden = True
    for column in range(1, len(VENDOR) + 1):
        sheet.merge_cells(start_row=2, end_row=4, start_column=column, end_column=column)
    for column, text in enumerate(row(VENDOR, 名称="公交站台", 代码="306005/0002"), 1):
        sheet.cell(5, column, text)
    made["信息项"].append(["公交站台", "站名", "C"])
    made.save(tmp_path / "i.xlsx")
    read = read_sheet(tmp_path / "i.xlsx", register)
    assert "CATALOG_NAME_TWICE" not in {fault.code for fault in read.faults}
    assert read.faults == ()
    assert read.entries == 2


def test_no_table_and_no_workbook_are_one_fault_of_their_file(tmp_path: Path, register: Register) -> None:
    with pytest.raises(Refused, match="SHEET_NO_TABLE"):
        read_sheet(book(tmp_path / "j.xlsx", 随笔=[["你好"], ["再见"]]), register)
    (tmp_path / "k.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"))
    good = book(tmp_path / "l.xlsx", 目录=[VENDOR, row(VENDOR)], 信息项=ITEMS)
    again = book(tmp_path / "m.xlsx", 目录=[VENDOR, row(VENDOR)], 信息项=ITEMS)
    found = read_sheets([tmp_path / "k.xlsx", good, again], register)
    assert [fault.code for fault in found.faults] == ["READ_ENCRYPTED", "SHEET_TWICE"]
    assert len(found.resources) == 1


def test_two_resources_that_differ_by_a_space_and_a_wrong_check_digit(tmp_path: Path, register: Register) -> None:
    rows = [
        VENDOR,
        row(VENDOR),
        row(VENDOR, 名称="停车场 基本信息", 代码="306005/0002", 提供方代码="X94199009900000414"),
    ]
    items = [*ITEMS, ["停车场 基本信息", "名称", "C"]]
    read = read_sheet(book(tmp_path / "n.xlsx", 目录=rows, 信息项=items), register)
    assert spots(read) == {("目录", "E3", "CATALOG_NAME_TWICE"), ("目录", "H3", "SHEET_USCC")}
    assert [each.title.zh for each in read.resources] == ["停车场基本信息"]


HAND = ["序号", "目录名称", "提供单位", "数据格式", "数据更新频率", "共享属性", "共享方式", "行业分类", "业务分类",
        "数据分级", "摘要", "开放属性", "所属领域"]  # fmt: skip
LISTED = [
    [str(at), title, PROVIDER, "XLSX", "每年", "无条件共享", "文件下载", "交通", "静态交通", "一般1级", f"{title}。",
     "无条件开放", "交通"] for at, title in enumerate(("公交站台", "桥梁名录", "驾校名录"), 1)
]  # fmt: skip
THEIR_ITEMS = [["目录名称", "信息项名称", "信息项类型"], *([row[1], "名称", "C"] for row in LISTED)]


def without(rows: list[list[str | None]], heading: str, keep: int = 0) -> list[list[str | None]]:
    """The rows with one column blanked below its first `keep` rows."""
    at = HAND.index(heading)
    return [[None if column == at and row >= keep else text for column, text in enumerate(cells)]
            for row, cells in enumerate(rows)]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "remarks"),
    [
        ([["附件2"], [f"填报单位：{PROVIDER}　填报日期：2026年3月"], [], HAND, *without(LISTED, "提供单位")],
         ["SHEET_PROVIDER_ABOVE"]),
        ([[f"填报单位：{PROVIDER}"], [text for text in HAND if text != "提供单位"],
          *[[text for text in row if text != PROVIDER] for row in LISTED]], ["SHEET_PROVIDER_ABOVE"]),
        ([HAND, *without(LISTED, "提供单位", keep=1)], ["SHEET_PROVIDER_ABOVE"]),
        ([HAND, *LISTED, ["小计", None, "3"], ["合计", "3 项"], ["填表人：王丽", None, "联系电话：0371"]], []),
        ([HAND, ["例", "停车场", PROVIDER, "数据库"], *LISTED], ["SHEET_EXAMPLE"]),
        ([HAND, [None, "填写全称", "填写单位全称", "下拉选择", "下拉选择", "必填", "可多选", "必填"], *LISTED],
         ["SHEET_EXAMPLE"]),
        ([[text.replace("序号", "序\n号").replace("数据更新频率", "更新频次").replace("行业分类", "所属行业")
           for text in HAND], *LISTED], []),
        ([[*HAND, "备注", "是否新增"], *([*row, "无", "是"] for row in LISTED)], ["SHEET_EXTRA"]),
    ],
    ids=["above", "above-no-column", "first-row-only", "sums", "example", "hints", "other-headings", "further"],
)  # fmt: skip
def test_sheets_as_departments_keep_them_are_read_without_a_fault(
    tmp_path: Path, register: Register, rows: list[list[str | None]], remarks: list[str]
) -> None:
    read = read_sheet(book(tmp_path / "q.xlsx", 目录=rows, 数据项=THEIR_ITEMS), register)
    assert read.faults == ()
    assert [(each.title.zh, each.provider) for each in read.resources] == [
        (row[1], "jinshui_transport") for row in LISTED
    ]
    assert [one.code for one in read.remarks] == remarks


def test_a_sheet_of_last_year_left_in_is_told_as_what_it_is(tmp_path: Path, register: Register) -> None:
    made = book(tmp_path / "r.xlsx", 目录=[HAND, LISTED[0]], 去年=[HAND, LISTED[0]], 数据项=THEIR_ITEMS[:2])
    read = read_sheet(made, register)
    assert spots(read) == {("去年", "B2", "CATALOG_NAME_TWICE"), ("数据项", "A2", "SHEET_ITEM_OF")}
    assert "目录!2、去年!2" in read.faults[0].text.zh or "目录!2、去年!2" in read.faults[1].text.zh


def test_formulas_without_a_result_are_one_fault_and_none_where_nothing_is_read(
    tmp_path: Path, register: Register
) -> None:
    row = ["=ROW()-1", LISTED[0][1], '="x"', *LISTED[0][3:]]
    read = read_sheet(book(tmp_path / "s.xlsx", 目录=[HAND, row], 数据项=THEIR_ITEMS[:2]), register)
    assert [(one.place.column, one.code) for one in read.faults] == [("C", "SHEET_FORMULA")]


@pytest.mark.parametrize(
    ("heading", "written", "hint"),
    [
        ("数据更新频率", "每学期更新", "是不是“每半年”"),
        ("数据更新频率", "随时", "从这些中选"),
        ("数据格式", "纸质档案", "从这些中选"),
    ],
)
def test_a_word_that_denies_is_never_guessed_of_one_that_does_not(
    tmp_path: Path, register: Register, heading: str, written: str, hint: str
) -> None:
    row = [written if name == heading else text for name, text in zip(HAND, LISTED[0], strict=True)]
    (fault,) = read_sheet(book(tmp_path / "t.xlsx", 目录=[HAND, row], 数据项=THEIR_ITEMS[:2]), register).faults
    assert fault.remedy is not None
    assert hint in fault.remedy.zh
    assert "是不是“不更新”" not in fault.remedy.zh


def test_words_that_offices_write_are_read(tmp_path: Path, register: Register) -> None:
    words = {"数据更新频率": "按周", "数据格式": "Oracle数据库", "共享方式": "库表"}
    row = [words.get(name, text) for name, text in zip(HAND, LISTED[0], strict=True)]
    (read,) = read_sheet(book(tmp_path / "u.xlsx", 目录=[HAND, row], 数据项=THEIR_ITEMS[:2]), register).resources
    assert (read.update_frequency, read.data_format) == (UpdateFrequency.WEEKLY, DataFormat.DATABASE)
