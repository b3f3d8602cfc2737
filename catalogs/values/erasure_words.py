"""Why data may be erased before their time, and how far an erasure (清除) has come. Pure.

The bases are a closed list. Each names the text that it stands on: PIPL is 《个人信息保护法》, DSL 《数据安全法》.
"""

from catalogs.values.words import Word


class PurgeBasis(Word):
    """The legal basis of a purge."""

    PURPOSE_MET = (
        "purpose_met",
        "处理目的已实现、无法实现或不再必要（个人信息保护法第四十七条第一款第一项）",
        "the purpose is met, cannot be met or needs the data no longer (PIPL Art. 47(1)(1))",
    )
    RETENTION_OVER = (
        "retention_over",
        "停止提供产品或服务，或保存期限已届满（个人信息保护法第四十七条第一款第二项）",
        "the service has ended or the term of retention is over (PIPL Art. 47(1)(2))",
    )
    CONSENT_WITHDRAWN = (
        "consent_withdrawn",
        "个人撤回同意（个人信息保护法第四十七条第一款第三项）",
        "consent was withdrawn (PIPL Art. 47(1)(3))",
    )
    UNLAWFUL_PROCESSING = (
        "unlawful_processing",
        "违反法律、行政法规或者约定处理个人信息（个人信息保护法第四十七条第一款第四项）",
        "personal information was processed against law or agreement (PIPL Art. 47(1)(4))",
    )
    ILLEGAL_COLLECTION = (
        "illegal_collection",
        "数据收集方式不合法、不正当（数据安全法第三十二条）",
        "the data were collected by unlawful or improper means (DSL Art. 32)",
    )
    AUTHORITY_ORDER = (
        "authority_order",
        "人民法院裁判或有权机关依法作出的决定",
        "the judgment of a court, or the lawful order of an authority",
    )
    WRONG_RECIPIENT = (
        "wrong_recipient",
        "误报送：本不应报送至该数据资源",
        "delivered to the wrong recipient: it was never meant for this resource",
    )


class PurgeState(Word):
    """How far a purge has come."""

    PROPOSED = "proposed", "待审批", "proposed"
    REFUSED = "refused", "已驳回", "refused"
    APPROVED = "approved", "已批准，清除中", "approved, being carried out"
    CARRIED_OUT = "carried_out", "已清除", "carried out"
