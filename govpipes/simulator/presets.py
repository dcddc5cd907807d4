"""How large a province is and how much happens in it on a day.

Rates are those of DOMAIN §7.3-7.6 (people a year per thousand, market movements a day); the least numbers keep every
daily delivery of a small province non-empty. What the events are belongs in the SQL files.
"""

from dataclasses import dataclass
from datetime import date

from govpipes.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Preset:
    """A size: the divisions whose codes begin with `region`, and what there is at the opening.

    people: residents. organizations: without trade unions and rural collectives.
    """

    name: str
    region: str
    people: int
    organizations: int


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("tiny", "320102", 2_000, 600),
        Preset("xs", "320102", 20_000, 4_000),
        Preset("s", "3201", 300_000, 50_000),
        Preset("m", "32", 850_000, 145_000),
    )
}


@dataclass(frozen=True, slots=True)
class _Rate:
    """`share` of the population or the organizations a day, at least `least`; offices slow at the weekend."""

    of: str
    share: float
    least: int
    weekend: float = 1.0


_RATES = {
    "births": _Rate("people", 0.0057 / 365, 4),
    "deaths": _Rate("people", 0.0068 / 365, 5),
    "weddings": _Rate("people", 0.0000115, 8, 0.75),
    "divorces": _Rate("people", 0.000004, 3, 0.75),
    "phone_changes": _Rate("people", 0.0035, 60, 0.7),
    "address_moves": _Rate("people", 0.0010, 20, 0.7),
    "education_changes": _Rate("people", 0.0010, 20, 0.7),
    "name_changes": _Rate("people", 0.00005, 2, 0.7),
    "arrivals": _Rate("people", 0.0006, 12, 0.7),
    "permit_renewals": _Rate("people", 0.0012, 24, 0.7),
    "departures": _Rate("people", 0.0002, 4, 0.7),
    "foundations": _Rate("organizations", 0.0035, 12, 0.7),
    "organization_changes": _Rate("organizations", 0.0125, 40, 0.7),
    "cancellations": _Rate("organizations", 0.0015, 5, 0.7),
    "revocations": _Rate("organizations", 0.0003, 1, 0.7),
    "licences": _Rate("people", 0.0030, 50, 0.7),
    "penalties": _Rate("people", 0.0007, 14, 0.7),
    "abnormal_in": _Rate("organizations", 0.0020, 8, 0.7),
    "abnormal_out": _Rate("organizations", 0.0010, 4, 0.7),
    "defaulters": _Rate("people", 0.0001, 3),
    "defaulter_exits": _Rate("people", 0.00005, 2),
    "commitments": _Rate("people", 0.0005, 12, 0.7),
    "commitment_ends": _Rate("people", 0.0004, 10, 0.7),
    "certificates": _Rate("people", 0.0003, 12, 0.7),
    "certificate_renewals": _Rate("people", 0.00005, 3, 0.7),
    "certificate_revocations": _Rate("people", 0.00002, 1, 0.7),
    "certificate_cancellations": _Rate("people", 0.00004, 2, 0.7),
    "enrolments": _Rate("people", 0.0010, 12, 0.7),
    "employer_changes": _Rate("people", 0.0004, 6, 0.7),
    "employment_ends": _Rate("people", 0.0004, 6, 0.7),
    "base_changes": _Rate("people", 0.0015, 20, 0.7),
    "new_addresses": _Rate("people", 0.0010, 20, 0.7),
    "address_changes": _Rate("people", 0.0020, 40, 0.7),
    "address_removals": _Rate("people", 0.0004, 8, 0.7),
    "new_buildings": _Rate("people", 0.00003, 6),
    "building_changes": _Rate("people", 0.0006, 30),
    "new_points": _Rate("people", 0.0005, 10),
    "point_changes": _Rate("people", 0.0020, 40),
}


def preset(name: str) -> Preset:
    """The preset of that name; raises SettingsError for another name."""
    if name not in PRESETS:
        raise SettingsError("no such size of province", found=name, allowed=", ".join(PRESETS))
    return PRESETS[name]


def volumes(size: Preset, day: date) -> dict[str, int]:
    """How many events of each kind happen on `day`."""
    weekend = day.weekday() >= 5
    scale = {"people": size.people, "organizations": size.organizations}
    return {
        name: max(rate.least, round(scale[rate.of] * rate.share * (rate.weekend if weekend else 1.0)))
        for name, rate in _RATES.items()
    }
