"""What each department's system looks like: its tables and files, their keys, their cycles.

The layouts are the source side of the contracts in `data/catalogue`. What a row holds is in `sql/render/<dataset>.sql`;
how rows reach the system is in `delivery.py` and `files.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from govpipes.days import Cycle, first_day


@dataclass(frozen=True, slots=True)
class System:
    """A source system of a department: a PostgreSQL database, the health department's database, or a folder."""

    name: str
    department: str
    kind: str  # postgres | health | files

    @property
    def database(self) -> str:
        """The database of its department."""
        return f"dept_{self.department}"


@dataclass(frozen=True, slots=True)
class Dataset:
    """One table or series of files.

    subject: the kind of entity a row is about (open faults are kept by it). target: table name, or the file's path
    below the system's folder as a strftime pattern of the period's first day. types: columns that are not varchar.
    deletes: column and value of a deleted row.
    """

    name: str
    system: str
    subject: str
    target: str
    key: tuple[str, ...]
    form: str = "table"  # table | csv | jsonl | excel
    cycle: Cycle = Cycle.DAILY
    encoding: str = "utf-8"
    types: Mapping[str, str] = field(default_factory=dict)

    def day_of(self, written: date, start: date) -> date:
        """The dataset-day (first day of its period) in which a row written on that day is delivered.

        Rows older than `start` are the opening load, which belongs to the first period.
        """
        return first_day(self.cycle, max(written, start))

    def file_name(self, day: date) -> str:
        """The file of the period that begins on `day`."""
        return day.strftime(self.target)


SYSTEMS = {
    system.name: system
    for system in (
        System("public_security", "public_security", "postgres"),
        System("health_births", "health", "health"),
        System("health_deaths", "health", "postgres"),
        System("civil_affairs_files", "civil_affairs", "files"),
        System("civil_affairs", "civil_affairs", "postgres"),
        System("market_regulation", "market_regulation", "postgres"),
        System("tax", "tax", "postgres"),
        System("staffing_office_files", "staffing_office", "files"),
        System("credit_files", "government_services", "files"),
        System("law_enforcement", "urban_management", "postgres"),
        System("court_files", "court", "files"),
        System("housing_files", "housing", "files"),
        System("place_names", "natural_resources", "postgres"),
        System("natural_resources_files", "natural_resources", "files"),
        System("transport_files", "transport", "files"),
        System("road_transport", "transport", "postgres"),
        System("health_files", "health", "files"),
        System("trade_union_files", "trade_unions", "files"),
        System("agriculture_files", "agriculture", "files"),
        System("human_resources", "human_resources", "postgres"),
        System("statistics", "statistics", "postgres"),
        System("statistics_files", "statistics", "files"),
    )
}

_STAMP = {"gxsj": "timestamp"}

DATASETS = {
    dataset.name: dataset
    for dataset in (
        Dataset("household_register", "public_security", "person", "czrk", ("gmsfhm",), types=_STAMP),
        Dataset("residence_permits", "public_security", "person", "jzz", ("jzzh",), types=_STAMP),
        Dataset(
            "births",
            "health_births",
            "person",
            "csyxzm",
            ("zmbh",),
            types={"cssj": "timestamp", "tz": "integer", "gxsj": "timestamp"},
        ),
        Dataset("deaths", "health_deaths", "person", "swyxzm", ("zmbh",), types=_STAMP),
        Dataset(
            "marriages",
            "civil_affairs_files",
            "marriage",
            "marriages/hydj_%Y%m%d.csv",
            ("登记证字号",),
            "csv",
            encoding="gb18030",
        ),
        Dataset("marital_status", "civil_affairs", "person", "hyzk", ("jlbh",), types=_STAMP),
        Dataset(
            "enterprise_register",
            "market_regulation",
            "organization",
            "scztdj",
            ("zthm",),
            types={"zczb": "numeric(18,6)", "clrq": "date", "gxsj": "timestamp"},
        ),
        Dataset("tax_registration", "tax", "organization", "swdj", ("djxh",), types=_STAMP),
        Dataset(
            "social_organisations",
            "civil_affairs_files",
            "organization",
            "social_organisations/shzz_%Y%m.xlsx",
            ("统一社会信用代码",),
            "excel",
            Cycle.MONTHLY,
        ),
        Dataset(
            "public_institutions",
            "staffing_office_files",
            "organization",
            "public_institutions/sydw_%Y%m.xlsx",
            ("单位信息/统一社会信用代码",),
            "excel",
            Cycle.MONTHLY,
        ),
        Dataset(
            "trade_unions",
            "trade_union_files",
            "organization",
            "trade_unions/ghfr_%Y%m.xlsx",
            ("工会信息/统一社会信用代码",),
            "excel",
            Cycle.QUARTERLY,
        ),
        Dataset(
            "village_collectives",
            "agriculture_files",
            "organization",
            "village_collectives/jtzz_%Y%m.csv",
            ("统一社会信用代码",),
            "csv",
            Cycle.QUARTERLY,
            "gb18030",
        ),
        Dataset(
            "administrative_licences",
            "credit_files",
            "licence",
            "licences/xzxk_%Y%m%d.csv",
            ("XK_WSH", "XK_XKJGDM"),
            "csv",
            encoding="utf-8-sig",
        ),
        Dataset(
            "administrative_penalties",
            "law_enforcement",
            "penalty",
            "xzcf",
            ("cf_wsh", "cf_cfjgdm"),
            types={"cf_nr_fk": "numeric(18,6)", "cf_nr_wfff": "numeric(18,6)", "gxsj": "timestamp"},
        ),
        Dataset(
            "court_defaulters",
            "court_files",
            "defaulter",
            "defaulters/sxbzxr_%Y%m%d.jsonl",
            ("case_no", "party_name"),
            "jsonl",
            Cycle.WEEKLY,
        ),
        Dataset(
            "credit_commitments",
            "credit_files",
            "commitment",
            "commitments/xycn_%Y%m%d.jsonl",
            ("cns_wh", "slbm_dm"),
            "jsonl",
        ),
        Dataset("abnormal_operations", "market_regulation", "abnormal", "jyycml", ("ycid",), types=_STAMP),
        Dataset(
            "addresses",
            "place_names",
            "address",
            "bzdz",
            ("dzbm",),
            types={"x": "double precision", "y": "double precision", "gxsj": "timestamp"},
        ),
        Dataset(
            "boundaries",
            "natural_resources_files",
            "boundary",
            "boundaries/xzqjx_%Y%m.csv",
            ("xzqdm",),
            "csv",
            Cycle.MONTHLY,
        ),
        Dataset("buildings", "housing_files", "building", "buildings/fwjz_%Y%m%d.csv", ("楼幢编码",), "csv"),
        Dataset("points_of_interest", "transport_files", "point_of_interest", "poi/poi_%Y%m%d.csv", ("poi_id",), "csv"),
        Dataset(
            "health_certificates", "health_files", "certificate", "certificates/zz_%Y%m%d.csv", ("证照标识",), "csv"
        ),
        Dataset("transport_certificates", "road_transport", "certificate", "dlyszz", ("zzbs",), types=_STAMP),
        Dataset(
            "social_insurance",
            "human_resources",
            "insurance",
            "cbxx",
            ("cbbh",),
            types={"jfjs": "numeric(18,6)", "gxsj": "timestamp"},
        ),
        Dataset(
            "indicator_definitions",
            "statistics_files",
            "indicator",
            "indicators/zbml_%Y.csv",
            ("指标代码",),
            "csv",
            Cycle.YEARLY,
        ),
        Dataset("statistical_series", "statistics", "observation", "tjsj", ("jlid",), types=_STAMP),
        Dataset(
            "monthly_statistics",
            "statistics_files",
            "observation",
            "monthly/ydsj_%Y%m.csv",
            ("记录编号",),
            "csv",
            Cycle.MONTHLY,
            "gb18030",
        ),
    )
}


def datasets_of(system: System) -> list[Dataset]:
    """The datasets a system holds."""
    return [dataset for dataset in DATASETS.values() if dataset.system == system.name]
