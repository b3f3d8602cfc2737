"""A department's filled-in sheet with 30 faults planted at known cells, and nothing else wrong.

`write(path)` makes it; `PLANTED` names each fault as (sheet, cell, code). Providers are those of the sample city.
"""

from pathlib import Path

import openpyxl

HEADINGS = (
    "目录名称", "提供单位", "提供单位代码", "数据格式", "数据更新频率", "共享属性", "共享方式", "共享范围", "使用用途",
    "不予共享理由", "依据类型", "法律依据", "依据条款", "行业分类", "业务分类", "数据分级", "摘要", "开放属性",
    "所属领域", "资源代码", "发布日期", "数据存储总量（GB）", "结构化信息记录总数（条）", "格式分类",
)  # fmt: skip
_GOOD = {
    "提供单位": "金水区交通运输部门(示例)", "提供单位代码": "X94199009900000413", "数据格式": "数据库",
    "数据更新频率": "每日", "共享属性": "无条件共享", "共享方式": "服务接口", "行业分类": "交通",
    "业务分类": "静态交通",
    "数据分级": "一般2级", "摘要": "全区登记在册的情况。", "开放属性": "不予开放", "所属领域": "交通",
    "发布日期": "2026-03-31", "数据存储总量（GB）": "12.5", "结构化信息记录总数（条）": "30000",
}  # fmt: skip
TITLES = (
    "停车场备案", "停车管理信息系统", "道路开挖计划", "道路 开挖计划", "充电桩分布", "充电桩分布2", "公交站台",
    "出租车运力",
    "共享单车投放", "货车通行证", "信号灯配时", "占道施工许可", "客运班线", "驾校名录", "维修企业名录", "桥梁检测结果",
    "隧道巡检记录", "高架限行规定", "校车线路", "网约车许可", "路口渠化图纸", "违停举报受理",
)  # fmt: skip
# Row number below the header (from 1 = the first title), heading, what is written, the fault's code.
_WRITTEN = (
    (2, "目录名称", None, "CATALOG_NAME_SYSTEM"),
    (4, "目录名称", None, "CATALOG_NAME_TWICE"),
    (6, "目录名称", None, "CATALOG_NAME_DRAGGED"),
    (7, "资源代码", "306005/0001、306005/0002", "CATALOG_CODE"),
    (8, "资源代码", "3065", "CATALOG_CODE"),
    (9, "提供单位", "", "SHEET_MISSING"),
    (9, "摘要", "", "SHEET_MISSING"),
    (10, "格式分类", "电子文件", "CATALOG_FORMAT_CLASS"),
    (11, "共享方式", "数据库", "CATALOG_MODE_FORMAT"),
    (12, "数据存储总量（GB）", "12.5GB", "SHEET_NUMBER"),
    (12, "结构化信息记录总数（条）", "3万条", "SHEET_NUMBER"),
    (13, "提供单位代码", "X94199009900000414", "SHEET_USCC"),
    (14, "提供单位", "金水区交通局", "SHEET_PROVIDER"),
    (15, "共享范围", "", "CATALOG_CONDITION_MISSING"),
    (15, "使用用途", "", "CATALOG_CONDITION_MISSING"),
    (16, "不予共享理由", "", "CATALOG_BASIS_MISSING"),
    (16, "依据类型", "", "CATALOG_BASIS_MISSING"),
    (17, "数据更新频率", "天天", "SHEET_WORD"),
    (17, "数据分级", "一般", "SHEET_WORD"),
    (18, "发布日期", "2026年13月31日", "SHEET_DATE"),
    (19, "共享属性", "部分共享", "SHEET_WORD"),
    (20, "数据格式", "纸质", "SHEET_WORD"),
    (20, "开放属性", "看情况", "SHEET_WORD"),
    (21, "所属领域", "航天", "SHEET_WORD"),
    (22, "行业分类", "", "SHEET_MISSING"),
    (22, "数据更新频率", "不更新", "CATALOG_NOT_UPDATED"),
)
_ALSO = {
    11: {"数据格式": "XLSX"}, 15: {"共享属性": "有条件共享"}, 16: {"共享属性": "不予共享"},
    5: {"资源代码": "３０６００５／０００７", "发布日期": "二〇二六年三月三十一日"},
    1: {"资源代码": " 306005/0009 ", "发布日期": "2026.3.31", "提供单位": "金水区交通运输部门（示例） "},
}  # fmt: skip
"""What makes a row's fault one, and slips of the hand that are none."""
ITEM_HEADINGS = ("目录名称", "数据项名称", "数据类型", "数据长度", "数据项级别", "字段名", "个人信息类别", "标识类型")
_ITEMS = (
    ("停车场备案", "经营人身份证号", "字符型C", "18", "一般2级", "owner_id", "个人身份信息", "直接标识符"),
    ("停车场备案", "泊位数", "整形数", "", "", "spaces", "", ""),
    ("停车场备案", "收费标准", "", "", "", "fee", "", ""),
    ("停车场备桉", "地址", "字符型C", "100", "", "", "", ""),
    ("道路开挖计划", "开工日期", "日期型D", "", "一般2级", "", "", ""),
)
TOP, SHEET, ITEMS = 3, "目录", "数据项"  # rows above the first entry: a title and the header, then row 3


def _cell(row: int, heading: str) -> str:
    return f"{openpyxl.utils.get_column_letter(HEADINGS.index(heading) + 1)}{row + TOP - 1}"


PLANTED = frozenset(
    {
        *(
            (SHEET, _cell(row, heading), code)
            for row, heading, _, code in _WRITTEN
            if heading != "数据更新频率" or row == 17
        ),
        (SHEET, _cell(22, "目录名称"), "CATALOG_NOT_UPDATED"),  # the form has no column for the reason: at the title
        (ITEMS, "E2", "CATALOG_GRADE_PERSONAL"),
        (ITEMS, "C3", "SHEET_WORD"),
        (ITEMS, "C4", "SHEET_MISSING"),
        (ITEMS, "A5", "SHEET_ITEM_OF"),
    }
)


MENDED = {2: "停车场收费情况", 4: "道路养护计划", 6: "充电桩使用情况"}
"""The titles that an officer changes: two fault lists are of names."""


def write(path: Path, *, mended: bool = False) -> Path:
    """The workbook with its faults, or as the officer hands it in again without them."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = SHEET
    sheet.append(["金水区2026年政务数据目录填报表"])
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(HEADINGS))
    sheet.append(HEADINGS)
    for number, title in enumerate(TITLES, 1):
        row = {**_GOOD, "目录名称": title, **_ALSO.get(number, {})}
        row |= {heading: text for at, heading, text, _ in _WRITTEN if at == number and text is not None}
        if mended:
            row = {**_GOOD, "目录名称": MENDED.get(number, title)}
        sheet.append([row.get(heading) or None for heading in HEADINGS])
    sheet.append([None])
    sheet.append(["注：橙色列必填，数字不带单位。"])
    items = book.create_sheet(ITEMS)
    items.append(ITEM_HEADINGS)
    for item in () if mended else _ITEMS:
        items.append([text or None for text in item])
    listed = set() if mended else {item[0] for item in _ITEMS}
    for title in (MENDED.get(number, title) if mended else title for number, title in enumerate(TITLES, 1)):
        if title not in listed:
            items.append((title, "名称", "字符型C", "50"))
    book.save(path)
    return path
