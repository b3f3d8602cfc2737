"""The dossier of a first registration (首次登记): each material with what is known and what is missing. Pure."""

from dataclasses import dataclass

from catalogs.values.model import Department, Resource
from infra.language import Text


@dataclass(frozen=True, slots=True)
class Material:
    """One material that the rules ask for: what is known of it, and what the applicant has still to bring."""

    title: Text
    known: dict[str, str]
    missing: tuple[Text, ...]


def dossier(resource: Resource, provider: Department) -> list[Material]:
    """The seven materials of a first registration, in the order of the rules; nothing is made up."""
    code = {"统一社会信用代码": provider.uscc} if provider.uscc else {}
    no_code = () if provider.uscc else (Text("统一社会信用代码", "the unified social credit code"),)
    described = {
        "资源标识": resource.id,
        "资源名称": resource.title.zh,
        "摘要": resource.summary.zh,
        "数据格式": resource.data_format.text.zh,
        "更新频率": resource.update_frequency.text.zh,
        "数据分类": f"{resource.classification.industry}／{resource.classification.business}",
        "数据分级": resource.grade.text.zh,
        "开放属性": resource.openness.text.zh,
        "数据项": "、".join(item.zh for item in resource.items),
        **({"资源代码": resource.code} if resource.code else {}),
    }
    origin = {"来源": resource.source} if resource.source else {}
    origin |= {"权属关系": resource.ownership} if resource.ownership else {}
    scenario = {"应用场景": resource.scenario} if resource.scenario else {}
    personal = [item.zh for item in resource.items if item.personal is not None]
    risk = {"数据分级": resource.grade.text.zh, "个人信息数据项": "、".join(personal) or "无"}
    return [
        Material(
            Text("主体信息", "subject"),
            {"名称": provider.name.zh, **code},
            (*no_code, Text("法定代表人及联系人", "legal representative and contact")),
        ),
        Material(
            Text("数据来源合法性证明", "proof of a lawful source"),
            origin,
            (Text("证明文件", "the documents that prove it"),),
        ),
        Material(
            Text("资源情况", "description of the resource"),
            described,
            () if resource.code else (Text("资源代码", "the resource's code"),),
        ),
        Material(Text("存证情况", "preserved evidence"), {}, (Text("存证平台与编号", "where and under which number"),)),
        Material(Text("产品和服务信息", "products and services"), {}, (Text("产品或服务说明", "their description"),)),
        Material(
            Text("应用场景", "scenario of use"),
            scenario,
            () if scenario else (Text("应用场景说明", "its description"),),
        ),
        Material(
            Text("数据安全风险评估", "security risk assessment"), risk, (Text("评估报告", "the assessment itself"),)
        ),
    ]


def lines(resource: Resource, materials: list[Material]) -> list[str]:
    """The dossier as Markdown, in Chinese, as it is filed."""
    out = [f"# 公共数据资源首次登记材料：{resource.title.zh}", ""]
    if resource.example:
        out += ["示例数据，不得用于申报。", ""]
    for number, each in enumerate(materials, 1):
        out += [f"## {number}. {each.title.zh}", ""]
        out += [f"- {name}：{' '.join(value.split())}" for name, value in each.known.items()]
        out += [f"- 【待补】{missing.zh}" for missing in each.missing]
        out.append("")
    return out
