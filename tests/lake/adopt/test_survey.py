"""What files that nobody prepared showed: where a header stands, columns without a name of their own, codes like NA."""

import contextlib

import duckdb
import pytest

from contracts.model import Field
from infra.errors import Place, Refused
from lake.adopt.survey_form import check_aligned, check_table
from lake.adopt.survey_keys import inner_list
from lake.adopt.survey_measure import measure
from lake.read.header import header_names, header_row
from lake.read.match import find_header


def table(text: str) -> list[list[str | None]]:
    return [[cell or None for cell in line.split(",")] for line in text.splitlines()]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("a,b,c\n1,b,c\n2,b,c\n3,b,c", 0),  # names that are values too, above a column of numbers
        ("p,q,s\np,r,s\np,t,s\np,,s", None),  # no header; nothing below the last row speaks against it
        ("name,value\nName,Clippy\nKind,clip\nDate,2007-01-01\nWeight,0.9", None),  # no record is taken for a header
        (",name\n0,x\n1,y\n2,z", 0),  # an index without a name
        ("# a list of codes\n# of places\n#code,name\nAD,Andorra\nAE,Emirates", 2),
        ("\n".join(["# words"] * 35 + ["code,name,zone", *(f"c{at},n{at},z{at}" for at in range(20))]), -1),
        ("titles\nno,yes\n", 1),
        ("s,d,PM2.5,,O3,\n,,mean,max,mean,max\nn,x,1,2,3,4\nm,y,1,2,3,4", 1),  # a header of two rows
        ("国家,2013\n加拿大,35160000", 0),  # one year alone above a single record
        ("区县,2026-01,\n金水区,12,略\n中原区,9,略", 0),  # one month, and a column without a name
        ("格式,说明,格式,说明\nA,字母,J,儒略日\nB,二进制,M,月\nC,,N,年", 0),  # names twice, among nothing but texts
        ("甲,乙,丙,,\n一,二,三,四,五\n六,七,八,九,十", 0),  # the last columns have no name
        ("a,2013\nb,1998\nc,35160000", None),  # a value like those below it
        ("a,2013,5\nb,35160000,6", None),  # beside another number a year names nothing
        ("s,d,PM2.5,\nn,x,1,high\nm,y,2,low\no,z,3,low", 0),  # a column without a name
    ],
)
def test_where_the_header_stands(text: str, at: int | None) -> None:
    assert header_row(table(text)) == at


def test_a_column_without_a_name_of_its_own_is_called_by_its_number() -> None:
    rows = table(",a,b,A,,\n0,1,2,3,4,\n5,6,7,8,9,")
    names = header_names(rows, 0)
    assert names == ("#1", "a", "b", "A#4", "#5")
    fields = [Field(f"f{at}", (name,)) for at, name in enumerate(names)]
    assert find_header(rows, fields).columns == {f"f{at}": at for at in range(5)}
    with pytest.raises(Refused, match="READ_HEADER_DUPLICATE"):
        find_header(rows, fields[:2])


def test_a_column_that_a_value_stands_beside_is_no_number_of_it() -> None:
    """The number and the first value under the name must not make the name of a column of two header rows."""
    rows = table("a,b,a\n1,2,3\n4,5,6")
    header = find_header(rows, [Field("a", ("a",)), Field("b", ("b",)), Field("a_3", ("a#3",))])
    assert (header.height, header.columns) == (1, {"a": 0, "b": 1, "a_3": 2})


@pytest.mark.parametrize(
    ("values", "absent"),
    [(["AD", "NA", "CN"], {}), (["12", "NA", "13"], {"NA": 1}), (["Jinshui", "NA", "Erqi"], {"NA": 1})],
)
def test_na_among_codes_of_two_letters_is_one_of_them(values: list[str], absent: dict[str, int]) -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (c0 VARCHAR, _fault VARCHAR)")
        connection.executemany("INSERT INTO t VALUES (?, NULL)", [[value] for value in values])
        (column,) = measure(connection, "t", ["code"], header=True, crs=None).columns
    assert column.absent == absent
    assert column.filled == len(values) - sum(absent.values())


@pytest.mark.parametrize(
    ("record", "path"),
    [
        ('{"code":0,"data.total":2,"data.list":[{"a":1},{"a":2}]}', "data.list"),
        ('{"data.list":[{"a":1}]}', None),  # of one object nobody can tell
        ('{"data.list":[1,2]}', None),
        ('{"data.list":[{"a":1},{"a":2}],"data.more":[{"b":1},{"b":2}]}', None),
        (None, None),
    ],
)
def test_the_list_that_an_answer_wraps(record: str | None, path: str | None) -> None:
    assert inner_list(record) == path


def test_a_header_of_two_rows_whose_cells_were_merged() -> None:
    rows = table("s,d,PM2.5,,O3,\n,,mean,max,mean,low\nn,x,1,2,3,4\nm,y,1,2,3,4")
    assert header_names(rows, 1) == ("s", "d", "PM2.5mean", "max", "O3mean", "low")


def test_names_that_come_twice_are_told_apart_by_the_row_above() -> None:
    title: tuple[str | None, ...] = ("空气质量月报", None, None, None)
    groups, names = ("站点", "PM2.5", None, "臭氧", None), ("站点", "日均", "最大", "日均", "最大")
    values = ("北站", "1", "2", "3", "4")
    found = header_names([title, groups, names, values], 2)
    assert found == ("站点", "PM2.5日均", "PM2.5最大", "臭氧日均", "臭氧最大")
    fields = [Field(f"f{at}", (name,)) for at, name in enumerate(found)]
    assert find_header([title, groups, names, values], fields).columns == {f"f{at}": at for at in range(5)}
    assert header_names([title, names, values], 1) == ("站点", "日均", "最大", "日均#4", "最大#5")
    assert header_names([(None, "PM2.5", None, None, None), names, values], 1)[3] == "日均#4", "one group for all"


@pytest.mark.parametrize(
    ("text", "at", "code"),
    [
        ("姓名：,张三,性别：,男\n单位：,数据局,电话：,0371\n住址：,文化路,,", None, "SURVEY_FORM"),
        ("登记表,,,\n姓名,张三,性别,男\n单位,数据局,电话,0371\n住址,文化路,邮编,450000", 1, "SURVEY_FORM"),
        ("姓名,张三\n性别,男\n单位,数据局\n备注,", None, "SURVEY_FORM"),
        ("Name,Bo,Sex,M\nAddress,Wenhua Lu,Phone,0371", 0, "SURVEY_FORM"),
        ("名称,内容\n姓名,人的姓名\n性别,男或女\n单位,何处", 0, None),  # a table about names
        ("人口,340\n面积,1.2\n收入,77", None, None),  # of numbers each row is a record
        ("类型,所在地\n学校,某路\n学校,别路\n医院,他路", 0, None),
        ("学校,甲路,医院,乙路\n学校,丙路,公司,丁路", None, None),  # the same kinds of things again
        ("id,1,2,3\nname,germany,france,spain\npopulation,83,66,47", 1, "SURVEY_NO_TABLE"),  # it lies on its side
        ("r,c,s,\nr,c,s,\nr,c,from,\nr,c,was,to\nr,%,was,to\nA,B,C,D", 4, "SURVEY_NO_TABLE.*rows 1 to 5 look like one"),
        ("x,y,z,9\n5,6,7\nm,n,o,p\n1,2,3,4", 2, "SURVEY_NO_TABLE"),
        ("title,,\na,b,c\n1,2,3", 1, None),
        ("group,,other,\na,b,c,d\n1,2,3,4", 1, None),  # the groups of a header are none of its data
        ("name,city\nx,a\ny,b:", 0, None),
    ],
)
def test_what_is_no_table_is_refused(text: str, at: int | None, code: str | None) -> None:
    with pytest.raises(Refused, match=code) if code else contextlib.nullcontext():
        check_table(table(text), at, range(1, 20), Place(file="t"))


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        (["name        count", "Jinshui        12", "Zhongyuan       9"], True),
        (["001 Jinshui       12", "002 Erqi Qu    1,234", "003 Zhongyuan      9"], True),
        (["今天  天气很好", "我们出去玩", "然后  回家了"], False),  # prose
        (["Jinshui", "Erqi   ", "Zhongyuan  "], False),
        (["a  b", "c  d"], False),
    ],
)
def test_columns_that_only_blanks_hold_apart_are_refused(lines: list[str], refused: bool) -> None:
    with pytest.raises(Refused, match="SURVEY_ALIGNED") if refused else contextlib.nullcontext():
        check_aligned(lines, len(lines), Place(file="t"))
    check_aligned(lines, len(lines) * 3, Place(file="t"))  # of few lines that no delimiter divides nothing is said
