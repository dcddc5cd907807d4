"""What happens in the province: the order of the SQL scripts for the opening and for a day.

All of it changes only `province`; nothing here reaches a department's system.
"""

from govpipes.simulator.world import World


def open_stock(world: World) -> None:
    """Everything there is at the end of the day before the first."""
    world.set(what="opening")
    for name in (
        "geography_regions",
        "lists",
        "geography_open",
        "population_open",
        "population_number",
        "population_open_events",
        "organizations_open",
    ):
        world.run(name)
    _found_organizations(world)
    world.run("organizations_number")
    world.run("organizations_open_events")
    world.run("credit")
    world.set(
        licences=max(300, world.preset.people // 10),
        penalties=max(200, world.preset.people // 40),
        defaulters=max(100, world.preset.people // 80),
        defaulter_exits=0,
        commitments=max(300, world.preset.people // 40),
        commitment_ends=0,
    )
    _credit(world, span_days=1000)
    world.run("statistics_open")
    _of_span(world, "statistics_day", days=30_000)  # since 1949
    world.run("certificates")
    world.set(
        certificates=max(1200, world.preset.people // 40),
        certificate_renewals=0,
        certificate_revocations=0,
        certificate_cancellations=0,
    )
    _of_span(world, "certificates_day", days=1900)
    world.run("buildings")
    world.set(new_buildings=max(200, world.preset.people // 10), building_changes=0)
    world.run("buildings_day")
    for name in ("insurance", "insurance_number", "insurance_open_events"):
        world.run(name)


def live_day(world: World) -> None:
    """One day of the province; the day is that of `World.set_day`."""
    world.set(what="new")
    for name in (
        "population_day",
        "population_number",
        "population_day_births",
        "population_number",
        "population_day_arrivals",
        "organizations_day",
        "organizations_number",
        "organizations_day_founded",
    ):
        world.run(name)
    _credit(world, span_days=5)
    _of_span(world, "statistics_day", days=1)
    _of_span(world, "certificates_day", days=1)
    for name in ("insurance_day", "insurance_number"):
        world.run(name)
    world.run("geography_day")
    world.run("buildings_day")
    world.con.execute("DELETE FROM province.agenda WHERE due <= getvariable('day')")


def _found_organizations(world: World) -> None:
    """The opening's organizations by number, kind and date of foundation."""
    world.con.execute(
        "CREATE OR REPLACE TEMP TABLE founded AS SELECT i AS oid, "
        "CASE WHEN i <= getvariable('organizations') "
        "THEN kind_of_organization(i, getvariable('social'), getvariable('institutions')) "
        "WHEN i <= getvariable('organizations') + getvariable('unions') THEN 'union' ELSE 'collective' END AS kind, "
        # collectives are registered, and given their numbers, since 2018
        "getvariable('day') - whole(pow(draw('founded', i), 1.4), 5, if(kind = 'collective', 2500, 9000))::INTEGER "
        "AS established_on "
        "FROM range(1, getvariable('organizations') + getvariable('unions') + getvariable('collectives') + 1) r(i)"
    )


def _of_span(world: World, name: str, days: int) -> None:
    """Runs a script about the last `days` days."""
    world.con.execute("SET VARIABLE from_day = getvariable('day') - ?::INTEGER", [days])
    world.run(name)


def _credit(world: World, span_days: int) -> None:
    last = {
        "last_licence": ("licence", "lid"),
        "last_penalty": ("penalty", "fid"),
        "last_defaulter": ("defaulter", "did"),
    }
    for name, (table, column) in last.items():
        world.con.execute(f"SET VARIABLE {name} = (SELECT coalesce(max({column}), 0) FROM province.{table})")
    _of_span(world, "credit_day", span_days)
    world.run("commitments_day")
