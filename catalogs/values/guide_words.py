"""The vocabularies of the national guide for catalogues of government information resources. Pure.

《政务信息资源目录编制指南（试行）》 (发改高技〔2017〕1272号) and the platforms that follow it; the objects and degrees
of harm are those of GB/T 43697-2024 (Annexes E, F).
"""

from catalogs.values.word import Word


class DataFormat(Word):
    """数据格式 (Decree 809 Art. 13), the concrete type."""

    CSV = "csv", "CSV", "CSV"
    XLS = "xls", "XLS", "XLS"
    XLSX = "xlsx", "XLSX", "XLSX"
    JSON = "json", "JSON", "JSON"
    JSONL = "jsonl", "JSON Lines", "JSON Lines"
    GEOJSON = "geojson", "GeoJSON", "GeoJSON"
    YAML = "yaml", "YAML", "YAML"
    SHAPEFILE = "shapefile", "Shapefile", "shapefile"
    PARQUET = "parquet", "Parquet", "Parquet"
    GTFS = "gtfs", "GTFS", "GTFS"
    DATABASE = "database", "数据库", "database"
    API = "api", "服务接口", "service interface"
    TXT = "txt", "纯文本", "plain text"
    XML = "xml", "XML", "XML"
    PDF = "pdf", "PDF", "PDF"
    DOCUMENT = "document", "文档", "word-processor document"
    IMAGE = "image", "图片", "image"
    MEDIA = "media", "音视频", "audio or video"


class ItemType(Word):
    """The type of an item's values; a contract's column has the same one."""

    STRING = "string", "文本", "text"
    INTEGER = "integer", "整数", "integer"
    DECIMAL = "decimal", "定点小数", "decimal"
    NUMBER = "number", "数值", "number"
    BOOLEAN = "boolean", "是否", "boolean"
    DATE = "date", "日期", "date"
    TIMESTAMP = "timestamp", "日期时间", "timestamp"
    JSON = "json", "JSON", "JSON"
    GEOMETRY = "geometry", "空间图形", "geometry"


class FormatClass(Word):
    """信息资源格式: the class to which a concrete format belongs; its number is the guide's."""

    FILE = "electronic_file", "电子文件", "electronic file"
    SHEET = "spreadsheet", "电子表格", "spreadsheet"
    DATABASE = "database", "数据库", "database"
    IMAGE = "image", "图形图像", "image"
    STREAM = "stream", "流媒体", "streaming media"
    OWN = "self_describing", "自描述格式", "self-describing format"
    INTERFACE = "interface", "服务接口", "service interface"

    @property
    def number(self) -> int:
        """1 to 7."""
        return list(FormatClass).index(self) + 1


_CLASSES = {
    DataFormat.CSV: FormatClass.SHEET,
    DataFormat.XLS: FormatClass.SHEET,
    DataFormat.XLSX: FormatClass.SHEET,
    DataFormat.DATABASE: FormatClass.DATABASE,
    DataFormat.IMAGE: FormatClass.IMAGE,
    DataFormat.MEDIA: FormatClass.STREAM,
    DataFormat.GEOJSON: FormatClass.OWN,
    DataFormat.SHAPEFILE: FormatClass.OWN,
    DataFormat.PARQUET: FormatClass.OWN,
    DataFormat.GTFS: FormatClass.OWN,
    DataFormat.API: FormatClass.INTERFACE,
}


def format_class(data_format: DataFormat) -> FormatClass:
    """The class of a format; a text format that the guide does not name is an electronic file, as its XML is."""
    return _CLASSES.get(data_format, FormatClass.FILE)


CONCRETE = {
    **{each.value: each for each in DataFormat},
    **dict.fromkeys(("doc", "docx", "wps", "ofd", "ppt", "pptx", "rtf", "html", "htm", "word"), DataFormat.DOCUMENT),
    "et": DataFormat.XLS,
    **dict.fromkeys(("excel", "wps表格", "电子表格"), DataFormat.XLSX),
    **dict.fromkeys(
        (
            *("oracle", "mysql", "sql server", "sqlserver", "db2", "sybase", "access", "dbf", "dbase", "postgresql"),
            *("dm", "达梦", "kingbasees", "kingbase", "人大金仓", "oceanbase", "gaussdb", "tidb", "mariadb", "hive"),
            "mongodb",
        ),
        DataFormat.DATABASE,
    ),
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "dwg", "svg"), DataFormat.IMAGE),
    **dict.fromkeys(("mp4", "mp3", "avi", "mpg", "mpeg", "rm", "swf", "wav", "flv", "mov"), DataFormat.MEDIA),
    "shp": DataFormat.SHAPEFILE,
    **dict.fromkeys(("webservice", "rest", "restful", "http", "接口", "服务接口"), DataFormat.API),
}
"""The concrete types that departments write, in lower case, and the format that each is here."""


class Level(Word):
    """层级属性: whether the entry belongs to the department's own catalogue or is also one of the national."""

    DEPARTMENT = "department", "部门目录", "department's catalogue"
    NATIONAL = "national", "国家目录", "national catalogue"


class Secrecy(Word):
    """涉密属性. State and work secrets are no matter of the sharing regime (Decree 809 Art. 3)."""

    NONE = "none", "非涉密", "not secret"
    WORK = "work_secret", "工作秘密", "work secret"
    STATE = "state_secret", "涉密", "state secret"


class ImpactObject(Word):
    """影响对象 (GB/T 43697-2024 Annex E): who or what is harmed."""

    SECURITY = "national_security", "国家安全", "national security"
    ECONOMY = "economy", "经济运行", "operation of the economy"
    ORDER = "social_order", "社会秩序", "social order"
    PUBLIC = "public_interest", "公共利益", "public interest"
    ORGANISATION = "organisation", "组织权益", "rights of an organisation"
    PERSON = "person", "个人权益", "rights of a person"


class ImpactDegree(Word):
    """影响程度 (GB/T 43697-2024 Annex F), from no harm upwards."""

    NONE = "none", "无危害", "no harm"
    GENERAL = "general", "一般危害", "general harm"
    SERIOUS = "serious", "严重危害", "serious harm"
    EXTREME = "extreme", "特别严重危害", "especially serious harm"


class GuideType(Word):
    """数据类型 of the guide: one letter each, its Chinese word as the forms write it."""

    CHARACTER = "C", "字符型", "character"
    NUMERIC = "N", "数值型", "numeric"
    MONEY = "Y", "货币型", "money"
    DATE = "D", "日期型", "date"
    TIME = "T", "日期时间型", "date and time"
    LOGICAL = "L", "逻辑型", "logical"
    MEMO = "M", "备注型", "memo"
    GENERAL = "G", "通用型", "general"
    DOUBLE = "B", "双精度型", "double"
    INTEGER = "I", "整型", "integer"
    FLOAT = "F", "浮点型", "float"

    @property
    def item_type(self) -> ItemType:
        """The type of the values here. 通用型 holds what is no plain value: JSON."""
        return _ITEM_TYPES[self]


_ITEM_TYPES = {
    GuideType.CHARACTER: ItemType.STRING,
    GuideType.NUMERIC: ItemType.DECIMAL,
    GuideType.MONEY: ItemType.DECIMAL,
    GuideType.DATE: ItemType.DATE,
    GuideType.TIME: ItemType.TIMESTAMP,
    GuideType.LOGICAL: ItemType.BOOLEAN,
    GuideType.MEMO: ItemType.STRING,
    GuideType.GENERAL: ItemType.JSON,
    GuideType.DOUBLE: ItemType.NUMBER,
    GuideType.INTEGER: ItemType.INTEGER,
    GuideType.FLOAT: ItemType.NUMBER,
}
_GUIDE_TYPES = {
    ItemType.STRING: GuideType.CHARACTER,
    ItemType.INTEGER: GuideType.INTEGER,
    ItemType.DECIMAL: GuideType.NUMERIC,
    ItemType.NUMBER: GuideType.DOUBLE,
    ItemType.BOOLEAN: GuideType.LOGICAL,
    ItemType.DATE: GuideType.DATE,
    ItemType.TIMESTAMP: GuideType.TIME,
    ItemType.JSON: GuideType.GENERAL,
    ItemType.GEOMETRY: GuideType.GENERAL,
}


def guide_type(item_type: ItemType) -> GuideType:
    """The guide's 数据类型 for an item's type."""
    return _GUIDE_TYPES[item_type]
