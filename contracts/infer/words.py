"""Words of headers: Chinese and English, and the initials of Chinese words that no list holds. Pure.

A header becomes a column's name word by word: `学校名称` → `school_name`. What the list does not hold becomes its
pinyin initials, as database people write them (`备案` → `ba`): the first-level characters of GB 2312 stand in the
order of their pinyin, so that their code tells the initial.
"""

_LIST = """
店铺 shop|商店 shop|门店 shop|销售 sales|利润 profit|客户 customer|货物 goods
车站 station|码头 wharf|港口 port|机场 airport
编号 no|编码 code|代码 code|标识码 code|标识 id|序号 seq|流水号 serial|号码 number|名称 name|姓名 name
简称 short_name|全称 full_name|类型 type|类别 category|种类 kind|性质 nature|等级 level|级别 level|状态 status
备注 note|说明 remark|描述 description|内容 content|日期 date|时间 time|时刻 time|年份 year|月份 month
年度 year|季度 quarter|小时 hour|分钟 minute|年 year|月 month|日 day|时 hour|周 week|开始 start|结束 end
起始 start|终止 end|截止 end|创建 created|更新 updated|修改 modified|发布 published|采集 collected
统计 statistics|监测 monitoring|观测 observed|登记 registered|成立 established|有效期 valid_until
注册 registered|经度 lng|纬度 lat|坐标 coordinates|地址 address|住址 address|位置 location|地点 place
所在地 location|省份 province|省市 province|省 province|城市 city|市 city|区县 district|区 district|县 county
街道 street|乡镇 township|社区 community|村 village|邮编 postcode|邮政编码 postcode|行政区划 division|区域 area
地区 region|学校 school|学生 pupil|教师 teacher|班级 class|年级 grade|学号 pupil_no|学籍号 pupil_no|专业 major
学历 education|层次 level|医院 hospital|机构 institution|科室 department|医生 doctor|患者 patient|病人 patient
诊断 diagnosis|就诊 visit|床位 beds|药品 drug|公司 company|企业 company|单位 unit|部门 department
组织 organisation|法人 legal_person|法定代表人 legal_representative|经营范围 business_scope
统一社会信用代码 uscc|信用代码 uscc|营业执照 licence|许可证 permit|身份证号码 id_card|身份证号 id_card
身份证 id_card|公民身份号码 id_card|证件号码 id_number|证件类型 id_type|证件 id|手机号码 mobile|手机号 mobile
手机 mobile|联系电话 phone|电话号码 phone|电话 phone|传真 fax|邮箱 email|电子邮件 email|网址 website
联系人 contact|联系方式 contact|监护人 guardian|家长 guardian|负责人 head|性别 gender|年龄 age
出生日期 birth_date|出生年月 birth_month|出生 birth|民族 ethnicity|籍贯 native_place|国籍 nationality
婚姻 marriage|政治面貌 political_status|身高 height|体重 weight|车牌号码 plate|车牌号 plate|车牌 plate
号牌 plate|车辆 vehicle|车型 vehicle_type|车速 speed|速度 speed|平均 average|最大 maximum|最小 minimum
最高 maximum|最低 minimum|车流量 flow|流量 flow|客流量 passengers|客流 passengers|人次 visits|人数 persons
人口 population|数量 count|个数 count|总数 total|总计 total|合计 total|总量 total|次数 times|金额 amount
费用 cost|价格 price|单价 unit_price|票价 fare|收入 income|支出 expense|面积 area|长度 length|宽度 width
高度 height|深度 depth|距离 distance|里程 mileage|温度 temperature|气温 temperature|湿度 humidity|气压 pressure
风速 wind_speed|风向 wind_direction|降雨量 rainfall|降水量 rainfall|降水 rainfall|能见度 visibility
天气 weather|浓度 concentration|指数 index|污染物 pollutant|首要 primary|空气质量 air_quality|站点 station
监测点 station|点位 point|设备 device|检测器 detector|传感器 sensor|线路 line|站名 station_name|站序 stop_no
方向 direction|上行 up|下行 down|路段 road_section|道路 road|路名 road|行驶 driving|定位 position
方向角 heading|载客数 passengers|占有率 occupancy|首班 first|末班 last|行业 industry|项目 project|数据 data
来源 source|标题 title|关键字 keyword|用户 user|账号 account|银行卡号 bank_card|银行账号 bank_account|银行 bank
开户行 bank|卡号 card_no|订单 order|产品 product|商品 product|品牌 brand|型号 model|规格 specification
比例 ratio|占比 ratio|率 rate|值 value|量 quantity|数 count|号 no|率% rate|主管 competent|所属 own|所在 at
办学 school|运营 operating|管理 management|服务 service|工作 work|生活 life|营业 business|景区 scenic_area
景点 attraction|游客 visitors|进 in|出 out|馆 hall|场所 venue|是否 is|第一 first|本 own|容量 capacity
行号 row_no|列号 column_no|数值 value|库存 stock|结果 result|原因 reason
"""
_PAIRS = [(pair.split(" ")[0], pair.split(" ")[1]) for pair in _LIST.replace("\n", "|").split("|") if pair.strip()]
CHINESE: dict[str, str] = dict(_PAIRS)
ENGLISH: dict[str, str] = {
    **{en: zh for zh, en in reversed(_PAIRS)},
    "id": "编号", "lon": "经度", "longitude": "经度", "latitude": "纬度", "lng": "经度", "lat": "纬度",
    "sex": "性别", "tel": "电话", "number": "编号", "num": "数量", "quantity": "数量", "datetime": "时间",
    "timestamp": "时间戳", "temp": "温度", "value": "值", "remarks": "备注", "comment": "备注", "zip": "邮编",
    "country": "国家", "state": "状态", "size": "大小", "key": "键", "geometry": "空间图形",
    "geom": "空间图形", "level": "级别", "name": "名称", "no": "编号", "area": "区域",
}  # fmt: skip
_LONGEST = max(map(len, CHINESE))

# GB/T 2312 first-level characters: the first code of each pinyin initial.
_INITIALS = "abcdefghjklmnopqrstwxyz"
_FIRST = (
    0xB0A1, 0xB0C5, 0xB2C1, 0xB4EE, 0xB6EA, 0xB7A2, 0xB8C1, 0xB9FE, 0xBBF7, 0xBFA6, 0xC0AC, 0xC2E8, 0xC4C3, 0xC5B6,
    0xC5BE, 0xC6DA, 0xC8BB, 0xC8F6, 0xCBFA, 0xCDDA, 0xCEF4, 0xD1B9, 0xD4D1,
)  # fmt: skip
_LAST = 0xD7F9


def initial(char: str) -> str:
    """The pinyin initial of a common Chinese character, `x` for another one.

    >>> "".join(map(initial, "备案"))
    'ba'
    """
    try:
        raw = char.encode("gb2312")
    except UnicodeEncodeError:
        return "x"
    code = int.from_bytes(raw, "big")
    return (
        _INITIALS[sum(first <= code for first in _FIRST) - 1] if len(raw) == 2 and _FIRST[0] <= code <= _LAST else "x"
    )


def english(text: str) -> list[tuple[str, bool]]:
    """A Chinese text as English words, each with whether the list knew it; what it lacks as pinyin initials."""
    found: list[tuple[str, bool]] = []
    unknown = ""
    at = 0
    while at < len(text):
        size = next((n for n in range(min(_LONGEST, len(text) - at), 0, -1) if text[at : at + n] in CHINESE), 0)
        if not size:
            unknown += initial(text[at])
            at += 1
            continue
        if unknown:
            found.append((unknown, False))
            unknown = ""
        found.append((CHINESE[text[at : at + size]], True))
        at += size
    return [*found, (unknown, False)] if unknown else found
