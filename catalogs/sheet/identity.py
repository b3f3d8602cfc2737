"""Who provides an entry, and its dataset id: its own, or one proposed from unit, domain and title."""

from catalogs.folder.read_resource import DATASET
from catalogs.sheet.fill import Reader
from catalogs.sheet.likeness import likeness
from catalogs.sheet.naming import domain_of, guessed_domain, name_of, unique
from catalogs.sheet.register import Register, squeezed
from catalogs.sheet.table import Entry
from catalogs.sheet.telling import shown
from catalogs.sheet.values import half
from catalogs.values.model import Department
from catalogs.values.uscc import fault, normal

_GUESS = 60


def provider_of(read: Reader, register: Register) -> Department | None:
    """The department by its name, by its credit code, or by both, which must agree."""
    name, code = read.text("provider"), normal(read.entry.text("uscc"))
    by_name = register.by_name.get(squeezed(name)) if name else None
    by_code = register.by_code.get(code) if code else None
    wrong = fault(code) if code else None
    if wrong is not None:
        said = (f"统一社会信用代码不对：{wrong.zh}", f"the credit code is wrong: {wrong.en}")
        read.wrong(
            "uscc",
            "SHEET_USCC",
            said,
            ("对照法人证书核对18位代码；不知道就空着", "check the 18 characters, or leave it out"),
        )
    if name and by_name is None:
        near = likeness(squeezed(name), register.by_name, _GUESS)
        meant = register.by_name[near[0]] if near else by_code
        hint = (f"是不是“{meant.name.zh}”？", f"did you mean {meant.name.zh}? ") if meant else ("", "")
        read.wrong(
            "provider",
            "SHEET_PROVIDER",
            (f"“{shown(name)}”不是已登记的单位", f"{shown(name)!r} is no registered department"),
            (f"{hint[0]}写登记的全称，或先请主管部门登记该单位", f"{hint[1]}write the registered name"),
        )
        return meant
    if by_name is not None and code and "uscc" not in read.faulty and by_name.uscc not in (None, code):
        said = (f"代码不是“{by_name.name.zh}”的", f"the code is not that of {by_name.name.en}")
        read.wrong(
            "uscc", "SHEET_USCC", said, (f"登记的代码是 {by_name.uscc}", f"the registered code is {by_name.uscc}")
        )
    found = by_name or by_code
    if found is None and code and "uscc" not in read.faulty and not name:
        said = (f"没有单位登记了代码 {code}", f"no department is registered with the code {code}")
        read.wrong("uscc", "SHEET_PROVIDER", said, ("填写提供单位名称", "write the provider's name"))
        read.faulty.add("provider")
    column = "provider" if "provider" in read.entry.header.resource else "uscc"
    # A code that names the department does not fill a column 提供单位 that the form has.
    read.need("provider", value=found if name or column == "uscc" else None, where=column)
    return found


def known_id(entry: Entry, register: Register) -> str | None:
    """The id that the register has for an entry already, by its own id or by provider and title; None: none."""
    written = half(entry.text("id"))
    if written:
        return written if DATASET.fullmatch(written) else None
    provider = register.by_name.get(squeezed(entry.text("provider"))) or register.by_code.get(
        normal(entry.text("uscc"))
    )
    return register.known(provider.id, entry.text("title")) if provider is not None else None


def dataset_id(read: Reader, register: Register, provider: Department | None, taken: dict[str, str]) -> str:
    """The id of the entry; a stand-in where provider, title or domain are not known."""
    title, written = read.entry.text("title"), half(read.entry.text("id"))
    unit = provider.unit if provider else ""
    if written:
        return _written(read, register, unit, written, taken)
    known = register.known(provider.id, title) if provider else None
    domain = _domain(read, register, provider, known)
    if known is not None and taken.setdefault(known, title) == title:
        return known
    if not (provider and title and domain):
        return f"{unit or 'unit'}.{domain or 'domain'}.row_{read.entry.sheet}_{read.entry.row}"
    before = f"{unit}.{domain}."
    found = before + unique(
        name_of(title), provider.id + title, lambda name: before + name in taken or before + name in register.ids
    )
    taken[found] = title
    return found


def _written(read: Reader, register: Register, unit: str, written: str, taken: dict[str, str]) -> str:
    place = f"{read.entry.sheet}:{read.entry.row}"
    if not DATASET.fullmatch(written):
        said = (f"数据集标识“{shown(written)}”格式不对", f"the dataset id {shown(written)!r} has the wrong form")
        read.wrong(
            "id", "SHEET_ID", said, ("空着由平台给定，或写成 单位.领域.名称", "leave it out, or write unit.domain.name")
        )
        return f"unit.domain.row_{read.entry.sheet}_{read.entry.row}"
    named, domain, _ = written.split(".")
    if unit and named != unit:
        said = (
            f"数据集标识以 {named} 开头，而提供单位属于 {unit}",
            f"the id begins with {named}; its provider is of {unit}",
        )
        read.wrong("id", "SHEET_ID", said, ("空着由平台给定", "leave it out"))
    elif domain not in {one.id for one in register.domains}:
        said = (f"没有领域 {domain}", f"there is no domain {domain}")
        read.wrong("id", "SHEET_ID", said, ("空着由平台给定", "leave it out"))
    elif taken.setdefault(written, place) != place:
        said = (f"数据集标识 {written} 在本次报送中重复", f"the id {written} stands twice")
        read.wrong("id", "SHEET_TWICE", said, ("改正其中一个", "mend one of the two"))
    return written


def _domain(read: Reader, register: Register, provider: Department | None, known: str | None) -> str | None:
    written = read.text("domain")
    names = "、".join(one.name.zh for one in register.domains)
    if written:
        found = domain_of(register.domains, written)
        if found is None:
            said = (f"没有领域“{shown(written)}”", f"there is no domain {shown(written)!r}")
            read.wrong("domain", "SHEET_WORD", said, (f"从这些中选：{names}", f"choose one of: {names}"))
        return found.id if found else None
    if known is not None:
        return known.split(".")[1]
    entry = read.entry
    spoken = [entry.text(key) for key in ("field", "classification.industry", "class2", "class3", "title")]
    found = guessed_domain(register.domains, [*spoken, provider.name.zh if provider else "", entry.text("summary")])
    if found is None and entry.text("title"):
        read.faulty.add("domain")
        key = "domain" if "domain" in entry.header.resource else "title"
        place = read.told.at(entry, key)
        remedy = (f"在“所属领域”一列填写：{names}", f"write one of these under 所属领域: {names}")
        read.told.domain(place, remedy)
    return found.id if found else None
