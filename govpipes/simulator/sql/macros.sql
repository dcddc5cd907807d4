-- Pseudo-random draws that depend on nothing but the seed and what they are drawn for, so that any row can be made
-- again, in any order and on any number of threads. The outer hash is needed: DuckDB combines several arguments by
-- exclusive or, and without it two draws about one key would go together.

CREATE OR REPLACE TEMP MACRO draw(what, key) AS
    (hash(hash(getvariable('seed'), what, key)) >> 11)::DOUBLE / 9007199254740992.0;

-- The same, anew every day.
CREATE OR REPLACE TEMP MACRO draw_today(what, key) AS
    (hash(hash(getvariable('seed'), what, key, getvariable('day'))) >> 11)::DOUBLE / 9007199254740992.0;

-- The order in which candidates are taken today.
CREATE OR REPLACE TEMP MACRO lot(what, key) AS hash(hash(getvariable('seed'), what, key, getvariable('day')));

CREATE OR REPLACE TEMP MACRO pick(words, u) AS words[1 + floor(u * len(words))::BIGINT];
CREATE OR REPLACE TEMP MACRO whole(u, low, high) AS (low + floor(u * (high - low + 1)))::BIGINT;
CREATE OR REPLACE TEMP MACRO years_before(day, years) AS (day - (years * 365.25)::INTEGER)::DATE;
CREATE OR REPLACE TEMP MACRO age_on(birth, day) AS date_sub('year', birth, day);

CREATE OR REPLACE TEMP MACRO phone_number(key, version) AS
    pick(getvariable('phone_heads'), draw('phone' || version, key))
    || lpad(whole(draw('phone tail' || version, key), 20000000, 99999999)::VARCHAR, 8, '0');

-- The number that an older file has of a person: with half of those who were given another one it is the former.
CREATE OR REPLACE TEMP MACRO number_given(pid, citizen_id, former_citizen_id) AS
    CASE WHEN draw('older file', pid) < 0.5 THEN coalesce(former_citizen_id, citizen_id) ELSE citizen_id END;

-- A given name of the bearer's generation; one character for a part of the older, a rare character for few.
CREATE OR REPLACE TEMP MACRO given_list(sex, year) AS CASE
    WHEN year < 1960 THEN if(sex = '1', getvariable('given_M1950'), getvariable('given_F1950'))
    WHEN year < 1970 THEN if(sex = '1', getvariable('given_M1960'), getvariable('given_F1960'))
    WHEN year < 1980 THEN if(sex = '1', getvariable('given_M1970'), getvariable('given_F1970'))
    WHEN year < 1990 THEN if(sex = '1', getvariable('given_M1980'), getvariable('given_F1980'))
    WHEN year < 2000 THEN if(sex = '1', getvariable('given_M1990'), getvariable('given_F1990'))
    WHEN year < 2010 THEN if(sex = '1', getvariable('given_M2000'), getvariable('given_F2000'))
    ELSE if(sex = '1', getvariable('given_M2010'), getvariable('given_F2010')) END;

CREATE OR REPLACE TEMP MACRO given_name(sex, year, key, version) AS
    pick(given_list(sex, year), draw('given one' || version, key))
    || CASE WHEN draw('given length' || version, key) < 0.25 - (year - 1960) * 0.003 THEN ''
            WHEN draw('given rare' || version, key) < 0.002 THEN pick(getvariable('rare'), draw('rare' || version, key))
            ELSE pick(given_list(sex, year), draw('given two' || version, key)) END;

-- Gauss-Krüger easting (zone 40, central meridian 120° E, false easting 40 500 000) and northing on CGCS2000, metres.
-- Series to the sixth order (GB/T 17278 form); good to millimetres within Jiangsu.
CREATE OR REPLACE TEMP MACRO gk_curvature(lat) AS
    6378137.0 / sqrt(1 - 0.00669438002290079 * pow(sin(radians(lat)), 2));
CREATE OR REPLACE TEMP MACRO gk_eta2(lat) AS 0.00673949677548 * pow(cos(radians(lat)), 2);
CREATE OR REPLACE TEMP MACRO gk_arc(lat) AS
    111132.952547 * lat - 16038.508741 * sin(2 * radians(lat)) + 16.832613 * sin(4 * radians(lat))
    - 0.021984 * sin(6 * radians(lat)) + 0.000031 * sin(8 * radians(lat));
CREATE OR REPLACE TEMP MACRO gk_step(lon, lat) AS cos(radians(lat)) * radians(lon - 120);
CREATE OR REPLACE TEMP MACRO gk_easting(lon, lat) AS 40500000 + gk_curvature(lat) * (
    gk_step(lon, lat)
    + pow(gk_step(lon, lat), 3) / 6 * (1 - pow(tan(radians(lat)), 2) + gk_eta2(lat))
    + pow(gk_step(lon, lat), 5) / 120 * (5 - 18 * pow(tan(radians(lat)), 2) + pow(tan(radians(lat)), 4)
        + 14 * gk_eta2(lat) - 58 * gk_eta2(lat) * pow(tan(radians(lat)), 2)));
CREATE OR REPLACE TEMP MACRO gk_northing(lon, lat) AS gk_arc(lat) + gk_curvature(lat) * tan(radians(lat)) * (
    pow(gk_step(lon, lat), 2) / 2
    + pow(gk_step(lon, lat), 4) / 24 * (5 - pow(tan(radians(lat)), 2) + 9 * gk_eta2(lat) + 4 * pow(gk_eta2(lat), 2))
    + pow(gk_step(lon, lat), 6) / 720 * (61 - 58 * pow(tan(radians(lat)), 2) + pow(tan(radians(lat)), 4)));

-- GCJ-02 of a CGCS2000 point (the public formula; DOMAIN §1.9).
CREATE OR REPLACE TEMP MACRO gcj_wave(u) AS (20 * sin(6 * u * pi()) + 20 * sin(2 * u * pi())) * 2 / 3;
CREATE OR REPLACE TEMP MACRO gcj_east(x, y) AS
    300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + gcj_wave(x)
    + (20 * sin(x * pi()) + 40 * sin(x / 3 * pi())) * 2 / 3
    + (150 * sin(x / 12 * pi()) + 300 * sin(x / 30 * pi())) * 2 / 3;
CREATE OR REPLACE TEMP MACRO gcj_north(x, y) AS
    -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + gcj_wave(x)
    + (20 * sin(y * pi()) + 40 * sin(y / 3 * pi())) * 2 / 3
    + (160 * sin(y / 12 * pi()) + 320 * sin(y * pi() / 30)) * 2 / 3;
CREATE OR REPLACE TEMP MACRO gcj_magic(lat) AS 1 - 0.00669342162296594323 * pow(sin(radians(lat)), 2);
CREATE OR REPLACE TEMP MACRO gcj_lon(lon, lat) AS
    lon + degrees(gcj_east(lon - 105, lat - 35) * sqrt(gcj_magic(lat)) / (6378245.0 * cos(radians(lat))));
CREATE OR REPLACE TEMP MACRO gcj_lat(lon, lat) AS
    lat + degrees(gcj_north(lon - 105, lat - 35) * pow(gcj_magic(lat), 1.5) / (6378245.0 * (1 - 0.00669342162296594323)));

-- BD-09 of a GCJ-02 point (the public formula).
CREATE OR REPLACE TEMP MACRO bd_radius(lon, lat) AS sqrt(lon * lon + lat * lat) + 0.00002 * sin(lat * pi() * 3000 / 180);
CREATE OR REPLACE TEMP MACRO bd_angle(lon, lat) AS atan2(lat, lon) + 0.000003 * cos(lon * pi() * 3000 / 180);
CREATE OR REPLACE TEMP MACRO bd_lon(lon, lat) AS bd_radius(lon, lat) * cos(bd_angle(lon, lat)) + 0.0065;
CREATE OR REPLACE TEMP MACRO bd_lat(lon, lat) AS bd_radius(lon, lat) * sin(bd_angle(lon, lat)) + 0.006;

-- Numbers of things that are not citizens. Distinct by construction: `key` goes through a bijection.
CREATE OR REPLACE TEMP MACRO base31(n, place) AS
    substr('0123456789ABCDEFGHJKLMNPQRTUWXY', 1 + ((n // pow(31, place)::BIGINT) % 31)::INTEGER, 1);
CREATE OR REPLACE TEMP MACRO organization_body(key, founded) AS CASE
    WHEN founded < DATE '2015-10-01' THEN lpad((10000000 + (key * 7919 + 1234567) % 89999999)::VARCHAR, 8, '0')
    ELSE 'M' || if(founded < DATE '2020-01-01', 'A', 'B')
        || base31((key * 7919 + 31415) % 887503681, 5) || base31((key * 7919 + 31415) % 887503681, 4)
        || base31((key * 7919 + 31415) % 887503681, 3) || base31((key * 7919 + 31415) % 887503681, 2)
        || base31((key * 7919 + 31415) % 887503681, 1) || base31((key * 7919 + 31415) % 887503681, 0) END;

-- When a department wrote the row: in working hours of `due`; a row of the opening stock some days after `since` (the
-- event it tells of), or some day of the last two years when there is no event.
CREATE OR REPLACE TEMP MACRO written_at(key, since, due, what) AS
    CASE WHEN what <> 'opening' THEN due
         WHEN since IS NULL THEN due - whole(draw('past', key), 0, 700)::INTEGER
         ELSE least(due, since + whole(draw('past', key), 0, 6)::INTEGER) END::TIMESTAMP
    + to_seconds(28800 + whole(draw('second' || due::VARCHAR, key), 0, 35999));

-- Spellings departments use as their own custom (not faults): every one of them is canonical by GB/T 7408.
CREATE OR REPLACE TEMP MACRO compact(d) AS strftime(d, '%Y%m%d');
CREATE OR REPLACE TEMP MACRO dashed(d) AS strftime(d, '%Y-%m-%d');
CREATE OR REPLACE TEMP MACRO organization_key_of(uscc, registration) AS
    coalesce(substr(uscc, 9, 9), 'R' || registration);
-- A case names several parties; its number is written with the brackets of GB/T 9704.
CREATE OR REPLACE TEMP MACRO party_key(case_number, party) AS std_document_number(case_number) || '|' || party;

-- The columns of new organizations from their numbers. `kind`: enterprise, individual, cooperative, social, institution; and union,
-- collective, of which there are those of the opening.
CREATE OR REPLACE TEMP MACRO kind_of_organization(oid, social, institutions) AS CASE
    WHEN oid <= social THEN 'social' WHEN oid <= social + institutions THEN 'institution'
    WHEN draw('kind', oid) < 0.31 THEN 'enterprise' WHEN draw('kind', oid) < 0.985 THEN 'individual'
    ELSE 'cooperative' END;

CREATE OR REPLACE TEMP MACRO social_class(oid) AS
    CASE WHEN draw('social', oid) < 0.45 THEN '社会团体' WHEN draw('social', oid) < 0.95 THEN '民办非企业单位' ELSE '基金会' END;

CREATE OR REPLACE TEMP MACRO collective_level(oid) AS
    CASE WHEN draw('collective', oid) < 0.25 THEN '组级' WHEN draw('collective', oid) < 0.92 THEN '村级' ELSE '乡镇级' END;

CREATE OR REPLACE TEMP MACRO uscc_head(kind, oid) AS CASE kind
    WHEN 'enterprise' THEN '91' WHEN 'individual' THEN '92' WHEN 'cooperative' THEN '93' WHEN 'institution' THEN '12'
    WHEN 'union' THEN '81' WHEN 'collective' THEN CASE collective_level(oid) WHEN '组级' THEN 'N1' WHEN '村级' THEN 'N2' ELSE 'N3' END
    ELSE CASE social_class(oid) WHEN '社会团体' THEN '51' WHEN '民办非企业单位' THEN '52' ELSE '53' END END;

CREATE OR REPLACE TEMP MACRO core_name(oid, version) AS
    pick(getvariable('cores'), draw('core one' || version, oid)) || pick(getvariable('cores'), draw('core two' || version, oid))
    || if(draw('core length' || version, oid) < 0.4, pick(getvariable('cores'), draw('core three' || version, oid)), '');

CREATE OR REPLACE TEMP MACRO legal_form(kind, oid) AS CASE
    WHEN kind = 'cooperative' THEN '专业合作社'
    WHEN draw('form', oid) < 0.83 THEN '有限公司' WHEN draw('form', oid) < 0.90 THEN '有限责任公司'
    WHEN draw('form', oid) < 0.95 THEN '厂' WHEN draw('form', oid) < 0.98 THEN '合伙企业（有限合伙）' ELSE '股份有限公司' END;

CREATE OR REPLACE TEMP MACRO organization_title(kind, oid, version, city, county, representative, trade, shop) AS CASE kind
    WHEN 'individual' THEN county || representative || shop
    WHEN 'social' THEN county || core_name(oid, version) || pick(getvariable('social_objects'), draw('object', oid))
        || CASE social_class(oid) WHEN '社会团体' THEN '协会' WHEN '民办非企业单位' THEN '服务中心' ELSE '基金会' END
    WHEN 'institution' THEN city || county || core_name(oid, version)
        || pick(getvariable('institution_objects'), draw('object', oid))
    WHEN 'union' THEN city || core_name(oid, version) || trade || '有限公司工会委员会'
    WHEN 'collective' THEN city || county || core_name(oid, version)
        || CASE collective_level(oid) WHEN '组级' THEN '村第' || whole(draw('group', oid), 1, 20) || '村民小组经济合作社'
                                      WHEN '村级' THEN '村股份经济合作社' ELSE '镇股份经济联合总社' END
    ELSE CASE WHEN draw('bracket', oid) < 0.08
              THEN core_name(oid, version) || '（' || replace(city, '市', '') || '）' || trade
              ELSE if(draw('city', oid) < 0.8, city, '江苏') || core_name(oid, version) || trade END
         || legal_form(kind, oid) END;

CREATE OR REPLACE TEMP MACRO capital_wan(kind, oid, version) AS CASE kind
    WHEN 'individual' THEN pick([1, 2, 3, 5, 5, 8, 10, 20], draw('capital' || version, oid))
    WHEN 'social' THEN pick([3, 3, 5, 10, 30, 200], draw('capital' || version, oid))
    WHEN 'union' THEN NULL WHEN 'collective' THEN NULL
    WHEN 'institution' THEN pick([10, 50, 120, 368.5, 2000], draw('capital' || version, oid))
    ELSE CASE WHEN draw('capital round' || version, oid) < 0.8
              THEN pick([10, 50, 50, 100, 100, 100, 200, 500, 500, 1000, 1000, 5000], draw('capital' || version, oid))
              ELSE round(exp(2 + 5 * draw('capital' || version, oid)), 4) END END::DECIMAL(18, 6);

-- Where they were first registered (the address part of the number).
CREATE OR REPLACE TEMP MACRO county_now(region, mkey, kind) AS CASE
    WHEN kind = 'permit' AND draw('hmt', mkey) < 0.010 THEN pick(['810000', '820000', '830000'], draw('hmt which', mkey))
    WHEN kind = 'permit' AND draw('hmt', mkey) < 0.015 THEN pick(['932840', '932410', '932392'], draw('hmt which', mkey))
    WHEN kind = 'permit' AND draw('origin', mkey) < 0.8 THEN pick(getvariable('counties_elsewhere'), draw('county', mkey))
    WHEN kind = 'permit' OR draw('origin', mkey) < 0.2 THEN pick(getvariable('all_regions'), draw('county', mkey))
    WHEN draw('origin', mkey) < 0.25 THEN pick(getvariable('counties_elsewhere'), draw('county', mkey))
    ELSE region END;

-- A whole number below `n`, anew every day.
CREATE OR REPLACE TEMP MACRO lot_below(what, key, n) AS (lot(what, key) % n)::BIGINT;

-- The identifier of a certificate (GB/T 36904): root, type, organ, serial number, version, check. The serial number does not
-- show the certificate's own number, which is masked.
CREATE OR REPLACE TEMP MACRO certificate_serial(number) AS upper(left(md5(number), 16));
CREATE OR REPLACE TEMP MACRO certificate_identifier_of(type_code, organ, number, version) AS
    '1.2.156.3005.2.' || type_code || '.' || organ || '.' || certificate_serial(number) || '.' || lpad(version::VARCHAR, 3, '0') || '.'
    || certificate_identifier_check(type_code || organ || certificate_serial(number) || lpad(version::VARCHAR, 3, '0'));

-- Social insurance (codes of LD/T 92): pension and medical insurance, and up to two of the others.
CREATE OR REPLACE TEMP MACRO insurance_kinds(pid) AS ['110', '310'] || CASE
    WHEN draw('kinds', pid) < 0.60 THEN []
    WHEN draw('kinds', pid) < 0.88 THEN [pick(['210', '410', '510'], draw('kind of insurance', pid))]
    ELSE list_filter(['210', '410', '510'], lambda other: other <> pick(['210', '410', '510'], draw('kind of insurance', pid))) END;
CREATE OR REPLACE TEMP MACRO wage(key, version) AS
    (4500 + floor(19500 * pow(draw('wage' || version, key), 2.2)))::DECIMAL(18, 6);
CREATE OR REPLACE TEMP MACRO status_without_work(kind) AS if(kind IN ('110', '310'), '2', '3');
-- After how many days the office hears of an end; NULL: never.
CREATE OR REPLACE TEMP MACRO heard_after(whose, key) AS CASE
    WHEN draw(whose || ' forgotten', key) < 0.10 THEN NULL
    WHEN draw(whose || ' late', key) < 0.80 THEN whole(draw(whose || ' heard', key), 1, 4)
    ELSE whole(draw(whose || ' heard', key), 5, 30) END::INTEGER;
-- How many days ago what the office books today happened: half at most three, one in twenty up to fifteen (DOMAIN §7.6).
CREATE OR REPLACE TEMP MACRO booked_late(pid) AS CASE
    WHEN draw_today('booked', pid) < 0.95 THEN whole(draw_today('booked late', pid), 0, 6)
    ELSE whole(draw_today('booked late', pid), 7, 15) END::INTEGER;
