"""`hub catalog search|reindex`."""

from typing import TYPE_CHECKING, Any

import click

from infra.console import emit, help_text, json_option, table
from infra.language import Text

if TYPE_CHECKING:
    from catalogs.find.search import Found, Hit
    from infra.ground import Ground

_FIELDS = {
    "title": Text("名称", "title"),
    "alias": Text("别名", "alias"),
    "item": Text("数据项", "item"),
    "code": Text("编码", "code"),
    "provider": Text("提供单位", "provider"),
    "summary": Text("摘要", "summary"),
}
_FACETS = {
    "unit": Text("单位", "unit"),
    "domain": Text("领域", "domain"),
    "provider": Text("提供部门", "provider"),
    "grade": Text("级别", "grade"),
    "sharing": Text("共享属性", "sharing"),
    "openness": Text("开放属性", "openness"),
    "frequency": Text("更新频率", "frequency"),
    "format": Text("格式", "format"),
    "example": Text("示例", "example"),
}
_SHOWN = 6  # values of a facet that a person is shown


def _facet_options(command: Any) -> Any:
    for facet, said in reversed(_FACETS.items()):
        option = click.option(
            f"--{facet}", facet, multiple=True, help=help_text(f"只列该{said.zh}", f"of this {said.en}")
        )
        command = option(command)
    return command


@click.command(
    help=help_text(
        "查找数据资源：名称、别名、数据项、编码、提供单位、摘要；中文一字起、拼音、首字母、英文。",
        "Find resources by words: Chinese from one character, pinyin, initials, English.",
    )
)
@click.argument("words", nargs=-1)
@_facet_options
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200), help=help_text("条数", "hits"))
@click.option("--offset", default=0, type=click.IntRange(0), help=help_text("跳过前几条", "hits to pass over"))
@json_option
def search(words: tuple[str, ...], limit: int, offset: int, **facets: tuple[str, ...]) -> None:
    """Print the hits, best first, and the counts by facet."""
    from catalogs.find.search import search as find
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        wanted = {facet: values for facet, values in facets.items() if values}
        found = find(ground.engine, " ".join(words), filters=wanted, limit=limit, offset=offset)
        emit(ground, found, lambda _: _said(found, ground))


def _said(found: "Found", ground: "Ground") -> list[str]:
    def say(zh: str, en: str) -> str:
        return Text(zh, en).say(ground.lang)

    lines = []
    if found.instead:
        lines.append(say(f"没有找到“{found.query}”，改查：{found.meant}", f"nothing for that; showing: {found.meant}"))
    elif found.meant:
        lines.append(say(f"您要找的是不是：{found.meant}", f"did you mean: {found.meant}"))
    if found.some:
        lines.append(say("没有同时含全部词的资源；下列含其中一部分", "no resource has all the words; these have some"))
    if not found.hits:
        return [*lines, say("没有找到", "nothing found")]
    columns = (("资源", "名称", "级别", "匹配"), ("resource", "title", "grade", "matched"))
    rows = [
        (hit.id, hit.title.say(ground.lang), _grade(hit, ground.lang), _match(hit, ground.lang)) for hit in found.hits
    ]
    lines += [table(rows, columns[0] if ground.lang == "zh" else columns[1]), ""]
    lines.append(
        say(f"共 {found.total} 项，列出 {len(found.hits)} 项", f"{found.total} found, {len(found.hits)} shown")
    )
    known = _names(ground)
    for facet, counts in found.facets.items():
        if len(counts) > 1:
            more = " …" if len(counts) > _SHOWN else ""
            said = "  ".join(f"{known.get((facet, value), value)} {count}" for value, count in counts[:_SHOWN])
            lines.append(f"{_FACETS[facet].say(ground.lang)}: {said}{more}")
    if any(hit.stale for hit in found.hits):
        lines.append(say("索引已过时：运行 hub catalog reindex", "the index is stale: run `hub catalog reindex`"))
    return lines


def _names(ground: "Ground") -> dict[tuple[str, str], str]:
    """What the values of the facets are called, by facet and value."""
    from catalogs.lookup import departments, domains, units
    from catalogs.values.word import Word
    from catalogs.values.words import DataFormat, Grade, Openness, SharingAttribute, UpdateFrequency

    yes, no = Text("是", "yes"), Text("否", "no")
    found = {("example", "yes"): yes, ("example", "no"): no}
    found |= {("grade", grade.id): grade.text for grade in Grade}
    vocabularies: dict[str, type[Word]] = {
        "sharing": SharingAttribute,
        "openness": Openness,
        "frequency": UpdateFrequency,
        "format": DataFormat,
    }
    found |= {(facet, str(word)): word.text for facet, words in vocabularies.items() for word in words}
    found |= {("unit", one.id): one.name for one in units(ground.engine)}
    found |= {("provider", one.id): one.name for one in departments(ground.engine)}
    found |= {("domain", one.id): one.name for one in domains(ground.engine)}
    return {key: text.say(ground.lang) for key, text in found.items()}


def _grade(hit: "Hit", lang: str) -> str:
    from catalogs.values.words import Grade

    return Grade[hit.grade.upper()].text.say(lang)


def _match(hit: "Hit", lang: str) -> str:
    if hit.matched is None:
        return ""
    return f"{_FIELDS[hit.matched.field].say(lang)}: {hit.matched.cut(28, '【', '】')}"


@click.command(
    help=help_text(
        "由目录重建检索索引；--check 只核对是否一致（不一致时退出码 1）。",
        "Make the index again from the register; --check only compares (exit 1 when they differ).",
    )
)
@click.option("--check", is_flag=True, help=help_text("只核对", "only compare"))
@json_option
@click.pass_context
def reindex(context: click.Context, check: bool) -> None:
    """Rebuild the index in one transaction, or compare it."""
    from catalogs.find.index import out_of_date, rebuild
    from infra.database import lock, write
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        if check:
            state = out_of_date(ground.engine)
            value = {
                "current": state.current,
                "missing": state.missing,
                "changed": state.changed,
                "gone": state.gone,
            }
            numbers = (len(state.missing), len(state.changed), len(state.gone))
            emit(ground, value, lambda _: _compared(ground, state.current, numbers))
            context.exit(0 if state.current else 1)
        with write(ground.engine) as connection:
            lock(connection, "catalogs")
            count = rebuild(connection)
        done = Text(f"索引已重建：{count} 项资源", f"the index is made again: {count} resources")
        emit(ground, {"resources": count}, lambda _: done.say(ground.lang))


def _compared(ground: "Ground", current: bool, numbers: tuple[int, int, int]) -> str:
    if current:
        return Text("索引与目录一致", "the index says what the register says").say(ground.lang)
    missing, changed, gone = numbers
    return Text(
        f"索引已过时：缺 {missing}，旧 {changed}，多 {gone}；运行 hub catalog reindex",
        f"the index is stale: {missing} missing, {changed} changed, {gone} gone; run `hub catalog reindex`",
    ).say(ground.lang)
