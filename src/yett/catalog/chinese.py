"""What texts in Chinese and other scripts without blanks say a tool does; Cyrillic and Korean stems are found the same way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from yett.catalog import foreign
from yett.catalog.act import Act
from yett.catalog.foreign import ELSEWHERE
from yett.catalog.listed import listed
from yett.catalog.model import Place, RiskClass

LOOKED_AT_MAX: Final = 2000
"""Characters of a description that are looked at."""
_OTHER_SCRIPT: Final = re.compile(r"[\u0400-\u04ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_SENTENCE: Final = re.compile(r"[。；！？!?;\n]|\.(?=\s|$)")
_VERB: Final = re.compile("|".join(sorted(map(re.escape, ELSEWHERE), key=len, reverse=True)))
_NEGATED: Final = re.compile(r"(不会|不能|不可|不得|不要|不|无法|无需|未|没有|已被|已|被|待|禁止|避免|防止|如果|如需|是否|的)$")
_JOINERS: Final = re.compile(r"^\s*([、/／,，及和与或並并且]|以及|或者|并且|然后)+\s*(可选地|批量|永久|重新|彻底)?\s*$")
_THEN: Final = re.compile(r"(并|并且|然后|再|同时|並)\s*(自动|永久|批量|彻底|直接)?$")
_OBJECT: Final = re.compile(r"[^，。、；,;.\n（(]{0,12}")
_CAN: Final = re.compile(r"(可以|可|支持|会|将|能够|能|也|还|用于|包括|自动|直接|并|同时|永久|：|:|、|，|或|和|^)\s*$")
_OFFERS: Final = re.compile(r"支持|包括|包含|涵盖|提供")
_CRUD: Final = re.compile(r"增删改查|增删查改|CRUD")


@dataclass(frozen=True, slots=True)
class _Hit:
    start: int
    end: int
    word: str


def chinese_acts(text: str, place: Place) -> tuple[Act, ...]:
    """What the text says its tool does, first what its first sentence is about. Empty where it is in another script."""
    text = text[:LOOKED_AT_MAX]
    script = _OTHER_SCRIPT.search(text)
    if script is None:
        return ()
    if script[0] < "\u3000":  # Cyrillic, which has capitals
        text = text.lower()
    sentences = [sentence for sentence in _SENTENCE.split(text) if sentence.strip()]
    acts: list[Act] = []
    for index, sentence in enumerate(sentences[:12]):
        if not acts:
            acts.extend(_main(sentence, place))
        elif index > 0:
            acts.extend(_also(sentence, place))
    crud = _CRUD.search(text)
    if crud is not None and place is not Place.NAME:
        acts.append(Act(place, RiskClass.DESTRUCTIVE, crud[0], crud[0], "creates, reads, changes and deletes", leads=False))
    return tuple(acts)


def _main(sentence: str, place: Place) -> list[Act]:
    """The first verb that is none in front of a noun, and those joined to it."""
    hits = _hits(sentence)
    usable = [hit for index, hit in enumerate(hits) if not _is_noun(sentence, hit, hits[index + 1 :])]
    if not usable:
        listed = _SHOWN_AT_END.search(sentence)
        shows = "列出或显示 (names something to look at)"
        return (
            [Act(place, RiskClass.READ, listed[1], sentence.strip(), shows, noun_too=True)]
            if listed is not None and not hits
            else []
        )
    if (
        len(usable) > 1
        and _BY.match(sentence)
        and ELSEWHERE[usable[0].word] is RiskClass.READ
        and usable[0].end == usable[1].start
    ):
        usable = usable[1:]  # `根据文字描述生成视频`: the description is a noun
    acts = [_act(sentence, usable[0], place, leads=True)]
    last = usable[0]
    for hit in usable[1:]:
        gap = sentence[last.end : hit.start]
        if _JOINERS.match(gap) or (_THEN.search(gap) and len(gap) <= 24):
            acts.append(_act(sentence, hit, place, leads=False))
            last = hit
        elif ELSEWHERE[hit.word].rank > RiskClass.EXECUTE.rank and ("将" in gap or _OFFERS.search(sentence[: hit.start])):
            acts.append(_act(sentence, hit, place, leads=False))
    return acts


_BY: Final = re.compile(r"\s*(?:根据|按照|基于|依据|通过|利用|使用|按|将|把)")
_SHOWN_AT_END: Final = re.compile(
    r"(列表|信息|详情|状态|记录|历史|数据|统计|情况|行情|天气|结果|排行|排名|报表|一覧|목록)[^\u4e00-\u9fff]*$"
)


def _also(sentence: str, place: Place) -> list[Act]:
    """What later sentences say that it does beside: only what is worse than a change."""
    found = []
    for hit in _hits(sentence):
        before = sentence[: hit.start]
        if ELSEWHERE[hit.word].rank >= RiskClass.EXECUTE.rank and _CAN.search(before) and not _is_noun(sentence, hit, ()):
            act = _act(sentence, hit, place, leads=False)
            if act.risk.rank > RiskClass.EXECUTE.rank:
                found.append(act)
    return found


def _hits(sentence: str) -> list[_Hit]:
    return [
        _Hit(found.start(), found.end(), found[0])
        for found in _VERB.finditer(sentence)
        if not _NEGATED.search(sentence[: found.start()][-4:])
    ]


_ENDS: Final = re.compile(r"\s*(?:$|[，,。：:（(])")


def _is_noun(sentence: str, hit: _Hit, later: Sequence[_Hit]) -> bool:
    """Whether the verb stands before a noun that it describes; in front of another verb more often than not."""
    after = sentence[hit.end : hit.end + 3]
    if after.startswith(("宝", "的", "者", "率")):
        return True
    if later and later[0].start == hit.end and ELSEWHERE[later[0].word] is RiskClass.READ and _ENDS.match(sentence, later[0].end):
        return True  # `退款查询`
    if not after.startswith(foreign.NOMINAL):
        return False
    near = [other for other in later if other.start - hit.end <= 12]
    return bool(near) and ELSEWHERE[hit.word] is not RiskClass.READ


def _act(sentence: str, hit: _Hit, place: Place, *, leads: bool) -> Act:
    found = _OBJECT.match(sentence, hit.end)
    risk, shows, certain = _meaning(hit.word, "" if found is None else found[0], sentence[: hit.start][-10:])
    return Act(place, risk, hit.word, sentence.strip(), shows, certain=certain, vague=hit.word in foreign.VAGUE, leads=leads)


def _has(text: str, words: Iterable[str]) -> bool:
    return any(word in text for word in words)


_BRINGING: Final = listed("""
    同意 批准 审批 通过 受理 批复 发放 领取 划拨 支取 归集 新增 登记 创建 新建 开具 签发 提交 发起 生成 发送 处理 执行 完成
    确认 批准 审批 申请 建立 開立 開具 作成 申報 发 进行 办理 送信 생성 操作
""")
_UNITED: Final = {
    RiskClass.READ: "只查看或计算 (only looks or computes)",
    RiskClass.WRITE: "作出更改 (changes something)",
    RiskClass.EXECUTE: "启动操作 (sets something going)",
    RiskClass.DESTRUCTIVE: "删除或终止 (removes or ends something)",
    RiskClass.FINANCIAL: "动用资金 (moves or commits money)",
}


_WITH_OBJECTS: Final = (
    (_BRINGING, foreign.MONEY, RiskClass.FINANCIAL),
    (listed("移入 移到 移至 移动 放入"), listed("回收站 垃圾桶"), RiskClass.DESTRUCTIVE),
    (listed("关闭 结束"), listed("交易 订单 账户 账号 会话 店铺"), RiskClass.DESTRUCTIVE),
    (listed("打开 关闭 开启 控制 開啟"), listed("灯 窗帘 空调 门 插座 电视 风扇 开关 車庫 车库 阀"), RiskClass.WRITE),
    (listed("清除 清空 清理 重置 刷新"), foreign.SHOWN, RiskClass.WRITE),
    (listed("生成 制作 创建 合成 编辑 创作"), foreign.MEDIA, RiskClass.EXECUTE),
    (listed("生成"), foreign.TEXTS, RiskClass.READ),
    (listed("执行 进行 運行 运行"), frozenset(foreign.RAW), RiskClass.EXECUTE),
    (listed("执行 进行 運行 运行"), listed("搜索 查询 检索 分析 计算 统计 查找 翻译 对比"), RiskClass.READ),
    (listed("执行 进行 運行 运行"), listed("删除 清空 销毁"), RiskClass.DESTRUCTIVE),
)
"""Verbs that mean something of their own with these objects; the first row that fits counts."""
_BOOKING: Final = frozenset({"预订", "预定", "預訂"})


def _meaning(verb: str, after: str, before: str) -> tuple[RiskClass, str, bool]:
    risk = _special(verb, after, before) or ELSEWHERE[verb]
    return risk, _UNITED[risk], verb not in foreign.VAGUE


def _special(verb: str, after: str, before: str) -> RiskClass | None:
    """What the object makes of the verb; None where nothing special."""
    if verb in _BOOKING and not _has(after + before, foreign.JOURNEY) and _has(after, ("会议", "时间", "座位", "餐")):
        return RiskClass.WRITE
    return next((risk for verbs, objects, risk in _WITH_OBJECTS if verb in verbs and _has(after, objects)), None)
