-- Numbers, money, areas, yes/no (DOMAIN.md §1.8, §1.12, D18-D20).
-- The unit of a column is declared in its contract; a unit written beside a value wins over it (UNIT-02).

-- `￥1，234.50 元`, `(12)`, `1.2E+3`, ` 12 ` become plain digits with an optional unit; a lone comma is a decimal comma only
-- when not followed by exactly three digits.
CREATE TEMP MACRO number_words(raw) AS regexp_replace(regexp_replace(regexp_replace(regexp_replace(
    fold_code(raw), '^(人民币|CNY|RMB|[¥￥$€£])|(人民币|整)$', '', 'g'), ',(\d{3})', '\1', 'g'), '^\((\d.*)\)$', '-\1'), '^([+-]?\d+),(\d+)$', '\1.\2');
CREATE TEMP MACRO number_pattern() AS '[+-]?(\d{1,20}(\.\d*)?|\.\d+)(E[+-]?\d{1,2})?';
CREATE TEMP MACRO number_of(words) AS
    TRY_CAST(nullif(regexp_extract(words, '^' || number_pattern()), '') AS DECIMAL(38, 10));
CREATE TEMP MACRO number_unit(words) AS regexp_replace(words, '^' || number_pattern(), '');
-- How many yuan or square metres the unit is; NULL for a unit that is not one of them. Yuan are exact decimals.
CREATE TEMP MACRO unit_factor(unit) AS CAST(CASE unit
    WHEN '元' THEN 1 WHEN '圆' THEN 1 WHEN '万元' THEN 10000 WHEN '万' THEN 10000 WHEN '千元' THEN 1000 WHEN '百万元' THEN 1000000
    WHEN '亿元' THEN 100000000 WHEN '亿' THEN 100000000 END AS DECIMAL(9, 0));
CREATE TEMP MACRO area_factor(unit) AS CASE
    WHEN unit IN ('㎡', 'M2', 'M²', 'M^2', '平方米', '平米', '平方', '平') THEN 1.0
    WHEN unit IN ('亩', '市亩') THEN 2000.0 / 3.0 WHEN unit IN ('公顷', 'HA', 'HM2') THEN 10000.0
    WHEN unit IN ('平方公里', '平方千米', 'KM2') THEN 1000000.0 END;
-- Plain numbers take the short way.
CREATE TEMP MACRO number_is_plain(raw) AS regexp_full_match(raw, '-?\d{1,12}(\.\d{1,6})?');

CREATE TEMP MACRO std_decimal(raw) AS CASE WHEN number_is_plain(raw) THEN TRY_CAST(raw AS DECIMAL(18, 6)) ELSE
    list_transform([number_words(raw)], lambda decimal_words: CASE WHEN number_unit(decimal_words) = ''
        THEN TRY_CAST(number_of(decimal_words) AS DECIMAL(18, 6)) END)[1] END;
CREATE TEMP MACRO err_decimal(raw, value) AS CASE WHEN value IS NULL THEN 'NUM-01' END;
CREATE TEMP MACRO flag_decimal(raw, value, day) AS CAST(NULL AS VARCHAR);

CREATE TEMP MACRO std_quantity(raw) AS CASE WHEN regexp_full_match(raw, '-?\d{1,18}') THEN TRY_CAST(raw AS BIGINT) ELSE
    list_transform([number_words(raw)], lambda quantity_words: CASE
        WHEN regexp_full_match(number_unit(quantity_words), '\p{Han}{0,2}') AND number_of(quantity_words) = round(number_of(quantity_words), 0)
        THEN TRY_CAST(round(number_of(quantity_words), 0) AS BIGINT) END)[1] END;
CREATE TEMP MACRO err_quantity(raw, value) AS CASE WHEN value IS NULL THEN
    CASE WHEN number_of(number_words(raw)) IS NULL THEN 'NUM-01' ELSE 'NUM-03' END END;
CREATE TEMP MACRO flag_quantity(raw, value, day) AS CASE WHEN value < 0 THEN 'NUM-02' END;

-- Money in the unit of the result; `portion` is that unit's part of a yuan: 1 or 0.0001.
CREATE TEMP MACRO money_of(raw, unit, portion) AS list_transform([number_words(raw)], lambda money_words:
    CASE WHEN number_unit(money_words) = '' AND unit_factor(unit) * portion = 1 THEN number_of(money_words)
    ELSE CAST(TRY_CAST(number_of(money_words) AS DECIMAL(19, 6)) * CAST(portion AS DECIMAL(5, 4))
        * unit_factor(CASE WHEN number_unit(money_words) = '' THEN unit ELSE number_unit(money_words) END) AS DECIMAL(38, 10)) END)[1];
CREATE TEMP MACRO money_flag(raw, value, unusual) AS CASE
    WHEN value < 0 THEN 'NUM-02' WHEN value >= unusual THEN 'UNIT-01'
    WHEN strlen(raw) <> length(raw) AND number_unit(number_words(raw)) <> '' THEN 'UNIT-02' END;
CREATE TEMP MACRO std_money_yuan(raw, unit := '元') AS CASE
    WHEN unit = '元' AND number_is_plain(raw) THEN TRY_CAST(raw AS DECIMAL(18, 2))
    ELSE TRY_CAST(money_of(raw, unit, 1) AS DECIMAL(18, 2)) END;
CREATE TEMP MACRO err_money_yuan(raw, value, unit := '元') AS CASE WHEN value IS NULL THEN 'NUM-01' END;
CREATE TEMP MACRO flag_money_yuan(raw, value, day, unit := '元') AS money_flag(raw, value, 10000000000);
CREATE TEMP MACRO std_money_wan(raw, unit := '万元') AS CASE
    WHEN unit = '万元' AND number_is_plain(raw) THEN TRY_CAST(raw AS DECIMAL(18, 6))
    ELSE TRY_CAST(money_of(raw, unit, 0.0001) AS DECIMAL(18, 6)) END;
CREATE TEMP MACRO err_money_wan(raw, value, unit := '万元') AS CASE WHEN value IS NULL THEN 'NUM-01' END;
CREATE TEMP MACRO flag_money_wan(raw, value, day, unit := '万元') AS money_flag(raw, value, 1000000);

CREATE TEMP MACRO std_area_sqm(raw, unit := '㎡') AS CASE
    WHEN unit = '㎡' AND number_is_plain(raw) THEN TRY_CAST(raw AS DECIMAL(18, 2))
    ELSE list_transform([number_words(raw)], lambda area_words: CASE
        WHEN number_unit(area_words) = '' AND unit = '㎡' THEN TRY_CAST(number_of(area_words) AS DECIMAL(18, 2))
        ELSE TRY_CAST(CAST(number_of(area_words) AS DOUBLE)
            * area_factor(CASE WHEN number_unit(area_words) = '' THEN unit ELSE number_unit(area_words) END) AS DECIMAL(18, 2)) END)[1] END;
CREATE TEMP MACRO err_area_sqm(raw, value, unit := '㎡') AS CASE WHEN value IS NULL THEN 'NUM-01' END;
CREATE TEMP MACRO flag_area_sqm(raw, value, day, unit := '㎡') AS money_flag(raw, value, 100000000);

CREATE TEMP MACRO std_boolean_flag(raw) AS list_transform([fold_code(raw)], lambda yes_or_no: CASE
    WHEN yes_or_no IN ('1', 'Y', 'YES', 'T', 'TRUE', '是', '有', '对', '√', '1.0') THEN true
    WHEN yes_or_no IN ('0', 'N', 'NO', 'F', 'FALSE', '否', '没有', '错', '×', '0.0') THEN false END)[1];
CREATE TEMP MACRO err_boolean_flag(raw, value) AS CASE WHEN value IS NULL THEN 'BOOL-01' END;
CREATE TEMP MACRO flag_boolean_flag(raw, value, day) AS CAST(NULL AS VARCHAR);
