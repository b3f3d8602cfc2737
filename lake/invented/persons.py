"""Persons who do not exist, and numbers that no one can have.

- An identity number keeps GB 11643 (region, birth date, sequence, check character of ISO 7064 MOD 11-2), but its region
  is `410199`, which GB/T 2260 has never assigned to anybody, so no issued number begins with it.
- A mobile number has eleven digits and begins with `120`: Chinese mobile numbers begin with 13 to 19.
- A number plate begins its serial with the letter I, which civil plates (GA 36) leave out.
- Names are drawn from common family names and neutral given names; a likeness to anyone is chance.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

REGION = "410199"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = "安博晨达恩帆歌航嘉凯朗铭宁佩晴然思桐薇希雅逸语泽卓子若一明文清禾知行"


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person."""

    name: str
    birth: date
    gender: str
    identity: str
    phone: str


def check_character(seventeen: str) -> str:
    """The last character of an identity number whose first seventeen digits are given."""
    return _CHECK[sum(int(digit) * weight for digit, weight in zip(seventeen, _WEIGHTS, strict=True)) % 11]


def identity_number(birth: date, sequence: int) -> str:
    """An identity number of the region that does not exist; odd sequences are men's."""
    seventeen = f"{REGION}{birth:%Y%m%d}{sequence % 1000:03d}"
    return seventeen + check_character(seventeen)


def phone_number(number: int) -> str:
    """A mobile number outside every assigned range."""
    return f"120{number % 100_000_000:08d}"


def plate(number: int) -> str:
    """A number plate with a letter that no plate bears."""
    return f"豫AI{number % 10_000:04d}"


def invent(random: Random, youngest: date, oldest: date, number: int) -> Person:
    """The person `number`, born between `oldest` and `youngest`."""
    birth = oldest + timedelta(days=random.randrange((youngest - oldest).days))
    male = random.random() < 0.52
    sequence = 2 * (number % 499) + male
    name = random.choice(_FAMILY) + random.choice(_GIVEN) + (random.choice(_GIVEN) if random.random() < 0.8 else "")
    gender = "男" if male else "女"
    return Person(name, birth, gender, identity_number(birth, sequence), phone_number(number * 7919 + 1))
