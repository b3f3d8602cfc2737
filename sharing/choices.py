"""What some options of `hub share` may be, said in both languages."""

from infra.console import help_text

KINDS = help_text("firm 企业、institute 研究机构、department 政务部门", "firm, institute or department")
LISTS = help_text(
    "所在名单，可多次：dishonest 失信被执行人、tax 重大税收违法失信、illegal 严重违法失信",
    "a list that it stands on, may be repeated: dishonest, tax, illegal",
)
COMMITMENTS = help_text(
    "承诺，可多次：all 全部、lawful_use 依法使用、no_reidentification 不重标识、security 安全措施、report_use 反馈成效",
    "a commitment, may be repeated: all, lawful_use, no_reidentification, security, report_use",
)
