-- Coordinates: canonical CGCS2000 degrees, longitude and latitude apart (DOMAIN.md §1.9). Every transformation takes and
-- gives a point {lon, lat} in degrees. CGCS2000 and WGS 84 differ by centimetres and are treated as equal.

-- GCJ-02 offset at a point, by the public formula (Krasovsky ellipsoid: a = 6378245, e² = 0.00669342162296594323).
CREATE TEMP MACRO gcj02_offset(lon, lat) AS list_transform([{x: lon - 105.0, y: lat - 35.0, radians_lat: lat / 180.0 * pi()}], lambda o: {
    dlat: (-100.0 + 2.0 * o.x + 3.0 * o.y + 0.2 * o.y * o.y + 0.1 * o.x * o.y + 0.2 * sqrt(abs(o.x))
        + (20.0 * sin(6.0 * o.x * pi()) + 20.0 * sin(2.0 * o.x * pi())) * 2.0 / 3.0
        + (20.0 * sin(o.y * pi()) + 40.0 * sin(o.y / 3.0 * pi())) * 2.0 / 3.0
        + (160.0 * sin(o.y / 12.0 * pi()) + 320.0 * sin(o.y * pi() / 30.0)) * 2.0 / 3.0) * 180.0
        / ((6378245.0 * (1 - 0.00669342162296594323)) / power(1 - 0.00669342162296594323 * power(sin(o.radians_lat), 2), 1.5) * pi()),
    dlon: (300.0 + o.x + 2.0 * o.y + 0.1 * o.x * o.x + 0.1 * o.x * o.y + 0.1 * sqrt(abs(o.x))
        + (20.0 * sin(6.0 * o.x * pi()) + 20.0 * sin(2.0 * o.x * pi())) * 2.0 / 3.0
        + (20.0 * sin(o.x * pi()) + 40.0 * sin(o.x / 3.0 * pi())) * 2.0 / 3.0
        + (150.0 * sin(o.x / 12.0 * pi()) + 300.0 * sin(o.x / 30.0 * pi())) * 2.0 / 3.0) * 180.0
        / (6378245.0 / sqrt(1 - 0.00669342162296594323 * power(sin(o.radians_lat), 2)) * cos(o.radians_lat) * pi())})[1];
CREATE TEMP MACRO cgcs2000_to_gcj02(lon, lat) AS list_transform([gcj02_offset(lon, lat)], lambda moved:
    {lon: lon + moved.dlon, lat: lat + moved.dlat})[1];
-- The inverse by three fixed-point steps: below a millimetre in China.
CREATE TEMP MACRO gcj02_step(lon, lat, guess) AS list_transform([gcj02_offset(guess.lon, guess.lat)], lambda back:
    {lon: lon - back.dlon, lat: lat - back.dlat})[1];
CREATE TEMP MACRO gcj02_to_cgcs2000(lon, lat) AS
    list_transform([gcj02_step(lon, lat, {lon: lon, lat: lat})], lambda first_guess:
        list_transform([gcj02_step(lon, lat, first_guess)], lambda second_guess: gcj02_step(lon, lat, second_guess))[1])[1];

-- BD-09: GCJ-02 with a further twist.
CREATE TEMP MACRO gcj02_to_bd09(lon, lat) AS list_transform([{
        radius: sqrt(lon * lon + lat * lat) + 0.00002 * sin(lat * pi() * 3000.0 / 180.0),
        angle: atan2(lat, lon) + 0.000003 * cos(lon * pi() * 3000.0 / 180.0)}], lambda twist:
    {lon: twist.radius * cos(twist.angle) + 0.0065, lat: twist.radius * sin(twist.angle) + 0.006})[1];
CREATE TEMP MACRO bd09_to_gcj02(lon, lat) AS list_transform([{x: lon - 0.0065, y: lat - 0.006}], lambda untwist:
    list_transform([{radius: sqrt(untwist.x * untwist.x + untwist.y * untwist.y) - 0.00002 * sin(untwist.y * pi() * 3000.0 / 180.0),
            angle: atan2(untwist.y, untwist.x) - 0.000003 * cos(untwist.x * pi() * 3000.0 / 180.0)}], lambda polar:
        {lon: polar.radius * cos(polar.angle), lat: polar.radius * sin(polar.angle)})[1])[1];
CREATE TEMP MACRO bd09_to_cgcs2000(lon, lat) AS
    list_transform([bd09_to_gcj02(lon, lat)], lambda unbaidu: gcj02_to_cgcs2000(unbaidu.lon, unbaidu.lat))[1];

-- Gauss-Krueger on CGCS2000 (a = 6378137, f = 1/298.257222101, scale 1, false easting 500 km), Krueger's series in
-- n = f/(2-f) to n^4: below a millimetre within 3 degrees. Rectifying radius A = 6367449.1458 m.
CREATE TEMP MACRO gk_inverse(x, y, central) AS list_transform([{xi: y / 6367449.145771048, eta: (x - 500000.0) / 6367449.145771048}], lambda k:
    list_transform([{
        xi: k.xi - 8.3773216816203e-04 * sin(2 * k.xi) * cosh(2 * k.eta) - 5.9058702110170e-08 * sin(4 * k.xi) * cosh(4 * k.eta)
            - 1.6734826761541e-10 * sin(6 * k.xi) * cosh(6 * k.eta),
        eta: k.eta - 8.3773216816203e-04 * cos(2 * k.xi) * sinh(2 * k.eta) - 5.9058702110170e-08 * cos(4 * k.xi) * sinh(4 * k.eta)
            - 1.6734826761541e-10 * cos(6 * k.xi) * sinh(6 * k.eta)}], lambda r:
        list_transform([asin(sin(r.xi) / cosh(r.eta))], lambda chi: {
            lon: central + atan2(sinh(r.eta), cos(r.xi)) * 180.0 / pi(),
            lat: (chi + 3.3565514856044e-03 * sin(2 * chi) + 6.5718732630721e-06 * sin(4 * chi) + 1.7646403789110e-08 * sin(6 * chi)
                + 5.3878170901700e-11 * sin(8 * chi)) * 180.0 / pi()})[1])[1])[1];
CREATE TEMP MACRO gk_forward(lon, lat, central) AS list_transform([{dl: (lon - central) * pi() / 180.0, s: sin(lat * pi() / 180.0)}], lambda g:
    list_transform([sinh(atanh(g.s) - 0.081819191042816 * atanh(0.081819191042816 * g.s))], lambda tau:
        list_transform([{xi: atan2(tau, cos(g.dl)), eta: asinh(sin(g.dl) / sqrt(tau * tau + cos(g.dl) * cos(g.dl)))}], lambda f: {
            x: 500000.0 + 6367449.145771048 * (f.eta + 8.3773182472855e-04 * cos(2 * f.xi) * sinh(2 * f.eta)
                + 7.6085278483793e-07 * cos(4 * f.xi) * sinh(4 * f.eta) + 1.1976455002316e-09 * cos(6 * f.xi) * sinh(6 * f.eta)),
            y: 6367449.145771048 * (f.xi + 8.3773182472855e-04 * sin(2 * f.xi) * cosh(2 * f.eta)
                + 7.6085278483793e-07 * sin(4 * f.xi) * cosh(4 * f.eta) + 1.1976455002316e-09 * sin(6 * f.xi) * cosh(6 * f.eta))})[1])[1])[1];
-- Easting and northing in metres; an easting of eight digits begins with the number of its 3-degree zone (40 = 120°E),
-- one of six digits belongs to 120°E (EPSG:4549).
CREATE TEMP MACRO gk_to_cgcs2000(easting, northing) AS CASE
    WHEN easting >= 1e6 THEN gk_inverse(easting - floor(easting / 1e6) * 1e6, northing, floor(easting / 1e6) * 3.0)
    ELSE gk_inverse(easting, northing, 120.0) END;
-- The point in the zone with number `zone`, as {x: easting with zone, y: northing}.
CREATE TEMP MACRO cgcs2000_to_gk(lon, lat, zone) AS list_transform([gk_forward(lon, lat, zone * 3.0)], lambda metres:
    {x: zone * 1e6 + metres.x, y: metres.y})[1];

-- `118.7969`, `118,7969`, `118°47′48.5″`, `东经118度47分48秒`, `E118.7969` -> a number.
CREATE TEMP MACRO coordinate_number(raw) AS CASE WHEN regexp_full_match(raw, '-?\d{1,9}(\.\d{1,20})?') THEN TRY_CAST(raw AS DOUBLE) ELSE
    list_transform([regexp_replace(upper(fold_text(raw)), '^(东经|北纬|E|N)|[ EN]', '', 'g')], lambda place_text: CASE
        WHEN regexp_full_match(place_text, '[+-]?\d{1,9}([.,]\d*)?') THEN TRY_CAST(replace(place_text, ',', '.') AS DOUBLE)
        WHEN regexp_full_match(place_text, '\d{1,3}[°度]\d{1,2}([''′’分:](\d{1,2}(\.\d*)?([″"”秒]|''''|′′)?)?)?') THEN
            list_transform([regexp_extract_all(place_text, '\d+(?:\.\d+)?')], lambda dms: CAST(dms[1] AS DOUBLE)
                + coalesce(TRY_CAST(dms[2] AS DOUBLE), 0) / 60 + coalesce(TRY_CAST(dms[3] AS DOUBLE), 0) / 3600)[1] END)[1] END;
CREATE TEMP MACRO is_longitude(v) AS v BETWEEN 73 AND 136;
CREATE TEMP MACRO is_latitude(v) AS v BETWEEN 3 AND 54;
CREATE TEMP MACRO is_northing(v) AS v BETWEEN 3e6 AND 4.2e6;
CREATE TEMP MACRO is_easting(v) AS v BETWEEN 39e6 AND 41999999 OR v BETWEEN 1e5 AND 9e5;

-- Two numbers in either order, put in order and classified by magnitude (GEO-01): `kind` deg or gk, NULL if neither.
CREATE TEMP MACRO point_classified(a, b) AS CASE
    WHEN is_longitude(a) AND is_latitude(b) THEN {kind: 'deg', x: a, y: b}
    WHEN is_latitude(a) AND is_longitude(b) THEN {kind: 'deg', x: b, y: a}
    WHEN is_easting(a) AND is_northing(b) THEN {kind: 'gk', x: a, y: b}
    WHEN is_northing(a) AND is_easting(b) THEN {kind: 'gk', x: b, y: a} END;
CREATE TEMP MACRO point_of(pair, datum) AS CASE
    WHEN pair.kind = 'gk' THEN gk_to_cgcs2000(pair.x, pair.y)
    WHEN datum IN ('gcj02', 'bd09') THEN list_transform([CASE WHEN datum = 'bd09' THEN bd09_to_gcj02(pair.x, pair.y)
        ELSE {lon: pair.x, lat: pair.y} END], lambda offset_point: gcj02_to_cgcs2000(offset_point.lon, offset_point.lat))[1]
    WHEN pair.kind = 'deg' THEN {lon: pair.x, lat: pair.y} END;
CREATE TEMP MACRO point_from(a, b, datum) AS
    list_transform([point_classified(a, b)], lambda pair: list_transform([point_of(pair, datum)], lambda found:
        CASE WHEN is_longitude(round(found.lon, 8)) AND is_latitude(round(found.lat, 8)) THEN found END)[1])[1];
-- How far two points lie apart, in metres; on a flat Earth, good to one in a hundred over some kilometres.
CREATE TEMP MACRO metres_between(lon, lat, other_lon, other_lat) AS
    sqrt(power((lon - other_lon) * 111320 * cos(radians(lat)), 2) + power((lat - other_lat) * 110570, 2));
-- Eight decimals are a millimetre.
CREATE TEMP MACRO std_longitude(raw, other := NULL, datum := 'cgcs2000') AS
    list_transform([coordinate_number(raw)], lambda own: CASE
        WHEN datum IN ('cgcs2000', 'wgs84') AND is_longitude(own) THEN own
        ELSE round(list_transform([coordinate_number(other)], lambda beside: point_from(own, beside, datum).lon)[1], 8) END)[1];
CREATE TEMP MACRO std_latitude(raw, other := NULL, datum := 'cgcs2000') AS
    list_transform([coordinate_number(raw)], lambda own: CASE
        WHEN datum IN ('cgcs2000', 'wgs84') AND is_latitude(own) THEN own
        ELSE round(list_transform([coordinate_number(other)], lambda beside: point_from(own, beside, datum).lat)[1], 8) END)[1];
-- GEO-02: Jiangsu's bounding box (116.3538-121.9538 E, 30.7672-35.1416 N) and 0.05 degrees.
-- GEO-05: 0 says that there is no point; it is flagged, and no other error.
-- A zero is a placeholder, GEO-05: no coordinate, flagged, not an error.
CREATE TEMP MACRO err_longitude(raw, value, other := NULL, datum := 'cgcs2000') AS CASE
    WHEN value IS NULL AND coordinate_number(raw) IS DISTINCT FROM 0 THEN 'GEO-01'
    WHEN value NOT BETWEEN 116.3038 AND 122.0038 THEN 'GEO-02' END;
CREATE TEMP MACRO err_latitude(raw, value, other := NULL, datum := 'cgcs2000') AS CASE
    WHEN value IS NULL AND coordinate_number(raw) IS DISTINCT FROM 0 THEN 'GEO-01'
    WHEN value NOT BETWEEN 30.7172 AND 35.1916 THEN 'GEO-02' END;
-- GEO-06: fewer than four decimals of a degree (about ten metres).
CREATE TEMP MACRO coordinate_flag(raw, given, exchanged) AS CASE
    WHEN exchanged THEN 'GEO-08'
    WHEN given = floor(given) AND given < 200 THEN 'GEO-05'
    WHEN given < 200 AND regexp_full_match(raw, '\d+\.\d{0,3}') THEN 'GEO-06' END;
CREATE TEMP MACRO flag_longitude(raw, value, day, other := NULL, datum := 'cgcs2000') AS
    list_transform([coordinate_number(raw)], lambda given: coordinate_flag(raw, given, is_latitude(given) OR is_northing(given)))[1];
CREATE TEMP MACRO flag_latitude(raw, value, day, other := NULL, datum := 'cgcs2000') AS
    list_transform([coordinate_number(raw)], lambda given: coordinate_flag(raw, given, is_longitude(given) OR is_easting(given)))[1];

-- Polygons as well-known text: POLYGON ((lon lat, lon lat, …), (hole)) or MULTIPOLYGON (((…)), ((…))), longitude first.
-- Here: the form, closed rings, inside Jiangsu. Whether a ring crosses itself is asked of the golden records, with the
-- spatial extension (GEO-07).
CREATE TEMP MACRO polygon_rings(value) AS regexp_extract_all(value, '\(([^()]+)\)', 1);
CREATE TEMP MACRO std_polygon(raw) AS nullif(regexp_replace(regexp_replace(upper(fold_text(raw)),
    '\s*([(),])\s*', '\1', 'g'), '^(MULTI)?POLYGON', '\0 '), '');
CREATE TEMP MACRO polygon_ring() AS '\(\d+(\.\d+)? \d+(\.\d+)?(,\d+(\.\d+)? \d+(\.\d+)?){3,}\)';
CREATE TEMP MACRO polygon_form() AS list_transform(['\(' || polygon_ring() || '(,' || polygon_ring() || ')*\)'],
    lambda rings: 'POLYGON ' || rings || '|MULTIPOLYGON \(' || rings || '(,' || rings || ')*\)')[1];
CREATE TEMP MACRO err_polygon(raw, value) AS CASE
    WHEN value IS NULL OR NOT regexp_full_match(value, polygon_form()) THEN 'GEO-07'
    WHEN list_bool_or(list_transform(polygon_rings(value), lambda ring: split_part(ring, ',', 1) <> split_part(ring, ',', -1))) THEN 'GEO-07'
    WHEN list_bool_or(list_transform(string_split(array_to_string(polygon_rings(value), ','), ','), lambda corner:
        CAST(split_part(corner, ' ', 1) AS DOUBLE) NOT BETWEEN 116.3038 AND 122.0038
        OR CAST(split_part(corner, ' ', 2) AS DOUBLE) NOT BETWEEN 30.7172 AND 35.1916)) THEN 'GEO-02' END;
CREATE TEMP MACRO flag_polygon(raw, value, day) AS CAST(NULL AS VARCHAR);
