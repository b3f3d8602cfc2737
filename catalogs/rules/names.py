"""What a resource's name shows: that it is an IT system's, or another resource's with a slip of the hand. Pure.

The faults are those that platforms report of filled-in forms: an information system is entered instead of its data;
two names differ by punctuation, blanks or width alone; a cell was dragged down and its last number grew.
"""

import re
import unicodedata
from functools import lru_cache

_SYSTEM = re.compile(
    r"(?P<stem>.*?)(?:信息|应用|软件)?(?:子系统|系统|平台|软件|APP|小程序|客户端|门户网站)(?:[vV]?[0-9.]+)?$"
)
# What is built of pipes, rails, wires or nature is called a system too, and what one stands on a 平台.
_PHYSICAL = re.compile(
    r"(?:排水|供水|给水|给排水|雨水|污水|排污|供电|供热|供暖|供气|燃气|消防|通风|照明|灌溉|排灌|轨道|交通|公交|地铁|水系|"
    r"生态|防洪|防汛|排涝|河道|河湖|路网|管网|管廊|信号|电力|能源|空调|电梯|神经|免疫|循环|呼吸|消化|农业|森林|湿地|草原|"
    r"城市|物流|绿地|水利|暖通|喷淋|步道|慢行|候车|观景|作业|登高|钻井|卸货|装卸|海上|瞭望|取水|升降|停车)$"
)
_WORKING = re.compile(
    r"管理|信息|业务|服务|监管|监测|监控|办公|审批|申报|查询|登记|综合|指挥|调度|共享|交换|数据|智慧|智能|云|数字|网上|"
    r"在线|政务|电子|一体化|协同|预警|审核|采集|报送|统计|填报|核算|OA|ERP|GIS"
)


def is_system_name(title: str, system: str | None = None) -> bool:
    """Whether the name is an IT system's: the one the entry itself names (所属系统), or one by its last words.

    >>> [is_system_name(name) for name in ("智慧停车管理系统", "城区排水系统", "不动产登记信息", "观景平台")]
    [True, False, False, False]
    """
    name = unicodedata.normalize("NFKC", title).strip()
    if system and squeezed(name) == squeezed(system):
        return True
    found = _SYSTEM.fullmatch(name)
    if found is None:
        return False
    stem = found["stem"]
    if re.search(r"(?:APP|小程序|软件|客户端|门户网站)(?:[vV]?[0-9.]+)?$", name):
        return True
    named = name[len(stem) :].startswith(("信息", "应用"))
    return named or (not _PHYSICAL.search(stem) and bool(_WORKING.search(stem)))


@lru_cache(maxsize=100_000)
def squeezed(name: str) -> str:
    """The name without width, case, blanks and punctuation: equal for names that a person reads as the same.

    A point or hyphen between two digits stays: PM2.5 is not PM25.
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    text = re.sub(r"(?<=[0-9])[.\-](?=[0-9])", "\x00", text)
    return "".join(char for char in text if char == "\x00" or unicodedata.category(char)[0] in "LNM")


_NUMBERED = re.compile(r"(?P<base>.*?[^0-9a-z\x00])(?P<number>[0-9]{1,3})")
_NUMBER_MEANS = ("道", "线", "路", "号", "第", "级", "类", "年", "月", "省", "高速", "期")


def dragged(name: str) -> tuple[str, int] | None:
    """A name's base and the number at its end that dragging a cell down makes grow; None where the number is a name's.

    A year, a road's or line's number, and a number after Latin letters (PM10, G107) are the name's own.

    >>> dragged("停车场信息3"), dragged("公交客流2024"), dragged("国道107"), dragged("空气质量PM10")
    (('停车场信息', 3), None, None, None)
    """
    found = _NUMBERED.fullmatch(squeezed(name))
    if found is None or found["base"].endswith(_NUMBER_MEANS):
        return None
    return found["base"], int(found["number"])
