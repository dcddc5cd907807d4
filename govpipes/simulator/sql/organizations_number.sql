-- The `founded` rows (oid, kind, established_on) become organizations with their numbers, names and addresses.
SET VARIABLE adults = (SELECT count(*) FROM province.adult);
INSERT INTO province.organization
WITH placed AS (
    SELECT f.*, a.id AS domicile, a.region, r.city_name AS city, r.name AS county, d.pid AS representative, p.name AS person,
           coalesce(p.phone, phone_number(f.oid + 60000000, '')) AS phone,
           pick(getvariable('trades'), draw('trade', f.oid)) AS trade, pick(getvariable('shops'), draw('shop', f.oid)) AS shop
    FROM founded f
    JOIN province.address a
        ON a.id = getvariable('homes') + 1 + floor(pow(draw('premises', f.oid), 1.6) * getvariable('premises'))::BIGINT
    JOIN province.region r ON r.code = a.region
    JOIN province.adult d ON d.place = floor(pow(draw('representative', f.oid), 1.35) * getvariable('adults'))::BIGINT
    JOIN province.person p ON p.pid = d.pid),
coded AS (
    SELECT *, organization_body(oid, established_on) || organization_code_check(organization_body(oid, established_on))
                  AS code,
           region || CASE WHEN kind = 'individual' THEN '6' ELSE '0' END || lpad((oid % 9999999)::VARCHAR, 7, '0')
                  AS registration_body,
           split_part(if(kind = 'individual', shop, trade), '|', 1) AS word,
           split_part(if(kind = 'individual', shop, trade), '|', 2) AS industry FROM placed),
numbered AS (
    SELECT *, uscc_head(kind, oid) || region || code AS body,
           established_on < DATE '2015-10-01' AND kind IN ('enterprise', 'individual', 'cooperative') AS old FROM coded)
SELECT oid, kind, body || uscc_check(body), code,
       if(old, registration_body || registration_number_check(registration_body), NULL),
       if(old, region || code, NULL),
       organization_title(kind, oid, '', city, county, person, word, word), NULL,
       CASE kind WHEN 'individual' THEN '9500' WHEN 'cooperative' THEN '9100'
                 WHEN 'enterprise' THEN CASE legal_form(kind, oid) WHEN '股份有限公司' THEN '1220' WHEN '厂' THEN '4540'
                     WHEN '合伙企业（有限合伙）' THEN '4530' ELSE pick(['1130', '1130', '1130', '1150', '1110'], draw('type', oid)) END END,
       if(kind IN ('enterprise', 'individual'), industry, if(kind = 'cooperative', 'A0141', NULL)),
       capital_wan(kind, oid, ''), '156', representative, established_on,
       greatest(established_on, least(getvariable('day'), established_on + whole(draw('approved', oid), 0, 2500)::INTEGER)),
       CASE WHEN kind = 'enterprise' AND draw('term', oid) < 0.35 THEN established_on + 7305 END,
       region, city, county, domicile,
       if(draw('second address', oid) < 0.15, 1 + (oid * 13) % getvariable('homes'), domicile),
       '1', NULL, NULL, phone,
       CASE kind WHEN 'social' THEN social_class(oid) WHEN 'collective' THEN collective_level(oid) END,
       CASE WHEN kind IN ('social', 'institution') THEN city || county || pick(getvariable('supervisors'), draw('supervisor', oid))
            WHEN kind = 'union' THEN city || county || pick(getvariable('union_federations'), draw('supervisor', oid)) END,
       CASE kind WHEN 'institution' THEN pick(['财政拨款', '财政补助收入', '事业收入', '全额拨款'], draw('funding', oid)) END,
       CASE kind WHEN 'institution' THEN whole(draw('quota', oid), 5, 160)::INTEGER END,
       kind IN ('enterprise', 'cooperative') OR (kind = 'individual' AND draw('taxpayer', oid) < 0.55),
       if(kind = 'enterprise' AND draw('taxpayer kind', oid) < 0.3, '一般纳税人', '小规模纳税人'), '正常',
       established_on + whole(draw('tax lag', oid), 1, 4)::INTEGER
FROM numbered;
