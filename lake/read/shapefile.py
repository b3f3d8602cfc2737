"""Shapefiles: the .shp with what was delivered beside it, read as the GeoJSON that `lake.read.shape` makes of it."""

from dataclasses import replace

from infra.apart import Kind, ask
from infra.errors import Place, Refused
from infra.language import Text
from lake.read.json import crs_note, read_json
from lake.read.source import DELIVER, Job, Note, Source

_SHAPEFILE = Kind(Text("Shapefile", "shapefile"), DELIVER)
_NEEDED = (".dbf", ".shx")
_BESIDE = (*_NEEDED, ".prj", ".cpg")


def read_shapefile(job: Job) -> Source:
    """The source of a shapefile's features.

    Raises:
        Refused: READ_SHAPEFILE_PART (without .dbf or .shx), READ_DAMAGED, READ_ENCODING, READ_MEMORY, READ_TIME, and
            what GeoJSON is refused for.
    """
    place = Place(file=job.name, dataset=job.contract.id)
    missing = [ending for ending in _NEEDED if ending not in job.beside]
    if missing:
        raise _incomplete(missing, place)
    target = job.scratch / f"{job.path.name}.features"
    beside = {ending[1:]: str(job.beside[ending]) if ending in job.beside else None for ending in _BESIDE}
    question = {"shp": str(job.path), **beside, "name": job.name, "dataset": job.contract.id, "target": str(target)}
    answer = ask("lake.read.shape", question, job.limits.bounds, place, _SHAPEFILE)
    # The features are ours, in UTF-8, at the top of the file; what the contract says of files does not speak of them.
    reading = replace(job.contract.reading, encoding=None, record_path=None)
    source = read_json(replace(job, path=target, contract=replace(job.contract, reading=reading)))
    target.unlink()
    notes = [note for note in source.notes if not note.code.startswith("crs_")]
    notes += [crs_note(answer["crs"]), *_counted(answer)]
    return replace(source, format="shapefile", encoding=answer["encoding"], notes=tuple(notes), crs=answer["crs"])


def _counted(answer: dict[str, int]) -> list[Note]:
    said = {
        "texts_cut": Text("属性表有 {} 处文字在字段末尾被截断", "{} texts were cut off at the end of their field"),
        "rows_deleted": Text("跳过已标记删除的要素 {} 个", "{} features marked as deleted hold no record"),
    }
    found = [(code, text, answer[code]) for code, text in said.items() if answer[code]]
    return [Note(code, Text(text.zh.format(n), text.en.format(n)), n) for code, text, n in found]


def _incomplete(missing: list[str], place: Place) -> Refused:
    return Refused(
        "READ_SHAPEFILE_PART",
        f"Shapefile 缺少 {'、'.join(missing)} 文件，要素的属性无法读取",
        f"the shapefile comes without its {' and '.join(missing)}; its features cannot be read",
        place=place,
        remedy=Text(
            "把同名的 .shp、.dbf、.shx（和 .prj、.cpg）打成一个 ZIP 报送",
            "deliver the .shp, .dbf and .shx of one name (with .prj and .cpg) in one ZIP",
        ),
    )
