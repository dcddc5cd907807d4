"""The data elements 数据元: one row per element, the only list of them.

An element's type, sensitivity, mask and options belong here; what its macros do is in `sql/`, what its codes mean
is in `data/codes/`. Contracts name elements; they never define one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Element:
    """A data element: how one kind of value is written, checked, protected.

    sql_type: DuckDB type of the standardized value.
    sensitivity: 1 open, 2 internal, 3 personal or commercial, 4 identifies a person by itself
        (grades after GB/T 43697-2024; the assignment is this project's default).
    mask: which `mask_<mask>` macro hides it.
    options: what a contract may set, with the allowed values; the first one is the macro's default.
        None means any value.
    column_options: options whose value is the name of another column of the source.
    told_options: options of which a contract may list several values, one of which a dataset-day is found to have.
    code_list: the file in `data/codes/` whose codes the value has, if any.
    """

    name: str
    title_zh: str
    title_en: str
    sql_type: str
    sensitivity: int
    mask: str
    standard: str
    options: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    column_options: tuple[str, ...] = ()
    told_options: tuple[str, ...] = ()
    code_list: str | None = None

    def parameter(self, option: str) -> str:
        """The macro parameter an option is passed to: `paired_with` goes to `other`, the rest keep their name."""
        return "other" if option == "paired_with" else option


_POINT: Mapping[str, tuple[str, ...] | None] = {
    "datum": ("cgcs2000", "wgs84", "gcj02", "bd09", "gk_zone", "gk_cm120"),
    "paired_with": None,
}
ONE_DATUM = frozenset({"cgcs2000", "wgs84", "gk_zone", "gk_cm120"})
"""Datums that points do not tell apart: centimetres lie between them, or the numbers show which it is (geo.sql)."""
_RETIRED: Mapping[str, tuple[str, ...] | None] = {"retired": ("keep", "successor")}

MASKS = ("none", "name", "citizen_id", "phone", "address", "number")


def _coded(name: str, zh: str, en: str, sensitivity: int, standard: str, code_list: str | None = None) -> Element:
    return Element(name, zh, en, "VARCHAR", sensitivity, "none", standard, code_list=code_list or name)


_ALL = (
    # People
    Element("citizen_id", "公民身份号码", "citizen identification number", "VARCHAR", 4, "citizen_id", "GB 11643-1999"),
    Element("person_name", "姓名", "person's name", "VARCHAR", 3, "name", "GA/T 543; GB 18030-2022"),
    Element("phone", "联系电话", "telephone number", "VARCHAR", 3, "phone", "YD/T numbering plan"),
    _coded("certificate_type", "证件类型", "kind of identity document", 2, "GA/T 517-2004"),
    _coded("sex", "性别", "sex", 2, "GB/T 2261.1-2003"),
    _coded("ethnic", "民族", "ethnic group", 3, "GB/T 3304-1991"),
    _coded("marital", "婚姻状况", "marital status", 3, "GB/T 2261.2-2003"),
    _coded("education", "学历", "education", 2, "GB/T 4658-2006"),
    _coded("household_relation", "与户主关系", "relation to the head of household", 2, "GB/T 4761-2008"),
    _coded("country", "国籍（地区）", "country or region", 2, "GB/T 2659.1-2022"),
    _coded("insurance_kind", "险种", "kind of social insurance", 2, "LD/T 92-2013"),
    _coded("insurance_status", "参保状态", "status of an insurance", 2, "LD/T 92-2013"),
    Element("icd10", "疾病分类代码", "disease code", "VARCHAR", 4, "number", "GB/T 14396-2016 (ICD-10)"),
    # Organizations
    Element("uscc", "统一社会信用代码", "unified social credit identifier", "VARCHAR", 1, "none", "GB 32100-2015"),
    Element("organization_code", "组织机构代码", "organisation code", "VARCHAR", 1, "none", "GB 11714-1997"),
    Element("registration_number", "工商注册号", "business registration number", "VARCHAR", 1, "none", "GS 15-2006"),
    Element("tax_number", "纳税人识别号", "taxpayer number", "VARCHAR", 2, "none", "GB 32100-2015; GB 11714-1997"),
    Element("organization_name", "单位名称", "organization's name", "VARCHAR", 1, "none", "GB/T 36104-2018"),
    _coded("registration_status", "登记状态", "registration status", 1, "GB/T 36104-2018"),
    _coded("market_type", "市场主体类型", "market entity type", 1, "CA16 (market regulation)"),
    _coded("organization_kind", "机构类别", "kind of organization", 1, "GB 32100-2015"),
    Element("industry_code", "行业代码", "industry", "VARCHAR", 1, "none", "GB/T 4754-2017"),
    # Places
    Element("region_code", "县级行政区划代码", "county code", "VARCHAR", 1, "none", "GB/T 2260", _RETIRED,
            code_list="region"),
    Element("region_code_any", "行政区划代码", "region code of any level", "VARCHAR", 1, "none", "GB/T 2260", _RETIRED,
            code_list="region"),
    Element("township_code", "乡级代码", "township code", "VARCHAR", 1, "none", "GB/T 10114-2003",
            code_list="township"),
    Element("community_code", "社区（村）代码", "community code", "VARCHAR", 1, "none", "统计用区划代码 (12 digits)"),
    Element("address_text", "地址", "address", "VARCHAR", 3, "address", "GB/T 23705-2009", {"paired_with": None},
            ("paired_with",)),
    Element("postcode", "邮政编码", "postcode", "VARCHAR", 1, "none", "GB/T 2260 postal practice"),
    Element("building_code", "楼幢编码", "building code", "VARCHAR", 1, "none", "GB/T 37346-2019"),
    _coded("building_structure", "建筑结构", "structure of a building", 1, "GB/T 17986.1-2000"),
    _coded("building_status", "建筑物使用状态", "status of a building", 1, "housing administration practice"),
    Element("longitude", "经度", "longitude", "DOUBLE", 2, "number", "CGCS2000 (EPSG:4490)", _POINT, ("paired_with",),
            ("datum",)),
    Element("latitude", "纬度", "latitude", "DOUBLE", 2, "number", "CGCS2000 (EPSG:4490)", _POINT, ("paired_with",),
            ("datum",)),
    Element("polygon", "多边形", "polygon", "VARCHAR", 1, "none", "OGC 06-103r4 (WKT); CGCS2000 (EPSG:4490)"),
    # Credit
    Element("document_number", "文书号", "document number", "VARCHAR", 1, "none", "GB/T 9704-2012"),
    Element("certificate_number", "证书编号", "certificate number", "VARCHAR", 2, "number", "issuing department"),
    _coded("licence_kind", "许可类别", "kind of licence", 1, "双公示 exchange layout"),
    _coded("penalty_kind", "处罚类别", "kind of penalty", 1, "行政处罚法 (2021)"),
    _coded("record_status", "记录状态", "record status", 1, "双公示 exchange layout"),
    _coded("subject_kind", "行政相对人类别", "kind of subject", 1, "双公示 exchange layout"),
    _coded("fulfilment", "履约状态", "whether a commitment is kept", 1, "全国公共信用信息基础目录"),
    # E-certificates
    Element("certificate_identifier", "电子证照标识", "e-certificate identifier", "VARCHAR", 2, "none",
            "GB/T 36904-2018"),
    _coded("certificate_status", "证照状态", "status of a certificate", 1, "GB/T 36903-2018"),
    _coded("holder_kind", "持证主体类别", "kind of holder", 1, "GB/T 36903-2018"),
    # Statistics
    Element("statistical_period", "统计时期", "statistical period", "VARCHAR", 1, "none", "GB/T 7408.1-2023; SDMX"),
    Element("period_end", "统计时期止", "last day of a period", "DATE", 1, "none", "GB/T 7408.1-2023; SDMX"),
    Element("region_code_of_period", "统计时期行政区划代码", "region code valid in a period", "VARCHAR", 1, "none",
            "GB/T 2260", {"paired_with": None}, ("paired_with",), code_list="region"),
    _coded("statistical_frequency", "统计频率", "frequency of a series", 1, "SDMX CL_FREQ"),
    _coded("region_level", "行政区划级别", "level of a division", 1, "GB/T 2260"),
    _coded("observation_status", "核算状态", "status of a figure", 1, "国内生产总值核算制度 (NBS)"),
    # Numbers and times
    Element("date", "日期", "date", "DATE", 1, "none", "GB/T 7408.1-2023",
            {"form": ("ymd", "dmy", "mdy"), "future": ("allow", "flag")}),
    Element("timestamp", "日期时间", "point in time", "TIMESTAMP WITH TIME ZONE", 1, "none", "GB/T 7408.1-2023",
            {"zone": ("Asia/Shanghai", "UTC")}),
    Element("money_yuan", "金额（元）", "amount in yuan", "DECIMAL(18,2)", 2, "none", "GB/T 12406-2008",
            {"unit": ("元", "万元")}),
    Element("money_wan", "金额（万元）", "amount in 10,000 yuan", "DECIMAL(18,6)", 2, "none", "GB/T 12406-2008",
            {"unit": ("万元", "元")}),
    _coded("currency", "币种", "currency", 1, "GB/T 12406-2008"),
    Element("area_sqm", "面积（平方米）", "area in square metres", "DECIMAL(18,2)", 1, "none", "GB 3100-1993",
            {"unit": ("㎡", "亩", "公顷")}),
    Element("quantity", "数量", "whole number", "BIGINT", 1, "none", "GB 3100-1993"),
    Element("decimal", "数值", "decimal number", "DECIMAL(18,6)", 1, "none", "GB 3100-1993"),
    Element("boolean_flag", "是否标志", "yes or no", "BOOLEAN", 1, "none", "GB/T 18391"),
    # Text and keys
    Element("text", "文本", "short text", "VARCHAR", 1, "none", "GB 18030-2022"),
    Element("free_text", "自由文本", "free text", "VARCHAR", 3, "number", "GB 18030-2022"),
    Element("name_any", "姓名或名称", "name of a person or organization", "VARCHAR", 3, "name", "GB 18030-2022"),
    Element("code", "代码", "code without a list", "VARCHAR", 1, "none", "the contract's"),
    Element("identifier", "标识符", "opaque key", "VARCHAR", 2, "none", "the source system's"),
)  # fmt: skip

ELEMENTS: Mapping[str, Element] = MappingProxyType({element.name: element for element in _ALL})
