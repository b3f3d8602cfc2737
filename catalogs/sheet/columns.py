"""The columns of the form for resources, the nine fields of Decree 809 Art. 13 first. Pure.

Headings are those of 《政务信息资源目录编制指南（试行）》 and of the platforms that departments know; `also` are other
headings under which they hand the same in.
"""

from catalogs.sheet.column import Column, Kind
from catalogs.words import (
    BasisKind,
    DataFormat,
    FormatClass,
    Level,
    Secrecy,
    SharingAttribute,
    SharingMode,
    UpdateFrequency,
)

TITLE = Column(
    "title", "目录名称", "catalogue title", "写数据的名称，不写系统名称。例：机动车停车场基本信息",
    also=("数据目录名称", "信息资源名称", "资源名称", "数据资源名称", "名称", "目录标题", "数据名称",
    "政务数据目录名称",
          "信息资源目录名称", "资源目录名称", "政务信息资源名称"),
    longest=128, first=True, needed=True, width=30,
)  # fmt: skip
PROVIDER = Column(
    "provider", "提供单位", "provider", "写单位全称，与登记的名称一致。例：金水区交通运输局", Kind.PROVIDER,
    also=("信息资源提供方", "资源提供方", "提供方", "提供方名称", "提供部门", "数据提供单位", "数据提供部门",
    "单位名称",
          "部门名称", "提供单位名称", "所属部门", "数源单位", "信息资源提供单位", "责任单位"),
    longest=200, first=True, needed=True, width=24,
)  # fmt: skip
USCC = Column(
    "uscc", "提供单位代码", "provider's code", "18位统一社会信用代码。例：X9419900990000017J",
    also=("信息资源提供方代码", "提供方代码", "资源提供方代码", "统一社会信用代码", "提供部门代码", "单位代码",
          "组织机构代码", "提供单位统一社会信用代码"),
    longest=40, width=22,
)  # fmt: skip

NINE = (
    TITLE,
    PROVIDER,
    Column("data_format", "数据格式", "data format", "填数据的具体格式，从列表选。例：数据库", Kind.WORD, DataFormat,
           ("信息资源格式", "资源格式", "格式", "信息资源格式类型", "资源格式类型", "格式类型", "数据资源格式"),
           first=True, needed=True, width=12),
    Column("update_frequency", "数据更新频率", "update frequency", "多久更新一次，从列表选。例：每日", Kind.WORD,
           UpdateFrequency, ("更新周期", "更新频率", "更新频度", "数据更新周期", "资源更新周期"),
           first=True, needed=True, width=14),
    Column("sharing_attribute", "共享属性", "sharing attribute", "从列表选三类之一。例：有条件共享", Kind.WORD,
           SharingAttribute, ("共享类型", "共享性质", "数据共享属性", "信息资源共享类型"),
           first=True, needed=True, width=14),
    Column("sharing_mode", "共享方式", "sharing mode", "怎样提供，可填几种，用顿号隔开。例：服务接口、批量交换",
           Kind.WORDS, SharingMode, ("共享方式类型", "提供方式", "共享途径", "共享方式分类"),
           first=True, needed=True, width=18),
    Column("conditions.scope", "共享范围", "scope of sharing",
           "有条件共享的必填：给哪些部门用。例：市、区交通和公安部门",
           longest=500, first=True, width=24),
    Column("conditions.purpose", "使用用途", "purpose", "有条件共享的必填：用来做什么。例：停车诱导和占道管理",
           also=("共享用途", "用途"), longest=500, first=True, width=24),
    Column("conditions.other", "其他使用条件", "other conditions", "没有可不填。例：引用时注明来源",
           also=("使用条件", "共享条件", "其他条件", "共享条件说明"), longest=500, first=True, width=24),
    Column("conditions.reason", "不予共享理由", "reason", "不予共享的必填：为什么不能共享。例：法律规定应当保密",
           also=("不共享理由", "不予共享原因"), longest=500, first=True, width=24),
    Column("conditions.basis.kind", "依据类型", "kind of basis",
           "不予共享的必填，从列表选：法律、行政法规或国务院决定", Kind.WORD, BasisKind,
           ("不予共享依据类型", "法律依据类型"), first=True, width=12),
    Column("conditions.basis.title", "法律依据", "legal basis", "不予共享的必填：写全称。例：中华人民共和国统计法",
           also=("不予共享依据", "依据名称", "法律法规依据"), longest=300, first=True, width=24),
    Column("conditions.basis.article", "依据条款", "article", "不予共享的必填：第几条。例：第九条", also=("条款",),
           longest=100, first=True, width=12),
    Column("classification.industry", "行业分类", "industry", "数据分类之一：属于哪个行业。例：交通运输",
           also=("数据分类", "行业领域分类", "行业类别", "数据分类（行业）"), longest=100, first=True, needed=True,
           width=14),
    Column("classification.business", "业务分类", "business attribute", "数据分类之二：属于哪项业务。例：静态交通管理",
           also=("业务属性", "业务类别", "业务属性分类", "数据分类（业务）"), longest=100, first=True, needed=True,
           width=14),
    Column("classification.grade", "数据分级", "grade", "从列表选；不低于任何一个数据项的级别。例：一般2级",
           Kind.GRADE,
           also=("数据级别", "安全级别", "安全等级", "数据安全级别", "分级", "数据安全等级", "资源级别"),
           first=True, needed=True, width=12),
)  # fmt: skip

FURTHER = (
    Column("summary", "摘要", "summary",
           "用一两句话说明数据是什么、从哪里来。例：全区公共停车场的位置、泊位数和收费标准",
           also=("信息资源摘要", "资源摘要", "数据资源摘要", "目录摘要", "内容摘要", "简介", "资源描述", "描述",
           "资源简介"),
           needed=True, width=40),
    Column("openness", "开放属性", "openness", "能否向社会开放，从列表选。例：有条件开放", Kind.OPEN,
           also=("开放类型", "开放性质", "社会开放属性"), needed=True, width=14),
    Column("openness_conditions", "开放条件", "conditions of opening", "有条件开放的必填。例：登记用途后可下载",
           longest=500, width=20),
    Column("domain", "所属领域", "domain", "从列表选一个；空着时按名称和单位推定。例：交通", Kind.DOMAIN,
           also=("领域", "主题领域"), width=12),
    Column("id", "数据集标识", "dataset id", "由平台给定，新目录空着即可。例：jinshui.traffic.parking",
           also=("资源标识", "目录标识", "标识符"), longest=200, width=28),
    Column("code", "资源代码", "resource code", "一项资源一个代码；没有可空着。例：306005/0001",
           also=("信息资源代码", "代码", "目录代码", "资源编码", "目录编码", "信息资源编码", "目录编号", "资源编号"),
           longest=200, width=18),
    USCC,
    Column("format_class", "格式分类", "format class", "七类之一，可空着。例：数据库", Kind.WORD, FormatClass,
           ("信息资源格式分类", "资源格式分类", "格式大类"), width=12),
    Column("format_type", "具体格式", "concrete format", "软件或文件的具体类型，可空着。例：Oracle",
           also=("资源具体格式",), longest=60, width=12),
    Column("aliases", "别名", "other names", "几个别名用顿号隔开。例：停车场台账", Kind.LIST, also=("其他名称",)),
    Column("published_on", "发布日期", "day of publication", "写年-月-日。例：2026-03-31", Kind.DATE,
           also=("资源发布日期", "目录发布日期", "信息资源发布日期"), width=12),
    Column("related", "关联资源代码", "related codes", "相关资源的代码，几个用顿号隔开。例：306005/0002", Kind.LIST,
           also=("关联信息资源代码", "关联代码", "关联目录代码")),
    Column("system", "所属系统", "IT system", "数据所在信息系统的名称。例：智慧停车管理系统",
           also=("来源系统", "所属信息系统", "信息系统名称"), longest=200),
    Column("service_item", "实施清单编码或事项名称", "service item", "数据由哪个政务服务事项产生。例：停车场备案",
           also=("实施清单编码", "事项名称", "政务服务事项"), longest=300),
    Column("scenario", "应用场景", "scenario", "数据用在哪里。例：停车诱导"),
    Column("field", "国家所属领域", "national field", "按国家平台的领域填。例：交通运输", longest=100),
    Column("level", "层级属性", "level", "部门目录或国家目录", Kind.WORD, Level, ("目录层级",), width=12),
    Column("ownership", "权属关系", "ownership", "数据归谁。例：本单位所有", also=("权属",), longest=200),
    Column("management", "管理方式", "management", "谁来管理数据。例：本单位自建自管", longest=200),
    Column("generation", "生成方式", "generation", "数据怎样产生。例：业务办理产生", also=("产生方式",), longest=200),
    Column("link", "在线链接", "link", "接口或下载的地址，可空着", also=("链接地址", "在线资源链接地址", "资源链接"),
           longest=1000),
    Column("certificate", "是否电子证照", "electronic certificate", "是或否", Kind.FLAG, also=("电子证照",), width=10),
    Column("lead_source", "是否数源", "lead source", "是或否；数源部门由主管部门指定", Kind.FLAG, also=("数源部门",),
           width=10),
    Column("return_flow", "是否回流", "return flow", "是或否：上级是否回流本级数据", Kind.FLAG, also=("回流",),
           width=10),
    Column("not_updated_reason", "不更新理由", "why not updated", "数据更新频率为不更新的必填。例：历史普查资料",
           also=("不更新原因",), longest=500),
    Column("not_published_reason", "不可发布理由", "why not published", "不能发布的写明理由", also=("不发布理由",),
           longest=500),
    Column("secrecy", "涉密属性", "secrecy", "非涉密的才列入本目录", Kind.WORD, Secrecy, ("是否涉密", "密级"),
           width=10),
    Column("census.storage_gb", "数据存储总量（GB）", "storage (GB)", "只填数字，不带单位，不清楚填0。例：12.5",
           Kind.DECIMAL,
           also=("数据存储总量", "数据存储总量(G)"), width=12),
    Column("census.records", "结构化信息记录总数（条）", "records", "只填数字，不带单位，不清楚填0。例：30000",
           Kind.COUNT,
           also=("结构化信息记录总数", "结构化信息记录总数(万)", "记录总数"), width=12),
    Column("census.shared_gb", "已共享的数据存储量（GB）", "shared (GB)", "只填数字，不带单位，不清楚填0",
           Kind.DECIMAL,
           also=("已共享存储量", "已共享的数据存储量"), width=12),
    Column("census.shared_records", "已共享的结构化记录数（条）", "shared records", "只填数字，不带单位，不清楚填0",
           Kind.COUNT, also=("已共享记录数", "已共享的结构化记录数"), width=12),
    Column("census.open_gb", "已开放的数据存储量（GB）", "open (GB)", "只填数字，不带单位，不清楚填0", Kind.DECIMAL,
           also=("已开放存储量", "已开放的数据存储量"), width=12),
    Column("census.open_records", "已开放的结构化记录数（条）", "open records", "只填数字，不带单位，不清楚填0",
           Kind.COUNT, also=("已开放记录数", "已开放的结构化记录数"), width=12),
    Column("impacts", "影响评估", "impacts", "影响对象:影响程度，几个用分号隔开。例：个人权益:一般危害", Kind.IMPACTS),
    Column("example", "是否示例", "example", "是或否；示例数据不是真实业务数据", Kind.FLAG, width=10),
    Column("source", "真实来源", "true source", "示例数据的必填：真实来源", longest=1000),
    Column("title_en", "目录名称（英文）", "title in English", "可空着", also=("英文名称", "目录英文名称"),
           longest=300),
    Column("summary_en", "摘要（英文）", "summary in English", "可空着"),
    Column("conditions.scope_en", "共享范围（英文）", "scope in English", "可空着", longest=1000),
    Column("conditions.purpose_en", "使用用途（英文）", "purpose in English", "可空着", longest=1000),
    Column("conditions.other_en", "其他使用条件（英文）", "other conditions in English", "可空着", longest=1000),
    Column("conditions.reason_en", "不予共享理由（英文）", "reason in English", "可空着", longest=1000),
    Column("openness_conditions_en", "开放条件（英文）", "conditions of opening in English", "可空着", longest=1000),
)  # fmt: skip

VENDOR_ONLY = (
    Column(
        "class1",
        "分类1",
        "class 1",
        "类：基础、主题或部门信息资源",
        also=("类", "一级分类", "信息资源分类", "资源分类"),
    ),
    Column("class2", "分类2", "class 2", "项。例：公共服务", also=("项", "二级分类")),
    Column("class3", "分类3", "class 3", "目。例：静态交通", also=("目", "三级分类")),
    Column("class4", "分类4", "class 4", "细目，可空着", also=("细目", "四级分类")),
    Column("is_open", "是否开放", "whether open", "是或否", Kind.FLAG, also=("是否向社会开放", "是否社会开放")),
)
"""What only the layouts of others have; our own form asks for the same in other columns."""

RESOURCE = (*NINE, *FURTHER)
EVERY = {column.key: column for column in (*RESOURCE, *VENDOR_ONLY)}
VENDOR_ORDER = (
    "class1", "class2", "class3", "class4", "title", "data_format", "provider", "uscc", "code", "sharing_attribute",
    "conditions.other", "sharing_mode", "published_on", "is_open", "openness", "management", "system", "ownership",
    "summary", "link", "update_frequency", "related", "generation", "secrecy",
)  # fmt: skip
"""One vendor's 24 columns, in their order."""
VENDOR_NAMES = {
    "title": "名称", "data_format": "格式", "provider": "提供方", "uscc": "提供方代码", "code": "代码",
    "sharing_attribute": "共享类型", "conditions.other": "共享条件", "openness": "开放类型",
    "update_frequency": "更新周期",
}  # fmt: skip
NATIONAL_ORDER = ("title", "code", "provider", "uscc", "summary", "data_format")
NATIONAL_NAMES = {
    "title": "信息资源名称", "code": "信息资源代码", "provider": "信息资源提供方", "uscc": "信息资源提供方代码",
    "summary": "信息资源摘要", "data_format": "信息资源格式",
}  # fmt: skip
