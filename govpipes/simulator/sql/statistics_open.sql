-- Indicators and how they go over the years; the figures themselves are made by statistics_day.sql.

-- level: the lowest one with figures (1 province, 2 prefecture, 3 county). follows: whose yearly trend the figures are parts of; none
-- for an index. by_industry: also by the three industries.
CREATE TABLE province.indicator (
    iid BIGINT, code VARCHAR, name VARCHAR, unit VARCHAR, frequency VARCHAR, level VARCHAR, method VARCHAR, follows BIGINT,
    by_industry BOOLEAN);
INSERT INTO province.indicator VALUES
    (1, 'A0101', '地区生产总值', '亿元', '年度', '3', '生产法、现价', 1, true),
    (2, 'A0301', '年末常住人口', '万人', '年度', '3', '人口普查和年度抽样推算', 2, false),
    (3, 'A0801', '一般公共预算收入', '亿元', '年度', '2', '财政决算', 3, false),
    (4, 'A0701', '全社会用电量', '亿千瓦时', '年度', '2', '电力企业全面统计', 4, false),
    (5, 'A0D01', '粮食总产量', '万吨', '年度', '1', '抽样调查', 5, false),
    (6, 'B0101', '地区生产总值_当季值', '亿元', '季度', '2', '生产法、现价', 1, true),
    (7, 'C0101', '居民消费价格指数(上年同月=100)', '%', '月度', '2', '抽样调查', NULL, false),
    (8, 'C0701', '全社会用电量_当期值', '亿千瓦时', '月度', '2', '电力企业全面统计', 4, false);

-- The whole province's figures at some years; between them they grow evenly. Rounded, for practice only.
CREATE TABLE province.trend AS
WITH anchor(iid, year, value) AS (VALUES
    (1, 1949, 25.0), (1, 1978, 249.0), (1, 1990, 1417.0), (1, 2000, 8554.0), (1, 2010, 41384.0), (1, 2024, 137008.0), (1, 2060, 550000.0),
    (2, 1949, 3512.0), (2, 1978, 5834.0), (2, 1990, 6767.0), (2, 2010, 7869.0), (2, 2024, 8526.0), (2, 2060, 7800.0),
    (3, 1949, 1.6), (3, 1978, 61.0), (3, 1990, 136.0), (3, 2000, 448.0), (3, 2010, 4080.0), (3, 2024, 10039.0), (3, 2060, 30000.0),
    (4, 1949, 1.8), (4, 1978, 138.0), (4, 1990, 412.0), (4, 2000, 971.0), (4, 2010, 3864.0), (4, 2024, 8487.0), (4, 2060, 16000.0),
    (5, 1949, 749.0), (5, 1978, 2401.0), (5, 1990, 3264.0), (5, 2010, 3235.0), (5, 2024, 3810.0), (5, 2060, 4000.0)),
stretch AS (
    SELECT *, lead(year) OVER w AS next_year, lead(value) OVER w AS next_value FROM anchor WINDOW w AS (PARTITION BY iid ORDER BY year))
SELECT iid, y::INTEGER AS year, value * pow(next_value / value, (y - year) / (next_year - year)) AS value
FROM stretch, range(1949, 2060) r(y) WHERE y >= year AND y < next_year;

-- Which codes there are at the end of a year, and each one's part of the province: prefectures, and the counties of one
-- prefecture. Before 1980 (GB/T 2260 is of that time) only the province has figures.
CREATE TABLE province.area AS
WITH listed AS (
    SELECT y::INTEGER AS year, code, '2' AS level, NULL AS parent
    FROM (SELECT DISTINCT code FROM region WHERE level = '2'), range(1980, 2060) r(y)
    WHERE region_valid(code, make_date(y::INTEGER, 12, 31))
    UNION ALL
    SELECT DISTINCT y, v.code, '3', left(v.code, 4) || '00'
    FROM read_csv(getvariable('validity_file'), types = {'code': 'VARCHAR'}) v, range(1980, 2060) r(y)
    WHERE starts_with(v.code, left(getvariable('region_prefix') || '01', 4))
      AND y BETWEEN v.first_yearend AND if(v.current = 1, 2060, v.last_yearend)),
sized AS (
    SELECT l.*, coalesce(c.people / 1000000, 0.4 + draw('area', l.code)) AS size
    FROM listed l LEFT JOIN (SELECT city_code, sum(people) AS people FROM province.region GROUP BY ALL) c ON c.city_code = l.code),
shared AS (SELECT *, size / sum(size) OVER (PARTITION BY year, parent) AS own FROM sized)
SELECT s.year, s.code, s.level, s.own * coalesce(p.own, 1) AS part
FROM shared s LEFT JOIN shared p ON p.year = s.year AND p.code = s.parent
UNION ALL SELECT y, '320000', '1', 1 FROM range(1949, 2060) r(y);

CREATE TABLE province.observation (
    sid BIGINT, dataset VARCHAR, iid BIGINT, region VARCHAR, period VARCHAR, dimension VARCHAR, value DECIMAL(18, 2),
    status VARCHAR, revision INTEGER, published_on DATE);

INSERT INTO province.touched SELECT 'indicator', iid FROM province.indicator;
