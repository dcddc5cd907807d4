-- GB/T 2260 region codes and their history, GB/T 10114 township codes (DOMAIN.md §1.5, §1.6).
-- Jiangsu's codes are known one by one, with their intervals (region.csv, made by build_regions.py). For the other
-- provinces only the province is known here, so there a county code is checked by its prefix and form alone.
--
-- Constants made at install from the CSVs (constant lists are folded once, but not inside a lambda: there is none on the
-- way of a regular value):
--   region_book()      'NNNFFFFEEEESSSSSS' of each code, at the place of its last four digits (blank where there is no code):
--                      number of its first row, first year, first year after the last (9999 while current), the code
--                      its whole area has today ('------': none); one text, because a cut from plain ASCII costs nothing
--   region_rows()      'CCCCCC FFFF TTTT L successor,successor…|name' ordered by code: valid from the year FFFF until before TTTT
--   township_groups()  by row number: ';TTT;TTT…' the townships of a county
--   region_name_keys(), region_name_codes()   unambiguous names of current counties; region_name_pattern()

CREATE TEMP MACRO province_pattern() AS '(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5])';
-- 'NNNFFFFEEEESSSSSS' of the Jiangsu code that ends with these four digits, blank when it never was one.
CREATE TEMP MACRO region_place(four_digits) AS substr(region_book(), CAST(four_digits AS INTEGER) * 17 + 1, 17);
-- The same of any text; NULL where it has not the form of such a code.
CREATE TEMP MACRO region_entry(code) AS CASE WHEN regexp_full_match(code, '32\d{4}') THEN region_place(substr(code, 3)) END;
CREATE TEMP MACRO region_number(code) AS TRY_CAST(left(region_entry(code), 3) AS INTEGER);

-- Was this ever a code (any level)? Other provinces: the form only. The macros below name region_entry as seldom as they
-- can: a statement is planned with a copy of the book for each time.
CREATE TEMP MACRO region_form(code) AS
    coalesce(regexp_full_match(code, province_pattern() || '(0000|\d[1-9]\d\d|[1-9]\d\d\d)'), false);
CREATE TEMP MACRO region_entry_known(code, entry) AS CASE WHEN starts_with(code, '32') THEN coalesce(entry > '0', false)
    ELSE region_form(code) END;
CREATE TEMP MACRO region_known(code) AS region_entry_known(code, region_entry(code));
CREATE TEMP MACRO region_current(code) AS CASE WHEN starts_with(code, '32')
    THEN coalesce(substr(region_entry(code), 8, 4) = '9999', false) ELSE region_form(code) END;
-- Was this code valid on the day? The year of a change belongs to both the old and the new code; years in which a code
-- reused later rested (320702-320705, 1984-85) count as valid.
CREATE TEMP MACRO region_entry_valid(code, entry, day) AS CASE WHEN starts_with(code, '32')
    THEN coalesce(strftime(day, '%Y') >= substr(entry, 4, 4) AND strftime(day, '%Y') < substr(entry, 8, 4), false)
    ELSE region_form(code) END;
CREATE TEMP MACRO region_valid(code, day) AS region_entry_valid(code, region_entry(code), day);
-- Up to four rows of one code, the latest last.
CREATE TEMP MACRO region_rows_of(code) AS
    list_filter(region_rows()[region_number(code) : region_number(code) + 3], lambda row_text: starts_with(row_text, code));
-- The name the code had on the day; the newer of two in the year of a change. NULL outside Jiangsu.
CREATE TEMP MACRO region_name(code, day) AS string_split(list_filter(region_rows_of(code), lambda row_named:
    substr(row_named, 8, 4) <= strftime(day, '%Y') AND substr(row_named, 13, 4) > strftime(day, '%Y'))[-1], '|')[2];
-- The code its whole area has today; the code itself while current, and when it was split or its successor is unknown.
CREATE TEMP MACRO region_latest(code) AS CASE WHEN starts_with(code, '32')
    THEN coalesce(CAST(TRY_CAST(substr(region_entry(code), 12, 6) AS INTEGER) AS VARCHAR), code) ELSE code END;
-- The code under which the whole area lives on, as of the day; NULL when it was split (REG-03) or is unknown.
CREATE TEMP MACRO region_successor_of(code, entry, day) AS CASE
    WHEN region_entry_valid(code, entry, day) THEN code
    WHEN year(day) >= 2021 THEN CASE WHEN substr(entry, 12, 6) > '0' THEN substr(entry, 12, 6) END
    ELSE list_filter(string_split(string_split(substr(region_rows_of(code)[-1], 20), '|')[1], ','),
        lambda successor: successor <> '' AND region_valid(successor, day))[1] END;
CREATE TEMP MACRO region_successor(code, day) AS region_successor_of(code, region_entry(code), day);

-- Six digits; nine- and twelve-digit codes are cut, a name that only one current county has becomes its code.
CREATE TEMP MACRO region_from_text(raw) AS list_transform([regexp_replace(fold_code(raw), '\.0+$', '')], lambda code_text: CASE
    WHEN regexp_full_match(code_text, '\d{6}(\d{3}|\d{6})?') THEN left(code_text, 6)
    ELSE region_name_codes()[list_position(region_name_keys(), code_text)] END)[1];
CREATE TEMP MACRO region_digits(raw) AS CASE WHEN regexp_full_match(raw, '\d{6}') THEN raw ELSE region_from_text(raw) END;
CREATE TEMP MACRO region_is_functional(code) AS
    list_contains(code_keys_functional_zone(), code) OR list_contains(code_keys_registration_authority_region(), code);
-- xx00, xx01 (市辖区), xx90: not a county.
CREATE TEMP MACRO region_is_wide(code) AS right(code, 2) IN ('00', '01', '90') AND region_known(left(code, 4) || '00');

CREATE TEMP MACRO std_region_code(raw, retired := 'keep') AS CASE
    WHEN retired = 'keep' THEN region_digits(raw)
    WHEN regexp_full_match(raw, '\d{6}') THEN region_latest(raw)
    ELSE list_transform([region_from_text(raw)], lambda region_given: region_latest(region_given))[1] END;
CREATE TEMP MACRO err_region_code(raw, value, retired := 'keep') AS CASE
    WHEN value IS NULL THEN 'REG-01'
    WHEN region_known(value) OR region_is_wide(value) OR region_is_functional(value) THEN NULL
    ELSE 'REG-01' END;
-- What there is to say of a code that is not simply right; `entry` is region_entry(value), named once for the plan's sake.
CREATE TEMP MACRO region_doubt(raw, value, day, entry) AS CASE
    WHEN region_is_functional(value) AND NOT region_entry_known(value, entry) THEN 'REG-07'
    WHEN region_is_wide(value) THEN NULL
    WHEN NOT region_entry_valid(value, entry, day) THEN
        CASE WHEN region_successor_of(value, entry, day) IS NULL THEN 'REG-03' ELSE 'REG-02' END
    WHEN region_digits(raw) <> value THEN 'REG-02'
    WHEN NOT regexp_matches(raw, '\d') THEN 'REG-08' END;
CREATE TEMP MACRO region_flag(raw, value, day) AS CASE
    WHEN raw = value AND region_current(value) THEN NULL
    ELSE list_transform([region_entry(value)], lambda entry: region_doubt(raw, value, day, entry))[1] END;
CREATE TEMP MACRO flag_region_code(raw, value, day, retired := 'keep') AS CASE
    WHEN raw = value AND right(value, 2) NOT IN ('00', '01', '90') AND region_current(value) THEN NULL
    WHEN region_is_wide(value) THEN 'REG-06' ELSE region_flag(raw, value, day) END;
CREATE TEMP MACRO std_region_code_any(raw, retired := 'keep') AS std_region_code(raw, retired := retired);
CREATE TEMP MACRO err_region_code_any(raw, value, retired := 'keep') AS err_region_code(raw, value);
CREATE TEMP MACRO flag_region_code_any(raw, value, day, retired := 'keep') AS region_flag(raw, value, day);

-- Townships: county + 3 digits; the statistical 12-digit form ending in 000 is cut. Communities: 12 digits.
CREATE TEMP MACRO township_known(code9) AS CASE
    WHEN starts_with(code9, '32') THEN
        coalesce(strpos(township_groups()[region_number(left(code9, 6))], ';' || substr(code9, 7, 3)) > 0, false)
    ELSE region_known(left(code9, 6)) END;
CREATE TEMP MACRO std_township_code(raw) AS
    nullif(regexp_extract(regexp_replace(fold_code(raw), '\.0+$', ''), '^(\d{9})(000)?$', 1), '');
CREATE TEMP MACRO err_township_code(raw, value) AS CASE
    WHEN value IS NULL OR NOT region_known(left(value, 6)) THEN 'TOWN-01' END;
CREATE TEMP MACRO flag_township_code(raw, value, day) AS CASE WHEN NOT township_known(value) THEN 'TOWN-02' END;
CREATE TEMP MACRO std_community_code(raw) AS
    nullif(regexp_extract(regexp_replace(fold_code(raw), '\.0+$', ''), '^\d{12}$'), '');
CREATE TEMP MACRO err_community_code(raw, value) AS CASE
    WHEN value IS NULL OR NOT region_known(left(value, 6)) THEN 'COM-01' END;
CREATE TEMP MACRO flag_community_code(raw, value, day) AS CASE WHEN NOT township_known(left(value, 9)) THEN 'COM-02' END;
