"""填报说明: the sheet of the form that tells an officer how to fill it in."""

from collections.abc import Sequence

from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from catalogs.sheet.layout import Placed

_LINES = (
    "1. 每一行填一项数据资源（目录）；橙色列必填，蓝色列按情况填，灰色列可空着。灰色列已折叠，点表上方的“＋”展开。",
    "2. “数据项”表逐行写每个目录有哪些数据项；“目录名称”要与“目录”表中的完全一致。",
    "3. 有下拉列表的格子从列表中选；“共享方式”“特殊内容”可填几种，用顿号（、）隔开。",
    "4. 有条件共享的填共享范围和使用用途；不予共享的填理由、依据类型、法律依据和条款（政务数据共享条例第十五条）。",
    "5. 目录名称写数据叫什么，不写信息系统叫什么；一项资源一个代码；数字不带单位。",
    "6. “数据集标识”和“字段名”由平台给定，新目录空着即可；已有的请勿改动，平台按它认出同一项目录。",
    "7. 填好后交回；有错误时退回的文件中，错误的格子标红并附批注，“问题清单”表逐条列出，点击可跳到该格。",
    "8. 本表交回前同事改过同一目录的，两边的值都会在批注中列出，不会互相覆盖；商定后改在标注副本上，交回副本。",
)


def write(sheet: Worksheet, placed: Sequence[Placed], items: Sequence[Placed]) -> None:
    """Writes how to fill the form in, and what each column means."""
    sheet.column_dimensions["A"].width = 26
    sheet.column_dimensions["B"].width = 10
    sheet.column_dimensions["C"].width = 90
    sheet["A1"] = "填报说明"
    sheet["A1"].font = Font(bold=True, size=14)
    for number, line in enumerate(_LINES, 2):
        sheet.cell(number, 1, line)
    row = len(_LINES) + 3
    for title, listed in (("目录各列的含义", placed), ("数据项各列的含义", items)):
        sheet.cell(row, 1, title).font = Font(bold=True)
        row += 1
        for one in listed:
            for number, text in enumerate((one.heading, one.column.asked, one.column.explained), 1):
                sheet.cell(row, number, text).alignment = Alignment(vertical="top", wrap_text=number == 3)
            row += 1
        row += 1
