"""A city with a word planted in every value of every grade, and the search for these words wherever bytes are.

A planted word is `QZV<grade>Q…`: g1 to g4, g5 (important), g6 (core), gp (personal), gx (a column that the contract
does not know), gr (a record that cannot be laid out), gh (a header), gf (a file name). Numbers, dates and codes that a
person could be found by are planted beside them (`PLAIN`).
"""

import csv
import io
import json
import re
import shutil
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from sharing_case import CANARY, visit

from infra.ground import sample_city

ALL = "huiji.city_management.everything"
CASES = "huiji.health.cases"
PLAIN = {
    "7719283746": "g3",
    "1987-03-19": "g3",
    "5566778.91": "g4",
    "4101239912345678": "gp",
    "19900771234": "gp",
    "柒玖测": "gp",
    CANARY: "gp",
    "77123.2": "gp",
}
PERSONAL: dict[str, dict[str, Any]] = {
    "person_name": {"personal": {"class": "basic", "sensitive": True}, "identifier": "direct"},
    "id_card": {"personal": {"class": "identity", "sensitive": True}, "identifier": "direct"},
    "phone": {"personal": {"class": "communication", "sensitive": True}, "identifier": "direct"},
    "plate": {"personal": {"class": "identity", "sensitive": True}, "identifier": "direct", "content": ["plate"]},
    "diagnosis": {"personal": {"class": "health", "sensitive": True}, "content": ["patient"]},
}
GRADES = {
    "record_no": "general_1",
    "note_1": "general_1",
    "note_2": "general_2",
    "note_3": "general_3",
    "note_4": "general_4",
    "note_5": "important",
    "note_6": "core",
    "number_3": "general_3",
    "day_3": "general_3",
    "amount_4": "general_4",
}
TYPES = {"number_3": "integer", "day_3": "date", "amount_4": "decimal"}
_WORD = re.compile(r"qzv(g[1-6pxrhf])q")


def items(dataset: str) -> list[str]:
    """The dataset's columns; `CASES` has none above general_4, so that its quarantine has a reader at all."""
    names = [*GRADES, *PERSONAL]
    return names if dataset == ALL else [name for name in names if name not in ("note_5", "note_6")]


def city(folder: Path) -> Path:
    """The sample city with two datasets, a department and an officer more."""
    shutil.copytree(sample_city(), folder)
    department = {"id": "huiji_registry", "unit": "huiji", "name": {"zh": "惠济区登记(虚构)", "en": "Registry"}}
    _append(folder / "departments.yaml", {**department, "kind": "department"})
    officer = {"id": "officer_huiji", "name": "惠济填报员(虚构)", "unit": "huiji", "department": "huiji_registry"}
    held = {"roles": ["district_officer"], "clearance": "general_4", "purposes": ["registry"]}
    _append(folder / "people.yaml", {**officer, **held})
    catalogue = {"unit": "huiji", "resources": [_resource(ALL), _resource(CASES)]}
    _write(folder / "catalogues" / "huiji.yaml", catalogue)
    for dataset in (ALL, CASES):
        _write(folder / "contracts" / f"{dataset}.yaml", _contract(dataset))
    return folder


def _append(path: Path, entry: Mapping[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write("  - " + yaml.safe_dump(entry, allow_unicode=True, default_flow_style=True, width=10_000))


def _write(path: Path, document: Any) -> None:
    document = json.loads(json.dumps(document))  # so that no part stands twice: the house reads no YAML anchors
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _resource(dataset: str) -> dict[str, Any]:
    described = []
    for name in items(dataset):
        more = PERSONAL.get(name, {})
        grade = GRADES.get(name, "general_4")
        described.append(
            {"name": name, "zh": f"项{name}", "en": name, "type": TYPES.get(name, "string"), **more, "grade": grade}
        )
    return {
        "id": dataset,
        "title": {"zh": f"植入{dataset.rpartition('.')[2]}", "en": f"Planted {dataset}"},
        "summary": {"zh": "测试用，人物均为虚构。", "en": "For tests; nobody in it exists."},
        "provider": "huiji_registry",
        "data_format": "csv",
        "update_frequency": "daily",
        "sharing_attribute": "unconditional",
        "sharing_mode": ["api"],
        "conditions": {"scope": {"zh": "全市", "en": "the city"}, "purpose": {"zh": "测试", "en": "tests"}},
        "classification": {"industry": "公共管理", "business": "登记"},
        "openness": "closed",
        "items": described,
    }


def _contract(dataset: str) -> dict[str, Any]:
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": dataset,
        "name": dataset,
        "version": "1.0.0",
        "status": "active",
        "domain": dataset.split(".")[1],
        "schema": [
            {
                "name": dataset.rpartition(".")[2],
                "logicalType": "object",
                "physicalType": "table",
                "customProperties": [
                    {"property": "cityhub.mode", "value": "append"},
                    {
                        "property": "cityhub.duplicates",
                        "value": {"key": ["record_no"], "wins": "first", "scope": "table", "conflict": "quarantine"},
                    },
                ],
                "properties": [_property(name) for name in items(dataset)],
            }
        ],
    }


def _property(name: str) -> dict[str, Any]:
    kinds = {"integer": ("integer", "integer"), "date": ("date", "date"), "decimal": ("number", "decimal(12,2)")}
    logical, physical = kinds.get(TYPES.get(name, ""), ("string", "string"))
    made: dict[str, Any] = {"name": name, "businessName": f"项{name}", "logicalType": logical, "physicalType": physical}
    if name in PERSONAL:
        made["customProperties"] = [{"property": "cityhub.personal", "value": True}]
    if name == "record_no":
        made |= {"required": True, "primaryKey": True, "primaryKeyPosition": 1}
    if name in ("number_3", "note_1", "id_card"):
        rule = {
            "number_3": {"rule": "range", "min": 0, "max": 9_000_000_000},
            "note_1": {"rule": "length", "min": 1, "max": 60},
            "id_card": {"rule": "length", "min": 1, "max": 30},
        }[name]
        severity = "block" if name == "number_3" else "quarantine"
        quality = {"id": "shape", "type": "custom", "engine": "cityhub", "dimension": "conformity"}
        sentence = {"zh": "第{line}行“{column}”不符合要求。", "en": "Line {line}: “{column}” is not as agreed."}
        said = [{"property": "cityhub.sentence", "value": sentence}]
        made["quality"] = [{**quality, "severity": severity, "implementation": rule, "customProperties": said}]
    return made


def record(dataset: str, number: int, mark: str = "", **changes: str) -> dict[str, str]:
    """One record; every value carries its planted word."""
    values = {name: f"QZVg{n}Q{mark}{number}" for n, name in enumerate([f"note_{n}" for n in range(1, 7)], 1)}
    values |= {
        "record_no": f"R{mark}{number}",
        "number_3": "7719283746",
        "day_3": "1987-03-19",
        "amount_4": "5566778.91",
    }
    values |= {"person_name": f"柒玖测QZVgpQ{number}", "id_card": f"4101239912345678{number:02d}"}
    values |= {"phone": "19900771234", "plate": f"豫AQZVgpQ{number}", "diagnosis": f"QZVgpQ糖尿病{number}", **changes}
    return {name: values[name] for name in items(dataset)}


def table(dataset: str, rows: Iterable[Mapping[str, str] | str], *, extra: str | None = None) -> bytes:
    """A delivery as CSV; a row given as text is written as it stands; `extra` is a header that no contract knows."""
    out = io.StringIO(newline="")
    names = items(dataset) + ([extra] if extra else [])
    writer = csv.DictWriter(out, names, restval="QZVgxQextra")
    writer.writeheader()
    for row in rows:
        if isinstance(row, str):
            out.write(row + "\r\n")
        else:
            writer.writerow(row)
    return out.getvalue().encode()


def visits(rows: int) -> bytes:
    """Invented visits of the set that extracts are made from; what may not leave carries `CANARY`."""
    out = io.StringIO(newline="")
    names = [name for name in visit(0) if not name.startswith("_")]
    writer = csv.DictWriter(out, names, extrasaction="ignore")
    writer.writeheader()
    for number in range(rows):
        one = visit(number)
        at: Any = one["visited_at"]
        writer.writerow({**one, "visited_at": (at + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")})
    return out.getvalue().encode()


def found(said: object) -> set[str]:
    """The grades of all planted words in a text, or in bytes of whatever encoding."""
    if isinstance(said, bytes):
        texts = [said.decode("utf-8", "replace"), said.decode("utf-16-le", "replace")]
        texts += [said[1:].decode("utf-16-le", "replace"), said.decode("gb18030", "replace")]
    else:
        texts = [said if isinstance(said, str) else repr(said)]
    grades: set[str] = set()
    for text in texts:
        folded = text.casefold()
        grades |= set(_WORD.findall(folded))
        grades |= {grade for token, grade in PLAIN.items() if token.casefold() in folded}
    return grades
