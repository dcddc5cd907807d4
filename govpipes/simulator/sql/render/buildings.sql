-- 房屋建筑物: one UTF-8 file a day; GCJ-02 degrees, unless `incidents.py` says otherwise.
SELECT o.entity, b.building_id AS truth_key, b.building_id AS "楼幢编码", b.name AS "建筑物名称", a.text AS "坐落",
       CASE WHEN draw('address known', o.entity) < 0.7 THEN a.address_id END AS "标准地址编码", a.region AS "区县代码",
       b.structure AS "建筑结构", b.storeys_above::VARCHAR AS "地上层数", b.storeys_below::VARCHAR AS "地下层数",
       b.built_year::VARCHAR AS "建成年份", b.purpose AS "用途", b.area::VARCHAR AS "建筑面积",
       printf('%.6f', gcj_lon(b.lon, b.lat)) AS "经度", printf('%.6f', gcj_lat(b.lon, b.lat)) AS "纬度", b.status AS "使用状态",
       strftime(written_at(o.entity, NULL::DATE, o.due, o.what), '%Y-%m-%d %H:%M:%S') AS "更新时间"
FROM outgoing o
JOIN province.building b ON b.bid = o.entity
JOIN province.address a ON a.id = b.address
