-- Figures of the periods published after `from_day`, up to `day`; and revisions of those published before.

SET VARIABLE last_observation = (SELECT coalesce(max(sid), 0) FROM province.observation);

-- A year is published on 20 January, a quarter on the 18th of the month after it, a month on the 15th of the next.
INSERT INTO province.observation
WITH timed AS (
    SELECT '年度' AS frequency, y::INTEGER AS year, y::VARCHAR AS period, make_date(y::INTEGER + 1, 1, 20) AS published_on,
           1.0 AS part
    FROM range(1949, 2060) r(y)
    UNION ALL
    SELECT '季度', y::INTEGER, y || 'Q' || q, (make_date(y::INTEGER, 3 * q::INTEGER - 2, 18) + INTERVAL 3 MONTH)::DATE,
           [0.235, 0.250, 0.247, 0.268][q] FROM range(1992, 2060) r(y), range(1, 5) s(q)
    UNION ALL
    SELECT '月度', y::INTEGER, y || '-' || lpad(m::VARCHAR, 2, '0'), (make_date(y::INTEGER, m::INTEGER, 15) + INTERVAL 1 MONTH)::DATE,
           (1 + 0.15 * cos((m - 7.5) * pi() / 3)) / 12 FROM range(2015, 2060) r(y), range(1, 13) s(m)),
placed AS (
    SELECT t.*, i.iid, i.follows, a.code AS region, a.part AS share, d.dimension,
           greatest(0.04, 0.55 - 0.0078 * (t.year - 1949)) AS farming
    FROM timed t
    JOIN province.indicator i ON i.frequency = t.frequency
    -- the shorter the period, the fewer the places: the province and one prefecture
    JOIN province.area a ON a.year = t.year AND a.level <= i.level
        AND (t.frequency = '年度' OR a.level = '1' OR a.code = left(getvariable('region_prefix') || '01', 4) || '00')
    JOIN (VALUES ('合计'), ('第一产业'), ('第二产业'), ('第三产业')) d(dimension)
        ON d.dimension = '合计' OR (i.by_industry AND a.level <= if(t.frequency = '年度', '1', '2'))
    WHERE t.published_on > getvariable('from_day') AND t.published_on <= getvariable('day')),
valued AS (
    SELECT p.*, CASE WHEN p.follows IS NULL THEN 101.8 + 2.5 * (draw('price', p.region || p.period) - 0.5)
        ELSE r.value * p.part * p.share * (1 + 0.02 * (draw('figure', p.iid || p.region || p.period) - 0.5))
            * CASE p.dimension WHEN '合计' THEN 1 WHEN '第一产业' THEN farming ELSE (1 - farming) * 0.5 END END AS value
    FROM placed p
    LEFT JOIN province.trend r ON r.year = p.year AND r.iid = p.follows),
-- What was published long ago has been verified since, some eleven months later.
aged AS (SELECT *, published_on < getvariable('day') - 400 AS verified FROM valued)
SELECT getvariable('last_observation') + row_number() OVER (ORDER BY published_on, iid, period, region, dimension),
       if(frequency = '月度', 'monthly_statistics', 'statistical_series'), iid, region, period, dimension,
       greatest(0.01, value)::DECIMAL(18, 2), if(verified, '最终核实', '初步核算'), if(verified, 1, 0),
       if(verified, published_on + 330, published_on)
FROM aged;

-- In the last days of a quarter the office revises what is not final yet: once, and another time finally. Price indices stay.
CREATE OR REPLACE TEMP TABLE revised AS
SELECT sid FROM province.observation JOIN province.indicator USING (iid)
WHERE status <> '最终核实' AND published_on < getvariable('day') - 20 AND sid <= getvariable('last_observation')
  AND month(getvariable('day')) % 3 = 0 AND day(getvariable('day')) >= 25 AND follows IS NOT NULL
  AND sid NOT IN (SELECT entity FROM province.open_fault WHERE subject = 'observation')
QUALIFY row_number() OVER (PARTITION BY dataset ORDER BY lot('revision', sid)) <= 5;
UPDATE province.observation SET
    value = greatest(0.01, round(value * (1 + 0.02 * (draw_today('revised value', sid) - 0.5)), 2)),
    status = if(revision = 0, '修订', '最终核实'), revision = revision + 1, published_on = getvariable('day')
WHERE sid IN (SELECT sid FROM revised);

INSERT INTO province.touched
SELECT 'observation', sid FROM province.observation WHERE sid > getvariable('last_observation')
UNION ALL SELECT 'observation', sid FROM revised;
INSERT INTO province.outbox
SELECT dataset, sid, getvariable('day'), if(sid > getvariable('last_observation'), getvariable('what'), 'change')
FROM province.observation
WHERE sid > getvariable('last_observation') OR sid IN (SELECT sid FROM revised);
