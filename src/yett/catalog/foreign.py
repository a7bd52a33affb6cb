"""Verbs of other languages. Latin ones are whole words without accents; the others are found anywhere in a text. Data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from yett.catalog.listed import listed
from yett.catalog.model import RiskClass
from yett.catalog.verbs import VERBS, Verb

R, W, E, D, F = RiskClass

_LATIN: Final = {
    R: """
    obtener obtiene obten listar lista buscar busca consultar consulta leer lee mostrar muestra recuperar recupera devuelve
    verificar verifica calcular calcula analizar analiza comprobar comprueba traducir obtenir obtient lister liste chercher
    cherche rechercher recherche lire lit afficher affiche consulter recuperer recupere renvoie verifier verifie calculer
    calcule analyser abrufen ruft holen holt auflisten listet suchen sucht lesen liest anzeigen zeigt prufen pruft berechnen
    berechnet gibt liefert obter obtem pesquisar pesquisa procurar procura ler mostra retorna calcula ottenere ottiene
    elencare elenca cercare cerca leggere legge mostrare restituisce ophalen zoeken pobierz wyszukaj
    """,
    W: """
    crear crea agregar agrega anadir anade actualizar actualiza modificar modifica editar edita guardar guarda enviar envia
    publicar publica subir sube mover mueve renombrar renombra escribir escribe creer cree ajouter ajoute modifier modifie
    mettre envoyer envoie publier publie enregistrer enregistre deplacer deplace renommer ecrire ecrit televerser erstellen
    erstellt anlegen hinzufugen fugt aktualisieren aktualisiert andern andert bearbeiten bearbeitet speichern speichert
    senden sendet schicken schickt veroffentlichen hochladen verschieben verschiebt umbenennen criar cria adicionar adiciona
    atualizar atualiza salvar salva escrever escreve enviar creare aggiungere aggiunge aggiornare aggiorna salvare inviare
    invia scrivere scrive maken toevoegen utworz wyslij
    """,
    E: """
    ejecutar ejecuta iniciar inicia detener detiene reiniciar reinicia desplegar despliega lanzar lanza invocar
    executer execute demarrer demarre arreter arrete redemarrer deployer deploie lancer lance
    ausfuhren fuhrt starten startet stoppen stoppt neustarten bereitstellen auslosen
    executar executa reiniciar implantar eseguire esegue avviare avvia fermare uitvoeren uruchom
    """,
    D: """
    eliminar elimina borrar borra suprimir suprime quitar quita cancelar cancela vaciar vacia revocar revoca anular anula
    desinstalar destruir destruye limpiar supprimer supprime effacer efface annuler annule vider vide revoquer revoque
    detruire detruit desinstaller retirer retire loschen loscht entfernen entfernt stornieren storniert leeren leert
    widerrufen widerruft vernichten kundigen kundigt zurucksetzen excluir exclui apagar apaga remover remove cancelar limpar
    revogar eliminare cancellare cancella rimuovere rimuove svuotare verwijderen verwijdert usun anuluj
    """,
    F: """
    pagar paga comprar compra reembolsar reembolsa transferir transfiere cobrar cobra vender vende donar dona facturar
    retirar_fondos payer paie acheter achete rembourser rembourse transferer virer facturer vendre bezahlen bezahlt zahlen
    zahlt kaufen kauft uberweisen uberweist erstatten erstattet verkaufen spenden buchen bucht bestellen bestellt abbuchen
    transfere reembolsa vender pagare comprare rimborsare trasferire acquistare betalen kopen zaplac zaplac kup
    """,
}


def _latin() -> Iterator[tuple[str, Verb]]:
    for risk, words in _LATIN.items():
        for word in words.split():
            if word not in VERBS and word not in _ENGLISH_TOO:
                yield word, Verb(word, risk)


_ENGLISH_TOO: Final = listed("lit lee lance vide retire move remove paga liste execute cherche creole lire busca") - {
    "busca",
    "cherche",
}
FOREIGN: Final[Mapping[str, Verb]] = MappingProxyType(dict(_latin()))

_ELSEWHERE: Final = {
    R: """
    转文字 转文本 核查 查验 回测 鉴定 鉴别 溯源 复盘 盘点 评审 测评 检验 化验 勘测 观测 侦测 探测 估价 询价 比价 报价 推算
    推断 推理 归纳 分类
    聚类 去重 校对 审阅 阅读 对账 核算 查重 采集 解读 感知 回顾 听写 批阅 起名 占卜 排盘 翻看 测速 检索 搜寻 摸排 获悉 查收
    查房 解惑 转述 仿真 嗅探 侦听 获取 查询 查找 搜索 检索 读取 列出 列举 查看 显示 展示 返回 浏览 检查 校验 验证 核对 分析
    计算 统计 比较 对比 翻译 解析 提取 抓取 爬取 识别 检测 预测 估算 评估 推荐 总结 摘要 解释 诊断 监控 监测 追踪 跟踪 下载
    导出 预览 测量 规划 解读 收集 获得 拉取 查阅 定位 判断 匹配 过滤 排序 解密 加密 编码 解码 截图 截屏 问答 等待 思考 探索
    枚举 遍历 调研 研究 模拟 解答 回答 评分 换算 转换 转写 聚合 筛选 描述 测算 提供 汇总 扫码识别 求解 查 看 抽取 逆地理
    批改 取得 搜尋 檢索 查詢 讀取 顯示 檢查 驗證 計算 統計 翻譯 檢視 瀏覽 下載 匯出 擷取 表示 一覧 検索 確認 参照 計算 翻訳
    조회 검색 목록 가져오 반환 확인 получ поиск показ проверк найти
    """,
    W: """
    备份 开门 开锁 关门 填写 填充 补充 完善 接入 授权 赋予 开通 延长 缩短 延期 顺延 预留 领取 发放 派送 出库 入库 调拨 上报
    汇报 备注 标注 打包 归档 关联 排版 交接 托管 交付 收货 发货 退货 换货 拒收 报备 备案 报修 反馈 投诉 举报 申诉 投票 打分
    点评 建群 拉群 进群 加群 转让 续借 借阅 借出 预占 指定 派遣 发布帖子 回信 抄送 置为 设为 调低 调高 调亮 静音 开灯 关灯
    开启勿扰 换绑 重设昵称 发起审批 发起投票 提报 投递 投稿 撰稿 拟写 代写 起草 裁剪 旋转 缩放 拼接 转移文件 挪动 移到 移至
    移入 创建 新建 新增 添加 增加 插入 写入 更新 修改 编辑 设置 设定 保存 上传 移动 重命名 复制 拷贝 分享 归档 标记 发送
    发布 回复 评论 通知 邀请 订阅 关注 点赞 收藏 分配 指派 转发 推送 提醒 导入 合并 替换 配置 启用 禁用 停用 开启 关闭 绑定
    解绑 注册 登录 审批 批准 同意 拒绝 驳回 提交 记录 存储 追加 覆盖 调整 变更 撰写 起草 安排 预约 打卡 签到 锁定 解锁
    拉黑 屏蔽 禁言 群发 发帖 发表 生成 制作 整理 维护 管理 完成 更换 切换 分发 初始化 置顶 取消关注 取消收藏 取消点赞
    取消置顶 转交 转让群 修复 优化 改写 润色 存入知识库 上架 挂号 报名 签署 签约 签收 改签 入住 退房 报税 申报 加购 冻结
    解冻 派单 派发 催单 审核 打标 脱敏 压缩 解压 转交 布防 撤防 开具 盖章 登记 签发 核销 补录 录入 迁出 置换 建档 存档 结案
    接单 排班 请假 调班 写 发消息 发邮件 归还 调节 加入 建立 儲存 傳送 發送 寄送 發布 發佈 編輯 上傳 設定 複製 訂閱 作成
    追加 更新 変更 編集 送信 投稿 保存 登録 추가 생성 수정 전송 업로드 등록 저장 созда добав обнов измен отправ сохран
    """,
    E: """
    转语音 转视频 转图片 开机 拉起 微调 回退 转存 爬 拨号 接听 录屏 投屏 转动 抓握 松开 前进 后退 转向 喷洒 灌溉 加热 制冷
    通电 断电 放电 点火
    解锁车辆 扫地 拖地 打扫 重建 生成图像 跑批 发射 朗读 播报 演奏 摇头 变焦 聚焦 签名消息 冒烟 重置网络连接 代理 绑定端口
    起服务 下载并安装 截流 切流 切换流量 唤醒设备 输入 按下 滑动 长按 拖动 执行 运行 启动 停止 停机 关机 重启 部署 触发 调用
    编译 构建 安装 点击 滚动 拖拽 导航 打开 播放 暂停 扫描 训练 绘图 文生图 图生图 文生视频 图生视频 语音合成 合成 控制 操作
    操控 连接 断开 回滚 迁移 请求 拨打 呼叫 打印 升级 降级 扩容 缩容 唤醒 发起 还原 恢复 重试 重跑 重新运行 执行命令 下发
    剪辑 渲染 转码 推流 拍照 录制 配音 变声 抠图 修图 跳转 点播 切歌 快进 巡检 巡航 起飞 降落 压测 灰度 发版 上线 热更新
    爆破 渗透 注入 关停 唤起 去水印 美颜 截屏点击 充电 喂食 浇水 召唤 校准 标定 急停 归位 隔离 回放 同步 重新构建 调度
    切割 打磨 焊接 驱动 調用 執行 運行 啟動 觸發 安裝 部屬 開啟 連接 実行 起動 停止 再起動 실행 시작 중지 배포 выполн запус
    перезапус останов
    """,
    D: """
    挂断 踢人 废止 终结 清退 退群 去除 铲除 撤下 撤稿 失效 作废 毁掉 焚毁 注销 关闭账户 消除 删 清零 归零 解聘 裁员 驱逐
    屏蔽并删除 卸下 弃用 放弃 流标 解散 撕毁 扔掉 摧毁 瓦解 删除 移除 清除 清空 清理 销毁 卸载 撤销 撤回 撤单 取消 终止 注销
    作废 废弃 重置 擦除 抹除 格式化 踢出 移出 解散 吊销 丢弃 剔除 结束 杀死 中止 下架 退订 释放 截断 封禁 强制下线 删掉 清掉
    注销账户 解约 解除 解聘 删库 销户 退票 退保 挂失 撤诉 清库 刷机 下线 拆除 报废 开除 解雇 踢除 撤单 关店 停用账户 抛弃
    熔断 回收站清空 刪除 終止 撤銷 註銷 重設 銷毀 解散 削除 消去 取り消 キャンセル 解約 삭제 취소 제거 초기화 удал отмен
    очист уничтож
    """,
    F: """
    付费 代缴 补交 交费 充话费 打款 垫款 预付 赔偿 罚款 赠送礼物 送礼 返现 返利 兑付 贴现 抵押 典当 融资 出资 入金 出金 跨链
    闪兑 缴存 扣费 收费 结清 付清 贷款 缴 付钱 打钱 给钱 下注 押注 购置 采购 订餐 订酒店 订机票 订外卖 加油卡充值 发工资
    发薪 发放工资 发放奖金 发奖金 转出资金 归集 代发 支付 付款 缴费 缴纳 退款 转账 汇款 提现 充值 下单 购买 买入 卖出 出售
    购入 打赏 捐款 捐赠 借款 还款 投资 扣款 收款 结算 报销 兑换 预订 预定 订购 订票 抢购 开票 发红包 赎回 申购 质押 代付
    划转 打款 放款 出价 竞拍 投注 下注 续费 租用 租赁 认购 转帐 交易 代扣 垫付 赔付 理赔付款 投保 缴税 续订 打车 叫车 点餐
    点外卖 兑奖 平仓 开仓 加仓 减仓 清仓 调仓 挂单 铸造 空投 解质押 提币 充币 叫外卖 买单 结账 代购 加油付费 汇出 拨款 放贷
    理赔 补缴 预存 购汇 结汇 团购 拍下 秒杀 退货退款 赎买 增发 分红 开具发票 购票 订房 買 轉帳 轉賬 匯款 提現 儲值 購買 退費
    結帳 下單 支払 購入 返金 送金 注文 決済 결제 구매 환불 송금 주문 이체 оплат куп перевод средств возврат средств
    """,
}
ELSEWHERE: Final[Mapping[str, RiskClass]] = MappingProxyType(
    {word: risk for risk in RiskClass for word in _ELSEWHERE[risk].split() if word not in {"средств"}}
)
"""Verbs in scripts without blanks, and stems in Cyrillic and Korean. Of words in two lists, the higher class counts."""
VAGUE: Final = frozenset({"管理", "维护", "操作", "处理", "提供", "生成", "制作", "完成", "使用", "发起", "提交", "交易", "控制"})

MONEY: Final = listed("""
    支付 付款 订单 退款 充值 转账 红包 发票 提现 交易 资金 借款 款项 报销 账单 收款 捐款 订阅套餐 钱 代币 以太 比特 订房
    訂單 退費 款 注文 결제
""")
MEDIA: Final = listed("""
    图片 图像 视频 音频 语音 音乐 歌曲 海报 动画 头像 插画 照片 绘画 图生 文生 圖片 影片 画像 動画 이미지 封面图
""")
TEXTS: Final = listed("""
    摘要 周报 日报 月报 年报 简报 报告 总结 文案 代码 标题 提纲 大纲 建议 二维码 链接 密码 图表 查询 语句 SQL 思维导图
    柱状图 折线图 饼图 散点图
    流程图 地图 随机 路线 行程 方案 翻译 图
""")
JOURNEY: Final = listed("酒店 机票 车票 火车票 门票 航班 房间 高铁 电影票 民宿")
RAW: Final = ("SQL", "sql", "语句", "命令", "脚本", "代码", "程序", "shell", "Shell", "Python", "python")
SHOWN: Final = listed("缓存 筛选 格式 选择 緩存 快取")
"""What is only shown or kept for speed."""
NOMINAL: Final = (
    *(
        "记录",
        "状态",
        "单号",
        "结果",
        "信息",
        "历史",
        "列表",
        "方式",
        "日志",
        "详情",
        "时间",
        "进度",
        "接口",
        "功能",
        "页面",
        "数据",
        "次数",
        "人数",
        "类型",
    ),
    *(
        "宝",
        "订单",
        "单",
        "渠道",
        "金额",
        "凭证",
        "回调",
        "通道",
        "工具",
        "服务",
        "模块",
        "引擎",
        "中心",
        "平台",
        "器",
        "数",
        "者",
        "码",
        "率",
        "表",
        "库",
        "日期",
    ),
    *("結果", "狀態", "記錄", "履歴", "情報", "計畫", "计划", "策略", "报告", "流程", "环境", "系统", "能力", "的"),
)
"""What makes a noun of the verb before it: `支付记录` is a record of payments."""
