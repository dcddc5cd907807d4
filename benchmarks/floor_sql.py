"""The hand-written SQL of the floor, which the tuned glue uses too: plain text, for exactly the register's 13 columns.

It means what the macros of the standards mean, as far as these columns need it: placeholders are no values, full-width
and padded values are made regular, a citizen number and a USCC must have their check character (GB 11643-1999,
GB 32100-2015), a county must be one, a rejected row has all its reasons.
"""

MACROS = r"""
CREATE TEMP MACRO narrow(x) AS
    trim(CASE WHEN strlen(x) <> length(x) THEN translate(x, '０１２３４５６７８９Ｘ　', '0123456789X ') ELSE x END);
CREATE TEMP MACRO single_spaced(x) AS
    CASE WHEN strpos(x, ' ') > 0 THEN trim(regexp_replace(x, ' +', ' ', 'g')) ELSE x END;
CREATE TEMP MACRO filled(x) AS
    CASE WHEN x NOT IN ('', '-', '--', '/', '无', '空', '不详', 'null', 'NULL', '\N') THEN x END;
-- Positions 1-17 as one number: digit i is Q_i - 10 Q_(i-1), and -10 is 1 modulo 11, so no digit is extracted.
CREATE TEMP MACRO id_check(n) AS substr('10X98765432', (((n // 10000000000000000) * 5 + (n // 1000000000000000) * 8
    + (n // 100000000000000) * 4 + (n // 10000000000000) * 2 + (n // 1000000000000) + (n // 100000000000) * 6
    + (n // 10000000000) * 3 + (n // 1000000000) * 7 + (n // 100000000) * 9 + (n // 10000000) * 10
    + (n // 1000000) * 5 + (n // 100000) * 8 + (n // 10000) * 4 + (n // 1000) * 2 + (n // 100) + (n // 10) * 6
    + n * 2) % 11 + 1)::INTEGER, 1);
CREATE TEMP MACRO value31(c) AS ([0,1,2,3,4,5,6,7,8,9,NULL,NULL,NULL,NULL,NULL,NULL,NULL,10,11,12,13,14,15,16,17,
    NULL,18,19,20,21,22,NULL,23,24,25,NULL,26,27,NULL,28,29,30,NULL])[ascii(c) - 47];
CREATE TEMP MACRO unit_check(u) AS substr('0YXWUTRQPNMLKJHGFEDCBA987654321', (value31(u[1]) + value31(u[2]) * 3
    + value31(u[3]) * 9 + value31(u[4]) * 27 + value31(u[5]) * 19 + value31(u[6]) * 26 + value31(u[7]) * 16
    + value31(u[8]) * 17 + value31(u[9]) * 20 + value31(u[10]) * 29 + value31(u[11]) * 25 + value31(u[12]) * 13
    + value31(u[13]) * 8 + value31(u[14]) * 24 + value31(u[15]) * 10 + value31(u[16]) * 30 + value31(u[17]) * 28)
    % 31 + 1, 1);
"""

ID_VALID, UNIT_VALID = "id_check(body) = citizen_id[18]", "unit_check(unit) = unit[18]"
"""The check characters: what the usual glue replaces with functions of python-stdnum."""

TABLE = """
CREATE TABLE IF NOT EXISTS register (register_number VARCHAR, citizen_id VARCHAR, name VARCHAR, sex VARCHAR,
    ethnic VARCHAR, birth_date DATE, hukou_region VARCHAR, hukou_address VARCHAR, residence_address VARCHAR,
    phone VARCHAR, employer_uscc VARCHAR, marital VARCHAR, changed TIMESTAMP)
"""

# {source}: the landed rows with a row_number; {regions}: the county codes; {end}: where the day ends.
STANDARDIZE = r"""
CREATE TEMP TABLE day AS
WITH texts AS (
    SELECT rybh AS register_number, narrow(gmsfhm) AS citizen_id, filled(single_spaced(xm)) AS name, filled(xb) AS sex,
        filled(mz) AS ethnic, filled(csrq) AS born, try_strptime(csrq, '%Y%m%d')::DATE AS birth_date,
        filled(ssxq) AS hukou_region, filled(single_spaced(hkdz)) AS hukou_address,
        filled(single_spaced(jzdz)) AS residence_address, filled(narrow(lxdh)) AS phone, filled(dwdm) AS unit,
        filled(hyzk) AS marital, gxsj AS changed, row_number
    FROM {source}
), numbers AS (
    SELECT *, TRY_CAST(left(citizen_id, 17) AS BIGINT) AS body,
        try_strptime(substr(citizen_id, 7, 8), '%Y%m%d')::DATE AS id_birth
    FROM texts
)
SELECT register_number, citizen_id, name, CASE WHEN sex IN ('0', '1', '2', '9') THEN sex END AS sex,
    CASE WHEN length(ethnic) = 2 AND (ethnic BETWEEN '01' AND '56' OR ethnic IN ('97', '98')) THEN ethnic END AS ethnic,
    CASE WHEN birth_date NOT IN (DATE '1900-01-01', DATE '1970-01-01') THEN birth_date END AS birth_date,
    hukou_region, hukou_address, residence_address,
    CASE WHEN regexp_full_match(phone, '1[3-9]\d{{9}}') THEN phone END AS phone,
    CASE WHEN regexp_full_match(unit, '[0-9A-HJ-NPQRTUWXY]{{2}}\d{{6}}[0-9A-HJ-NPQRTUWXY]{{10}}') AND {unit_valid}
        THEN unit END AS employer_uscc,
    CASE WHEN marital IN ('10', '20', '21', '22', '23', '30', '40', '90') THEN marital END AS marital, changed,
    row_number,
    concat_ws(' ',
        CASE WHEN NOT coalesce(regexp_full_match(citizen_id, '[1-9]\d{{16}}[\dX]'), FALSE) THEN 'ID-01' END,
        CASE WHEN coalesce(id_birth < '1880-01-01', TRUE) THEN 'ID-03' END,
        CASE WHEN NOT ({id_valid}) THEN 'ID-02' END,
        CASE WHEN name IS NULL THEN 'NAME' END,
        CASE WHEN sex IS NULL THEN 'SEX' END,
        CASE WHEN birth_date IS NULL AND born IS NOT NULL THEN 'DATE' END,
        CASE WHEN hukou_region NOT IN ({regions}) THEN 'REGION' END,
        CASE WHEN sex IN ('1', '2') AND (sex = '1') <> (citizen_id[17] IN ('1', '3', '5', '7', '9')) THEN 'SEX-ID' END,
        CASE WHEN changed IS NULL OR changed >= '{end}' THEN 'FUTURE' END) AS reasons
FROM numbers
"""

# {source}: as above. The raw rows with their reasons.
REJECTED = """
COPY (SELECT r.*, d.reasons FROM {source} r
    JOIN (SELECT row_number, reasons FROM day WHERE reasons <> '') d ON r.row_number = d.row_number)
TO '{quarantine}' (FORMAT parquet, COMPRESSION zstd)
"""

# 18 figures in one scan. `accepted`, `rejected`, then the rows that break each rule, then the filled ones.
CHECKS = r"""
SELECT count(*) FILTER (reasons = '') AS accepted, count(*) FILTER (reasons <> '') AS rejected,
    count_if(ok AND register_number IS NULL), count_if(ok AND changed IS NULL), count_if(ok AND citizen_id IS NULL),
    count_if(ok AND name IS NULL), count_if(ok AND sex IS NULL),
    count_if(ok AND NOT regexp_full_match(citizen_id, '[1-9]\d{16}[0-9X]')),
    count_if(ok AND NOT regexp_full_match(hukou_region, '\d{6}')),
    count_if(ok AND NOT regexp_full_match(employer_uscc, '[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}')),
    count_if(ok AND birth_date NOT BETWEEN '1800-01-01' AND '2200-12-31'),
    count_if(ok AND NOT sex IN ('0', '1', '2', '9')), count_if(ok AND length(phone) <> 11),
    count_if(ok AND NOT marital BETWEEN '10' AND '90'), count_if(ok AND strlen(register_number) > 200),
    count(CASE WHEN ok THEN birth_date END), count(CASE WHEN ok THEN hukou_region END),
    count(CASE WHEN ok THEN hukou_address END)
FROM (SELECT *, reasons = '' AS ok FROM day)
"""

# The newest row of a key wins; only keys that occur twice pay for it.
DEDUPE = """
CREATE TEMP TABLE twice AS SELECT register_number, max(changed) AS newest
    FROM day WHERE reasons = '' GROUP BY register_number HAVING count(*) > 1;
DELETE FROM day USING twice
    WHERE day.register_number = twice.register_number AND day.reasons = '' AND day.changed < twice.newest;
"""

MERGE = """
BEGIN;
DELETE FROM register USING day WHERE register.register_number = day.register_number AND day.reasons = '';
INSERT INTO register SELECT * EXCLUDE (row_number, reasons) FROM day WHERE reasons = '';
COMMIT;
CHECKPOINT;
"""


def judged(counts: tuple[int, ...]) -> dict[str, int]:
    """Accepted and rejected rows; raises ValueError where a check fails, as a script would stop."""
    accepted, rejected, *broken = counts[:-3]
    born, region, address = (filled / max(accepted, 1) for filled in counts[-3:])
    if any(broken) or rejected > 0.2 * (accepted + rejected) or born < 0.98 or region < 0.95 or address < 0.9:
        raise ValueError(f"the day does not pass: {counts}")
    return {"accepted": accepted, "rejected": rejected}
