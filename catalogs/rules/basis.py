"""Whether what is cited against sharing can be a law, administrative regulation or State Council decision. Pure.

Decree 809 Art. 14-15 let nothing else forbid sharing. A department's notice or a province's regulation that is entered
as one of the three is known by its name: it begins with a place or a department, or is called 通知, 意见, 函 and so on.
A title that raises no doubt is not thereby proved to exist: no register of law is asked.
"""

import re

from catalogs.values.model import BasisKind, LegalBasis
from infra.language import Text

_PROVINCES = (
    "北京|天津|河北|山西|内蒙古|辽宁|吉林|黑龙江|上海|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|广西|海南|"
    "重庆|四川|贵州|云南|西藏|陕西|甘肃|青海|宁夏|新疆"
)
# 《香港特别行政区基本法》 and the like are laws; 《城市道路管理条例》 begins with no place.
_PLACE = re.compile(
    rf"(?:{_PROVINCES})|(?!全国|中国|国家)[一-龥]{{1,4}}?(?<!城)(?<!直辖)(?:市|县|自治州)(?!场|政(?!务|府)|容)"
)
_DEPARTMENT = re.compile(r"[一-龥]{1,12}?(?:部|委员会|委|总局|局|厅|办公室|署)(?:关于|办公厅|令|印发|、|等)")
_PAPERS = ("通知", "意见", "函", "公告", "通告", "指南", "标准", "规范", "方案", "纪要", "批复", "要点", "指引", "制度")
_LAW = ("法", "法典", "通则", "决定", "解释", "修正案")
_REGULATION = ("条例", "规定", "办法", "细则", "规则", "决定", "章程")


def basis_doubt(basis: LegalBasis) -> Text | None:
    """Why the text cited cannot be what it is said to be, or None; titles that are not Chinese raise no doubt."""
    title = re.sub(r"[（(][^（()）]*[)）]$", "", basis.title.strip().strip("《》").strip()).strip("《》 ")
    title = title.removeprefix("中华人民共和国")
    if not re.search(r"[一-龥]", title):
        return None
    if _PLACE.match(title):
        return Text(
            f"“{title}”是地方文件，不能作为不予共享的依据", f"{title} is a local document and cannot forbid sharing"
        )
    if _DEPARTMENT.match(title):
        return Text(
            f"“{title}”是部门文件，不能作为不予共享的依据",
            f"{title} is a department's document and cannot forbid sharing",
        )
    if title.endswith(_PAPERS):
        return Text(
            f"“{title}”不是法律、行政法规或国务院决定",
            f"{title} is no law, administrative regulation or State Council decision",
        )
    fitting = {BasisKind.LAW: _LAW, BasisKind.REGULATION: _REGULATION}.get(basis.kind)
    if fitting is not None and (not title.endswith(fitting) or (fitting is _LAW and title.endswith("办法"))):
        return Text(f"“{title}”的名称不像{basis.kind.text.zh}", f"{title} is not named as a {basis.kind.text.en} is")
    return None
