"""The agreement on use (利用协议) as canonical text and its digest.

Promises:

- the same case gives the same text, byte for byte (UTF-8, NFC, lines ended by one newline), in both languages; every
  line is one that stands below: no text of the parties begins another;
- it holds purpose, method, scope, term, security and the bans on re-identification, linking and passing on
  (Network Data Regulation Art. 12; GB/T 42460 D.1.5), what may become of a trained model, and what follows a breach;
- the digest names the text. It is no signature: a reliable electronic signature has conditions of its own
  (电子签名法 Art. 13). The text says so, and asks for a signature on paper or by a reliable means.
"""

import unicodedata
from dataclasses import dataclass

from catalogs.values.model import Resource
from infra.crypto import sha256_hex
from infra.language import Text
from sharing.case.cases import Case
from sharing.case.declared import Applicant
from sharing.case.one_line import one_line
from sharing.case.policy import leaving

NO_SIGNATURE = Text(
    "本摘要只用于指明文本，不是电子签名（《电子签名法》第十三条）；签署须另以书面或可靠电子签名完成。",
    "This digest names the text; it is no signature (Electronic Signature Law Art. 13). "
    "Sign on paper or by a reliable electronic signature.",
)
TERMS = {
    "reidentification": "forbidden",
    "linking": "forbidden",
    "passing_on": "forbidden",
    "model_kept": "allowed for the purpose",
    "model_sold": "with written consent",
    "model_shared": "with written consent",
    "publication": "statistics of at least the threshold's size",
    "destruction": "at the end of the term, with a record",
}
_FORMS = {
    "aggregate": Text("分组汇总", "aggregate, classes with counts"),
    "rows": Text("逐人一行", "rows, one a person"),
    "plain": Text("原始记录（不含个人信息）", "records as they are, without personal information"),
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """The text and the digest that names it."""

    text: str
    digest: str


def render(case: Case, applicant: Applicant, resource: Resource, provider: Text) -> Agreement:
    """The agreement of `case`. Pure.

    Raises:
        Refused: SHARE_TEXT when a text in it would begin a line of its own.
    """
    zh, en = _chinese(case, applicant, resource, provider), _english(case, applicant, resource, provider)
    one_line({line.partition("：")[0]: line for line in zh} | {line.partition(":")[0]: line for line in en})
    text = unicodedata.normalize("NFC", "\n".join([*zh, "", *en]) + "\n")
    return Agreement(text, sha256_hex(text.encode()))


def _chinese(case: Case, applicant: Applicant, resource: Resource, provider: Text) -> list[str]:
    asked = case.request
    titles = {item.name: item.title.zh for item in resource.items}
    items = "、".join(f"{titles[name]}（{name}）" if name in titles else name for name in asked.items)
    form = _form(case, resource).zh
    return [
        "公共数据利用协议（有条件开放）",
        f"案件：{case.id}",
        f"提供方：{provider.zh}",
        f"利用方：{applicant.name}，统一社会信用代码 {applicant.uscc}",
        f"一、范围：{resource.title.zh}（{resource.id}）的下列数据项：{items}；形式：{form}。",
        f"二、目的与场景：{asked.purpose}；{asked.scene}。不得超出。",
        f"三、方式：经 Delta Sharing 协议按本许可读取；合法性基础：{asked.legal_basis or '无个人信息明细'}。",
        f"四、期限：自交付之日起 {asked.days} 日；到期停止访问并销毁，留存销毁记录。",
        (
            f"五、安全：等级保护 {_declared(applicant, 'protection_grade')}；"
            f"存储地点 {_declared(applicant, 'storage_place')}；"
            f"负责人 {_declared(applicant, 'officer')}。"
        ),
        "六、禁止重标识：不得以任何方式识别特定个人。",
        "七、禁止关联：不得与其他数据关联以识别或还原个人。",
        "八、禁止转让：不得向第三方提供、出售或公开数据。",
        "九、模型：为上述目的训练的模型可以保留；出售或共享模型须经书面同意。",
        "十、记录：记录使用情况，保存不少于三年，并反馈使用成效；提供方和主管部门可以检查。",
        "十一、违约：提供方或主管部门可以暂停、限期整改、终止访问，并依法移交证据。",
        f"十二、{NO_SIGNATURE.zh}",
    ]


def _english(case: Case, applicant: Applicant, resource: Resource, provider: Text) -> list[str]:
    asked, form = case.request, _form(case, resource).en
    return [
        "Agreement on the use of public data (conditional opening). The Chinese text prevails.",
        f"Case: {case.id}",
        f"Provider: {provider.en}",
        f"User: {applicant.name}, unified social credit code {applicant.uscc}",
        f"1. Scope: these items of {resource.title.en} ({resource.id}): {', '.join(asked.items)}; form: {form}.",
        f"2. Purpose and scene: {asked.purpose}; {asked.scene}. Nothing beyond.",
        (
            f"3. Method: read under this grant by the Delta Sharing protocol; legal basis: "
            f"{asked.legal_basis or 'no records of persons'}."
        ),
        f"4. Term: {asked.days} days from the issue; then access ends and the data are destroyed, with a record.",
        (
            f"5. Security: protection grade {_declared(applicant, 'protection_grade')}; stored at "
            f"{_declared(applicant, 'storage_place')}; officer {_declared(applicant, 'officer')}."
        ),
        "6. No re-identification: nobody may be identified by any means.",
        "7. No linking with other data so as to identify or restore persons.",
        "8. No passing on: the data are neither given, sold nor published to third parties.",
        "9. Models trained for the purpose may be kept; selling or sharing them needs written consent.",
        "10. Records of use are kept for three years at least, results reported; provider and authority may inspect.",
        "11. Breach: provider or authority suspends, sets a term to mend, ends access, and hands evidence over.",
        f"12. {NO_SIGNATURE.en}",
    ]


def _form(case: Case, resource: Resource) -> Text:
    """The form that will leave, which is the one that is agreed on."""
    form = leaving(resource, case.request.form)
    return _FORMS.get(form, Text(form, form))


def _declared(applicant: Applicant, name: str) -> str:
    return str(applicant.security.get(name, "-"))
