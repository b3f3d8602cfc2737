"""Nothing that a SOURCE.md calls odd is left out: its sentences, cut up, each with what answers for it."""

import re
from pathlib import Path

import pytest
import yaml

from catalogs.folder.city import load_city
from infra.ground import sample_city

ODDITIES = yaml.safe_load((Path(__file__).parent / "oddities.yaml").read_text("utf-8"))
TRANSIT = (
    "sample.traffic.shenzhen_bus_lines+sample.traffic.shenzhen_taxi_trips+sample.traffic.shanghai_metro2_flow+"
    "sample.traffic.shanghai_metro2_stops+sample.traffic.shanghai_metro2_lines+"
    "sample.city_management.shenzhen_districts"
)
MURORAN = "+".join(one for one in ODDITIES if one.startswith("sample.traffic.muroran_"))
FACT = "(a fact that asks for nothing)"
# folder of the set, its datasets, and every piece of the section "Oddities" with the words of the table that answer it
ANSWERS: dict[tuple[str, str], dict[str, str]] = {
    ("environment-henan-aqi-hourly-2020", "sample.environment.aqi_hourly"): {
        "Zhengzhou: 10 stations (also 岗李水库(对照点), the background station, beside 岗李水库)": "background station",
        "Date 20200402 and Hour 08 as digits: leading zero lost if read as numbers": "leading zero",
        "missing = the text NaN": "the text NaN (AQI)",
        "the same hour crawled twice gives repeated (Date, Hour, WatchPoint) keys: 70 in zhengzhou_before_rename.csv": (
            "crawled twice in zhengzhou_before_rename.csv"
        ),
        "30 in 郑州.csv": "crawled twice in 郑州.csv",
        "three overlapping Zhengzhou files: zhengzhou_first_run.csv lies whole within zhengzhou_before_rename.csv": (
            "lies whole within"
        ),
        "that one and 郑州.csv share 2020-04-02 08:00": "share 2020-04-02 08:00",
        "PrimaryPollution sometimes has two pollutants with line breaks and blanks inside a quoted field": (
            "line breaks"
        ),
        "gaps of hours and days when the site was down (18 in Zhengzhou)": "gaps of hours",
        "unit of CO is mg/m³": "the unit of CO",
        "of the others µg/m³": "the unit of the others",
        "not in the file": "the unit of CO",
    },
    ("education-moe-universities-2025", "sample.education.universities"): {
        "binary .xls (BIFF8, saved by WPS)": "binary .xls",
        'title and note rows above the header: row 1 "附件1：", row 2 the title with a line break, row 3 the header': (
            "title and note rows"
        ),
        '33 merged ranges: a merged row "北京市（92所）" opens each province and holds no record': "33 merged ranges",
        "2,919 numbered schools": "2,919 numbered schools",
        "in 31 province blocks": "31 province blocks",
        "学校标识码 is a number in 2,862 cells and text in 57": "学校标识码",
        "备注 empty in 2,074": "备注 empty",
        "民办 in 829": "备注 民办",
        "and two longer notes": "two longer notes",
        "所在地 is a city name without code": "所在地 is a city name",
        "73 schools have 所在地 = 郑州市": "所在地 is a city name",
        "under the merged row of 河南省": "there is no province column",
        "there is no province column": "there is no province column",
    },
    ("traffic-zhengzhou-bus-lines", "sample.traffic.bus_stops"): {
        "215 lines, 10,008 stop rows": "215 lines, 10,008 stop rows",
        "2,336 stop names": FACT,
        "list.txt names the files": "list.txt names the files",
        'lng and lat are strings of integers in millionths of a degree ("113686825" = 113.686825)': "millionths",
        "two rows have longitude 110.350485 — outside the city (三全路花园路 on 219路 and 63路)": "110.350485",
        "column shift in the data: dept_name is 一公司…四公司 or 快速公交公司": "in 518 rows",
        'but in 518 rows it holds a time span such as "4:30-6:30" or "21:00-24:00"': "in 518 rows",
        "first_time is the service span and is written in more than ten ways: 6:00-21:30, 06:00-21:30": "than ten ways",
        "full-width colon 6:00-21：30": "full-width colon",
        "6.30-20.30": "6.30-20.30",
        "two hyphens": "two hyphens",
        "a colon for the hyphen": "a colon for the hyphen",
        "blanks for it": "blanks for the hyphen",
        "two spans in one field": "two spans in one field",
        "is_up_down 0/1 = direction": "is the direction",
        "alias filled in 642 rows": "alias filled",
        "fare and coordinates as text": "fare and coordinates as text",
        'line_name mostly "104路" but also B1内环, B1外环 and Y807 without 路': "line_name without 路",
    },
    ("tourism-australia-trips-xlsx", "sample.tourism.domestic_trips"): {
        'the quarter is text "1998-01-01"': "the quarter is text",
        "the first day of the quarter": "the first day of the quarter",
        "24,320 rows in long form: region × purpose × quarter": "24,320 rows",
        "trips in thousands": "trips in thousands",
        "many decimals": "many decimals",
    },
    ("health-shanghai-hospital-poi", "sample.health.hospitals"): {
        'type is a path "医疗保健服务;综合医院;三级甲等医院"': "type is a path",
        "several joined by |": "several types joined",
        "coordinates with 13–15 decimals": "13–15 decimals",
        "302 rows have no address": "302 rows have no address",
        "184 names occur more than once (chains, branches, departments)": "184 names",
        "pet hospitals": "pet hospitals",
        "and pharmacies of clinics are among them": "pharmacies",
        "institutions only, no phone or person columns": FACT,
    },
    ("divisions-zhengzhou-datav-geojson", "sample.city_management.district_boundaries"): {
        "coordinates are GCJ-02 (Amap), though nothing in the file says so": "GCJ-02",
        "12 districts and counties": "12 districts",
        "the functional zones 410171–410173 of the statistical code list have no polygon": "no polygon",
        "properties.parent is a nested object": "nested object",
        "center/centroid are [lng,lat] arrays": "center and centroid",
        "adcode is a number": "adcode is a number",
        "all geometries are MultiPolygon": "all geometries",
    },
    ("divisions-cn-modood-csv", "sample.city_management.divisions"): {
        "two levels of code: the GB/T 2260 six digits for counties, nine digits for townships": "six digits",
        "province codes are 2 digits, city codes 4": "two for provinces",
        "Zhengzhou (city code 4101): 15 county-level rows": "15 county-level rows",
        "and 208 townships": "208 townships",
        "3 of the 15 (410171 经开区, 410172 高新区, 410173 航空港区) are statistical functional zones that are not in "
        "GB/T 2260 and not in the DataV boundaries": "functional zones",
        "code columns must stay text": "stay text",
        "names are quoted, codes are not": "quoted or not",
        "Hong Kong, Macao and Taiwan are only in HK-MO-TW.json and have no codes": "have no codes",
        "column order differs between files (areaCode before provinceCode before cityCode in streets.csv)": (
            "the order of the columns"
        ),
    },
    (
        "traffic-metr-la-speed",
        "sample.traffic.loop_speeds+sample.traffic.loop_sensors+sample.traffic.loop_weights",
    ): {
        "wide: one column a sensor, the header is sensor ids": "wide",
        "no time column": "no time column",
        "(2012-03-01 to 03-07, 5 minutes a row, as the T-GCN paper says)": "5 minutes a row",
        "no zero and no empty value in this file, though METR-LA marks missing readings by zero: the T-GCN authors "
        "have filled them": "no zero",
        "header ids are in the order of graph_sensor_locations.csv": "the order of the sensors",
        "los_adj.csv has no header": "has no header",
    },
    (
        "health-covid-daily-2020",
        "sample.health.epidemic_daily+sample.health.epidemic_areas+sample.health.epidemic_notices",
    ): {
        "one CSV a day, 2020-01-10 to 2020-04-30": "one CSV a day",
        "cumulative counts": "cumulative counts",
        "three levels in one table (country, province, city: empty province or city means a sum)": "three levels",
        "plus foreign countries": "foreign countries in the same table",
        "after 2020-02-07 the source changes and city sums are a little under the province figure": (
            "after the change of the source"
        ),
        "29 city names carry no code (未公布来源, 外地来京, 两江新区, 第七师, 杨凌示范区 …)": "29 city names",
        "210 foreign countries are in the same table": "210 foreign countries",
        "Zhengzhou from 2020-01-21 (1) to 2020-04-30 (157), 101 rows": "Zhengzhou from",
        "Report/*.yaml: Chinese keys": "Chinese keys",
        'counts with units in the text ("914例"': "914例",
        '"66人")': "66人",
        "city counts inside one sentence": "inside one sentence",
        '("郑州市112例、开封市20例…")': "郑州市112例",
        "file names like 2020年1月21日河南省.yaml": "file names like",
        "counts only": FACT,
        "no case records": FACT,
    },
    ("traffic-metro-metroman", "sample.traffic.metro_cities+sample.traffic.metro_hot_stations"): {
        "lat and lng are strings": "lat and lng",
        "data.xlsx: two sheets": "two sheets",
        "blank columns": "blank columns",
        'column "Json" holds long Excel formulas (values are cached)': "column Json",
    },
    ("divisions-zhengzhou-township-shapefile", "sample.city_management.townships"): {
        "all 160 records are real Zhengzhou townships, codes of about 2000": "160 records",
        "projection is WGS 84 / World Mercator in metres (see .prj), not longitude/latitude": "in metres: the .prj",
        "demographics/: township names in pinyin": "names in pinyin",
        "demographics-utf8/: the same records": "the same records",
        "with Chinese names in UTF-8 in the .dbf, with no .cpg and language byte 0": "UTF-8 in the .dbf",
        "51 of the 160 codes are not in the 2023 list of divisions-cn-modood-csv": "51 of the 160",
        "410108 was 邙山区 then, 惠济区 since": "410108",
        "two townships (东城乡 410104200, 陇海乡 410103202) have fewer than 200 people": "fewer than 200",
        ": remnants after annexation": "fewer than 200",
        "column is called ename in both, also where the name is Chinese": "called ename",
    },
    ("tourism-5a-scenic-areas", "sample.tourism.scenic_areas"): {
        "318 areas, province only: city and district must come from the name or the point": "318 areas",
        "coordinates BD-09": "BD-09",
        "geocoded from the name alone": "four points",
        "checked against the province outlines four are wrong by far: 长白山 lies in Beijing, 景德镇古窑 in Hunan, "
        "呀诺达 (Hainan) in Qinghai, 分界洲岛 (Hainan) in Guangdong": "four points",
        "province is not uniform: 湖北 and 甘肃 without 省": "without 省",
        '"陕西省、山西省"': "two provinces",
        "新疆生产建设兵团": "production corps",
        "year is text": "the year is text",
    },
    ("tourism-shanghai-venues", "sample.tourism.venues"): {
        'state hidden in the name: "(装修中)"': "装修中",
        '"(暂停营业)"': "暂停营业",
        "file name misspelt (Theatr)": FACT,
    },
    ("education-schools-baidu-2019", "sample.education.schools+sample.education.university_places"): {
        "28,610 schools": "28,610 schools",
        "148 of them in Zhengzhou over all 12 districts": "148 schools",
        "the service gives about 10 a district (2,039 districts have exactly 10)": "ten a district",
        "so the list is a sample": "ten a district",
        "area is empty in 281 rows": "area is empty",
        "1,738 exact duplicates among the schools": "1,738 exact",
        "1,505 among the universities": "1,505 exact",
        "no id of any kind": "exact duplicates",
        "大学-8084.json has BD-09 coordinates in a nested object": "nested object",
        "and an address that starts with the province in 3,634 rows and not in the rest": "3,634 rows",
        "branch campuses are separate rows": "branch campuses",
        "some are training firms, not schools": "training firms",
    },
    ("environment-zhengzhou-weather-hourly", "sample.environment.weather_hourly"): {
        "temperatures in Fahrenheit": "Fahrenheit",
        "times in UTC with a separate offset column (28800 s)": "offset",
        ': "1979-01-01 00:00:00 +0000 UTC"': "times in UTC",
        "six columns are empty throughout "
        "(visibility, sea_level, grnd_level, wind_gust, rain_3h, snow_3h)": "six columns",
        "rain_1h and snow_1h are empty where there was none": "empty where there was none",
        "17,544 hours without a gap": "without a gap",
        "model values, not a station": FACT,
    },
    ("environment-ipe-city-annual-gbk", "sample.environment.city_annual+sample.environment.city_codes"): {
        "ipedata.csv is GBK": "GBK",
        "spacedict.csv is UTF-8 with BOM": "byte order mark",
        ": the two must join on the city name": "joined on the city name",
        'column names and values carry spaces (" pm10", "0.111 ")': "carry spaces",
        "a missing value is one space": "one space",
        "Zhengzhou has 2004–2013, of which 2006 and 2013 are blank": "2006 and 2013",
        "663 of the 2,810 rows have no value at all": "663 rows",
        "years are not the same for all of the 370 cities": "years are not the same",
        "no header unit: mg/m³": "mg/m³",
    },
    ("traffic-shanghai-shenzhen-transit", TRANSIT): {
        "shenzhen_busline.csv: stationname and stationgeo are Python list literals inside one CSV field, up to 3,953 "
        "characters": "up to 3,953",
        "2,113 rows but 1,946 distinct line names": "1,946 distinct",
        'coordinates in busline are text pairs "lng,lat"': "text pairs",
        "CRLF in some files and LF in others": "CRLF in the bus lines",
        "shapefiles have no .prj": "no .prj for the line",
        "the two directions of the metro line are separate records": "directions are separate",
        "stops repeat": "stops repeat",
    },
    ("traffic-muroran-bus-gtfs", MURORAN): {
        "no shapes.txt, calendar_dates.txt or feed_info.txt": "five tables",
        "the feed has two lines only": "two lines only",
        "the JSON timetables eleven": "eleven timetables",
        "routes.txt and trips.txt: blank before column names": "blanks before the column names of trips.txt",
        '(" service_id")': "blanks before the column names of trips.txt",
        "column order not as in the specification": "the order of the columns of routes.txt",
        "stops.txt has two poles of one name (1_A, 1_B)": "poles of one name",
        "and no parent station": "no parent station",
        "file names with brackets": "file names with brackets",
        "full-width signs": "full-width signs",
        "and 〜": "brackets and 〜",
        "GeoJSON columns are codes (P11_001 …)": "the columns are codes",
        "lists inside text with commas": "lists inside text",
    },
    (
        "catalog-guangxi-open-data",
        "sample.city_management.open_catalogue+sample.city_management.yearbook_tables",
    ): {
        "JSON Lines named .json": "JSON Lines named .json",
        "guangxi.json: one line a file, so one data set appears once for each format "
        "(_0.xls, _0.csv, _0.rdf, _0.json, _0.xml)": "once for each format",
        "in 3,079 of the 5,411 records the crawler paired labels and values out of step": "out of step",
        "so a label is a value and a value is a label: "
        '{"所属行业": "发布时间", "2020-12-09 10:45:45": "最后更新时间", …}': "stands nowhere",
        "611 different key sets": FACT,
        'counts as text with commas ("4,427")': "with commas",
        "更新频率 in words": "in words",
        "topics (交通运输, 教育文化, 医疗卫生, 生态环境 …) are close to our domains": "close to our domains",
        'henan.json: {"name": "1-1  全省行政区划(2016年底).xls", "time": "2017"}': "is text",
        "two blanks in names": "two blanks",
    },
}


@pytest.mark.parametrize(("folder", "dataset"), ANSWERS)
def test_every_word_of_the_section_is_answered_for(folder: str, dataset: str, shared: Path) -> None:
    text = (shared / "data" / folder / "SOURCE.md").read_text("utf-8")
    left = text.partition("## Oddities")[2].partition("\n## ")[0]
    said = [oddity["says"] for one in dataset.split("+") for oddity in ODDITIES[one]]
    for piece, answer in sorted(ANSWERS[folder, dataset].items(), key=lambda pair: -len(pair[0])):
        assert piece in left, piece
        left = left.replace(piece, "", 1)
        assert answer == FACT or any(answer in one for one in said), answer
    assert re.sub(r"[\s,;-]", "", left) == ""


def test_the_hospitals_hold_no_person() -> None:
    resource = next(one for one in load_city(sample_city()).resources if one.id == "sample.health.hospitals")
    assert not any(item.personal for item in resource.items)
