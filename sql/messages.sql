-- kafka.messages: how batches are decoded, and that conditions limit what is read. Segments are made by hand, as the
-- broker makes them; none runs in this database.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_kafka;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- The bytes of a record batch, format 2: a big-endian number in it, and zigzag varints.
CREATE FUNCTION number_at(batch bytea, first int, size int) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE size WHEN 4 THEN ('x' || encode(substring(batch FROM first + 1 FOR 4), 'hex'))::bit(32)::int
                     ELSE ('x' || encode(substring(batch FROM first + 1 FOR 8), 'hex'))::bit(64)::bigint END
$$;
CREATE FUNCTION varint(number bigint) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    rest bigint := CASE WHEN number < 0 THEN -2 * number - 1 ELSE 2 * number END;
    bytes bytea := '';
BEGIN
    WHILE rest > 127 LOOP
        bytes := bytes || set_byte('\x00', 0, (rest & 127 | 128)::int);
        rest := rest >> 7;
    END LOOP;
    RETURN bytes || set_byte('\x00', 0, rest::int);
END $$;

-- An uncompressed batch of records whose values are v<offset>, one a second from `first_time` on.
CREATE FUNCTION make_batch(base_offset bigint, records int, first_time timestamptz) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    first_ms bigint := extract(epoch FROM first_time) * 1000;
    data bytea := '';
    record bytea;
    value bytea;
BEGIN
    FOR i IN 0 .. records - 1 LOOP
        value := convert_to('v' || base_offset + i, 'UTF8');
        record := '\x00' || varint(1000 * i) || varint(i) || varint(-1) || varint(length(value)) || value || varint(0);
        data := data || varint(length(record)) || record;
    END LOOP;
    RETURN int8send(base_offset) || int4send(49 + length(data)) || int4send(0) || '\x02'::bytea || int4send(0)
           || int2send(0::int2) || int4send(records - 1) || int8send(first_ms) || int8send(first_ms + 1000 * (records - 1))
           || int8send(-1) || int2send((-1)::int2) || int4send(-1) || int4send(records) || data;
END $$;

CREATE FUNCTION make_segment(topic text, start_offsets bigint[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    made bigint;
BEGIN
    INSERT INTO kafka.segment (topic_id, start_offsets, created_ms)
    SELECT id, make_segment.start_offsets, 0 FROM kafka.topics WHERE name = topic RETURNING id INTO made;
    EXECUTE format('CREATE TABLE kafka.%I (LIKE kafka.batch INCLUDING ALL)', 'segment_' || made);
    RETURN made;
END $$;

CREATE FUNCTION close_segment(closed_id bigint, timestamps bigint[]) RETURNS void LANGUAGE sql AS $$
    UPDATE kafka.segment SET max_timestamps = timestamps, bytes = '{}' WHERE id = closed_id
$$;

-- Stores a batch at an offset.
CREATE FUNCTION put(segment bigint, partition int, base_offset bigint, batch bytea) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO kafka.%1$I SELECT $1, 0, $2, $3,'
                   ' greatest($4, (SELECT max(max_timestamp) FROM kafka.%1$I WHERE partition = $1)), 0, 0, $5', 'segment_' || segment)
    USING partition, base_offset, base_offset + number_at(batch, 23, 4), number_at(batch, 35, 8),
          int8send(base_offset) || substring(batch FROM 9);
END $$;

-- The offsets of a topic's records under a condition, in the order of the log or its reverse.
CREATE FUNCTION in_order(condition text, way text, relation text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    found text[];
BEGIN
    EXECUTE format('SELECT array_agg(partition || '':'' || "offset") FROM (SELECT * FROM %s AS m WHERE topic = ''events'' AND %s'
                   ' ORDER BY topic %3$s, partition %3$s, "offset" %3$s) AS s', relation, condition, way) INTO found;
    RETURN found;
END $$;

-- The limits of a query's scan of the log, and how many batches it decoded.
CREATE FUNCTION scan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || query INTO plan;
    RETURN QUERY
    SELECT e.key || ': ' || e.value
      FROM jsonb_path_query_first(plan::jsonb, 'strict $.** ? (@."Batches Read" >= 0)') AS scan,
           unnest('{Topic,Partition,Offset,Timestamp,Key,Scan Direction,Batches Read}'::text[]) WITH ORDINALITY AS k(key, n),
           jsonb_each_text(scan) AS e
     WHERE e.key = k.key ORDER BY k.n;
END $$;

CREATE TABLE golden (name text PRIMARY KEY, batch bytea);
INSERT INTO golden VALUES
    ('none', '\x000000000000000000000072ffffffff023bc104450000000000020000018bcfe568000000018bcfe6eea00000000000000fa00003000000110000000316000000010a66697273740024000902046b3201020a7472616365066162634200c09a0c0400000802610100000e6772c3b6c39f650ce697a5e69cac02610400ff'),
    ('gzip', '\x00000000000003e8000000870000000402a51de3f90001000000020000018bcfe568000000018bcfe6eea0ffffffffffffffffffffffffffff000000031f8b08000000000000ff1363606060e44acb2c2a2e615061e06462c9366264e22a294a4c4e654b4c4a766238308b878581818329919181812fbde8f0b6c3f353799e4d5ffa6cce1aa6441686ff00cf6bcc9241000000'),
    ('snappy', '\x00000000000003e800000089000000040205e735530002000000020000018bcfe568000000018bcfe6eea0ffffffffffffffffffffffffffff0000000382534e415050590000000001000000010000004441f04016000000010a66697273740024000902046b3201020a7472616365066162634200c09a0c0400000802610100000e6772c3b6c39f650ce697a5e69cac02610400ff'),
    ('snappy_raw', '\x00000000000000000000007500000001024c757ce60002000000020000018bcfe568000000018bcfe6eea0ffffffffffffffffffffffffffff0000000341f04016000000010a66697273740024000902046b3201020a7472616365066162634200c09a0c0400000802610100000e6772c3b6c39f650ce697a5e69cac02610400ff'),
    ('lz4', '\x00000000000003e800000081000000040271334e0b0003000000020000018bcfe568000000018bcfe6eea0ffffffffffffffffffffffffffff0000000304224d186040824100008016000000010a66697273740024000902046b3201020a7472616365066162634200c09a0c0400000802610100000e6772c3b6c39f650ce697a5e69cac02610400ff00000000'),
    ('zstd', '\x00000000000003e80000007e000000040234df969c0004000000020000018bcfe568000000018bcfe6eea0ffffffffffffffffffffffffffff0000000328b52ffd005808020016000000010a66697273740024000902046b3201020a7472616365066162634200c09a0c0400000802610100000e6772c3b6c39f650ce697a5e69cac02610400ff010000'),
    ('append_time', '\x000000000000000000000072ffffffff02914f58460008000000020000018bcfe568000000018bcfe56be7ffffffffffffffffffffffffffff0000000316000000010a66697273740024000902046b3201020a7472616365066162634200c09a0c0400000802610100000e6772c3b6c39f650ce697a5e69cac02610400ff'),
    ('no_timestamp', '\x000000000000000000000043ffffffff0230826027000000000001ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0000000210000000026b02760010000002026b027700'),
    ('timestamp_zero', '\x00000000000000000000003affffffff02fe917cab00000000000000000000000000000000000000000000ffffffffffffffffffffffffffff0000000110000000026b027600'),
    ('timestamp_max', '\x00000000000000000000004cffffffff029f8545940000000000017fffffffffffffff7fffffffffffffffffffffffffffffffffffffffffff0000000210000000026b0276002200fdffffffffffffffff0102026b027700'),
    ('offset_gaps', '\x00000000000000640000004fffffffff0212580f110000000186a00000018bcfe568000000018bcfe56800ffffffffffffffffffffffffffff000000031000000602610231001200008c010262023200140000c09a0c0263023300'),
    ('control', '\x00000000000000140000004200000002023defc5450030000000000000018bcfe568000000018bcfe568000000000000000fa10000ffffffff000000012000000008000000010c00000000000500'),
    ('empty', '\x000000000000001e000000310000000602de669fcf000000000004ffffffffffffffff0000018bcfe568000000000000000fa300010000000800000000'),
    ('delete_horizon', '\x000000000000000a0000007900000003020f1a92840040000000020000018bd50bc4000000018bcfe6eea00000000000000fa2000100000005000000031c00ffefb25200010a6669727374002a0089f0b25202046b3201020a7472616365066162634400bfd5a6520400000802610100000e6772c3b6c39f650ce697a5e69cac02610400ff'),
    ('last_beyond', '\x0000000000000064000000720000000902e836c5340000000000140000018bcfe568000000018bcfe6eea0ffffffffffffffffffffffffffff0000000316000000010a66697273740024000902046b3201020a7472616365066162634200c09a0c0400000802610100000e6772c3b6c39f650ce697a5e69cac02610400ff'),
    ('offset_max', '\x7ffffffffffffffd00000072ffffffff02ff2489640000000000020000018bcfe568000000018bcfe6eea0ffffffffffffffffffffffffffff0000000316000000010a66697273740024000902046b3201020a7472616365066162634200c09a0c0400000802610100000e6772c3b6c39f650ce697a5e69cac02610400ff');

-- A topic without a segment has no messages.
SELECT kafka.create_topic('golden', 2) IS NOT NULL AS has_id;
SELECT * FROM kafka.messages WHERE topic = 'golden';
SELECT * FROM kafka.messages WHERE topic = 'missing';

-- The same three records under every codec: null and empty are told apart; headers keep their order, repeated keys, nulls.
SELECT make_segment('golden', '{0,0}') AS segment \gset
SELECT count(put(:segment, 0, 10 * n, batch))
  FROM golden JOIN unnest('{none,gzip,snappy,snappy_raw,lz4,zstd}'::text[]) WITH ORDINALITY AS u(name, n) USING (name);
SELECT "offset", "timestamp", key, value, headers FROM kafka.messages WHERE topic = 'golden' AND "offset" < 20;
-- The next ones from an offset on; batches behind them are not decoded.
SELECT "offset", value FROM kafka.fetch('golden', 0, 11, 3);
SELECT count(*), max("offset") FROM kafka.fetch('golden', 0, 0);
SELECT count(*) FROM kafka.fetch('golden', 1, 0);
SELECT scan_of($$SELECT * FROM kafka.fetch('golden', 0, 11, 3)$$);
SELECT "offset" % 10 AS record, count(*), count(DISTINCT (key, value, headers, "timestamp")) AS different, min("offset"), max("offset")
  FROM kafka.messages WHERE topic = 'golden' GROUP BY 1 ORDER BY 1;
SELECT h.n, h.key, h.value, h.value IS NULL AS is_null
  FROM kafka.messages m, unnest(m.headers) WITH ORDINALITY AS h(key, value, n)
 WHERE m.topic = 'golden' AND m."offset" = 62 ORDER BY h.n;
SELECT cardinality(headers) FROM kafka.messages WHERE topic = 'golden' AND "offset" BETWEEN 60 AND 62;

-- By key, in a list too; null is none. From the end of the log backwards: one batch for a key that is in the last one.
SELECT "offset", key FROM kafka.messages WHERE topic = 'golden' AND key = 'k2' AND "offset" < 20;
SELECT "offset", key FROM kafka.messages WHERE topic = 'golden' AND key IN ('', 'k2') AND "offset" < 20;
SELECT count(*) FROM kafka.messages WHERE topic = 'golden' AND key = 'k2' AND key = 'k3';
SELECT count(*) FROM kafka.messages WHERE topic = 'golden' AND key = NULL;
SELECT partition, "offset", key, value FROM kafka.newest('golden', 'k2');
SELECT partition, "offset", key, value FROM kafka.newest('golden', '', 0);
SELECT count(*) FROM kafka.newest('golden', 'k2', 1);
SELECT count(*) FROM kafka.newest('golden', 'missing');
SELECT scan_of($$SELECT * FROM kafka.newest('golden', 'k2', 0)$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'golden' AND partition = 0 AND key = 'k2' AND "offset" < 50 ORDER BY "offset" DESC LIMIT 1$$);

-- As text, and with headers as an object.
SELECT "offset", key, value, json, headers FROM kafka.messages_text WHERE topic = 'golden' AND "offset" < 20;
SELECT scan_of($$SELECT * FROM kafka.messages_text WHERE topic = 'golden' AND partition = 0 AND "offset" >= 40 AND "timestamp" >= '2023-11-14' ORDER BY "offset" DESC LIMIT 3$$);

-- Timestamps: of the append, absent, at the start of the era, beyond what Postgres can show.
SELECT put(:segment, 0, 100, batch) FROM golden WHERE name = 'append_time';
SELECT put(:segment, 0, 110, batch) FROM golden WHERE name = 'no_timestamp';
SELECT put(:segment, 0, 120, batch) FROM golden WHERE name = 'timestamp_zero';
SELECT put(:segment, 0, 130, batch) FROM golden WHERE name = 'timestamp_max';
SELECT put(:segment, 0, 140, batch) FROM golden WHERE name = 'delete_horizon';
SELECT "offset", "timestamp" FROM kafka.messages WHERE topic = 'golden' AND "offset" BETWEEN 100 AND 199;
SELECT "offset" FROM kafka.messages WHERE topic = 'golden' AND "timestamp" >= 'infinity';
SELECT "offset" FROM kafka.messages WHERE topic = 'golden' AND "timestamp" IS NULL;

-- Gaps in the offsets, marks of transactions, batches that compaction has emptied, the last offset of all.
SELECT put(:segment, 0, 1000, batch) FROM golden WHERE name = 'offset_gaps';
SELECT put(:segment, 0, 200000, batch) FROM golden WHERE name = 'control';
SELECT put(:segment, 0, 200100, batch) FROM golden WHERE name = 'empty';
SELECT put(:segment, 0, 200200, batch) FROM golden WHERE name = 'last_beyond';
SELECT put(:segment, 0, 9223372036854775805, batch) FROM golden WHERE name = 'offset_max';
SELECT "offset", value FROM kafka.messages WHERE topic = 'golden' AND "offset" >= 1000;
SELECT "offset" FROM kafka.messages WHERE topic = 'golden' AND "offset" = 9223372036854775807;
SELECT "offset" FROM kafka.messages WHERE topic = 'golden' AND partition = 0 ORDER BY "offset" DESC LIMIT 8;
SELECT "offset" FROM kafka.messages WHERE topic = 'golden' AND "offset" > 9223372036854775807;
SELECT "offset" FROM kafka.messages WHERE topic = 'golden' AND "offset" < (-9223372036854775808);

-- Header keys that are not text are mended, and never an error.
SELECT put(:segment, 1, 0, overlay(batch PLACING '\x00ff'::bytea FROM position('\xc3b6'::bytea IN batch))) FROM golden WHERE name = 'none';
SELECT (headers[3]).key = U&'gr\FFFD\FFFD\00DFe' AS is_mended FROM kafka.messages WHERE topic = 'golden' AND partition = 1 AND "offset" = 2;

-- A damaged batch is an error that names it; other batches can be read around it.
SELECT put(:segment, 1, 10, overlay(batch PLACING '\xffffffff'::bytea FROM 70)) FROM golden WHERE name = 'gzip';
SELECT put(:segment, 1, 20, batch) FROM golden WHERE name = 'gzip';
SELECT count(*) FROM kafka.messages WHERE topic = 'golden' AND partition = 1;
SELECT count(*) FROM kafka.messages WHERE topic = 'golden' AND partition = 1 AND "offset" >= 20;
SELECT count(*) FROM (SELECT FROM kafka.messages WHERE topic = 'golden' AND partition = 1 ORDER BY "offset" DESC LIMIT 3) AS m;
SELECT count(*) FROM (SELECT FROM kafka.messages WHERE topic = 'golden' AND partition = 1 ORDER BY "offset" DESC LIMIT 4) AS m;

-- A deleted topic has no messages, even while its tables are still there.
SELECT kafka.delete_topic('golden');
SELECT count(*) FROM kafka.messages WHERE topic = 'golden';
SELECT 'kafka.segment_' || :segment AS golden_table \gset
DROP TABLE :golden_table;

-- A topic of two segments, the older one closed: records 0-99 and 100-199 of partition 0 in batches of ten, one record a
-- second; partition 1 has records only in the older segment.
SELECT kafka.create_topic('events', 3) IS NOT NULL AS has_id;
SELECT make_segment('events', '{0,0,0}') AS older \gset
SELECT count(put(:older, 0, n, make_batch(n, 10, '2024-01-01 UTC'::timestamptz + n * interval '1 s'))) FROM generate_series(0, 90, 10) AS n;
SELECT count(put(:older, 1, n, make_batch(n, 10, '2024-01-01 UTC'::timestamptz + n * interval '1 s'))) FROM generate_series(0, 40, 10) AS n;
SELECT close_segment(:older, ARRAY[1704067299000, 1704067249000, -1]);
SELECT make_segment('events', '{100,50,0}') AS newer \gset
SELECT count(put(:newer, 0, n, make_batch(n, 10, '2024-01-01 UTC'::timestamptz + n * interval '1 s'))) FROM generate_series(100, 190, 10) AS n;
SELECT * FROM kafka.partitions WHERE topic = 'events';
SELECT topic, partition, count(*), min("offset"), max("offset"), min("timestamp"), max("timestamp"),
       bool_and(convert_from(value, 'UTF8') = 'v' || "offset") AS values_fit
  FROM kafka.messages WHERE topic = 'events' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT topic, partition, "offset" FROM kafka.messages WHERE topic = 'events' LIMIT 3;

-- Only the batches that can hold wanted records are read.
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events'$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition = 0 AND "offset" = 55$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition = 0 AND "offset" BETWEEN 95 AND 104$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition = 0 AND "offset" > 89 AND "offset" < 100$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition = 0 AND 180 <= "offset"$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition = 0 AND "offset" IN (5, 7, 120, 1000)$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition IN (1, 2)$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition > 0 AND "offset" >= 45$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic IN ('events', 'missing') AND partition = 0 AND "offset" < 10$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND "offset" > 10 AND "offset" < 5$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' LIMIT 10$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'missing'$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = ANY (ARRAY[NULL, 'events']) AND "offset" = ANY ('{NULL}'::bigint[])$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition = 0 AND "timestamp" >= '2024-01-01 00:01:35 UTC'$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND "timestamp" > '2024-01-01 00:03:15.5 UTC'$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND "timestamp" > 'infinity'$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition = 0 AND "timestamp" >= '-infinity'$$);

-- From the end, too: where the order of the log, or its reverse, is asked for nothing is sorted, and no more is read than is wanted.
SELECT "offset", value FROM kafka.messages WHERE topic = 'events' AND partition = 0 ORDER BY "offset" DESC LIMIT 12;
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition = 0 ORDER BY "offset" DESC LIMIT 12$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition = 0 ORDER BY "offset" LIMIT 12$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition = 0 AND "offset" <= 104 ORDER BY "offset" DESC LIMIT 10$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition = 0 AND "offset" IN (5, 7, 120, 1000) ORDER BY "offset" DESC$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition = 0 AND "timestamp" >= '2024-01-01 00:01:35 UTC' ORDER BY "offset" DESC$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition = 0 AND "offset" > 10 AND "offset" < 5 ORDER BY "offset" DESC$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'missing' AND partition = 0 ORDER BY "offset" DESC$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' ORDER BY partition DESC, "offset" DESC LIMIT 51$$);
SELECT scan_of($$SELECT * FROM kafka.messages ORDER BY topic DESC, partition DESC, "offset" DESC LIMIT 51$$);
SELECT scan_of($$SELECT topic, partition, count(*) FROM kafka.messages GROUP BY topic, partition ORDER BY topic, partition LIMIT 1$$);
SELECT array_agg(DISTINCT partition), array_agg("offset") FROM (SELECT * FROM kafka.messages WHERE topic = 'events' ORDER BY partition DESC, "offset" DESC LIMIT 5) AS m;
-- Other orders are sorted.
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' ORDER BY "offset" DESC LIMIT 1$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' ORDER BY partition, "offset" DESC LIMIT 1$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition IN (0, 1) ORDER BY "offset" LIMIT 1$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE partition = 0 ORDER BY topic COLLATE "POSIX", "offset" LIMIT 1$$);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition = 0 ORDER BY "timestamp" DESC LIMIT 1$$);
-- All orders give the same rows as a sort.
SELECT condition, way, in_order(condition, way, 'kafka.messages') = in_order(condition, way, '(SELECT * FROM kafka.messages OFFSET 0)') AS same
  FROM (VALUES ('partition = 0'), ('partition = 1'), ('partition >= 0'), ('partition = 0 AND "offset" BETWEEN 95 AND 104'), ('"offset" IN (5, 45, 105)'),
               ('partition = 0 AND "timestamp" >= ''2024-01-01 00:01:35 UTC'''), ('"timestamp" > ''2024-01-01 00:00:25 UTC''')) AS c(condition),
       (VALUES ('ASC'), ('DESC')) AS w(way);

-- By time: the first record at or after it, as ListOffsets tells.
SELECT at, kafka.offset_at('events', 0, at), kafka.offset_at('events', 1, at)
  FROM unnest('{-infinity,2023-01-01 UTC,2024-01-01 UTC,2024-01-01 00:00:00.001 UTC,2024-01-01 00:00:49 UTC,2024-01-01 00:00:49.5 UTC,2024-01-01 00:01:35 UTC,2024-01-01 00:03:19 UTC,2024-01-01 00:03:20 UTC,infinity}'::timestamptz[]) AS at;
SELECT kafka.offset_at('events', 2, '-infinity'), kafka.offset_at('events', 3, '-infinity'), kafka.offset_at('missing', 0, '-infinity'), kafka.offset_at('events', 0, NULL);
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition = 0 AND "timestamp" >= '2024-01-01 00:01:35 UTC' ORDER BY "offset" LIMIT 1$$);
SELECT count(*), min("offset") FROM kafka.fetch('events', 0, kafka.offset_at('events', 0, '2024-01-01 00:03:00 UTC'));

-- And they are all that is needed: where the conditions cannot limit the scan the answers are the same.
CREATE FUNCTION rows_of(condition text, relation text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    found bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s AS m WHERE topic = ''events'' AND %s', relation, condition) INTO found;
    RETURN found;
END $$;
SELECT condition, rows_of(condition, 'kafka.messages') AS found, rows_of(condition, '(SELECT * FROM kafka.messages OFFSET 0)') AS unlimited
  FROM (VALUES ('"offset" = 55'), ('"offset" BETWEEN 95 AND 104'), ('"offset" > 89 AND "offset" < 100'), ('"offset" >= 180'),
               ('"offset" IN (5, 7, 120, 1000)'), ('partition IN (1, 2)'), ('partition > 0 AND "offset" >= 45'), ('partition <> 0'),
               ('"timestamp" >= ''2024-01-01 00:01:35 UTC'''), ('"timestamp" = ''2024-01-01 00:01:35 UTC'''),
               ('"timestamp" > ''2024-01-01 00:03:15.5 UTC'''), ('"timestamp" < ''2024-01-01 00:00:05 UTC'''),
               ('"timestamp" BETWEEN ''2024-01-01 00:00:05 UTC'' AND ''2024-01-01 00:00:15 UTC''')) AS c(condition);

-- Parameters: of prepared statements, under a generic plan too; of subqueries; of joins.
PREPARE reading(text, int, bigint) AS
    SELECT count(*), min("offset"), max("offset") FROM kafka.messages WHERE topic = $1 AND partition = $2 AND "offset" >= $3;
SET plan_cache_mode = force_generic_plan;
EXECUTE reading('events', 0, 150);
EXECUTE reading('events', 1, 45);
EXECUTE reading('events', NULL, 0);
SELECT scan_of($$EXECUTE reading('events', 0, 150)$$);
RESET plan_cache_mode;
DEALLOCATE reading;
SELECT regexp_replace(scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition = 0
                                   AND "offset" >= (SELECT max(high_watermark) - 10 FROM kafka.partitions WHERE topic = 'events')$$),
                      'Offset: >= .*', 'Offset: >= (the subquery)');

CREATE TABLE wanted (topic text, partition int, position int);
INSERT INTO wanted VALUES ('events', 0, 7), ('events', 0, 133), ('events', 1, 49), ('events', 1, 50), ('missing', 0, 1), (NULL, 0, 1);
ANALYZE wanted;
SELECT w.*, m.value FROM wanted w JOIN kafka.messages m ON m.topic = w.topic AND m.partition = w.partition AND m."offset" = w.position
 ORDER BY 1, 2, 3;
SELECT regexp_replace(scan_of($$SELECT * FROM wanted w
                                  JOIN kafka.messages m ON m.topic = w.topic AND m.partition = w.partition AND m."offset" = w.position$$),
                      '= .*', '= (of the other table)');
SELECT w.topic, w.partition, w.position, l.next
  FROM wanted w, LATERAL (SELECT count(*) AS next FROM kafka.messages m
                           WHERE m.topic = w.topic AND m.partition = w.partition AND m."offset" > w.position AND m."offset" <= w.position + 5) AS l
 ORDER BY 1, 2, 3;

-- Whole rows, cursors, and columns that only a condition reads.
SELECT m FROM kafka.messages m WHERE topic = 'events' AND partition = 1 AND "offset" = 3;
SELECT "offset" FROM kafka.messages WHERE topic = 'events' AND value = 'v17';
BEGIN;
DECLARE reader SCROLL CURSOR FOR SELECT "offset" FROM kafka.messages WHERE topic = 'events' AND partition = 0;
FETCH 2 FROM reader;
FETCH PRIOR FROM reader;
COMMIT;

-- Records below the log start offset are hidden.
UPDATE kafka.partition SET log_start_offset = 105 WHERE partition = 0 AND topic_id = (SELECT id FROM kafka.topics WHERE name = 'events');
SELECT min("offset"), count(*) FROM kafka.messages WHERE topic = 'events' AND partition = 0;
SELECT scan_of($$SELECT * FROM kafka.messages WHERE topic = 'events' AND partition = 0 AND "offset" < 120$$);

-- A query sees the log of its snapshot.
BEGIN;
DECLARE reader CURSOR FOR SELECT "offset" FROM kafka.messages WHERE topic = 'events' AND partition = 2;
SELECT put(:newer, 2, 0, make_batch(0, 2, '2024-01-01 UTC'));
FETCH ALL FROM reader;
SELECT "offset" FROM kafka.messages WHERE topic = 'events' AND partition = 2;
ROLLBACK;
SELECT "offset" FROM kafka.messages WHERE topic = 'events' AND partition = 2;

-- Segments whose table is gone are passed over; one that somebody has altered is an error.
SELECT 'kafka.segment_' || :older AS older_table, 'kafka.segment_' || :newer AS newer_table \gset
DROP TABLE :older_table;
SELECT partition, count(*) FROM kafka.messages WHERE topic = 'events' GROUP BY 1;
SELECT partition, high_watermark FROM kafka.partitions WHERE topic = 'events';
\set VERBOSITY sqlstate
ALTER TABLE :newer_table RENAME COLUMN data TO batch;
SELECT count(*) FROM kafka.messages WHERE topic = 'events';
ALTER TABLE :newer_table RENAME COLUMN batch TO data;
ALTER TABLE :newer_table ALTER COLUMN partition TYPE bigint;
SELECT count(*) FROM kafka.messages WHERE topic = 'events';
\set VERBOSITY default
DROP TABLE :newer_table;
SELECT partition, high_watermark FROM kafka.partitions WHERE topic = 'events';

SELECT kafka.delete_topic('events');
DELETE FROM kafka.segment;
DROP TABLE golden, wanted;
DROP FUNCTION rows_of, in_order, scan_of, put, close_segment, make_segment, make_batch, varint, number_at;
