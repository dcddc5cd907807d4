-- What happens to addresses and points of interest on a day.

-- New buildings.
INSERT INTO province.address
SELECT * FROM address_rows((SELECT max(id) + 1 FROM province.address),
                           (SELECT max(id) FROM province.address) + getvariable('new_addresses'), 'home');
INSERT INTO province.touched SELECT 'address', id FROM province.address
WHERE id > (SELECT max(id) - getvariable('new_addresses') FROM province.address);
INSERT INTO province.outbox SELECT 'addresses', entity, getvariable('day'), 'new' FROM province.touched WHERE kind = 'address';

-- A survey moves points by some metres; addresses nobody uses are given up.
CREATE OR REPLACE TEMP TABLE changed AS
SELECT id FROM province.address
WHERE status = '1' AND id NOT IN (SELECT entity FROM province.open_fault WHERE subject = 'address')
  AND id NOT IN (SELECT entity FROM province.touched WHERE kind = 'address')
ORDER BY lot('survey', id) LIMIT getvariable('address_changes');
UPDATE province.address SET lon = round(lon + (draw_today('survey lon', id) - 0.5) * 0.0002, 7),
                            lat = round(lat + (draw_today('survey lat', id) - 0.5) * 0.0002, 7)
WHERE id IN (SELECT id FROM changed);
INSERT INTO province.touched SELECT 'address', id FROM changed;
INSERT INTO province.outbox SELECT 'addresses', id, getvariable('day'), 'change' FROM changed;

CREATE OR REPLACE TEMP TABLE changed AS
SELECT id FROM province.address
WHERE status = '1' AND kind <> 'building' AND id NOT IN (SELECT entity FROM province.open_fault WHERE subject = 'address')
  AND id NOT IN (SELECT entity FROM province.touched WHERE kind = 'address')
  AND id NOT IN (SELECT hukou_address FROM province.person WHERE hukou_address IS NOT NULL)
  AND id NOT IN (SELECT residence_address FROM province.person WHERE residence_address IS NOT NULL)
  AND id NOT IN (SELECT domicile FROM province.organization WHERE domicile IS NOT NULL)
  AND id NOT IN (SELECT business_address FROM province.organization WHERE business_address IS NOT NULL)
ORDER BY lot('demolition', id) LIMIT getvariable('address_removals');
UPDATE province.address SET status = '0' WHERE id IN (SELECT id FROM changed);
INSERT INTO province.touched SELECT 'address', id FROM changed;
INSERT INTO province.outbox SELECT 'addresses', id, getvariable('day'), 'change' FROM changed;

-- Points of interest: new ones, and telephone numbers that change.
INSERT INTO province.point_of_interest
SELECT i, 'JT' || lpad(i::VARCHAR, 8, '0'), pick(getvariable('point_kinds'), draw('point kind', i)),
       a.road || pick(getvariable('communities'), draw('point name', i))
           || pick(getvariable('point_kinds'), draw('point kind', i)),
       a.text, a.region, round(a.lon, 6), round(a.lat, 6), phone_number(i + 50000000, 'p')
FROM range((SELECT max(id) + 1 FROM province.point_of_interest),
           (SELECT max(id) + 1 + getvariable('new_points') FROM province.point_of_interest)) r(i)
JOIN province.address a ON a.id = 1 + (i * 7) % getvariable('homes');
CREATE OR REPLACE TEMP TABLE changed AS
SELECT id, if(row_number() OVER (ORDER BY id DESC) <= getvariable('new_points'), 'new', 'change') AS what
FROM province.point_of_interest
WHERE id NOT IN (SELECT entity FROM province.open_fault WHERE subject = 'point_of_interest')
QUALIFY row_number() OVER (ORDER BY id DESC) <= getvariable('new_points')
     OR row_number() OVER (ORDER BY lot('point', id)) <= getvariable('point_changes');
UPDATE province.point_of_interest SET phone = phone_number(id + 50000000, getvariable('day')::VARCHAR)
WHERE id IN (SELECT id FROM changed WHERE what = 'change');
INSERT INTO province.touched SELECT 'point_of_interest', id FROM changed;
INSERT INTO province.outbox SELECT 'points_of_interest', id, getvariable('day'), what FROM changed;
