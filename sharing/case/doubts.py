"""What raises a grade lets nothing out before the authority has reviewed it, whichever way the entry was registered."""

from catalogs.regrade.raising import unreviewed
from catalogs.values.model import Resource
from infra.ground import Ground
from infra.language import Text
from sharing.case.reasons import Reason

RULE = "grade.triggered"


def doubts(ground: Ground, what: Resource) -> tuple[Reason, ...]:
    """A reason for each of what raises the resource's grade and nobody has reviewed."""
    return tuple(
        Reason(
            RULE,
            Text(
                f"级别可能偏低，复核前不提供：{one.text.zh}；由主管部门用 hub catalog regrade review 复核",
                f"the grade may be too low and nothing leaves before a review: {one.text.en}; the authority reviews it "
                "with `hub catalog regrade review`",
            ),
            one.article.zh,
        )
        for one in unreviewed(ground, what)
    )
