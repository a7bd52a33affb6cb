"""Pairs of hanzi that a line should not part: common words, and what a note itself repeats."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

_READ_MAX: Final = 6_000
_HANZI: Final = re.compile("[\u4e00-\u9fff]{2,}")
COMMON: Final = frozenset(
    re.findall(
        r"\S+",
        """
        咖啡 手冲 入门 攻略 教程 指南 笔记 计划 复习 学习 方法 技巧 秋天 春天 夏天 冬天 京都 旅行 旅游 避坑
        避雷 租房 穿搭 小个 个子 新手 第一 一次 一个 我们 你们 他们 自己 什么 怎么 为什 没有 不要 可以 一定
        因为 所以 如果 但是 就是 这个 那个 这些 那些 时间 今天 明天 每天 早上 晚上 上午 下午 周末 开始 结束
        准备 完成 建议 推荐 收藏 关注 点赞 分享 总结 清单 必备 必看 干货 合同 押金 房东 中介 水电 家电 看房
        签约 房租 预算 价格 便宜 省钱 通勤 地铁 公司 附近 安全 注意 确认 检查 拍照 红叶 寺庙 神社 清水 岚山
        和服 门票 预约 交通 住宿 酒店 路线 机场 城市 步行 游客 风景 美食 餐厅 好吃 早餐 水温 研磨 豆子 滤杯
        滤纸 注水 萃取 浅烘 深烘 风味 口感 味道 温度 比例 英语 数学 政治 专业 真题 单词 阅读 写作 阶段 基础
        强化 冲刺 模拟 错题 背诵 效率 休息 睡眠 运动 健康 身体 显高 显瘦 上衣 裤子 裙子 外套 颜色 腰线 身高
        护肤 化妆 皮肤 保湿 防晒 清洁 口红 生活 工作 朋友 孩子 手机 电脑 软件 工具 问题 答案 重点 关键 简单
        容易 重要 知道 觉得 喜欢 需要 选择 使用 提前 提高 增加 减少 最后 最好 其实 真的 非常 特别 一样 不同
        区别 对比 优点 缺点
        """,
    )
)


def pairs_of(texts: Iterable[str]) -> frozenset[str]:
    """The common pairs, and those that the texts hold three times or more."""
    counted: Counter[str] = Counter()
    for text in texts:
        for run in _HANZI.findall(text[:_READ_MAX]):
            counted.update(run[place : place + 2] for place in range(len(run) - 1))
    return COMMON | {pair for pair, count in counted.items() if count >= 3}
