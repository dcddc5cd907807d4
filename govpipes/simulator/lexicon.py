"""The words the province's names are made of: surnames, given names, roads, trades.

Only material; how names are put together is in the SQL files. Shares are approximations for synthetic data
(DOMAIN §7.3, §7.4), never facts.
"""

# Share per thousand; Jiangsu's own weights (徐, 朱, 周, 吴, 陆, 沈, 顾, 钱 heavier than in the nation).
_SURNAMES = (
    "王72 李58 张66 刘38 陈46 徐40 杨28 周34 吴31 朱26 孙24 赵19 黄16 胡15 陆14 沈14 顾16 钱8 "
    "马12 高13 林11 何11 郭12 许13 "
    "蒋12 丁11 曹11 袁10 戴9 潘10 唐9 冯9 姚8 韩8 邓6 于8 程8 蔡8 董8 夏8 汪7 葛6 严6 季6 薛6 "
    "吕6 魏7 任6 姜7 卞4 田6 范6 方6 "
    "石6 崔5 陶6 谢7 宋8 倪5 史5 仲3 殷5 邹5 施6 尹4 金6 章4 秦5 侯4 邵5 孟4 龚4 江4 贾4 彭4 "
    "郑7 罗5 梁3 肖3 苏4 叶5 余3 杜4 "
    "钟3 万3 熊2 郝2 孔3 毛3 尤3 庄4 俞3 费2 缪3 欧阳1 诸葛1 上官1 司马1"
)
_GIVEN = {
    "M1950": "国建民华明德福荣贵生根林海山",
    "F1950": "秀英兰桂珍凤玉芳梅香华琴",
    "M1960": "卫东红军建国平强志刚明忠",
    "F1960": "红芳霞萍珍玲琴凤英华美娟",
    "M1970": "勇军伟斌峰涛强辉俊杰刚平",
    "F1970": "丽敏静燕艳娟霞红琴梅莉萍",
    "M1980": "伟磊鹏超俊杰凯飞洋健浩波",
    "F1980": "婷娜倩静丹雪莉蓉敏洁晶晶",
    "M1990": "鑫浩宇轩杰晨阳帆博文昊天",
    "F1990": "雪梦婷雨佳欣怡琪悦颖晨璐",
    "M2000": "子宇涵轩浩然泽睿嘉俊博文",
    "F2000": "子涵欣怡雨萱诗语佳琪若思",
    "M2010": "梓沐浩一诺辰泽宸睿宇奕铭",
    "F2010": "梓沐一诺语汐瑶萱可欣雅妍",
}
_RARE = "䶮喆堃㛃犇龑燚翀玥旸"
_ROADS = (
    "中山 北京 太平 珠江 龙蟠 长江 广州 上海 汉中 建宁 雨花 凤台 苜蓿园 后标营 锁金 板仓 红山 "
    "樱驼 花园 岗子 新庄 曹后 蒋王 卫桥"
)
_COMMUNITIES = (
    "大石桥 百子亭 高楼门 台城 北安门 梅园 兰园 太平桥 香铺营 红庙 公教一村 玄武湖 月苑 樱铁村 "
    "营苑 卫岗 孝陵卫 余粮庄 银城 仙鹤"
)
_ENTERPRISE_CORE = "恒盛鑫瑞华泰宏达祥润福隆昌顺安康信诚远博联创金鼎银海天东方明亚苏宁江淮润新科"
# word in the name | class of GB/T 4754-2017 | share
_TRADES = (
    "商贸|F5191|18 电子商务|F5292|8 贸易|F5199|10 建材|F5165|6 电子科技|C3989|6 "
    "机械制造|C3499|6 纺织|C1751|4 新材料|C2659|3 "
    "信息技术|I6510|6 软件|I6513|4 企业管理咨询|L7241|8 广告传媒|L7259|5 物流|G5430|4 "
    "建筑工程|E4790|6 装饰工程|E5011|4 餐饮管理|H6210|5 "
    "置业|K7010|2 环保科技|M7514|3 文化传播|R9051|3 农业发展|A0141|2"
)
_SHOPS = (
    "便利店|F5219 餐馆|H6210 理发店|O8051 服装店|F5232 水果店|F5222 五金店|F5271 小吃店|H6291 "
    "烟酒店|F5226 药店|F5251 洗车店|O8113"
)
_COUNTIES_ELSEWHERE = (
    "341122 341181 341103 340111 341226 341502 342225 411381 411422 411623 410223 412829 370829 371322 370481 371482 "
    "510921 511025 511602 420982 421181 421023 360733 361128 360428 500236 500112 610124 610427 430682 350583 330683"
)
_OCCASIONS = {
    "licence_names": (
        "食品经营许可证 公共场所卫生许可证 道路运输经营许可证 建筑施工许可证 烟草专卖零售许可证 "
        "危险化学品经营许可证 排污许可证 医疗机构执业许可证"
    ),
    "licence_kinds": "普通 普通 普通 特许 认可 核准 登记",
    "penalty_kinds": "罚款 罚款 罚款 罚款 警告 通报批评 没收违法所得 责令停产停业",
    "offences": "占道经营 擅自设置户外广告 未按规定处置建筑垃圾 违法建设 油烟超标排放 噪声扰民 超出核准范围经营",
    "duties": "给付货款及利息 偿还借款本金及利息 支付劳动报酬 支付租金及违约金 返还保证金",
    "behaviours": "有履行能力而拒不履行生效法律文书确定义务 违反财产报告制度 违反限制消费令 以转移财产方法规避执行",
    "commitment_kinds": "审批替代 容缺受理 证明事项 主动 行业自律",
    "commitment_contents": (
        "已具备经营许可条件并接受事后核查 在三十日内补齐所缺材料 所作证明事项真实有效 依法诚信经营并接受社会监督 "
        "遵守行业公约和自律准则 按期缴纳社会保险费 规范使用公共资金"
    ),
    "building_purposes": "住宅 住宅 住宅 住宅 商业 办公 工业仓储 教育 医疗 文体",
    "point_kinds": "公交站 地铁站 停车场 加油站 充电站 客运站 公共自行车点 码头",
    "death_causes": "I21.9 I63.9 C34.9 C16.9 J44.1 I61.9 C22.0 J18.9 E14.9 I25.1 K74.6 V89.2 W19.9 N18.9",
    "phone_heads": "130 131 132 133 135 136 137 138 139 150 151 152 156 158 159 177 180 182 185 186 187 188 189 199",
    "education_adult": "14 21 21 21 31 31 61 61 71 71 71 81 81 44",
    "ethnic_few": "03 11 12 15 06 08 05",
    "uyghur_names": "阿依古丽·买买提|艾力·吐尔逊|古丽娜·阿卜杜拉|买买提·依明|热依汗·艾山",
    "foreign_names": "JOHN SMITH|EMMA BROWN|KIM MINSU|SATO YUKI|DAVID MILLER|ANNA SCHMIDT|LEE JIWOO|PIERRE MARTIN",
    "social_objects": "慈善 志愿服务 科技创新 书画 养老服务 体育舞蹈 青少年发展 餐饮行业 物业管理 老年大学",
    "institution_objects": (
        "实验小学 第一中学 幼儿园 社区卫生服务中心 图书馆 文化馆 房产档案馆 环境监测站 市政工程管理所 救助管理站"
    ),
    "union_federations": "总工会 总工会 教育工会 机关工会 建设交通工会",
    # as the register of collectives prints it
    "collective_purpose": "集体资产经营与管理、集体资源开发与利用、农业生产发展与服务、财务管理与收益分配",
    "supervisors": "教育局 民政局 卫生健康委员会 文化和旅游局 科学技术局 住房和城乡建设局",
}


def _weighted(entries: list[tuple[str, int]], slots: int) -> list[str]:
    """The names laid out over `slots` places by weight, so that an index drawn evenly draws by weight."""
    total = sum(weight for _, weight in entries)
    edges, running = [], 0
    for name, weight in entries:
        running += weight
        edges.append((name, round(running * slots / total)))
    places: list[str] = []
    for name, edge in edges:
        places.extend([name] * (edge - len(places)))
    return places


def _numbered(text: str) -> list[tuple[str, int]]:
    return [(word.rstrip("0123456789"), int("".join(c for c in word if c.isdigit()))) for word in text.split()]


def word_lists() -> dict[str, list[str]]:
    """Every list the SQL files draw from, by the name of its DuckDB variable."""
    lists = {"surnames": _weighted(_numbered(_SURNAMES), 1000)}
    lists |= {f"given_{key}": list(text) for key, text in _GIVEN.items()}
    trades = [tuple(word.rsplit("|", 1)) for word in _TRADES.split()]
    lists["trades"] = _weighted([(name, int(share)) for name, share in trades], 200)
    lists |= {
        "rare": list(_RARE),
        "roads": _ROADS.split(),
        "communities": _COMMUNITIES.split(),
        "cores": list(_ENTERPRISE_CORE),
        "shops": _SHOPS.split(),
        "counties_elsewhere": _COUNTIES_ELSEWHERE.split(),
    }
    for name, text in _OCCASIONS.items():
        lists[name] = text.split("|") if "|" in text else text.split()
    return lists
