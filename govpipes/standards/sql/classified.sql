-- Codes with a structure of their own: industry (GB/T 4754), diseases (ICD-10), buildings (GB/T 37346), e-certificates
-- (GB/T 36904). Plain code lists are in code_list.sql.

-- Section letter and digits, `C3942`; the letter follows from the division (first two digits). DOMAIN.md §1.8.
-- industry_divisions(): the letter of division 01, 02, … as one string (industry_section.csv), a dot where there is none.
CREATE TEMP MACRO industry_section(digits) AS nullif(nullif(substr(industry_divisions(), TRY_CAST(left(digits, 2) AS INTEGER), 1), '.'), '');
CREATE TEMP MACRO std_industry_code(raw) AS list_transform([regexp_replace(fold_code(raw), '\.0+$', '')], lambda industry_text: CASE
    WHEN regexp_full_match(industry_text, '[A-T]') THEN industry_text
    WHEN regexp_full_match(industry_text, '\d{2,4}') THEN coalesce(industry_section(industry_text), '') || industry_text
    WHEN regexp_full_match(industry_text, '[A-T]\d{2,4}')
        AND coalesce(industry_section(industry_text[2:]), industry_text[1]) = industry_text[1] THEN industry_text END)[1];
CREATE TEMP MACRO err_industry_code(raw, value) AS CASE WHEN value IS NULL THEN 'IND-01' END;
CREATE TEMP MACRO flag_industry_code(raw, value, day) AS CASE
    WHEN strlen(value) > 1 AND industry_section(regexp_replace(value, '^[A-T]', '')) IS NULL THEN 'IND-02' END;

-- ICD-10: a letter, two digits, then up to three more after a dot that is often left out; † * and x as delivered are dropped.
CREATE TEMP MACRO std_icd10(raw) AS list_transform([regexp_extract(replace(fold_code(raw), '.', ''), '^([A-Z]\d{2})(X?\d{0,3}(X\d{0,3})?)[+*†]?$', ['head', 'tail'])],
    lambda disease: CASE WHEN disease.head <> '' THEN disease.head || CASE WHEN disease.tail <> '' THEN '.' || disease.tail ELSE '' END END)[1];
CREATE TEMP MACRO err_icd10(raw, value) AS CAST(NULL AS VARCHAR);
CREATE TEMP MACRO flag_icd10(raw, value, day) AS CASE WHEN value IS NULL THEN 'ICD-01' END;

-- Buildings (DOMAIN.md §1.11): the 19 characters of the parcel (GB/T 37346-2019) and the building's number on it in four digits, whose
-- zeros are often left out; or B, the community's 12 digits and 5 more, where no parcel is known.
CREATE TEMP MACRO std_building_code(raw) AS list_transform([fold_code(raw)], lambda building_text: CASE
    WHEN regexp_full_match(building_text, '\d{12}[GJZ][ABSXCDEFHGWY]\d{5}\d{1,4}') THEN left(building_text, 19) || lpad(substr(building_text, 20), 4, '0')
    WHEN regexp_full_match(building_text, 'B\d{17}') THEN building_text END)[1];
CREATE TEMP MACRO err_building_code(raw, value) AS CASE WHEN value IS NULL THEN 'BDC-01' END;
CREATE TEMP MACRO flag_building_code(raw, value, day) AS CAST(NULL AS VARCHAR);

-- E-certificate identifiers (GB/T 36904-2018): the root OID, the certificate's type (the USCC of the body that defined it and three
-- more), the issuing organ, a serial number, the version, and a check by ISO 7064 MOD 37,36 (GB/T 17710) over all but root and dots.
-- The text of the standard was not read: a wrong check only flags.
CREATE TEMP MACRO certificate_identifier_check(body) AS substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', 1 + CAST((37 - list_reduce(
    list_transform(string_split(body, ''), lambda one_sign: CAST(value36(one_sign) AS INTEGER)),
    lambda carry, sign: (CASE WHEN (carry + sign) % 36 = 0 THEN 36 ELSE (carry + sign) % 36 END * 2) % 37, 36)) % 36 AS BIGINT), 1);
CREATE TEMP MACRO certificate_identifier_pattern() AS '1\.2\.156\.3005\.2\.[0-9A-Z]{21}\.[0-9A-Z]{6,18}\.[0-9A-Z]{1,64}\.\d{3}\.[0-9A-Z]';
CREATE TEMP MACRO std_certificate_identifier(raw) AS list_transform([fold_code(raw)], lambda identifier_text:
    CASE WHEN regexp_full_match(identifier_text, certificate_identifier_pattern()) THEN identifier_text END)[1];
CREATE TEMP MACRO err_certificate_identifier(raw, value) AS CASE WHEN value IS NULL THEN 'ECERT-01' END;
CREATE TEMP MACRO flag_certificate_identifier(raw, value, day) AS CASE
    WHEN certificate_identifier_check(replace(value[16:-3], '.', '')) <> value[-1] THEN 'ECERT-02' END;
