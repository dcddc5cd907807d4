"""The faults departments make, as SQL on one column of what they would have written correctly.

`reject` faults break a rule of severity E of DOMAIN §1, `flag` faults one of severity W, `repair` faults are spellings
the standardizer must undo, `keep` faults break no rule and say less or other than is true: published as they are, a
word for nothing as nothing. Every damaged value is written to the fault list with the correct one. At most one fault a
row; rejected rows stay at or below one in a hundred, so that no day is held for them. Whole files that are wrong are
in `incidents.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from govpipes.days import Cycle
from govpipes.simulator.datasets import Dataset
from govpipes.sql import ident, literal

REJECTED_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to damage a row.

    code: the problem (DOMAIN §4: D1..D35) or the rule broken. sets: columns and their damaged values as SQL over the
    correct row; the first is the item reported. An empty `sets` damages nothing and only records that the rows `where`
    finds have the problem `item` by nature. share: of rows. first_only: only in the opening load.
    """

    code: str
    expected: str
    sets: dict[str, str]
    where: str = "true"
    rule: str | None = None
    share: float = 0.001
    first_only: bool = False
    item: str | None = None
    duplicates: bool = False

    @property
    def column(self) -> str:
        """The item reported in the fault list."""
        return self.item or next(iter(self.sets))


def _reject(rule: str, column: str, sql: str, where: str = "true", **more: object) -> Fault:
    code = str(more.pop("code", rule))
    return Fault(code, "reject", {column: sql}, f"{ident(column)} IS NOT NULL AND ({where})", rule, **more)  # type: ignore[arg-type]


def _repair(code: str, column: str, sql: str, where: str = "true", **more: object) -> Fault:
    return Fault(code, "repair", {column: sql}, f"{ident(column)} IS NOT NULL AND ({where})", **more)  # type: ignore[arg-type]


def _keep(code: str, column: str, sql: str, where: str = "true", **more: object) -> Fault:
    return Fault(code, "keep", {column: sql}, f"{ident(column)} IS NOT NULL AND ({where})", **more)  # type: ignore[arg-type]


def _flag(code: str, rule: str, column: str, sql: str, where: str = "true", **more: object) -> Fault:
    return Fault(code, "flag", {column: sql}, where, rule, **more)  # type: ignore[arg-type]


def _swapped(column: str) -> str:
    """The number with its 16th and 17th digits exchanged, as by a typist; MOD 11-2 always notices."""
    c = ident(column)
    return f"left({c}, 15) || substr({c}, 17, 1) || substr({c}, 16, 1) || right({c}, 1)"


def _can_swap(column: str) -> str:
    c = ident(column)
    return f"length({c}) = 18 AND substr({c}, 16, 1) <> substr({c}, 17, 1)"


def _wrong_check(column: str) -> str:
    """A unified social credit code with another check character."""
    c = ident(column)
    return f"left({c}, 17) || if(right({c}, 1) = '1', '2', '1')"


def _spelled(column: str, date_sql: str) -> str:
    """A date as people type it: 1990-3-7, 1990/03/07, 1990年3月7日, 1990.03.07, an Excel serial."""
    d = date_sql
    return (
        f"CASE entity % 5 WHEN 0 THEN year({d}) || '-' || month({d}) || '-' || day({d})"
        f" WHEN 1 THEN strftime({d}, '%Y/%m/%d')"
        f" WHEN 2 THEN year({d}) || '年' || month({d}) || '月' || day({d}) || '日'"
        f" WHEN 3 THEN strftime({d}, '%Y.%m.%d')"
        f" ELSE date_diff('day', DATE '1899-12-30', {d})::VARCHAR END"
    )


def _dashed(column: str) -> str:
    return _spelled(column, f"TRY_CAST({ident(column)} AS DATE)")


def _fifteen(column: str) -> Fault:
    c = ident(column)
    return _repair(
        "D1",
        column,
        f"left({c}, 6) || substr({c}, 9, 9)",
        f"substr({c}, 7, 2) = '19' AND left({c}, 1) BETWEEN '1' AND '7'",
        share=0.003,
    )


def _small_x(column: str, where: str = "true") -> Fault:
    c = ident(column)
    return _repair(
        "D2",
        column,
        f"left({c}, 17) || if(entity % 2 = 0, 'x', 'Ｘ')",
        f"right({c}, 1) = 'X' AND ({where})",
        share=0.002,
    )


def _cut_by_excel(column: str, where: str = "true") -> Fault:
    """The number after a spreadsheet kept 15 digits of it; one in eleven would pass its check by accident, left out."""
    c = ident(column)
    return _reject(
        "ID-09",
        column,
        f"left({c}, 15) || '000'",
        f"length({c}) = 18 AND citizen_id_check(left({c}, 15) || '00') <> '0' AND ({where})",
        code="D3",
    )


def _former_county(column: str) -> str:
    """The code of a county that became part of this one whole (GB/T 2260), NULL where none of Nanjing's did."""
    return (
        f"CASE {ident(column)} WHEN '320104' THEN '320103' WHEN '320106' THEN '320107' "
        "WHEN '320117' THEN '320124' WHEN '320118' THEN '320125' END"
    )


_TEST_PHONE = "'13800138000'"

_HOUSEHOLD = (
    _reject("ID-01", "gmsfhm", "left(gmsfhm, 16) || right(gmsfhm, 1)", "is_new"),
    _reject("ID-02", "gmsfhm", _swapped("gmsfhm"), f"is_new AND {_can_swap('gmsfhm')}", share=0.003),
    _reject(
        "ID-03",
        "gmsfhm",
        "left(gmsfhm, 10) || '0230' || substr(gmsfhm, 15, 3) "
        "|| citizen_id_check(left(gmsfhm, 10) || '0230' || substr(gmsfhm, 15, 3))",
        "is_new",
        share=0.0005,
    ),
    _reject("ID-06", "xb", "if(xb = '1', '2', '1')", share=0.002),
    _cut_by_excel("gmsfhm", "is_new"),
    _reject(
        "ID-09",
        "gmsfhm",
        "left(gmsfhm, 1) || '.' || substr(gmsfhm, 2, 5) || 'E+17'",
        "is_new",
        code="D3",
        share=0.0001,
        first_only=True,
    ),
    _reject("ID-10", "gmsfhm", "repeat('1', 18)", "is_new", share=0.00001, first_only=True),
    _reject("REG-01", "ssxq", "'329999'", share=0.0005),
    _small_x("gmsfhm", "is_new"),  # a key in a table does not change its spelling
    _repair("D5", "xm", "'　' || xm || ' '", share=0.002),
    _repair("D5", "xm", "replace(xm, '·', if(entity % 2 = 0, '•', '・'))", "contains(xm, '·')", share=0.001),
    Fault("D5", "repair", {"xm": "xm || '（曾用名' || cym || '）'", "cym": "NULL"}, "cym IS NOT NULL", share=0.0005),
    _repair("D6", "xm", "replace(xm, '䶮', chr(59491))", "contains(xm, '䶮')", share=0.001),
    _repair("D9", "csrq", _spelled("csrq", "try_strptime(csrq, '%Y%m%d')::DATE"), share=0.004),
    _repair("D27", "xb", "if(xb = '1', '男', '女')", share=0.002),
    _repair("D27", "mz", "'汉族'", "mz = '01'", share=0.002),
    _repair("D32", "xm", "left(xm, 1) || chr(8203) || substr(xm, 2)", share=0.001),
    _flag("D6", "NAME-02", "xm", "left(xm, 1) || '?'", "length(xm) = 2 AND is_new", share=0.0005),
    _flag("D10", "DATE-02", "csrq", "'19000101'", share=0.001),
    _flag("D14", "REG-02", "csdssx", "'320602'", share=0.001),
    _flag("D15", "REG-06", "ssxq", "left(ssxq, 4) || '01'", share=0.001),
    _flag("ID-07", "ID-07", "csrq", "strftime(try_strptime(csrq, '%Y%m%d')::DATE + 1, '%Y%m%d')", share=0.001),
    _flag("D31", "TEST-01", "lxdh", _TEST_PHONE, "lxdh IS NOT NULL", share=0.001),
)

_PERMITS = (
    _reject("ID-02", "gmsfhm", _swapped("gmsfhm"), f"zjlx = '111' AND {_can_swap('gmsfhm')}", share=0.003),
    _cut_by_excel("gmsfhm", "zjlx = '111'"),
    _fifteen("gmsfhm"),
    _small_x("gmsfhm"),
    _repair("D9", "lzrq", _dashed("lzrq"), share=0.004),
    _keep("D19", "lxdh", "'无'", share=0.002),
    _repair("D27", "xb", "if(xb = '男', 'M', 'F')", share=0.002),
    _flag("ID-06", "ID-06", "xb", "if(xb = '男', '女', '男')", "zjlx = '111'", share=0.001),
    Fault(
        "D4",
        "flag",
        {
            "gmsfhm": "(SELECT gmsfhm FROM sheet ORDER BY entity LIMIT 1)",
            "xb": "(SELECT xb FROM sheet ORDER BY entity LIMIT 1)",
            "csrq": "(SELECT csrq FROM sheet ORDER BY entity LIMIT 1)",
        },
        "zjlx = '111' AND entity <> (SELECT min(entity) FROM sheet)",
        "ID-08",
        share=0.0001,
        first_only=True,
    ),
)

_BIRTHS = (
    _reject("ID-02", "gmsfhm", _swapped("gmsfhm"), _can_swap("gmsfhm")),
    _repair("D5", "xsexm", "xsexm || '　'", share=0.01),
    _keep("D28", "xsexm", "left(xsexm, 1) || '宝宝'", "gmsfhm IS NOT NULL", share=0.01),
    _flag(
        "D28",
        "ID-07",
        "cssj",
        "cssj + INTERVAL 1 DAY",
        "gmsfhm IS NOT NULL AND cssj::DATE + 1 < gxsj::DATE",
        share=0.005,
    ),
    Fault("D21", "repair", {}, "what = 'new' AND cssj < due", item="cssj"),
)

_DEATHS = (
    _reject("ID-02", "sfzjhm", _swapped("sfzjhm"), _can_swap("sfzjhm")),
    _cut_by_excel("sfzjhm"),
    _small_x("sfzjhm"),
    _repair("D9", "swrq", _dashed("swrq"), share=0.02),
    _keep("D19", "swyy", "'不详'", share=0.01),
    _flag("D10", "DATE-02", "csrq", "'1900-01-01'", share=0.005),
    Fault("D21", "repair", {}, "what = 'new' AND TRY_CAST(swrq AS DATE) < due", item="swrq"),
)

_MARRIAGES = (
    _reject("ID-02", "男方身份证件号", _swapped("男方身份证件号"), _can_swap("男方身份证件号"), share=0.002),
    _fifteen("男方身份证件号"),
    _repair("D9", "登记日期", _dashed("登记日期"), share=0.02),
    _keep("D19", "登记机关", "'-'", share=0.003),
    _repair("D32", "女方姓名", "left(女方姓名, 1) || chr(160) || substr(女方姓名, 2)", share=0.002),
    _repair("D32", "登记机关", "登记机关 || chr(13) || chr(10)", share=0.002),
    Fault("D24", "repair", {}, item="登记证字号", share=0.003, duplicates=True),
)

_MARITAL = (
    _reject("ID-02", "sfzh", _swapped("sfzh"), _can_swap("sfzh")),
    _fifteen("sfzh"),
    _small_x("sfzh"),
    _repair("D9", "djrq", _dashed("djrq"), share=0.005),
    _repair("D27", "hyzk", "if(hyzk = '已婚', '有配偶', '离异')", "hyzk IN ('已婚', '离婚')", share=0.01),
    _flag("D27", "CODE-01", "hyzk", "'其他'", "what = 'opening'", share=0.0005),
)

_ENTERPRISES = (
    _reject("USCC-02", "tyshxydm", "left(tyshxydm, 17) || 'I'"),
    _reject("USCC-03", "tyshxydm", _wrong_check("tyshxydm"), share=0.002),
    _reject("ENT-01", "zxrq", "NULL", "djzt = '3'", share=0.0005),
    _repair("D9", "hzrq", _dashed("hzrq"), share=0.004),
    _repair("D13", "ztmc", "replace(replace(ztmc, '（', '('), '）', ')')", "contains(ztmc, '（')", share=0.004),
    _repair("D13", "ztmc", "ztmc || '　'", share=0.002),
    _keep("D19", "lxdh", "'暂无'", share=0.002),
    _repair("D27", "djzt", "CASE djzt WHEN '1' THEN '存续' WHEN '2' THEN '吊销未注销' ELSE '注销' END", share=0.01),
    _flag("D14", "REG-02", "xzqh", _former_county("xzqh"), f"{_former_county('xzqh')} IS NOT NULL", share=0.001),
    _flag("D15", "REG-06", "xzqh", "left(xzqh, 4) || '00'", share=0.001),
    _flag("IND-01", "IND-01", "hydm", "'Z' || substr(hydm, 2)", "hydm IS NOT NULL"),
    _flag("REG-01", "REG-01", "xzqh", "'329999'", share=0.0005),
    _flag("D20", "UNIT-01", "zczb", "zczb * 10000", "zczb >= 100", share=0.001),
    _flag("D31", "TEST-01", "lxdh", _TEST_PHONE, share=0.001),
    _flag(
        "USCC-05",
        "USCC-05",
        "tyshxydm",
        "'99' || substr(tyshxydm, 3, 15) || uscc_check('99' || substr(tyshxydm, 3, 15))",
        "tyshxydm IS NOT NULL AND jgzl = '企业'",
        share=0.0005,
    ),
)

_TAX = (
    _reject("TAX-02", "nsrsbh", _wrong_check("nsrsbh"), share=0.002),
    _keep(
        "D12",
        "nsrsbh",
        "substr(nsrsbh, 3, 15)",
        "entity IN (SELECT oid FROM province.organization WHERE tax_number IS NOT NULL)",
        share=0.03,
    ),
    _small_x("frzjh"),
    _repair("D9", "djrq", _dashed("djrq"), share=0.005),
    _keep("D13", "nsrmc", "replace(nsrmc, '有限责任公司', '有限公司')", "contains(nsrmc, '有限责任公司')", share=0.003),
    _repair("D13", "nsrmc", "replace(replace(nsrmc, '（', ' ( '), '）', ')')", "contains(nsrmc, '（')", share=0.002),
    _flag("D31", "TEST-01", "lxdh", _TEST_PHONE, share=0.001),
    _flag("D35", "QLT-01", "scjydz", "'请填写生产经营地址'", share=0.001),
    Fault(
        "D28",
        "flag",
        {},
        "nsrzt = '正常' AND entity IN (SELECT oid FROM province.organization WHERE status = '3')",
        "LEG-02",
        item="nsrzt",
    ),
)

_SOCIAL = (
    _reject("USCC-03", "统一社会信用代码", _wrong_check("统一社会信用代码")),
    _repair("D9", "成立日期", _dashed("成立日期"), share=0.05),
    _keep("D19", "业务主管单位", "'无'", share=0.02),
    _repair("D19", "注册资金(万元)", "'￥' || \"注册资金(万元)\"", share=0.02),
)

_INSTITUTIONS = (
    _repair("D9", "登记信息/登记日期", _dashed("登记信息/登记日期"), share=0.05),
    _keep("D19", "编制数", "'/'", share=0.03),
)

_UNIONS = (
    _reject("USCC-03", "工会信息/统一社会信用代码", _wrong_check("工会信息/统一社会信用代码")),
    _repair("D9", "登记信息/登记日期", _dashed("登记信息/登记日期"), share=0.05),
    _keep("D19", "工会信息/上级工会", "'无'", share=0.05),
    _repair("D32", "工会信息/工会名称", '"工会信息/工会名称" || chr(10)', share=0.02),
)

_COLLECTIVES = (
    _reject("USCC-03", "统一社会信用代码", _wrong_check("统一社会信用代码")),
    _repair("D9", "成立日期", _dashed("成立日期"), share=0.05),
    _keep("D19", "业务范围", "'/'", share=0.05),
    _repair("D27", "组织级别", "组织级别 || '集体经济组织'", share=0.05),
)


def _nameless_numbers(name: str, *numbers: str) -> tuple[Fault, ...]:
    """Records whose subject has no number, and a name as it was typed: only matching tells whom they are about.

    A traditional character, one that sounds the same, one that the font lacked (□, or of the private use area), one
    forgotten. The first of `numbers` is an organization's.
    """
    c = ident(name)
    none = dict.fromkeys(numbers, "NULL")
    organization = f"{ident(numbers[0])} IS NOT NULL AND length({c}) > 9"
    person = f"{ident(numbers[0])} IS NULL AND length({c}) = 3"
    hole = f"left({c}, 4) || if(entity % 2 = 0, '□', chr(58000)) || substr({c}, 6)"
    return (
        Fault(
            "D5", "keep", {name: f"translate({c}, '东华兴业贸电', '東華興業貿電')"} | none, organization, share=0.004
        ),
        Fault("D5", "keep", {name: f"translate({c}, '恒盛鑫瑞宏', '衡胜新锐洪')"} | none, organization, share=0.004),
        Fault("D6", "flag", {name: hole} | none, organization, "NAME-02", share=0.004),
        Fault("D5", "keep", {name: f"left({c}, 4) || substr({c}, 6)"} | none, organization, share=0.002),
        Fault("D5", "keep", {name: f"translate({c}, '华玉琴杰伟', '華裕芹捷纬')"} | none, person, share=0.001),
    )


_LICENCES = (
    _reject("USCC-03", "XK_XDR_SHXYM", _wrong_check("XK_XDR_SHXYM"), share=0.002),
    _reject("ID-02", "XK_XDR_ZJHM", _swapped("XK_XDR_ZJHM"), _can_swap("XK_XDR_ZJHM"), share=0.002),
    _repair("D9", "XK_JDRQ", _dashed("XK_JDRQ"), share=0.01),
    Fault(
        "D12",
        "keep",
        {
            "XK_XDR_SHXYM": "NULL",
            "XK_XDR_GSZC": "NULL",
            "XK_XDR_ZZJG": "substr(XK_XDR_SHXYM, 9, 8) || '-' || substr(XK_XDR_SHXYM, 17, 1)",
        },
        "XK_XDR_SHXYM IS NOT NULL",
        share=0.03,
    ),
    Fault("D24", "repair", {}, item="XK_WSH", share=0.003, duplicates=True),
    _repair("D32", "XK_NR", "XK_NR || chr(65279) || chr(10)", share=0.002),
    _flag("D30", "FK-01", "XK_XDR_SHXYM", "NULL", "XK_XDR_SHXYM IS NOT NULL AND XK_XDR_GSZC IS NULL", share=0.03),
    _flag("D31", "TEST-01", "XK_XDR_MC", "'测试'", "XK_XDR_SHXYM IS NOT NULL", share=0.001),
    _flag("D33", "TXT-02", "XK_NR", "left(repeat(XK_NR, 12), 85)", share=0.001),
    _flag("D34", "SEC-01", "BZ", "'法定代表人身份证号' || XK_FR_SFZH", "XK_FR_SFZH IS NOT NULL", share=0.002),
    _flag("D35", "QLT-01", "XK_NR", "'请填写许可内容'", share=0.001),
    Fault(
        "CRD-01",
        "flag",
        {},
        "what = 'new' AND TRY_CAST(XK_JDRQ AS DATE) + 11 < due",
        "CRD-01",
        item="XK_JDRQ",
    ),
    *_nameless_numbers("XK_XDR_MC", "XK_XDR_SHXYM", "XK_XDR_GSZC", "XK_XDR_ZJHM"),
)

_PENALTIES = (
    _reject("USCC-03", "cf_xdr_shxym", _wrong_check("cf_xdr_shxym"), share=0.002),
    _reject("ID-02", "cf_xdr_zjhm", _swapped("cf_xdr_zjhm"), _can_swap("cf_xdr_zjhm"), share=0.002),
    _repair("D9", "cf_jdrq", _dashed("cf_jdrq"), share=0.01),
    Fault(
        "D12",
        "keep",
        {
            "cf_xdr_shxym": "NULL",
            "cf_xdr_gszc": "NULL",
            "cf_xdr_zzjg": "substr(cf_xdr_shxym, 9, 8) || '-' || substr(cf_xdr_shxym, 17, 1)",
        },
        "cf_xdr_shxym IS NOT NULL",
        share=0.03,
    ),
    _repair("D32", "cf_sy", "'　' || cf_sy || chr(160)", share=0.005),
    _flag("D20", "UNIT-01", "cf_nr_fk", "cf_nr_fk * 10000", "cf_nr_fk > 0.1", share=0.01),
    _flag("D30", "FK-01", "cf_xdr_shxym", "NULL", "cf_xdr_shxym IS NOT NULL AND cf_xdr_gszc IS NULL", share=0.03),
    _flag("D34", "SEC-01", "bz", "'联系人证件' || cf_xdr_zjhm", "cf_xdr_zjhm IS NOT NULL", share=0.005),
    *_nameless_numbers("cf_xdr_mc", "cf_xdr_shxym", "cf_xdr_gszc", "cf_xdr_zjhm"),
)

_DEFAULTERS = (
    _flag("D30", "FK-01", "id_no", "NULL", "id_no IS NOT NULL", share=0.22),
    _flag(
        "D34",
        "ID-01",
        "id_no",
        "left(id_no, 4) || '**********' || right(id_no, 4)",
        "party_kind = '自然人'",
        share=0.15,
    ),
    _repair("D9", "filed_date", _dashed("filed_date"), share=0.02),
    _keep("D19", "duty", "'不详'", share=0.01),
)

_ABNORMAL = (
    _reject("USCC-03", "tyshxydm", _wrong_check("tyshxydm")),
    _repair("D9", "lrrq", _dashed("lrrq"), share=0.02),
    _keep("D12", "tyshxydm", "NULL", "zch IS NOT NULL", share=0.03),
)

_COMMITMENTS = (
    _reject("USCC-03", "cnzt_shxym", _wrong_check("cnzt_shxym"), share=0.002),
    _reject("ID-02", "cnzt_zjhm", _swapped("cnzt_zjhm"), _can_swap("cnzt_zjhm"), share=0.002),
    _repair("D9", "cnrq", _dashed("cnrq"), share=0.01),
    Fault("D24", "repair", {}, item="cns_wh", share=0.004, duplicates=True),
    _repair(
        "D27", "lyzt", "CASE lyzt WHEN '履行中' THEN '正在履行' WHEN '已履约' THEN '已兑现' ELSE '违约' END", share=0.01
    ),
    _repair("D32", "cnnr", "cnnr || chr(65279) || chr(10)", share=0.004),
    _flag("D28", "breach_is_dated", "wyrq", "NULL", "wyrq IS NOT NULL", share=0.004),
    _flag("D30", "FK-01", "cnzt_shxym", "NULL", "cnzt_shxym IS NOT NULL", share=0.03),
    _flag("D35", "QLT-01", "cnnr", "'请填写承诺内容'", share=0.002),
    *_nameless_numbers("cnzt_mc", "cnzt_shxym", "cnzt_zjhm"),
)

_ADDRESSES = (
    Fault("GEO-01", "reject", {"x": "12345.678::DOUBLE", "y": "67.8::DOUBLE"}, rule="GEO-01", share=0.0005),
    Fault("GEO-02", "reject", {"x": "x + 500000"}, rule="GEO-02", share=0.001),
    _reject("REG-01", "xzqh", "'329999'", share=0.0005),
    _repair("D32", "dzqc", "left(dzqc, 3) || chr(8203) || substr(dzqc, 4) || '　'", share=0.002),
    Fault("D18", "flag", {"x": "y", "y": "x"}, rule="GEO-08", share=0.001),
    Fault("GEO-05", "flag", {"x": "119::DOUBLE", "y": "32::DOUBLE"}, rule="GEO-05", share=0.001),
    _flag("D16", "REG-05", "xzjd", "if(xzqh = '320104', '320102002', '320104002')", share=0.001),
    # 121.9 E, 33.2 N: in Jiangsu's bounds, and on the Yellow Sea
    Fault("GEO-03", "flag", {"x": "40677500::DOUBLE", "y": "3677200::DOUBLE"}, rule="GEO-03", share=0.0005),
)

_BOUNDARIES = (Fault("GEO-07", "reject", {"jx": "regexp_replace(jx, ',[^,]*$', '))')"}, rule="GEO-07", share=0.01),)

_DEGREES = "printf('%d°%02d′%.3f″', floor({0})::BIGINT, floor(({0} % 1) * 60)::BIGINT, (({0} * 60) % 1) * 60)"

_POINTS = (
    Fault("GEO-02", "reject", {"lng": "'108.940012'"}, rule="GEO-02", share=0.003),
    Fault(
        "D18",
        "repair",
        {"lng": _DEGREES.format("TRY_CAST(lng AS DOUBLE)"), "lat": _DEGREES.format("TRY_CAST(lat AS DOUBLE)")},
        share=0.004,
    ),
    Fault("D18", "repair", {"lng": "replace(lng, '.', ',')", "lat": "replace(lat, '.', ',')"}, share=0.003),
    _keep("D19", "phone", "'-'", share=0.003),
    Fault("D24", "repair", {}, item="poi_id", share=0.004, duplicates=True),
    Fault("D18", "flag", {"lng": "lat", "lat": "lng"}, rule="GEO-08", share=0.004),
    Fault("GEO-05", "flag", {"lng": "'119'", "lat": "'32'"}, rule="GEO-05", share=0.002),
    _flag("D31", "TEST-01", "phone", _TEST_PHONE, share=0.002),
)


_BUILDINGS = (
    _reject("BDC-01", "楼幢编码", "left(楼幢编码, 18)", share=0.002),
    Fault("GEO-02", "reject", {"经度": "'108.940012'"}, rule="GEO-02", share=0.002),
    # DOMAIN §7.6: numbers without their zeros, 5 %
    _repair("BDC-01", "楼幢编码", "left(楼幢编码, 19) || ltrim(substr(楼幢编码, 20), '0')", "is_new", share=0.05),
    _repair("D9", "建成年份", "建成年份 || '年'", share=0.005),
    Fault(
        "D18",
        "repair",
        {
            "经度": _DEGREES.format("TRY_CAST(经度 AS DOUBLE)"),
            "纬度": _DEGREES.format("TRY_CAST(纬度 AS DOUBLE)"),
        },
        share=0.004,
    ),
    _repair("D20", "建筑面积", "建筑面积 || '平方米'", share=0.005),
    _repair(
        "D27",
        "建筑结构",
        "if(建筑结构 = '混合结构', '砖混', '钢混')",
        "建筑结构 IN ('混合结构', '钢筋混凝土结构')",
        share=0.01,
    ),
    _repair("D27", "地上层数", "地上层数 || '层'", share=0.005),
    _keep("D19", "建筑物名称", "'无'", share=0.005),
    _keep("D19", "地下层数", "'/'", share=0.005),
    Fault("D24", "repair", {}, item="楼幢编码", share=0.004, duplicates=True),
    _flag("D10", "plausible_year", "建成年份", "'0'", share=0.003),
    _flag("D10", "has_an_area", "建筑面积", "'0'", share=0.003),
    _flag("D31", "plausible_storeys", "地上层数", "'999'", share=0.002),
    Fault("D18", "flag", {"经度": "纬度", "纬度": "经度"}, rule="GEO-08", share=0.004),
    Fault("GEO-05", "flag", {"经度": "'119'", "纬度": "'32'"}, rule="GEO-05", share=0.002),
)


def _certificate_faults(person: str, organization: str, status: str, issued: str, spelled: str) -> tuple[Fault, ...]:
    """Faults of a certificate, under the names of its columns."""
    return (
        _reject("ID-02", person, _swapped(person), _can_swap(person), share=0.002),
        _reject("USCC-03", organization, _wrong_check(organization), share=0.002),
        _small_x(person),
        _repair("D9", issued, _spelled(issued, spelled), share=0.01),
        _repair("D27", status, "'有效'", f"{ident(status)} IN ('1', '正常')", share=0.01),
    )


_HEALTH_CERTIFICATES = (
    *_certificate_faults("持证人身份证号", "持证单位信用代码", "证照状态", "颁发日期", 'TRY_CAST("颁发日期" AS DATE)'),
    _repair("D5", "持证主体", "'　' || \"持证主体\" || ' '", share=0.005),
    Fault("D24", "repair", {}, item="证照标识", share=0.005, duplicates=True),
)
_TRANSPORT_CERTIFICATES = _certificate_faults("sfzh", "tyshxydm", "zzzt", "fzrq", "try_strptime(fzrq, '%Y%m%d')::DATE")

_INSURANCE = (
    # a change that is rejected would leave the values before it
    _reject("ID-02", "sfzh", _swapped("sfzh"), f"is_new AND {_can_swap('sfzh')}", share=0.002),
    _cut_by_excel("sfzh", "is_new"),
    _reject("REQUIRED", "sfzh", "NULL", "is_new"),
    _fifteen("sfzh"),
    _small_x("sfzh"),
    _repair("D5", "xm", "'　' || xm || ' '", share=0.002),
    _repair("D9", "cbrq", _spelled("cbrq", "try_strptime(cbrq, '%Y%m%d')::DATE"), share=0.004),
    _repair("D13", "dwmc", "replace(replace(dwmc, '（', '('), '）', ')')", "contains(dwmc, '（')", share=0.002),
    _repair(
        "D27", "cbzt", "CASE cbzt WHEN '1' THEN '参保缴费' WHEN '2' THEN '中断缴费' ELSE '终止缴费' END", share=0.005
    ),
    _repair(
        "D27",
        "xzlx",
        "MAP {'110': '养老保险', '210': '失业', '310': '医疗保险', '410': '工伤', '510': '生育'}[xzlx]",
        share=0.005,
    ),
    _flag("D20", "UNIT-01", "jfjs", "if(entity % 2 = 0, jfjs * 10000, jfjs / 10000)::DECIMAL(18, 6)", share=0.002),
    _flag("USCC-03", "USCC-03", "tyshxydm", _wrong_check("tyshxydm")),
    # what is so by itself: one insurance under two keys, booked late, going on after a death or a cancellation
    Fault("D24", "keep", {}, "entity <> (SELECT same_as FROM province.insurance WHERE iid = entity)", item="cbbh"),
    Fault("D21", "repair", {}, "what = 'new' AND try_strptime(cbrq, '%Y%m%d')::DATE + 6 < due", item="cbrq"),
    *(
        Fault(
            "D28",
            "flag",
            {},
            f"cbzt = '1' AND entity IN (SELECT iid FROM province.insurance JOIN province.{ended})",
            rule,
            item="cbzt",
        )
        for rule, ended in (
            ("POP-05", "person USING (pid) WHERE death_date IS NOT NULL"),
            ("LEG-02", "organization o USING (oid) WHERE o.status IN ('2', '3')"),
        )
    ),
)

_INDICATORS = (_repair("D32", "指标名称", '"指标名称" || chr(8203)', share=0.01),)


def _statistics_faults(value: str, region: str, period: str, unit: str, published: str) -> tuple[Fault, ...]:
    """Faults of a figure, under the names of its columns."""
    number = ident(value)
    return (
        _reject("NUM-01", value, f"{number} || '.' || entity % 10", share=0.001),
        _reject("REG-01", region, "'329999'", share=0.0005),
        _repair("D19", value, f"'￥' || {number}", share=0.002),
        _repair("D9", period, f"left({ident(period)}, 4) || '年度'", f"length({ident(period)}) = 4", share=0.003),
        _repair("D9", published, _dashed(published), share=0.003),
        _flag(
            "D20",
            "UNIT-01",
            value,
            f"(TRY_CAST({number} AS DECIMAL(18, 2)) * 10000)::VARCHAR",
            f"{ident(unit)} = '亿元' AND TRY_CAST({number} AS DOUBLE) >= 100",
            share=0.001,
        ),
        # a code retired long before the period
        _flag("D14", "REG-02", region, "'320103'", f"left({ident(period)}, 4) >= '2016'", share=0.0005),
    )


FAULTS: dict[str, tuple[Fault, ...]] = {
    "household_register": _HOUSEHOLD,
    "residence_permits": _PERMITS,
    "births": _BIRTHS,
    "deaths": _DEATHS,
    "marriages": _MARRIAGES,
    "marital_status": _MARITAL,
    "enterprise_register": _ENTERPRISES,
    "tax_registration": _TAX,
    "social_organisations": _SOCIAL,
    "public_institutions": _INSTITUTIONS,
    "trade_unions": _UNIONS,
    "village_collectives": _COLLECTIVES,
    "administrative_licences": _LICENCES,
    "administrative_penalties": _PENALTIES,
    "court_defaulters": _DEFAULTERS,
    "abnormal_operations": _ABNORMAL,
    "credit_commitments": _COMMITMENTS,
    "addresses": _ADDRESSES,
    "boundaries": _BOUNDARIES,
    "points_of_interest": _POINTS,
    "buildings": _BUILDINGS,
    "health_certificates": _HEALTH_CERTIFICATES,
    "transport_certificates": _TRANSPORT_CERTIFICATES,
    "social_insurance": _INSURANCE,
    "indicator_definitions": _INDICATORS,
    "statistical_series": _statistics_faults("sz", "dqdm", "bgq", "jldw", "fbrq"),
    "monthly_statistics": _statistics_faults("数值", "地区代码", "统计月份", "计量单位", "发布日期"),
}


def inject(con: duckdb.DuckDBPyConnection, dataset: Dataset, day: object, columns: Sequence[str]) -> None:
    """Damages rows of the TEMP table `sheet` (columns plus entity, truth_key, what, due, is_new, correction, fault)
    and writes what was done to `province.fault`.

    The first delivery of a dataset (it holds the opening stock), every workbook and every quarterly file has each fault
    at least once if a row allows it.
    """
    row = con.execute("SELECT count(*), coalesce(bool_or(what = 'opening'), false) FROM sheet").fetchone()
    assert row is not None
    rows, first = int(row[0]), bool(row[1]) or dataset.form == "excel" or dataset.cycle is Cycle.QUARTERLY
    budget = int(rows * REJECTED_SHARE)
    chances = _chances(con, dataset)
    for number, fault in enumerate(FAULTS[dataset.name]):
        wanted = _wanted(fault, rows, first, chances[number])
        if fault.expected == "reject":
            wanted = min(wanted, budget)
        if wanted == 0:
            continue
        done = _damage(con, dataset, fault, number, wanted, day, columns)
        if fault.expected == "reject":
            budget -= done


def _chances(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> list[float]:
    """Today's draw for each fault of the dataset, in [0, 1)."""
    draws = ", ".join(f"draw_today({literal(f'{dataset.name} fault')}, {n})" for n in range(len(FAULTS[dataset.name])))
    row = con.execute(f"SELECT {draws}").fetchone()
    return [float(value) for value in row or ()]


def _wanted(fault: Fault, rows: int, first: bool, chance: float) -> int:
    """How many rows to damage: all that are so by nature, at least one in the opening load, else by chance."""
    if not fault.sets and not fault.duplicates:
        return rows
    if first:
        return max(1, round(rows * fault.share))
    share = 0.0 if fault.first_only else min(1.0, fault.share * 3)  # small days would otherwise show almost none
    return int(rows * share + chance) if share else 0


def _damage(
    con: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    fault: Fault,
    number: int,
    wanted: int,
    day: object,
    columns: Sequence[str],
) -> int:
    column = ident(fault.column)
    value = next(iter(fault.sets.values()), column)
    on_key = fault.column in dataset.key and fault.expected == "reject"
    changed = f"AND ({value}) IS DISTINCT FROM {column}" if fault.sets and not fault.duplicates else ""
    alone = (
        "QUALIFY row_number() OVER (PARTITION BY raw ORDER BY entity) = 1 AND raw NOT IN "
        f"(SELECT source_key FROM province.damaged_key WHERE dataset = {literal(dataset.name)})"
        if on_key
        else ""
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE hit AS SELECT * FROM ("
        f"SELECT entity, ({column})::VARCHAR AS clean, ({value})::VARCHAR AS raw FROM sheet "
        f"WHERE fault IS NULL AND NOT correction AND ({fault.where}) {changed} {alone}"
        f") ORDER BY lot({literal(f'{fault.code}{number}')}, entity) LIMIT {wanted}"
    )
    if _hits(con) == 0:
        return 0
    if fault.sets or fault.duplicates:
        sets = "".join(f"{ident(name)} = {sql}, " for name, sql in fault.sets.items())
        con.execute(f"UPDATE sheet SET {sets}fault = {literal(fault.code)} WHERE entity IN (SELECT entity FROM hit)")
    key = " || '|' || ".join(f"coalesce({ident(name)}, '')" for name in dataset.key)
    row = con.execute(
        f"INSERT INTO province.fault SELECT ?, ?, {key}, ?, ?, ?, hit.raw, hit.clean, ?, truth_key, getvariable('day') "
        "FROM sheet JOIN hit USING (entity)",
        [dataset.name, day, fault.column, fault.code, fault.rule, fault.expected],
    ).fetchone()
    if fault.duplicates:
        con.execute("INSERT INTO sheet SELECT sheet.* FROM sheet JOIN hit USING (entity)")
    if fault.expected == "reject":
        con.execute(
            "INSERT INTO province.open_fault SELECT ?, ?, entity, "
            f"{key}, ?, ?, hit.raw, CASE WHEN draw_today('corrected', entity) < 0.5 THEN "
            "getvariable('day') + whole(draw_today('correct on', entity), 1, 3)::INTEGER END "
            "FROM sheet JOIN hit USING (entity)",
            [dataset.name, dataset.subject, fault.column, fault.code],
        )
    if fault.column in dataset.key and fault.sets:
        con.execute(
            f"INSERT INTO province.damaged_key SELECT ?, entity, {key} FROM sheet JOIN hit USING (entity)",
            [dataset.name],
        )
    return int(row[0]) if row else 0


def _hits(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute("SELECT count(*) FROM hit").fetchone()
    return int(row[0]) if row else 0
