"""The syllables of Mandarin in pinyin without tones, `ü` as `v`, and how letters typed without blanks divide into them.

Source: 汉语拼音方案 (ISO 7098), as the readings of 《现代汉语词典》 use it.
"""

_WRITTEN = """
    a ai an ang ao ba bai ban bang bao bei ben beng bi bian biang biao bie bin bing bo bu ca cai can cang cao ce cei cen
    ceng cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang chui chun chuo ci cong cou
    cu cuan cui cun cuo da dai dan dang dao de dei den deng di dia dian diao die ding diu dong dou du duan dui dun duo
    e ei en eng er fa fan fang fei fen feng fo fou fu ga gai gan gang gao ge gei gen geng gong gou gu gua guai guan
    guang gui gun guo ha hai han hang hao he hei hen heng hong hou hu hua huai huan huang hui hun huo ji jia jian jiang
    jiao jie jin jing jiong jiu ju juan jue jun ka kai kan kang kao ke kei ken keng kong kou ku kua kuai kuan kuang kui
    kun kuo la lai lan lang lao le lei leng li lia lian liang liao lie lin ling liu lo long lou lu luan lun luo lv lve
    ma mai man mang mao me mei men meng mi mian miao mie min ming miu mo mou mu na nai nan nang nao ne nei nen neng ni
    nian niang niao nie nin ning niu nong nou nu nuan nun nuo nv nve o ou pa pai pan pang pao pei pen peng pi pian piao
    pie pin ping po pou pu qi qia qian qiang qiao qie qin qing qiong qiu qu quan que qun ran rang rao re ren reng ri
    rong rou ru rua ruan rui run ruo sa sai san sang sao se sen seng sha shai shan shang shao she shei shen sheng shi
    shou shu shua shuai shuan shuang shui shun shuo si song sou su suan sui sun suo ta tai tan tang tao te tei teng ti
    tian tiao tie ting tong tou tu tuan tui tun tuo wa wai wan wang wei wen weng wo wu xi xia xian xiang xiao xie xin
    xing xiong xiu xu xuan xue xun ya yan yang yao ye yi yin ying yo yong you yu yuan yue yun za zai zan zang zao ze zei
    zen zeng zha zhai zhan zhang zhao zhe zhei zhen zheng zhi zhong zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo zi
    zong zou zu zuan zui zun zuo
"""
SYLLABLES = frozenset(_WRITTEN.split())
_LONGEST = max(map(len, SYLLABLES))
_BEGINNINGS = frozenset(syllable[:length] for syllable in SYLLABLES for length in range(1, len(syllable) + 1))
_WAYS = 8


def divisions(letters: str) -> list[tuple[str, ...]]:
    """The ways to read `letters` as syllables, the last of which may be only begun; 8 at most: those of whole
    syllables first, the longest before.

    `xian` is both `xian` and `xi an`; `zhengq` ends with a begun syllable.
    """
    found: list[tuple[str, ...]] = []
    dead: set[int] = set()

    def walk(at: int, said: tuple[str, ...]) -> bool:
        if at == len(letters):
            found.append(said)
            return True
        if at in dead or len(found) >= _WAYS:
            return at not in dead
        reached = False
        for length in range(min(_LONGEST, len(letters) - at), 0, -1):
            part = letters[at : at + length]
            last = at + length == len(letters)
            if part in SYLLABLES or (last and part in _BEGINNINGS):
                reached |= walk(at + length, (*said, part))
        if not reached:
            dead.add(at)
        return reached

    if letters.isascii() and letters.isalpha():
        walk(0, ())
    return sorted(found[:_WAYS], key=lambda said: said[-1] not in SYLLABLES)
