"""What a database says that does not serve, and what to do about it."""

from infra.errors import Unavailable
from infra.language import Text

_SAID = {
    "DATABASE_BUSY": ("数据库一直被占用", "the database stayed busy", "稍后重试", "try again later"),
    "DATABASE_DISK": (
        "数据库所在磁盘空间不足，或磁盘有故障",
        "the disk of the database is full, or failing",
        "清理或扩充磁盘后重试，未完成的工作会接着做",
        "make room, then try again: what was begun goes on",
    ),
    "DATABASE_DENIED": (
        "数据库文件不能打开或写入",
        "the database's file cannot be opened or written",
        "检查其路径（HUB_HOME、HUB_DATABASE）、属主、权限，以及磁盘是否以只读方式挂载",
        "check its path (HUB_HOME, HUB_DATABASE), owner and rights, and whether its disk is mounted read-only",
    ),
    "DATABASE_UNREACHABLE": (
        "无法连接数据库",
        "the database cannot be reached",
        "检查 HUB_DATABASE 与数据库服务",
        "check HUB_DATABASE and the database's service",
    ),
}


def unavailable(code: str) -> Unavailable:
    """The error of that code."""
    zh, en, remedy_zh, remedy_en = _SAID[code]
    return Unavailable(code, zh, en, remedy=Text(remedy_zh, remedy_en))
