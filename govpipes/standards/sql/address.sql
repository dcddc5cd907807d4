-- Addresses (GB/T 23705-2009, DOMAIN.md §1.10): the text, its standard levels, its normal form, and the key by which two
-- spellings of one address meet. Parsing costs about as much as everything else that is done to a row, so that it
-- is not done to every row that lands: golden records are parsed when they are fused, and by whoever asks a release.
--
-- Constants made at install: address_counties(), address_cities(): the names of Jiangsu's counties and prefectures, of all
-- times, as one alternation; region_names(): by row number, the names of a code's area, the present one first.

CREATE TEMP MACRO std_address_text(raw, other := NULL) AS CASE WHEN strpos(raw, ' ') = 0 AND text_is_regular(raw) THEN nullif(raw, '')
    WHEN strpos(trim(raw), ' ') = 0 AND text_is_regular(trim(raw)) THEN nullif(trim(raw), '')
    ELSE nullif(unspace_han(fold_text(raw)), '') END;
CREATE TEMP MACRO err_address_text(raw, value, other := NULL) AS CASE WHEN text_is_destroyed(raw) THEN 'ENC-01' END;
CREATE TEMP MACRO flag_address_text(raw, value, day, other := NULL) AS CASE
    WHEN text_is_filler(value) THEN 'QLT-01'
    WHEN length(value) < 5 OR NOT regexp_matches(value, '[省市区县镇乡村路街巷号弄组社区园苑]') THEN 'ADR-03'
    WHEN other IS NOT NULL AND address_is_elsewhere(value, other) THEN 'ADR-01'
    WHEN strlen(raw) IN (255, 2000, 4000) THEN 'TXT-02'
    WHEN raw <> value AND regexp_matches(raw, unicode_hidden()) THEN 'TXT-01' END;
CREATE TEMP MACRO std_postcode(raw) AS nullif(regexp_extract(fold_code(raw), '^\d{6}$'), '');
CREATE TEMP MACRO err_postcode(raw, value) AS CAST(NULL AS VARCHAR);
CREATE TEMP MACRO flag_postcode(raw, value, day) AS CASE WHEN value IS NULL THEN 'POST-01' END;

-- ADR-01, where a county code stands beside the text (`other`, as the department writes it): the text begins with a county,
-- and it is none that the area of the code ever was.
-- What says nothing of a county, or has a code of another province, contradicts nothing.
CREATE TEMP MACRO address_is_elsewhere(value, county) AS
    list_transform([region_names()[region_number(region_digits(county))]], lambda own: CASE
        WHEN own IS NULL OR contains(value, split_part(own, '|', 1)) THEN false
        ELSE list_transform([regexp_extract(value, '^(?:江苏省?)?(?:(?:' || address_cities() || ')市?)?(' || address_counties() || ')', 1)],
            lambda named: named <> '' AND NOT contains('|' || own || '|', '|' || named || '|'))[1] END)[1];

-- The levels: STRUCT of a standardized text; a level that is not there is NULL, what no level takes is `rest`. The first
-- half knows Jiangsu's counties by name, so that 昆山市 is a county and 江苏路 a road; of other provinces it takes what has
-- their form. `3-2-501` after a name or a door number is building, unit and room. Everything is in one macro, which is put
-- into the warehouse as it is (registries/addresses.py).
CREATE TEMP MACRO address_parts(x) AS list_transform([regexp_extract(CASE WHEN contains(x, '-')
        THEN regexp_replace(x, '([^\d-])(\d+)(?:幢|栋|号楼)?-(\d+)(?:单元)?-(\d{3,5})室?$', '\1\2幢\3单元\4室') ELSE x END,
    '^(?:(江苏省?)?((?:' || address_cities() || ')市?)?(' || address_counties() || ')'
    || '|(江苏省?)?((?:' || address_cities() || ')市)'
    || '|(\p{Han}{2,3}省|\p{Han}{2,5}自治区|(?:北京|上海|天津|重庆)市)([^省市区县路街巷号幢栋\d]{2,6}?(?:市|地区|自治州|盟))?([^省市区县路街巷镇乡村号幢栋\d]{1,6}?[区县市旗])?'
    || '|([^省市区县路街巷号幢栋\d]{2,6}?市)([^省市区县路街巷镇乡村号幢栋\d]{1,5}?[区县]))?(.*)$',
    ['p1', 'c1', 'd1', 'p2', 'c2', 'p3', 'c3', 'd3', 'c4', 'd4', 'local'])], lambda area:
    list_transform([regexp_extract(area.local,
    '^([^\d号幢栋]{1,8}?街道(?:办事处)?|[^\d号幢栋路街巷村区]{2,7}?[镇乡]|[^\d号幢栋路街巷村区]镇)?'
    || '([^\d号幢栋]{1,12}?(?:社区居委会|社区|居委会|居民委员会|村委会|村民委员会)|[^\d号幢栋路街巷]{0,8}?[^新\d号幢栋路街巷]村(?:[\d一二三四五六七八九十]+组)?)?'
    || '([^\d号幢栋]{1,12}?(?:大道|路|街|巷|弄|里|新村|花园|苑|小区)(?:[东西南北中][路街巷])?)?'
    || '(?:((?:[A-Za-z]?\d+(?:-\d+)?|[A-Za-z])(?:号楼|[幢栋座]))|(\d+(?:-\d+)*号)?(?:([^\d]{1,15}?)?((?:[A-Za-z]?\d+(?:-\d+)?|[A-Za-z])(?:号楼|[幢栋座])))?)'
    || '([\dA-Za-z一二三四五六七八九十甲乙丙丁东西中]+单元)?([\d一二三四五六七八九十]+[层楼])?([A-Za-z]?\d{1,5}[室房]|[A-Za-z]?\d{3,5})?(.*)$',
    ['town', 'community', 'road', 'b1', 'door', 'estate', 'b2', 'unit', 'storey', 'room', 'rest'])], lambda place:
    CASE WHEN x IS NOT NULL THEN {
        province: nullif(CASE WHEN area.p1 || area.p2 <> '' THEN '江苏省' ELSE area.p3 END, ''),
        city: nullif(CASE WHEN area.c1 <> '' THEN rtrim(area.c1, '市') || '市' ELSE area.c2 || area.c3 || area.c4 END, ''),
        county: nullif(area.d1 || area.d3 || area.d4, ''),
        town: nullif(place.town, ''), community: nullif(place.community, ''), road: nullif(place.road, ''),
        door_number: nullif(place.door, ''), estate: nullif(place.estate, ''),
        building: nullif(replace(replace(replace(place.b1 || place.b2, '号楼', '幢'), '栋', '幢'), '座', '幢'), ''),
        unit: nullif(place.unit, ''), storey: nullif(place.storey, ''),
        room: rtrim(nullif(place.room, ''), '室房') || '室', rest: nullif(place.rest, '')} END)[1])[1];
-- The levels in one text again; its levels are the same.
CREATE TEMP MACRO address_normal(x) AS list_transform([address_parts(x)], lambda p: nullif(concat(p.province, p.city, p.county,
    p.town, p.community, p.road, p.door_number, p.estate, p.building, p.unit, p.storey, p.room, p.rest), ''))[1];

-- The key of an address from its levels: within the county the street (else the village), the door, the building, the
-- unit and the room; as a hash, because people without a right to addresses may see keys. NULL where nothing tells one
-- house from another.
CREATE TEMP MACRO address_key(county_code, street, door_number, building, unit, room) AS CASE
    WHEN street IS NOT NULL AND coalesce(door_number, building, room) IS NOT NULL THEN md5(concat_ws('|', county_code, street,
        coalesce(door_number, ''), coalesce(replace(replace(replace(building, '号楼', '幢'), '栋', '幢'), '座', '幢'), ''),
        coalesce(unit, ''), coalesce(rtrim(room, '室房') || '室', ''))) END;
-- The same from a text. The county that the text names is nearer to it than the code beside it (of a firm: where it is
-- registered). A text without such a key waits under its own words: an orphan, not forgotten (ADR-02).
CREATE TEMP MACRO address_text_key(county_code, x) AS CASE WHEN x IS NOT NULL THEN list_transform([address_parts(x)], lambda p:
    list_transform([coalesce(region_name_codes()[list_position(region_name_keys(), p.city || p.county)],
        region_name_codes()[list_position(region_name_keys(), p.county)], county_code)],
        lambda county: coalesce(address_key(county, coalesce(p.road, p.community), p.door_number, p.building, p.unit, p.room),
            md5(concat_ws('|', county, x))))[1])[1] END;
