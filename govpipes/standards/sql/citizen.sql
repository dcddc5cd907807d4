-- GB 11643-1999 citizen identification number 公民身份号码 and its relatives (DOMAIN.md §1.1).
-- AAAAAA YYYYMMDD SSS C: region of first registration, birth, sequence (odd = male), check by ISO 7064 MOD 11-2.

-- Check character of the first 17 digits. With Q_i the number made of the first i digits, digit i is Q_i - 10 Q_(i-1);
-- modulo 11, -10 is 1, so the weighted sum is the sum of Q_i * (w_i + w_(i+1)): integer divisions, no digit extracted.
-- Weights 7 9 10 5 8 4 2 1 6 3 7 9 10 5 8 4 2. NULL when the body is not 17 digits.
CREATE TEMP MACRO citizen_id_check_of(body) AS substr('10X98765432', CAST((
    (body // 10000000000000000) * 5 + (body // 1000000000000000) * 8 + (body // 100000000000000) * 4
    + (body // 10000000000000) * 2 + (body // 1000000000000) + (body // 100000000000) * 6 + (body // 10000000000) * 3
    + (body // 1000000000) * 7 + (body // 100000000) * 9 + (body // 10000000) * 10 + (body // 1000000) * 5
    + (body // 100000) * 8 + (body // 10000) * 4 + (body // 1000) * 2 + (body // 100) + (body // 10) * 6 + body * 2
    ) % 11 AS INTEGER) + 1, 1);
CREATE TEMP MACRO citizen_id_check(body17) AS CASE WHEN regexp_full_match(body17, '\d{17}') THEN
    list_transform([CAST(body17 AS BIGINT)], lambda id_body: citizen_id_check_of(id_body))[1] END;

-- The same for a text known to be 17 digits.
CREATE TEMP MACRO citizen_id_check_of_text(body17) AS
    list_transform([CAST(body17 AS BIGINT)], lambda id_number: citizen_id_check_of(id_number))[1];

-- Birth date in positions 7-14, NULL when there is no such day (also for the 15-character foreign layout).
CREATE TEMP MACRO citizen_id_birth(id) AS CASE WHEN strlen(id) = 18 THEN
    CAST(try_strptime(substr(id, 7, 8), '%Y%m%d') AS DATE) END;
-- '1' male, '2' female (GB/T 2261.1), from the parity of position 17.
CREATE TEMP MACRO citizen_id_sex(id) AS CASE WHEN strlen(id) = 18 THEN
    CASE WHEN substr(id, 17, 1) IN ('1', '3', '5', '7', '9') THEN '1' ELSE '2' END END;
-- Region of first registration (never changes, so it may be long retired); NULL for foreign layouts.
CREATE TEMP MACRO citizen_id_region(id) AS CASE WHEN strlen(id) = 18 AND id[1] <> '9' THEN left(id, 6) END;

-- 15 digits -> 18: century 19, or 18 for the sequences 996-999 of centenarians; then the check character.
CREATE TEMP MACRO upgrade_citizen_id(id15) AS CASE WHEN regexp_full_match(id15, '\d{15}') THEN
    list_transform([left(id15, 6) || CASE WHEN right(id15, 3) >= '996' THEN '18' ELSE '19' END || substr(id15, 7)],
        lambda upgraded: upgraded || citizen_id_check_of(CAST(upgraded AS BIGINT)))[1] END;

-- Everything written by hand or spreadsheet, made regular: `320…401ｘ`, `320… …401Ⅹ`, `'320…`, `320…4010.0`.
CREATE TEMP MACRO citizen_id_clean(raw) AS
    regexp_replace(regexp_replace(regexp_replace(fold_code(raw), '[-]', '', 'g'), '^(\d{15}|\d{18})\.0+$', '\1'), '^(\d{17})[Хх*×]$', '\1X');
CREATE TEMP MACRO std_citizen_id(raw) AS CASE
    WHEN regexp_full_match(raw, '[1-9]\d{16}[\dX]') THEN raw
    WHEN regexp_full_match(fold_digits(raw), '[1-9]\d{16}[\dX]') THEN fold_digits(raw)
    ELSE list_transform([citizen_id_clean(raw)], lambda id_text: CASE
        WHEN regexp_full_match(id_text, '[1-9]\d{16}[\dX]') THEN id_text
        WHEN regexp_full_match(id_text, '[1-8]\d{14}') THEN upgrade_citizen_id(id_text)
        WHEN regexp_full_match(id_text, '[A-Z]{3}\d{12}') THEN id_text END)[1] END;

-- ID-10: one digit repeated, 123456…, no region, 11111119000101….
CREATE TEMP MACRO citizen_id_is_placeholder(text) AS
    regexp_matches(text, '^(123456|000000|11111119000101|1{8}|2{8}|3{8}|4{8}|5{8}|6{8}|7{8}|8{8}|9{8}|[1-9]0{10})');
-- Whether an irregular text gave 15 digits, of whatever width, perhaps as a spreadsheet's decimal.
CREATE TEMP MACRO citizen_id_was_short(raw) AS
    length(regexp_replace(regexp_replace(raw, '[.．][0０]+\PN*$', ''), '\PN', '', 'g')) = 15;
CREATE TEMP MACRO citizen_id_shape_error(id_text) AS CASE
    WHEN regexp_matches(id_text, '^\d(\.\d+)?E\+?\d+$') THEN 'ID-09'
    WHEN strlen(id_text) >= 6 AND citizen_id_is_placeholder(id_text) THEN 'ID-10'
    ELSE 'ID-01' END;
CREATE TEMP MACRO err_citizen_id(raw, value) AS CASE
    WHEN value IS NULL THEN list_transform([replace(bare_code(raw), '-', '')], lambda id_broken: citizen_id_shape_error(id_broken))[1]
    WHEN strlen(value) = 15 THEN NULL
    WHEN citizen_id_is_placeholder(value) THEN 'ID-10'
    WHEN coalesce(citizen_id_birth(value) < DATE '1880-01-01', true) THEN 'ID-03'
    WHEN citizen_id_check_of_text(left(value, 17)) <> right(value, 1)
        THEN CASE WHEN ends_with(value, '000') THEN 'ID-09' ELSE 'ID-02' END
    WHEN raw <> value AND citizen_id_was_short(raw) AND citizen_id_is_placeholder(left(value, 6) || substr(value, 9, 9))
        THEN 'ID-10' END;

-- Hong Kong, Macao and Taiwan residents (810000, 820000, 830000) and foreigners (9 + province + country) have no county.
CREATE TEMP MACRO citizen_id_region_known(id) AS CASE
    WHEN starts_with(id, '32') THEN region_place(substr(id, 3, 4)) > '0'
    WHEN id[1] IN ('8', '9') THEN regexp_matches(id, '^(8[123]0000|9(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5])\d{3})')
    ELSE region_form(left(id, 6)) END;
CREATE TEMP MACRO flag_citizen_id(raw, value, day) AS CASE
    WHEN strlen(value) = 15 THEN NULL
    WHEN substr(value, 7, 8) > strftime(day, '%Y%m%d') THEN 'ID-13'
    WHEN NOT citizen_id_region_known(value) THEN 'ID-04'
    WHEN ends_with(value, '000') THEN 'ID-14'
    WHEN raw <> value THEN CASE WHEN citizen_id_was_short(raw) THEN 'ID-11' ELSE 'ID-12' END
    -- outside Jiangsu nobody knows here when a code began
    WHEN starts_with(value, '32') AND CAST(substr(region_place(substr(value, 3, 4)), 4, 4) AS INTEGER)
        > CAST(substr(value, 7, 4) AS INTEGER) + 1 THEN 'ID-05' END;
