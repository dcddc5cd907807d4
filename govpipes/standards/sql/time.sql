-- Dates and points in time (GB/T 7408.1-2023; DOMAIN.md §1.12, D9-D11).
-- A date has no zone; a point in time is an instant, read in Asia/Shanghai unless the value or the contract says otherwise.

-- 1990年3月7日, 1990.03.07, 1990/3/7, 1990-03-07T00:00:00.0 and Chinese numerals become `1990-3-7`.
CREATE TEMP MACRO date_numerals(x) AS CASE WHEN NOT regexp_matches(x, '[〇零○一二三四五六七八九十]') THEN x ELSE
    translate(regexp_replace(regexp_replace(regexp_replace(regexp_replace(x,
        '([一二三])十([一二三四五六七八九])', '\1\2', 'g'), '十([一二三四五六七八九])', '一\1', 'g'),
        '([一二三])十', '\1〇', 'g'), '十', '一〇', 'g'), '〇零○一二三四五六七八九', '000123456789') END;
CREATE TEMP MACRO date_text(raw) AS regexp_replace(regexp_replace(list_transform([regexp_replace(upper(fold_text(raw)),
        '^''|([ T]+|日 *)\d{1,2}[:时点]\d{1,2}([:分](\d{1,2}([.,]\d+)?秒?)?)? *(Z|[+-]\d{2}(:?\d{2})?)?$', '', 'g')],
    lambda date_only: date_numerals(date_only))[1], '日|号', '', 'g'), ' *[年月./] *', '-', 'g');
CREATE TEMP MACRO date_of(y, m, d) AS TRY_CAST(lpad(y, 4, '0') || '-' || lpad(m, 2, '0') || '-' || lpad(d, 2, '0') AS DATE);
-- Two-digit years: up to 40 are 20xx, the others 19xx.
CREATE TEMP MACRO date_century(yy) AS CASE WHEN yy <= '40' THEN '20' ELSE '19' END || yy;
CREATE TEMP MACRO date_serial(days) AS CAST(DATE '1899-12-30' + CAST(days AS INTEGER) AS DATE);
CREATE TEMP MACRO date_month_number(name) AS CAST(list_position(
    ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'], name) AS VARCHAR);
CREATE TEMP MACRO date_epoch(seconds) AS CAST(epoch_ms(CAST(seconds AS BIGINT) * 1000 + 28800000) AS DATE);

-- A regularized text to a date, by its form, any year; NULL when it has none. `dmy` and `mdy` change only the forms
-- that end in a four-digit year; without them such a form is read day first.
CREATE TEMP MACRO date_parse_text(t, form) AS CASE
    WHEN regexp_full_match(t, '\d{4}-\d{1,2}-\d{1,2}') THEN
        date_of(string_split(t, '-')[1], string_split(t, '-')[2], string_split(t, '-')[3])
    WHEN regexp_full_match(t, '\d{8}') THEN date_of(left(t, 4), substr(t, 5, 2), right(t, 2))
    WHEN regexp_full_match(t, '\d{4}-\d{1,2}') THEN date_of(left(t, 4), substr(t, 6), '1')
    WHEN regexp_full_match(t, '\d{6}') THEN coalesce(
        CASE WHEN left(t, 4) BETWEEN '1840' AND '2100' THEN date_of(left(t, 4), right(t, 2), '1') END,
        date_of(date_century(left(t, 2)), substr(t, 3, 2), right(t, 2)))
    WHEN regexp_full_match(t, '[1-7]\d{4}(\.\d+)?') THEN date_serial(left(t, 5))
    WHEN regexp_full_match(t, '\d{14}') THEN date_of(left(t, 4), substr(t, 5, 2), substr(t, 7, 2))
    WHEN regexp_full_match(t, '-?\d{12,13}') THEN date_epoch(left(t, strlen(t) - 3))
    WHEN regexp_full_match(t, '\d{9,10}') THEN date_epoch(t)
    WHEN regexp_full_match(t, '\d{1,2}-\d{1,2}-\d{4}') THEN date_of(string_split(t, '-')[3],
        string_split(t, '-')[CASE WHEN form = 'mdy' THEN 1 ELSE 2 END], string_split(t, '-')[CASE WHEN form = 'mdy' THEN 2 ELSE 1 END])
    WHEN regexp_full_match(t, '\d{2}-\d{1,2}-\d{1,2}') THEN
        date_of(date_century(left(t, 2)), string_split(t, '-')[2], string_split(t, '-')[3])
    WHEN regexp_full_match(t, '\d{1,2}[- ][A-Z]{3}[- ](\d{4}|\d{2})') THEN
        list_transform([string_split(replace(t, ' ', '-'), '-')], lambda part: date_of(
            CASE WHEN strlen(part[3]) = 2 THEN date_century(part[3]) ELSE part[3] END, date_month_number(part[2]), part[1]))[1]
    WHEN regexp_full_match(t, '(民国|中华民国)\d{1,3}-\d{1,2}-\d{1,2}') THEN
        list_transform([string_split(regexp_replace(t, '^\D+', ''), '-')], lambda part_mg:
            date_of(CAST(CAST(part_mg[1] AS INTEGER) + 1911 AS VARCHAR), part_mg[2], part_mg[3]))[1] END;
CREATE TEMP MACRO date_parse(raw, form) AS
    list_transform([regexp_replace(date_text(raw), '-$', '')], lambda date_words: date_parse_text(date_words, form))[1];

-- Open ends are no date and no error (长期 = 2099-12-31, 9999-12-31); placeholders are no date and a flag.
CREATE TEMP MACRO date_is_open(raw) AS
    regexp_full_match(bare_code(raw), '(长期|永久|永久有效|长期有效|无固定期限|无期限|至今|现在|未定|9999.*|2099-?12-?31.*|2099[/年.]12[/月.]31.*)');
CREATE TEMP MACRO date_is_placeholder(parsed) AS parsed IN (DATE '1900-01-01', DATE '1899-12-30', DATE '1899-12-31',
    DATE '1970-01-01', DATE '0001-01-01', DATE '1111-11-11', DATE '1900-01-02');
CREATE TEMP MACRO date_keep(parsed) AS CASE
    WHEN parsed BETWEEN DATE '1840-01-01' AND DATE '2200-12-31' AND NOT date_is_placeholder(parsed) AND parsed <> DATE '2099-12-31' THEN parsed END;
CREATE TEMP MACRO std_date(raw, form := 'ymd', future := 'allow') AS
    list_transform([CASE WHEN regexp_full_match(raw, '\d{8}') THEN CAST(try_strptime(raw, '%Y%m%d') AS DATE)
        WHEN regexp_full_match(raw, '\d{4}-\d{2}-\d{2}') THEN TRY_CAST(raw AS DATE) ELSE date_parse(raw, form) END],
        lambda parsed_date: date_keep(parsed_date))[1];
CREATE TEMP MACRO err_date(raw, value, form := 'ymd', future := 'allow') AS CASE
    WHEN value IS NOT NULL OR date_is_open(raw) THEN NULL
    WHEN regexp_full_match(raw, '0{4}-00-00.*|0{8}|0') THEN NULL
    WHEN list_transform([date_parse(raw, form)], lambda refused_date: coalesce(date_is_placeholder(refused_date), false))[1] THEN NULL
    ELSE 'DATE-01' END;
CREATE TEMP MACRO flag_date(raw, value, day, form := 'ymd', future := 'allow') AS CASE
    WHEN value IS NULL THEN CASE WHEN NOT date_is_open(raw) THEN 'DATE-02' END
    WHEN future = 'flag' AND value > day THEN 'DATE-04'
    WHEN regexp_full_match(raw, '\d{4}-\d{2}-\d{2}|\d{8}') THEN NULL
    ELSE list_transform([date_text(raw)], lambda date_written: CASE
        WHEN form = 'ymd' AND regexp_full_match(date_written, '(0?[1-9]|1[0-2])-(0?[1-9]|1[0-2])-\d{4}') THEN 'DATE-05'
        WHEN regexp_full_match(date_written,
            '\d{1,6}(\.\d+)?|\d{2}-\d{1,2}-\d{1,2}|\d{1,2}[- ][A-Z]{3}.*|\D+\d+-.*|\d{4}-\d{1,2}') THEN 'DATE-03' END)[1] END;

-- Points in time: ISO with or without zone, slashes, Chinese, 14 digits, epoch seconds and milliseconds, a mere date.
CREATE TEMP MACRO time_text(raw) AS regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
    upper(fold_text(raw)), '^''|秒', '', 'g'), ' *[年月/] *', '-', 'g'), ' *日 *', ' ', 'g'), ' *[时点分] *', ':', 'g'), ':$', '');
CREATE TEMP MACRO time_local(t) AS CASE
    WHEN regexp_full_match(t, '\d{14}') THEN TRY_CAST(try_strptime(t, '%Y%m%d%H%M%S') AS TIMESTAMP)
    WHEN regexp_full_match(t, '\d{4}[-.]\d{1,2}[-.]\d{1,2}([ T]+\d{1,2}(:\d{1,2}){0,2}([.,]\d{1,9})?)?') THEN
        list_transform([regexp_extract_all(t, '\d+')], lambda piece: TRY_CAST(
            piece[1] || '-' || lpad(piece[2], 2, '0') || '-' || lpad(piece[3], 2, '0') || ' ' || lpad(coalesce(piece[4], '0'), 2, '0')
            || ':' || lpad(coalesce(piece[5], '0'), 2, '0') || ':' || lpad(coalesce(piece[6], '0'), 2, '0')
            || '.' || left(coalesce(piece[7], '0'), 6) AS TIMESTAMP))[1]
    ELSE CAST(date_parse_text(t, 'ymd') AS TIMESTAMP) END;
CREATE TEMP MACRO time_parse(t, zone) AS CASE
    WHEN regexp_matches(t, '\d{1,2}:\d{2}.*(Z|[+-]\d{2}(:?\d{2})?)$') THEN TRY_CAST(t AS TIMESTAMP WITH TIME ZONE)
    WHEN regexp_full_match(t, '\d{12,13}') THEN TRY_CAST(to_timestamp(CAST(t AS BIGINT) / 1000.0) AS TIMESTAMP WITH TIME ZONE)
    WHEN regexp_full_match(t, '\d{9,10}') THEN to_timestamp(CAST(t AS BIGINT))
    ELSE time_local(t) AT TIME ZONE zone END;
-- From 1901: before, Shanghai kept local time with odd seconds, and no system recorded anything.
CREATE TEMP MACRO time_keep(instant) AS CASE
    WHEN instant > TIMESTAMPTZ '1901-01-02 00:00:00+00' AND instant < TIMESTAMPTZ '2200-01-01 00:00:00+00' THEN instant END;
CREATE TEMP MACRO std_timestamp(raw, zone := 'Asia/Shanghai') AS CASE
    WHEN regexp_full_match(raw, '\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,6})?') THEN time_keep(TRY_CAST(raw AS TIMESTAMP) AT TIME ZONE zone)
    ELSE list_transform([time_text(raw)], lambda time_words:
        list_transform([time_parse(time_words, zone)], lambda parsed_time: time_keep(parsed_time))[1])[1] END;
CREATE TEMP MACRO err_timestamp(raw, value, zone := 'Asia/Shanghai') AS CASE WHEN value IS NULL THEN 'TIME-01' END;
CREATE TEMP MACRO flag_timestamp(raw, value, day, zone := 'Asia/Shanghai') AS CASE
    WHEN value >= CAST(day + 2 AS TIMESTAMP) AT TIME ZONE 'Asia/Shanghai' THEN 'TIME-02' END;
