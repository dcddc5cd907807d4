-- Identifiers of organizations: GB 32100-2015, GB 11714-1997, GS 15-2006 (DOMAIN.md §1.2-1.4) and old taxpayer numbers.

-- Values of 0-9 A-Z by character code, starting at '0' (48): GB 11714 counts A=10 … Z=35; GB 32100 leaves out I O S V Z.
CREATE TEMP MACRO value36(c) AS ([0,1,2,3,4,5,6,7,8,9,NULL,NULL,NULL,NULL,NULL,NULL,NULL,10,11,12,13,14,15,16,17,18,19,20,
    21,22,23,24,25,26,27,28,29,30,31,32,33,34,35])[ascii(c) - 47];
CREATE TEMP MACRO value31(c) AS ([0,1,2,3,4,5,6,7,8,9,NULL,NULL,NULL,NULL,NULL,NULL,NULL,10,11,12,13,14,15,16,17,NULL,18,19,
    20,21,22,NULL,23,24,25,NULL,26,27,NULL,28,29,30,NULL])[ascii(c) - 47];

-- GB 11714: weights 3 7 9 10 5 8 4 2, C = 11 - sum mod 11, 10 is X, 11 is 0. NULL unless 8 characters 0-9 A-Z.
-- Over the number itself, from the character after `skipped` on: a macro's parameter is its text, so a part that was cut
-- off before would be cut off again for every character.
CREATE TEMP MACRO organization_check_of(number, skipped) AS
    substr('0X987654321', (value36(number[skipped + 1]) * 3 + value36(number[skipped + 2]) * 7
        + value36(number[skipped + 3]) * 9 + value36(number[skipped + 4]) * 10 + value36(number[skipped + 5]) * 5
        + value36(number[skipped + 6]) * 8 + value36(number[skipped + 7]) * 4 + value36(number[skipped + 8]) * 2) % 11 + 1, 1);
CREATE TEMP MACRO organization_code_check(body8) AS CASE WHEN strlen(body8) = 8 THEN organization_check_of(body8, 0) END;

-- GB 32100: MOD 31-3, weights 3^(i-1) mod 31, C = 31 - sum mod 31. NULL unless 17 characters of the alphabet, six digits
-- (the region) third to eighth of them. With Q_i the number made of the first i of these, digit i is Q_i - 10 Q_(i-1), so
-- that Q_i counts w_i - 10 w_(i+1) times (modulo 31): divisions of one number cost less than looking up six characters.
CREATE TEMP MACRO uscc_region_sum(region) AS (region // 100000) * 18 + (region // 10000) * 23 + (region // 1000) * 7
    + (region // 100) * 21 + (region // 10) + region * 17;
CREATE TEMP MACRO uscc_check_of(uscc) AS
    substr('0YXWUTRQPNMLKJHGFEDCBA987654321', (value31(uscc[1]) + value31(uscc[2]) * 3
        + list_transform([TRY_CAST(substr(uscc, 3, 6) AS INTEGER)], lambda region: uscc_region_sum(region))[1]
        + value31(uscc[9]) * 20 + value31(uscc[10]) * 29 + value31(uscc[11]) * 25
        + value31(uscc[12]) * 13 + value31(uscc[13]) * 8 + value31(uscc[14]) * 24 + value31(uscc[15]) * 10
        + value31(uscc[16]) * 30 + value31(uscc[17]) * 28) % 31 + 1, 1);
CREATE TEMP MACRO uscc_check(body17) AS CASE WHEN strlen(body17) = 17 THEN uscc_check_of(body17) END;

-- GS 15-2006: ISO 7064 MOD 11,10 over 14 digits: p=10; s=(p+d) mod 10 or 10; p=2s mod 11; check (11-p) mod 10.
CREATE TEMP MACRO registration_number_check(d14) AS CASE WHEN regexp_full_match(d14, '\d{14}') THEN
    CAST((11 - list_reduce(list_transform(string_split(d14, ''), lambda one_digit: CAST(one_digit AS INTEGER)),
        lambda carry, digit: (CASE WHEN (carry + digit) % 10 = 0 THEN 10 ELSE (carry + digit) % 10 END * 2) % 11, 10)) % 10 AS VARCHAR) END;

CREATE TEMP MACRO organization_code_of_uscc(uscc) AS CASE WHEN strlen(uscc) = 18 THEN substr(uscc, 9, 9) END;

-- What an organization is known by in every registry: its organisation code where there is one (positions 9-17 of the
-- USCC, the code itself, or positions 7-15 of an old taxpayer number given as `uscc`), else R + registration number.
CREATE TEMP MACRO organization_key(uscc, organization_code, registration_number) AS CASE
    WHEN strlen(uscc) = 18 THEN substr(uscc, 9, 9)
    WHEN strlen(uscc) = 15 THEN substr(uscc, 7, 9)
    WHEN strlen(organization_code) = 9 THEN organization_code
    WHEN registration_number <> '' THEN 'R' || registration_number END;

CREATE TEMP MACRO uscc_pattern() AS '[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}';
CREATE TEMP MACRO uscc_clean(raw) AS regexp_replace(fold_code(raw), '[-—_./]', '', 'g');
CREATE TEMP MACRO std_uscc(raw) AS CASE WHEN regexp_full_match(raw, uscc_pattern()) THEN raw ELSE
    list_transform([uscc_clean(raw)], lambda uscc_text: CASE WHEN regexp_full_match(uscc_text, uscc_pattern()) THEN uscc_text END)[1] END;
CREATE TEMP MACRO err_uscc(raw, value) AS CASE
    WHEN value IS NULL THEN 'USCC-02'
    WHEN uscc_check_of(value) <> value[18] THEN 'USCC-03' END;
-- USCC-05: authority and category of GB 32100-2015 with amendment 1; the codes are organization_kind.csv's.
-- USCC-06: development zones' registration offices use codes outside GB/T 2260 (registration_authority_region.csv).
CREATE TEMP MACRO uscc_region_known(value) AS
    CASE WHEN substr(value, 3, 2) = '32' THEN region_place(substr(value, 5, 4)) > '0' ELSE region_form(substr(value, 3, 6)) END
    OR list_contains(code_keys_registration_authority_region(), substr(value, 3, 6));
CREATE TEMP MACRO flag_uscc(raw, value, day) AS CASE
    WHEN organization_check_of(value, 8) <> value[17] THEN 'USCC-04'
    WHEN NOT list_contains(code_keys_organization_kind(), left(value, 2)) THEN 'USCC-05'
    WHEN NOT uscc_region_known(value) THEN 'USCC-06'
    WHEN raw <> value THEN 'USCC-10' END;

CREATE TEMP MACRO std_organization_code(raw) AS
    nullif(regexp_extract(uscc_clean(raw), '^[0-9A-Z]{8}[0-9X]$'), '');
CREATE TEMP MACRO err_organization_code(raw, value) AS CASE
    WHEN value IS NULL THEN 'ORG-01'
    WHEN organization_code_check(left(value, 8)) <> right(value, 1) THEN 'ORG-02' END;
CREATE TEMP MACRO flag_organization_code(raw, value, day) AS CAST(NULL AS VARCHAR);

-- 15 digits with a check; 13 digits from before 2007; texts like `企独苏宁总字第 012345 号` (foreign-invested, pre-2007).
CREATE TEMP MACRO std_registration_number(raw) AS CASE WHEN regexp_full_match(raw, '\d{15}|\d{13}') THEN raw ELSE
    list_transform([regexp_replace(fold_code(raw), '^(\d{13}|\d{15})\.0+$', '\1')], lambda number_text:
        CASE WHEN regexp_full_match(number_text, '\d{15}|\d{13}|.*字第?.*号') THEN number_text END)[1] END;
CREATE TEMP MACRO err_registration_number(raw, value) AS CASE WHEN value IS NULL THEN 'REGNO-01' END;
CREATE TEMP MACRO flag_registration_number(raw, value, day) AS CASE
    WHEN registration_number_check(left(value, 14)) <> substr(value, 15) THEN 'REGNO-02'
    WHEN strlen(value) = 13 THEN 'REGNO-03'
    WHEN NOT regexp_full_match(value, '\d*') THEN 'REGNO-04' END;

-- A USCC; or region (6) + organisation code (9); or a citizen's number, for individual businesses, with two more digits.
CREATE TEMP MACRO std_tax_number(raw) AS CASE WHEN regexp_full_match(raw, uscc_pattern()) THEN raw ELSE
    list_transform([uscc_clean(raw)], lambda tax_text: CASE
        WHEN regexp_full_match(tax_text, uscc_pattern() || '|\d{6}[0-9A-Z]{8}[0-9X]|[1-9]\d{16}[\dX](\d\d)?') THEN tax_text END)[1] END;
CREATE TEMP MACRO err_tax_number(raw, value) AS CASE
    WHEN value IS NULL THEN 'TAX-01'
    WHEN strlen(value) >= 18 AND coalesce(uscc_check(left(value, 17)), '?') <> substr(value, 18)
        -- one wrong USCC in eleven has the check digit of a citizen's number, but hardly a date of birth
        AND (coalesce(citizen_id_check(left(value, 17)), '?') <> substr(value, 18, 1)
            OR citizen_id_birth(left(value, 18)) IS NULL) THEN 'TAX-02' END;
CREATE TEMP MACRO flag_tax_number(raw, value, day) AS CASE
    WHEN strlen(value) = 15 THEN
        CASE WHEN organization_code_check(substr(value, 7, 8)) <> value[15] THEN 'TAX-04' ELSE 'TAX-03' END END;
