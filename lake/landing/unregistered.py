"""What arrives for a resource that nobody registered, that has no contract yet, or that was withdrawn.

It is kept as it came, and refused with what to do about it; delivered again after that, it goes its way.
"""

import re

from catalogs.life.withdrawn import CODE as WITHDRAWN
from catalogs.life.withdrawn import refusal as withdrawn
from catalogs.register import resource
from contracts.register import has_contract
from infra.errors import Place, Refused
from infra.ground import Ground
from infra.language import Text

UNKNOWN = "ARRIVAL_UNKNOWN_RESOURCE"
NO_CONTRACT = "ARRIVAL_NO_CONTRACT"
WAITED = (UNKNOWN, NO_CONTRACT, WITHDRAWN)  # what a later delivery of the same bytes takes up
DATASET = re.compile(r"[a-z][a-z0-9_]{0,63}(\.[a-z][a-z0-9_]{0,63}){2}")

_KEPT = Text("文件已原样封存，未作处理", "the file is kept as it came and was not processed")
_NOT_KEPT = Text("试运行未读取文件，也未保存任何内容", "the dry run read nothing and kept nothing")


def unregistered(ground: Ground, dataset: str, sender: str | None, *, kept: bool = True) -> Refused | None:
    """The refusal of what is for no registered resource, a withdrawn one or one without a contract; None otherwise.

    Args:
        ground: the register.
        dataset: what the delivery says that it is for.
        sender: the unit whose watched folder it came by.
        kept: whether it was landed; a dry run keeps nothing and does not say so.
    """
    done = _KEPT if kept else _NOT_KEPT
    if DATASET.fullmatch(dataset):
        try:
            resource(ground.engine, dataset)
        except Refused as error:
            if error.code != "CATALOG_UNKNOWN_RESOURCE":
                raise
        else:
            gone = withdrawn(ground.engine, dataset)
            return gone if gone or has_contract(ground.engine, dataset) else _no_contract(dataset, done)
    shown = "".join(char if char.isprintable() else "\ufffd" for char in dataset[:80])
    unit, _, name = shown.partition("/")
    if unit == sender and name:  # a watched folder's file whose name says no dataset
        return Refused(
            UNKNOWN,
            f"看不出文件“{name}”属于 {unit} 的哪项数据资源，文件已原样封存，未作处理；"
            "请改名为“领域.名称-…”或放入“领域.名称”文件夹，再报送",
            f"no dataset of {unit} is named by the file “{name}”; it is kept as it came and was not processed: "
            "call it <domain>.<name>-…, or put it into a folder <domain>.<name>, and deliver it again",
            place=Place(file=name),
            remedy=Text("用 hub catalog list 查看已登记的数据资源", "see what is registered with `hub catalog list`"),
        )
    return Refused(
        UNKNOWN,
        f"目录中没有登记数据资源“{shown}”，{done.zh}；先登记该资源（hub catalog register），再报送",
        f"no resource “{shown}” is registered; {done.en}: "
        "register the resource (`hub catalog register`), then deliver again",
        place=Place(dataset=shown),
        remedy=Text("用 hub catalog list 查看已登记的数据资源", "see what is registered with `hub catalog list`"),
    )


def _no_contract(dataset: str, done: Text) -> Refused:
    return Refused(
        NO_CONTRACT,
        f"数据资源 {dataset} 已编入目录，但还没有数据契约，无法读取和检验；{done.zh}。请先登记契约，再报送同一文件",
        f"the resource {dataset} is in the catalogue but has no contract yet, so it can be neither read nor checked; "
        f"{done.en}: register a contract, then deliver the same file again",
        place=Place(dataset=dataset),
        remedy=Text(
            "用 hub contract infer 由样例文件生成契约，再用 hub contract register 登记",
            "draft one from a sample file with `hub contract infer`, then `hub contract register`",
        ),
    )
