"""Why a value is rejected or flagged: every code a macro can return, with its severity and its words.

A rule's text belongs here, its check in `sql/`. Contracts' own rules bring their own words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule code and what it tells a person.

    severity: E the row is rejected, W published with a flag, I for information.
    dimension: the quality dimension of GB/T 36344-2018: 规范性 完整性 准确性 一致性 时效性 可访问性.
    doubtful: a flagged value cannot be what the item asks for, and golden records do without it (decision 17). Not
        what is odd but possible, what says less than all (cut, a character missing), what was put right, nor what
        is not published as a value anyway.
    """

    code: str
    severity: str
    dimension: str
    zh: str
    en: str
    doubtful: bool = False


_FORM, _TRUE, _SAME, _FULL = "规范性", "准确性", "一致性", "完整性"

_ALL = (
    # GB 11643-1999 and its relatives (DOMAIN §1.1)
    Reason("ID-01", "E", _FORM, "身份号码不是18位或15位号码", "not an 18- or 15-character identification number"),
    Reason("ID-02", "E", _TRUE, "身份号码校验码错误", "the check character of the identification number is wrong"),
    Reason(
        "ID-03", "E", _TRUE, "身份号码中的出生日期不存在或早于1880年", "the birth date in the number does not exist"
    ),
    Reason("ID-04", "W", _FORM, "身份号码的地址码不在历年区划代码中", "the number's region code was never valid"),
    Reason(
        "ID-05",
        "I",
        _TRUE,
        "身份号码的地址码晚于出生年份（补登）",
        "region code is newer than the birth: late registration",
    ),
    Reason("ID-09", "E", _TRUE, "身份号码被Excel截断或改写", "the number was damaged by a spreadsheet"),
    Reason("ID-10", "E", _TRUE, "占位身份号码", "a placeholder instead of a number"),
    Reason("ID-11", "I", _FORM, "15位身份号码已升为18位", "a 15-digit number was upgraded to 18"),
    Reason(
        "ID-12", "I", _FORM, "身份号码已规范化（全角、小写、空格）", "the number was written irregularly and normalised"
    ),
    Reason(
        "ID-13",
        "W",
        _TRUE,
        "身份号码中的出生日期晚于数据日期",
        "the birth date in the number is later than the day",
        doubtful=True,
    ),
    Reason("ID-14", "W", _TRUE, "身份号码末三位为000，可能被Excel截断", "ends in 000: perhaps cut by a spreadsheet"),
    # GB 32100-2015, GB 11714-1997, GS 15-2006 (§1.2-1.4)
    Reason("USCC-02", "E", _FORM, "统一社会信用代码格式错误", "not an 18-character unified social credit identifier"),
    Reason("USCC-03", "E", _TRUE, "统一社会信用代码校验码错误", "the check character of the identifier is wrong"),
    Reason(
        "USCC-04",
        "W",
        _TRUE,
        "主体标识码（组织机构代码）校验码错误",
        "the check of the organisation code inside is wrong",
    ),
    Reason(
        "USCC-05",
        "W",
        _FORM,
        "登记管理部门与机构类别代码组合不在标准中",
        "authority and category are not in the standard",
    ),
    Reason("USCC-06", "W", _FORM, "登记机关行政区划码未知", "the registration region is unknown"),
    Reason("USCC-10", "I", _FORM, "统一社会信用代码已规范化", "the identifier was written irregularly and normalised"),
    Reason("ORG-01", "E", _FORM, "组织机构代码格式错误", "not a 9-character organisation code"),
    Reason("ORG-02", "E", _TRUE, "组织机构代码校验码错误", "the check character of the organisation code is wrong"),
    Reason("REGNO-01", "E", _FORM, "工商注册号格式错误", "not a 13- or 15-digit registration number nor a legacy text"),
    Reason("REGNO-02", "W", _TRUE, "工商注册号校验码错误", "the check digit of the registration number is wrong"),
    Reason("REGNO-03", "I", _FORM, "2007年以前的13位注册号", "a 13-digit number from before 2007"),
    Reason("REGNO-04", "W", _FORM, "文字式旧注册号", "a legacy registration text (LEGACY_TEXT)"),
    Reason("TAX-01", "E", _FORM, "纳税人识别号格式错误", "not an 18- or 15-character taxpayer number"),
    Reason("TAX-02", "E", _TRUE, "纳税人识别号校验码错误", "the check of the taxpayer number is wrong"),
    Reason("TAX-03", "I", _FORM, "旧15位纳税人识别号", "an old 15-character taxpayer number"),
    Reason(
        "TAX-04",
        "W",
        _TRUE,
        "旧纳税人识别号中的组织机构代码校验码错误",
        "the organisation code in the old number fails",
    ),
    # Regions (§1.5-1.6)
    Reason("REG-01", "E", _FORM, "行政区划代码未知", "unknown region code"),
    Reason("REG-02", "W", _TRUE, "行政区划代码在该日已停用，有唯一后继", "retired on that day; it has one successor"),
    Reason("REG-03", "W", _TRUE, "行政区划代码已停用且被拆分，无法自动对应", "retired and split: no single successor"),
    Reason(
        "REG-06",
        "W",
        _TRUE,
        "应为县级，实为省、市级或市辖区汇总码",
        "a county is required, this is a wider code",
        doubtful=True,
    ),
    Reason("REG-07", "W", _FORM, "功能区代码，不属于 GB/T 2260", "a functional zone, not in GB/T 2260"),
    Reason("REG-08", "I", _FORM, "以名称代替代码", "given by name instead of code"),
    Reason("TOWN-01", "E", _FORM, "乡级代码格式错误或所属县未知", "not a 9-digit township code of a known county"),
    Reason("TOWN-02", "W", _TRUE, "乡级代码不在现行名单中", "not in the current list of townships"),
    Reason(
        "COM-01", "E", _FORM, "社区（村）代码格式错误或所属县未知", "not a 12-digit community code of a known county"
    ),
    Reason("COM-02", "W", _TRUE, "社区（村）代码的乡级部分不在现行名单中", "its township is not in the current list"),
    # Code lists
    Reason("CODE-01", "W", _FORM, "代码或名称不在代码集中", "not a code or name of the code list"),
    Reason(
        "IND-01",
        "E",
        _FORM,
        "行业代码格式错误或门类与大类不符",
        "industry code malformed, or section and division differ",
    ),
    Reason("IND-02", "W", _FORM, "行业大类不在 GB/T 4754-2017 中", "the division is not in GB/T 4754-2017"),
    Reason("ICD-01", "W", _FORM, "疾病分类代码格式错误", "not an ICD-10 code"),
    Reason("ECERT-01", "E", _FORM, "电子证照标识格式错误", "not an e-certificate identifier"),
    Reason("ECERT-02", "W", _TRUE, "电子证照标识校验位错误", "the identifier's check character is wrong"),
    Reason("PERIOD-01", "E", _FORM, "不是年、季度或月份", "not a year, quarter or month"),
    Reason("BOOL-01", "E", _FORM, "不是是/否", "neither yes nor no"),
    # Dates and times (§1.12, D9-D11)
    Reason("DATE-01", "E", _FORM, "无法识别的日期或早于1840年", "not a date, or before 1840"),
    Reason("DATE-02", "W", _TRUE, "占位日期", "a placeholder instead of a date"),
    Reason(
        "DATE-03",
        "I",
        _TRUE,
        "日期以序列值、两位年份或民国纪年写成",
        "written as a serial, two-digit year or Minguo year",
    ),
    Reason("DATE-04", "W", _TRUE, "日期晚于数据日期", "later than the day of the data", doubtful=True),
    Reason("DATE-05", "W", _TRUE, "日月顺序有歧义", "day and month could be exchanged"),
    Reason("TIME-01", "E", _FORM, "无法识别的日期时间", "not a point in time"),
    Reason(
        "TIME-02", "W", _TRUE, "时间晚于数据日期次日", "more than a day later than the day of the data", doubtful=True
    ),
    # Numbers (§1.8, D20)
    Reason("NUM-01", "E", _FORM, "不是数值", "not a number"),
    Reason("NUM-02", "W", _TRUE, "负数", "negative"),
    Reason("NUM-03", "E", _FORM, "不是整数", "not a whole number"),
    Reason(
        "UNIT-01",
        "W",
        _TRUE,
        "数量级可疑，疑似单位错误（元/万元、亩/平方米）",
        "magnitude suspicious: perhaps a wrong unit",
    ),
    Reason("UNIT-02", "I", _FORM, "数值自带单位，已换算", "the value carried its own unit and was converted"),
    # Buildings (§1.11)
    Reason(
        "BDC-01", "E", _FORM, "楼幢编码格式错误", "neither a parcel's code with a building's number nor B and 17 digits"
    ),
    # Coordinates (§1.9)
    Reason("GEO-01", "E", _FORM, "无法识别的坐标", "coordinate cannot be classified"),
    Reason("GEO-02", "E", _TRUE, "坐标在江苏范围以外", "outside Jiangsu"),
    Reason(
        "GEO-04",
        "W",
        _TRUE,
        "该批坐标为另一坐标系，已转换",
        "the batch was in another datum, and put right",
    ),
    Reason("GEO-05", "W", _TRUE, "坐标为零或整数度，系占位", "zero or whole degrees: a placeholder", doubtful=True),
    Reason("GEO-06", "I", _TRUE, "坐标精度不足", "too few decimals"),
    Reason("GEO-07", "E", _TRUE, "多边形无效：非WKT、环未闭合或不足四点", "not a polygon: no WKT, or an open ring"),
    Reason("GEO-08", "W", _TRUE, "经纬度颠倒，已对调", "longitude and latitude were exchanged"),
    # Names and text (D5-D7, D31-D34)
    Reason("NAME-01", "I", _FORM, "姓名中的间隔号已统一", "the middle dot was unified"),
    Reason("NAME-02", "W", _TRUE, "姓名含占位符或自造字", "the name holds a placeholder or private-use character"),
    Reason("NAME-03", "E", _FORM, "不是姓名", "not a name"),
    Reason("NAME-04", "I", _FORM, "姓名后括注的曾用名已分离", "a former name in brackets was split off"),
    Reason("ORGNAME-01", "E", _FORM, "不是单位名称", "not an organization's name"),
    Reason("ENC-01", "E", _TRUE, "编码损坏且不可恢复", "the text was destroyed by a wrong encoding"),
    Reason(
        "ENC-02",
        "I",
        _FORM,
        "自造字区码位已按 GB 18030-2022 转换",
        "private-use code points mapped after GB 18030-2022",
    ),
    Reason("TEST-01", "W", _TRUE, "测试或虚构数据", "test or dummy data", doubtful=True),
    Reason("TEST-02", "W", _TRUE, "疑似测试数据，也可能属实", "perhaps test data, but somebody may be called so"),
    Reason("TXT-01", "I", _FORM, "含隐藏字符，已去除", "hidden characters were removed"),
    Reason("TXT-02", "W", _FULL, "文本可能在255/2000/4000字节处被截断", "perhaps cut at 255, 2000 or 4000 bytes"),
    Reason("TXT-03", "W", _TRUE, "文本含无法恢复的乱码", "the text holds unrecoverable characters"),
    Reason(
        "SEC-01", "W", _SAME, "自由文本中含身份号码或手机号码", "free text holds an identification or mobile number"
    ),
    Reason("QLT-01", "W", _TRUE, "填充性内容", "filler text", doubtful=True),
    Reason("PHONE-01", "W", _FORM, "电话号码格式错误", "not a telephone number"),
    Reason("POST-01", "W", _FORM, "邮政编码不是6位数字", "not a six-digit postcode"),
    Reason("ADR-01", "W", _SAME, "地址中的县级区划与区划代码不一致", "the county in the address is not the code's"),
    Reason("ADR-03", "W", _TRUE, "地址过短，无法解析", "address too short to resolve"),
    Reason("DOC-01", "W", _FORM, "文书号过短或不含数字", "document number too short or without a digit"),
    Reason("KEY-01", "E", _FORM, "标识符超过200个字符", "identifier longer than 200 characters"),
)

REASONS: Mapping[str, Reason] = MappingProxyType({reason.code: reason for reason in _ALL})
