"""An entry out of a YAML file of its own, and the approval sheet into a file."""

from pathlib import Path

from catalogs.folder.fields import Fields
from catalogs.folder.read_resource import read_resource
from catalogs.folder.yamltree import Mapping, read_file
from catalogs.life.drafts import Draft
from catalogs.life.papers import check_number, papers, printed, weighed
from catalogs.life.sheet import day, sheet
from catalogs.life.tasks import local_day
from catalogs.life.versions import difference
from catalogs.lookup import departments, people_names, units
from catalogs.personal.personal import PersonalRules
from catalogs.rules.faults import refusal
from catalogs.values.model import Person, Resource
from infra.errors import Place, Unavailable
from infra.ground import Ground
from infra.local_time import local_time


def read_entry(path: Path, rules: PersonalRules) -> Resource:
    """The resource of a file that holds one, in the shape of a catalogue's `resources`; `rules` as for a city.

    Raises:
        Refused: CATALOG_FAULTY with every fault of the file.
    """
    node, faults = read_file(path, path.name)
    if not faults:
        fields = Fields(node if isinstance(node, Mapping) else Mapping(1), path.name, "", faults)
        found = read_resource(fields, rules)
        if found.resource is not None and not faults:
            return found.resource
    raise refusal(faults)


def approval_sheet(ground: Ground, resource: str, by: Person, out: Path) -> Draft:
    """Write the approval sheet of the draft as it stands, recorded as printed.

    Raises:
        Refused: as `catalogs.life.papers.printed`.
        Unavailable: SHEET_FILE.
    """
    draft = printed(ground, resource, by)
    names = {unit.id: unit.name.zh for unit in units(ground.engine)}
    names |= {department.id: department.name.zh for department in departments(ground.engine)}
    about_now, who = weighed(draft), people_names(ground.engine)
    recorded = [one for one in papers(ground, resource) if one.kind in ("secrecy", "personal")]
    recorded = [one for one in recorded if one.about == about_now]  # of what changed since, nothing was assessed
    kinds = {"secrecy": "保密风险评估", "personal": "个人信息保护影响评估"}
    about = {
        "unit": names.get(draft.unit, draft.unit),
        "provider": names.get(draft.provider, draft.provider),
        "revision": str(draft.revision),
        "printed": day(local_day(ground.now())),
        "papers": "；".join(
            f"{kinds[one.kind]}：{one.result}（{who.get(one.by, one.by)}，{local_time(one.at)[:10]}）"
            for one in recorded
        ),
    }
    changed = difference(ground, resource)[2]
    page = sheet(draft.body, digest=draft.digest, check=check_number(draft.digest), changed=changed, about=about)
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        place = Place(file=out.name)
        raise Unavailable("SHEET_FILE", "审批表不能写入", "the sheet cannot be written", place=place) from error
    return draft
