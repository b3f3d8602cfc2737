"""Queries with the resources that whoever typed them was after: titles, or ids where a title is English or long.

Over the sample city and 2,000 drawn resources: every subject of every unit as 基本信息 and 名录, most as 统计.
"""

KINDS = ("基本信息", "名录", "统计")


def of(unit: str, subject: str, *kinds: str) -> set[str]:
    return {f"{unit}{subject}{kind}" for kind in kinds or KINDS}


_WRITTEN = """
    中原区 二七区 管城回族区 金水区 上街区 惠济区 中牟县 巩义市 荥阳市 新密市 新郑市 登封市 经开区 高新区 航空港区
    郑东新区
"""
PLACES = _WRITTEN.split()
GTFS = ("运营机构", "服务日历", "线路", "站牌", "班次", "到发时刻")


def everywhere(subject: str, *kinds: str) -> set[str]:
    return {title for place in PLACES for title in of(place, subject, *kinds)}


# What was typed, and the titles (or ids) of which the first ten hits should be, or hold all where they are fewer.
LABELLED: list[tuple[str, set[str]]] = [
    # The users' own, that their present catalogues fail on.
    ("维修信息", everywhere("机动车维修企业", "基本信息")),
    ("代码", {"示例·全国行政区划代码(2023)", "示例·疫情数据区划代码", "示例·环境公报城市代码"}),
    ("区划代码", {"示例·全国行政区划代码(2023)", "示例·疫情数据区划代码"}),
    ("证券", everywhere("证券期货机构")),
    # Chinese: one and two characters, parts, several words, words in another order.
    ("厕", everywhere("公共厕所")),
    ("井盖", everywhere("市政井盖")),
    ("停车", everywhere("公共停车场")),
    ("金水区停车场", of("金水区", "公共停车场")),
    ("金水 停车", of("金水区", "公共停车场")),
    ("停车 金水", of("金水区", "公共停车场")),
    ("金水区公共停车场基本信息", of("金水区", "公共停车场", "基本信息")),
    ("惠济 图书馆 名录", of("惠济区", "公共图书馆", "名录")),
    ("A级旅游景区", everywhere("A级旅游景区")),
    ("A级景区", everywhere("A级旅游景区")),
    ("5A景区", {"示例·国家5A级旅游景区"}),
    ("景区", everywhere("A级旅游景区") | {"示例·国家5A级旅游景区"}),
    ("疫苗接种", everywhere("疫苗接种单位")),
    ("中牟 疫苗", of("中牟县", "疫苗接种单位")),
    ("排污许可证", everywhere("排污许可")),
    ("危废", everywhere("危险废物经营单位")),
    ("共享单车", everywhere("共享单车停放点")),
    ("充电桩", everywhere("充电桩")),
    ("登封 旅行社", of("登封市", "旅行社")),
    ("非遗", everywhere("非物质文化遗产")),
    ("非物质文化遗产", everywhere("非物质文化遗产")),
    ("地铁站", {"示例·各城市常用地铁站(2025)"}),
    ("地铁2号线", {"示例·上海地铁2号线断面客流", "示例·上海地铁2号线车站", "示例·上海地铁2号线线形"}),
    ("空气质量", everywhere("空气质量监测站") | {"示例·河南省城市空气质量小时值(2020)", "高新区空气质量小时值"}),
    ("空气质量小时值", {"示例·河南省城市空气质量小时值(2020)", "高新区空气质量小时值"}),
    ("保税区边界", {"经开区综合保税区边界"}),
    ("中小学生", {"二七区中小学生基本信息"}),
    ("门诊", {"中原区门诊就诊记录"}),
    ("病人ID", {"中原区门诊就诊记录"}),
    ("公交车定位", {"管城回族区公交车定位"}),
    ("出租车", {"示例·深圳市出租车出行量(网格)"}),
    ("时刻表", {"示例·室兰公交时刻表"}),
    ("统计年鉴", {"示例·河南统计年鉴表目录(2017—2020)"}),
    ("高等学校", {"示例·全国高等学校名单(2025)"}),
    ("天气", {"示例·郑州逐小时天气(1979—1980)"}),
    ("线圈", {"示例·洛杉矶线圈车速(2012)", "示例·洛杉矶线圈位置", "示例·洛杉矶线圈邻接矩阵"}),
    # Pinyin, initials.
    ("tingchechang", everywhere("公共停车场")),
    ("tingche", everywhere("公共停车场")),
    ("tcc", everywhere("公共停车场")),
    ("zhengquan", everywhere("证券期货机构")),
    ("zqqh", everywhere("证券期货机构")),
    ("jinggai", everywhere("市政井盖")),
    ("lvxingshe", everywhere("旅行社")),
    ("lxs", everywhere("旅行社")),
    ("kongqizhil", everywhere("空气质量监测站") | {"示例·河南省城市空气质量小时值(2020)", "高新区空气质量小时值"}),
    ("xzqhdm", {"示例·全国行政区划代码(2023)"}),
    ("jinshui tcc", of("金水区", "公共停车场")),
    # Traditional, full width.
    ("停車場", everywhere("公共停车场")),
    ("證券", everywhere("证券期货机构")),
    ("圖書館", everywhere("公共图书馆")),
    ("醫療機構", everywhere("医疗机构执业许可") | {"示例·上海市医疗机构位置"}),
    (
        "ＧＴＦＳ",
        {f"示例·室兰公交GTFS·{part}" for part in GTFS},
    ),
    # English.
    ("car parks", everywhere("公共停车场")),
    ("pharmacies jinshui", of("金水区", "药品经营企业")),
    ("bus stops", {"示例·郑州公交线路站点(2013)", "示例·室兰公交站位置"}),
    ("taxi trips", {"示例·深圳市出租车出行量(网格)"}),
    ("loop detectors", {"示例·洛杉矶线圈车速(2012)", "示例·洛杉矶线圈位置", "示例·洛杉矶线圈邻接矩阵"}),
    ("bonded zones", {"经开区综合保税区边界"}),
    ("kindergart", everywhere("幼儿园")),
    # Typing errors: what sounds alike, a wrong character, a slip of a key.
    ("停车厂", everywhere("公共停车场")),
    ("正券期货", everywhere("证券期货机构")),
    ("图书管", everywhere("公共图书馆")),
    ("幼儿圆", everywhere("幼儿园")),
    ("pharmcies", everywhere("药品经营企业")),
    ("kindergarden", everywhere("幼儿园")),
    ("musuem", set()),
    # Ids, codes, providers.
    ("jinshui.traffic.road_flow", {"金水区路段交通流量"}),
    ("road_flow", {"金水区路段交通流量"}),
    ("X94199009900000413", {"金水区路段交通流量"}),
    ("二七区教育部门", {"二七区中小学生基本信息"}),
]
