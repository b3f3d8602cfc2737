"""The closed vocabularies of the register, each value with its Chinese and English word.

A value is written in YAML as its snake-case id or as its Chinese word; it is stored and exported as its id. The sources
stand at each vocabulary: "Decree 809" is 《政务数据共享条例》 (State Council Decree 809).
"""

from enum import IntEnum
from functools import cache

from catalogs.values.guide_words import (
    DataFormat,
    FormatClass,
    GuideType,
    ImpactDegree,
    ImpactObject,
    ItemType,
    Level,
    Secrecy,
    format_class,
    guide_type,
)
from catalogs.values.word import Word, find
from infra.language import Text
from infra.text import fold

__all__ = [
    "Arrival",
    "BasisKind",
    "Content",
    "Crs",
    "DataFormat",
    "DeliveryState",
    "DepartmentKind",
    "Edition",
    "FormatClass",
    "Grade",
    "GuideType",
    "IdentifierRole",
    "ImpactDegree",
    "ImpactObject",
    "ItemType",
    "Level",
    "Openness",
    "PartState",
    "PersonalKind",
    "Role",
    "Secrecy",
    "SharingAttribute",
    "SharingMode",
    "UnitKind",
    "UpdateFrequency",
    "Word",
    "find",
    "find_grade",
    "format_class",
    "guide_type",
]


class UnitKind(Word):
    """What kind of area a unit is."""

    CITY = "city", "市", "city"
    DISTRICT = "district", "区", "district"
    COUNTY = "county", "县", "county"
    COUNTY_CITY = "county_city", "县级市", "county-level city"
    ZONE = "zone", "开发区", "functional zone"
    SAMPLE = "sample", "示例", "example"


class Arrival(Word):
    """How a file in a watched folder shows that it is complete."""

    RENAME = "rename", "改名", "rename"
    MARKER = "marker", "标记文件", "marker file"
    STABLE = "stable", "大小稳定", "stable size"


class DepartmentKind(Word):
    """What a department is in the sharing of government data."""

    DEPARTMENT = "department", "部门", "department"
    AUTHORITY = "authority", "政务数据共享主管部门", "authority"
    AUDITOR = "auditor", "审计部门", "audit office"


class UpdateFrequency(Word):
    """数据更新频率, one of the nine fields of Decree 809 Art. 13; values as on the national platforms."""

    REALTIME = "realtime", "实时", "real time"
    DAILY = "daily", "每日", "daily"
    WEEKLY = "weekly", "每周", "weekly"
    MONTHLY = "monthly", "每月", "monthly"
    QUARTERLY = "quarterly", "每季度", "quarterly"
    HALF_YEARLY = "half_yearly", "每半年", "half-yearly"
    YEARLY = "yearly", "每年", "yearly"
    IRREGULAR = "irregular", "不定期", "irregular"
    NONE = "none", "不更新", "not updated"


class SharingAttribute(Word):
    """共享属性, exactly three (Decree 809 Art. 14)."""

    UNCONDITIONAL = "unconditional", "无条件共享", "unconditional"
    CONDITIONAL = "conditional", "有条件共享", "conditional"
    NOT_SHARED = "not_shared", "不予共享", "not shared"


class SharingMode(Word):
    """共享方式 (Decree 809 Art. 22)."""

    API = "api", "服务接口", "service interface"
    BATCH = "batch", "批量交换", "batch exchange"
    FILE = "file", "文件下载", "file download"


class Openness(Word):
    """开放属性 towards firms, institutes and the public."""

    UNCONDITIONAL = "unconditional", "无条件开放", "unconditional"
    CONDITIONAL = "conditional", "有条件开放", "conditional"
    CLOSED = "closed", "不予开放", "not open"


class BasisKind(Word):
    """The texts that may forbid sharing (Decree 809 Art. 14-15); a local or departmental document is none of them."""

    LAW = "law", "法律", "law"
    REGULATION = "administrative_regulation", "行政法规", "administrative regulation"
    DECISION = "state_council_decision", "国务院决定", "State Council decision"


class Crs(Word):
    """Coordinate reference systems in use; GCJ-02 and BD-09 are offset, and converting them is a setting of its own."""

    CGCS2000 = "CGCS2000", "国家大地坐标系", "CGCS2000"
    WGS84 = "WGS84", "WGS84", "WGS84"
    GCJ02 = "GCJ-02", "火星坐标系", "GCJ-02"
    BD09 = "BD-09", "百度坐标系", "BD-09"
    WORLD_MERCATOR = "EPSG:3395", "世界墨卡托投影（米）", "World Mercator (metres)"
    LOCAL = "local", "地方坐标系", "local"


class IdentifierRole(Word):
    """What an item does to the anonymity of a row's person (GB/T 37964-2019); `subject` is the key of a person."""

    NONE = "none", "非标识", "no identifier"
    DIRECT = "direct", "直接标识符", "direct identifier"
    QUASI = "quasi", "准标识符", "quasi-identifier"
    SUBJECT = "subject", "数据主体键", "data-subject key"


class PersonalKind(Word):
    """Classes of personal information after GB/T 35273-2020 Annex A."""

    BASIC = "basic", "个人基本资料", "basic data"
    IDENTITY = "identity", "个人身份信息", "identity"
    BIOMETRIC = "biometric", "个人生物识别信息", "biometric"
    NETWORK = "network_id", "网络身份标识信息", "network identifier"
    HEALTH = "health", "个人健康生理信息", "health"
    EDUCATION_WORK = "education_work", "个人教育工作信息", "education and work"
    PROPERTY = "property", "个人财产信息", "property"
    COMMUNICATION = "communication", "个人通信信息", "communication"
    CONTACT = "contact", "联系人信息", "contacts"
    BROWSING = "browsing", "个人上网记录", "browsing"
    DEVICE = "device", "个人常用设备信息", "usual devices"
    LOCATION = "location", "个人位置信息", "location"
    OTHER = "other", "其他个人信息", "other"


class Edition(Word):
    """The edition of the rules under which an item was found to be personal, and sensitive or not."""

    GBT_35273_2020 = "GB/T 35273-2020", "GB/T 35273-2020", "GB/T 35273-2020"
    GBT_45574_2025 = "GB/T 45574-2025", "GB/T 45574-2025", "GB/T 45574-2025"


class Content(Word):
    """Content with rules of its own, whatever its grade.

    Minors: 未成年人网络保护条例 Art. 36. Cameras: 公共安全视频图像信息系统管理条例 Art. 16-17.
    """

    MINOR = "minor", "不满十四周岁未成年人", "children under 14"
    PATIENT = "patient", "患者", "patients"
    PLATE = "plate", "车牌", "number plates"
    CAMERA = "camera", "公共视频图像", "public-camera images"


class DeliveryState(Word):
    """How far a delivery (归集批次) has come."""

    LANDED = "landed", "已接收", "landed"
    AUDITED = "audited", "已检验", "audited"
    FINISHED = "finished", "已发布", "published"
    BLOCKED = "blocked", "未发布", "blocked"
    REFUSED = "refused", "未受理", "refused"
    REPEATED = "repeated", "重复报送", "repeated"
    REVERTED = "reverted", "已撤回", "reverted"
    PURGED = "purged", "已清除", "purged"

    @classmethod
    def said(cls, state: str) -> Text:
        """The words for the state of that id."""
        return cls[state.upper()].text


class PartState(Word):
    """What became of one file of a delivery of several."""

    READ = "read", "已读取", "read"
    BESIDE = "beside", "随附读取", "read with another"
    EMPTY = "empty", "无数据", "without a record"
    OTHER = "other", "契约未涉及", "not in the contract"
    FAULTY = "faulty", "不能读取", "not readable"

    @classmethod
    def said(cls, state: str) -> Text:
        """The words for the state of that id."""
        return cls[state.upper()].text


class Role(Word):
    """What a person may be in the house."""

    ENGINEER = "engineer", "数据工程师", "data engineer"
    OFFICER = "district_officer", "区县填报员", "district officer"
    DEPUTY = "deputy", "代办人", "deputy"
    HEAD = "department_head", "部门负责人", "head of department"
    PROVIDER_REVIEWER = "provider_reviewer", "提供单位审核人", "provider's reviewer"
    AUTHORITY_REVIEWER = "authority_reviewer", "主管部门审核人", "authority's reviewer"
    AUDITOR = "auditor", "审计员", "auditor"
    OPERATOR = "operator", "运行值守员", "operator"


class Grade(IntEnum):
    """数据分级: core > important > general 4 > 3 > 2 > 1 (GB/T 43697-2024 as practised). Compare with `<`."""

    GENERAL_1 = 1
    GENERAL_2 = 2
    GENERAL_3 = 3
    GENERAL_4 = 4
    IMPORTANT = 5
    CORE = 6

    @property
    def id(self) -> str:
        """The word of YAML and database: `general_1` … `core`."""
        return self.name.lower()

    @property
    def text(self) -> Text:
        """The words."""
        if self is Grade.CORE:
            return Text("核心", "core")
        if self is Grade.IMPORTANT:
            return Text("重要", "important")
        return Text(f"一般{int(self)}级", f"general {int(self)}")

    def __str__(self) -> str:
        return self.id


def find_grade(word: str) -> Grade | None:
    """The grade whose id or Chinese word is `word`, or None."""
    return _grades().get(fold(word))


@cache
def _grades() -> dict[str, Grade]:
    return {said: grade for grade in Grade for said in (grade.id, grade.text.zh)}
