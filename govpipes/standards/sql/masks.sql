-- Masks: what a reader without the right to a value sees. Which element has which mask is in elements.py.
-- A mask never shows a short value: what could be guessed becomes ****.

CREATE TEMP MACRO mask_none(value) AS value;
CREATE TEMP MACRO mask_name(value) AS left(value, 1) || repeat('*', greatest(length(value) - 1, 1));
CREATE TEMP MACRO mask_citizen_id(value) AS CASE WHEN length(value) < 12 THEN repeat('*', length(value))
    ELSE left(value, 4) || repeat('*', length(value) - 8) || right(value, 4) END;
CREATE TEMP MACRO mask_phone(value) AS CASE WHEN length(value) < 8 THEN repeat('*', length(value))
    ELSE left(value, 3) || '****' || right(value, 4) END;
-- To the community, else the town, else the county.
CREATE TEMP MACRO mask_address(value) AS CASE WHEN value IS NOT NULL THEN coalesce(
    nullif(regexp_extract(value, '^.*?(街道|镇|乡).*?(社区|居委会|村委会|村)'), ''),
    nullif(regexp_extract(value, '^.*?(街道|镇|乡)'), ''),
    nullif(regexp_extract(value, '^(.*?省)?(.*?市)?(.*?[县区市])'), ''), '') || '****' END;
CREATE TEMP MACRO mask_number(value) AS list_transform([CAST(value AS VARCHAR)], lambda shown:
    CASE WHEN length(shown) < 6 THEN repeat('*', length(shown))
    ELSE left(shown, 2) || repeat('*', length(shown) - 4) || right(shown, 2) END)[1];
