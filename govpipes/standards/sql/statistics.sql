-- Statistical periods, and the division codes of their time.

-- `2024`, `2024Q1`, `2024-01` (GB/T 7408.1; SDMX for the quarter); also 2024年, 2024年度, 2024年一季度, 2024-Q1, 2024年1月, 202401.
-- Not 2024.1: a spreadsheet makes it of October as well as of January.
CREATE TEMP MACRO period_of(words) AS CASE
    WHEN regexp_full_match(words, '(19|20)\d\d(年度?)?') THEN left(words, 4)
    WHEN regexp_full_match(words, '(19|20)\d\d(年第?[1-4一二三四]季度?|-?Q[1-4])')
        THEN left(words, 4) || 'Q' || translate(regexp_extract(words[5:], '[1-4一二三四]'), '一二三四', '1234')
    WHEN regexp_full_match(words, '(19|20)\d\d([-/]?(0[1-9]|1[0-2])|[-/][1-9]|年(0?[1-9]|1[0-2])月份?)')
        THEN left(words, 4) || '-' || lpad(regexp_extract(words[5:], '\d+'), 2, '0') END;
CREATE TEMP MACRO std_statistical_period(raw) AS
    list_transform([regexp_replace(fold_code(raw), '\.0+$', '')], lambda period_text: period_of(period_text))[1];
CREATE TEMP MACRO err_statistical_period(raw, value) AS CASE WHEN value IS NULL THEN 'PERIOD-01' END;
CREATE TEMP MACRO flag_statistical_period(raw, value, day) AS CAST(NULL AS VARCHAR);

-- The first and the last day of a standardized period; the last one may be given itself.
CREATE TEMP MACRO period_start(value) AS CASE strlen(value)
    WHEN 4 THEN TRY_CAST(value || '-01-01' AS DATE)
    WHEN 6 THEN TRY_CAST(left(value, 4) || '-' || lpad(CAST(3 * TRY_CAST(value[6] AS INTEGER) - 2 AS VARCHAR), 2, '0') || '-01' AS DATE)
    WHEN 7 THEN TRY_CAST(value || '-01' AS DATE) END;
CREATE TEMP MACRO last_day_of_period(value) AS CAST(period_start(value)
    + to_months(CASE strlen(value) WHEN 4 THEN 12 WHEN 6 THEN 3 ELSE 1 END) - INTERVAL 1 DAY AS DATE);
CREATE TEMP MACRO std_period_end(raw) AS CASE WHEN regexp_full_match(raw, '(19|20)\d\d-\d\d-\d\d') THEN TRY_CAST(raw AS DATE) ELSE
    list_transform([std_statistical_period(raw)], lambda ending_period: last_day_of_period(ending_period))[1] END;
CREATE TEMP MACRO err_period_end(raw, value) AS CASE WHEN value IS NULL THEN 'PERIOD-01' END;
CREATE TEMP MACRO flag_period_end(raw, value, day) AS CAST(NULL AS VARCHAR);

-- A division's code in a series (GB/T 2260): right when it was valid at the end of its period, however long retired. `other` is the period.
CREATE TEMP MACRO std_region_code_of_period(raw, other := NULL) AS std_region_code(raw);
CREATE TEMP MACRO err_region_code_of_period(raw, value, other := NULL) AS err_region_code(raw, value);
CREATE TEMP MACRO flag_region_code_of_period(raw, value, day, other := NULL) AS list_transform([std_period_end(other)], lambda period_last_day:
    CASE WHEN period_last_day IS NOT NULL AND NOT region_valid(value, period_last_day)
         THEN CASE WHEN region_successor(value, period_last_day) IS NULL THEN 'REG-03' ELSE 'REG-02' END END)[1];
