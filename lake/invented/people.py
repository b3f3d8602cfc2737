"""Invented deliveries with persons: pupils of Erqi (.xlsx) and visits of Zhongyuan (CSV, UTF-8 with a BOM)."""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from lake.invented.files import Grid, csv_bytes, xlsx_bytes
from lake.invented.known import Known, Plan, Record, share
from lake.invented.persons import Person, invent

_ERQI = ("大学路街道", "五里堡街道", "德化街街道", "解放路街道", "铭功路街道", "蜜蜂张街道", "福华街街道", "建中街街道")
_ZHONGYUAN = (
    "林山寨街道",
    "建设路街道",
    "棉纺路街道",
    "秦岭路街道",
    "桐柏路街道",
    "三官庙街道",
    "汝河路街道",
    "须水街道",
)
_GRADES = ("一年级", "二年级", "三年级", "四年级", "五年级", "六年级", "七年级", "八年级", "九年级")
_HOSPITALS = (
    ("中原区示例第一医院", 113.6131, 34.7482),
    ("中原区示例第二医院（东院,门诊部）", 113.5898, 34.7581),
    ("中原区示例中医院", 113.6289, 34.7402),
    ("中原区示例妇幼保健院", 113.6012, 34.7665),
    ("中原区示例社区卫生服务中心", 113.5563, 34.7523),
)
_GROUPS = ("上呼吸道感染", "高血压", "糖尿病", "消化系统疾病", "骨关节疾病", "皮肤病", "眼科疾病", "口腔疾病")
_VISIT_HEADER = {
    "visit_id": "就诊流水号",
    "person_key": "患者标识",
    "visited_at": "就诊时间",
    "hospital": "就诊机构",
    "lng": "就诊地点经度",
    "lat": "就诊地点纬度",
    "street": "居住街道",
    "age": "年龄",
    "gender": "性别",
    "diagnosis_group": "诊断分组",
    "cost": "费用",
}
_PUPIL_TOP = ("学籍号", "姓名", "身份证号", "出生日期", "性别", "所属街道", "学校", "年级", "体检", None, "监护人电话")
_PUPIL_SUB = (None,) * 8 + ("身高", "体重", None)


def pupils(random: Random, rows: int, start: datetime) -> tuple[bytes, Known]:
    """A workbook with title, note, a two-row header with merged cells, and a merged heading row for each street."""
    today = start.date()
    plan = Plan(random, [_pupil(random, number, today) for number in range(rows)])
    plan.repeat(0.01)
    plan.conflict("duplicate.conflict", ("pupil_no",), lambda record: {**record, "weight_kg": 199.5})
    extra = iter(range(rows, rows * 3))
    few = share(rows, 0.004)

    def faulty(**changes: Any) -> Record:
        return {**_pupil(random, next(extra), today), **changes}

    plan.plant("id_card_check", few, lambda _: _misprinted(faulty()))
    plan.plant("birth_of_id_card", few, lambda _: faulty(birth_date="1999-11-11"))
    plan.plant("gender.values", few, lambda _: faulty(gender="未知"))
    plan.plant("height_cm.range", few, lambda _: faulty(height_cm=1.45))
    plan.plant("name.required", few, lambda _: faulty(name=None))
    return xlsx_bytes(_roll(plan.records)), plan.known()


def _roll(records: list[Record]) -> Grid:
    """The sheet: one block a street; records of one key keep their order, for they are of one street."""
    grid = Grid("学生花名册")
    width = len(_PUPIL_TOP)
    grid.add_merged("二七区中小学生基本信息登记表\n（虚构示例）", width)
    grid.add_merged("填报单位：二七区教育局（示例）", width)
    top = grid.add(_PUPIL_TOP)
    grid.add(_PUPIL_SUB)
    grid.merged.extend((top, column, top + 1, column) for column in range(width) if column not in {8, 9})
    grid.merged.append((top, 8, top, 9))
    for street in _ERQI:
        block = [record for record in records if record["street"] == street]
        grid.add_merged(f"{street}（{len(block)}人）", width)
        for record in block:
            grid.add(list(record.values()))
    return grid


def _pupil(random: Random, number: int, today: date) -> Record:
    youngest = date(today.year - 6, 8, 31)
    person: Person = invent(random, youngest, date(today.year - 15, 9, 1), number)
    age = (today - person.birth).days / 365.25
    notation = ("%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y%m%d")[number % 4]
    height = round(85 + 5.8 * age + random.uniform(-7, 7), 1)
    return {
        "pupil_no": f"G4101{number:08d}" if number % 50 else _full_width(f"G4101{number:08d}"),
        "name": person.name if number % 29 else f" {person.name}　",
        "id_card": person.identity if number % 31 else _full_width(person.identity),
        "birth_date": person.birth.strftime(notation),
        "gender": person.gender,
        "street": _ERQI[number % len(_ERQI)],
        "school": f"二七区示例第{'一二三四五六'[number % 6]}{'小学' if age < 12.5 else '中学'}",
        "grade_level": _GRADES[min(8, max(0, int(age) - 6))],
        "height_cm": height,
        "weight_kg": round((height / 100) ** 2 * random.uniform(14, 22), 1),
        "guardian_phone": person.phone if random.random() > 0.02 else None,
    }


def _full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def _misprinted(record: Record) -> Record:
    """The last character of the identity number is another one."""
    identity = str(record["id_card"])
    last = "1" if identity[-1] not in {"1", "１"} else "2"
    return {**record, "id_card": identity[:-1] + last}


def visits(random: Random, rows: int, start: datetime) -> tuple[bytes, Known]:
    """UTF-8 with a byte order mark, quoted commas; ages, times and places out of range, repeated rows."""
    people = [_patient(random, number) for number in range(max(20, rows // 3))]
    plan = Plan(random, [_visit(random, people, number, start) for number in range(rows)])
    plan.repeat(0.01)
    plan.conflict("duplicate.conflict", ("visit_id",), lambda record: {**record, "cost": "999999.99"})
    extra = iter(range(rows, rows * 3))
    few = share(rows, 0.003)

    def faulty(**changes: Any) -> Record:
        return {**_visit(random, people, next(extra), start), **changes}

    plan.plant("age.range", few, lambda _: faulty(age=200))
    plan.plant("gender.values", few, lambda _: faulty(gender="未知"))
    plan.plant("visited_at.type", few, lambda _: faulty(visited_at="2026-02-30 09:00:00"))
    plan.plant("person_key.required", few, lambda _: faulty(person_key=""))
    plan.plant("window", few, lambda _: faulty(lng="34.7482", lat="113.6131"))
    plan.plant("record.ragged", few, lambda _: [*faulty().values(), "多出一列"])
    table = [list(record.values()) if isinstance(record, dict) else record for record in plan.records]
    return csv_bytes([list(_VISIT_HEADER.values()), *table], encoding="utf-8-sig", line_end="\n"), plan.known()


def _patient(random: Random, number: int) -> Record:
    return {
        "person_key": f"ZY{number:07d}",
        "street": _ZHONGYUAN[number % len(_ZHONGYUAN)],
        "age": min(95, max(0, int(random.gauss(45, 22)))),
        "gender": "男" if random.random() < 0.49 else "女",
    }


def _visit(random: Random, people: list[Record], number: int, start: datetime) -> Record:
    patient = random.choice(people)
    hospital, lng, lat = random.choice(_HOSPITALS)
    at = start + timedelta(minutes=random.randrange(8 * 60, 18 * 60))
    return {
        "visit_id": f"MZ{start:%Y%m%d}{number:07d}",
        "person_key": patient["person_key"],
        "visited_at": f"{at:%Y-%m-%d %H:%M:%S}",
        "hospital": hospital,
        "lng": f"{lng:.4f}",
        "lat": f"{lat:.4f}",
        "street": patient["street"],
        "age": patient["age"],
        "gender": patient["gender"],
        "diagnosis_group": random.choice(_GROUPS),
        "cost": "NaN" if random.random() < 0.02 else f"{random.uniform(15, 1500):.2f}",
    }
