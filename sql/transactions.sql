-- Transactions by SQL: what kafka.messages hides of them, kafka.log, kafka.transactions and kafka.producers. Segments and transactions
-- are made by hand, as the broker makes them; none runs in this database.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_kafka;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';

-- Uncompressed batches, format 2, of one second of 2024 for each offset.
CREATE FUNCTION varint(number int) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN number < 0 THEN '\x01'::bytea ELSE set_byte('\x00', 0, 2 * number) END -- -1, or up to 63
$$;
CREATE FUNCTION make_batch(base_offset bigint, keys bytea[], contents bytea[], attributes int, producer_id bigint, epoch int, sequence int)
    RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    first_ms bigint := 1704067200000 + 1000 * base_offset;
    n int := cardinality(contents);
    data bytea := '';
    record bytea;
BEGIN
    FOR i IN 1 .. n LOOP
        record := '\x00' || '\x00'::bytea || varint(i - 1) || varint(coalesce(length(keys[i]), -1)) || coalesce(keys[i], '')
                  || varint(length(contents[i])) || contents[i] || '\x00';
        data := data || varint(length(record)) || record;
    END LOOP;
    RETURN int8send(base_offset) || int4send(49 + length(data)) || int4send(0) || '\x02'::bytea || int4send(0)
           || int2send(attributes::int2) || int4send(n - 1) || int8send(first_ms) || int8send(first_ms)
           || int8send(producer_id) || int2send(epoch::int2) || int4send(sequence) || int4send(n) || data;
END $$;

SELECT kafka.create_topic('orders', 2) AS orders \gset
INSERT INTO kafka.segment (topic_id, start_offsets, created_ms) VALUES (:'orders', '{0, 0}', 0) RETURNING id AS segment \gset
CREATE TABLE kafka.segment_:segment (LIKE kafka.batch INCLUDING ALL);
SELECT format('kafka.segment_%s', :segment) AS segment_table \gset
SELECT set_config('test.segment', :'segment_table', false) \g /dev/null

-- Appends to a partition; returns the offset.
CREATE FUNCTION append(partition int, contents text[], producer_id bigint DEFAULT -1, epoch int DEFAULT -1, sequence int DEFAULT -1,
                       transactional boolean DEFAULT true, control boolean DEFAULT false, key bytea DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    first bigint;
BEGIN
    EXECUTE format('SELECT coalesce(max(last_offset) + 1, 0) FROM %s WHERE partition = $1', current_setting('test.segment')) INTO first USING partition;
    EXECUTE format('INSERT INTO %s VALUES ($1, 0, $2, $3, $4, 0, 0, $5)', current_setting('test.segment'))
    USING partition, first, first + cardinality(contents) - 1, 1704067200000 + 1000 * first,
          make_batch(first, array_fill(key, ARRAY[cardinality(contents)]), ARRAY(SELECT convert_to(c, 'SQL_ASCII') FROM unnest(contents) c),
                     CASE WHEN producer_id >= 0 AND transactional THEN 16 ELSE 0 END + CASE WHEN control THEN 32 ELSE 0 END, producer_id, epoch, sequence);
    RETURN first;
END $$;
CREATE FUNCTION append_marker(partition int, producer_id bigint, epoch int, committed boolean) RETURNS bigint LANGUAGE sql AS $$
    SELECT append(partition, '{123456}', producer_id, epoch, -1, true, true, CASE WHEN committed THEN '\x00000001' ELSE '\x00000000' END::bytea)
$$;
CREATE FUNCTION set_transaction(id text, producer_id bigint, state text, topics uuid[] DEFAULT '{}', partitions int[] DEFAULT '{}',
                                first_offsets bigint[] DEFAULT '{}', groups text[] DEFAULT '{}') RETURNS void LANGUAGE sql AS $$
    INSERT INTO kafka.transaction VALUES (id, producer_id, 3, -1, -1, 60000, state, topics, partitions, first_offsets, groups, 1704067200500, 1704067201500)
        ON CONFLICT (transactional_id) DO UPDATE SET state = excluded.state, topics = excluded.topics, partitions = excluded.partitions,
            first_offsets = excluded.first_offsets, groups = excluded.groups
$$;
CREATE FUNCTION value_of(value bytea) RETURNS text LANGUAGE sql AS $$ SELECT convert_from(value, 'SQL_ASCII') $$;
CREATE FUNCTION seen(partition int DEFAULT 0) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg("offset" || ':' || value_of(value), ' ' ORDER BY "offset") FROM kafka.messages WHERE topic = 'orders' AND partition = seen.partition
$$;

-- Without transactions both views show the same.
SELECT append(0, '{p0}');
SELECT seen();
SELECT "offset", value_of(value), producer_id, producer_epoch, sequence, transaction_state, control FROM kafka.log WHERE topic = 'orders';

-- One that is open hides itself, and what comes after it in its partition.
SELECT append(0, '{a,b}', 1, 0, 0), append(0, '{p3}'), append(1, '{other}');
SELECT set_transaction('first', 1, 'Ongoing', ARRAY[:'orders', :'orders']::uuid[], '{0,1}', '{1,-1}');
SELECT seen(), seen(1);
SELECT topic, partition, log_start_offset, last_stable_offset, high_watermark FROM kafka.partitions WHERE topic = 'orders' ORDER BY 2;

-- Committed, and others aborted in between; one is open still.
SELECT append_marker(0, 1, 0, true), set_transaction('first', 1, 'CompleteCommit');
SELECT append(0, '{x,y}', 2, 5, 0), append(0, '{c}', 1, 0, 2), append(0, '{p8}'), append_marker(0, 2, 5, false), append_marker(0, 1, 0, true);
INSERT INTO kafka.aborted_transaction VALUES (:'orders', 0, 9, 2, 5, 7);
SELECT append(0, '{d}', 2, 6, 0), append(0, '{p12}'), append(0, '{e}', 1, 0, 3), append_marker(0, 1, 0, true), append(0, '{i}', 3, 0, 7, false);
SELECT set_transaction('second', 2, 'Ongoing', ARRAY[:'orders']::uuid[], '{0}', '{11}', '{billing,shop}');
INSERT INTO kafka.pending_offset VALUES ('second', 'shop', :'orders', 0, 5, -1, '', 0, 1), ('second', 'shop', :'orders', 1, 1, -1, '', 0, 2);
SELECT seen();
SELECT "offset", "timestamp", key, value_of(value), headers, producer_id, producer_epoch, sequence, transaction_state, control
  FROM kafka.log WHERE topic = 'orders' AND partition = 0 ORDER BY "offset";
SELECT partition, last_stable_offset, high_watermark FROM kafka.partitions WHERE topic = 'orders' ORDER BY 1;
SELECT * FROM kafka.transactions ORDER BY transactional_id;
SELECT * FROM kafka.producers ORDER BY partition, producer_id;

-- Indexes of others are used where they serve.
CREATE FUNCTION seen_with_index(definition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE 'CREATE INDEX of_others ON kafka.transaction ' || definition;
    result := seen();
    DROP INDEX kafka.of_others;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END $$;
SELECT d AS definition, seen_with_index(d)
  FROM (VALUES ('(state COLLATE "C")'), ('(state COLLATE "POSIX")'), ('(lower(state))'), ($$(state) WHERE state = 'Empty'$$), ('USING hash (state)'), ('USING brin (state)')) AS v(d);
DROP FUNCTION seen_with_index;

-- Conditions on the offset are of no influence on what is hidden; what is hidden is not decoded.
SELECT count(*) FROM kafka.messages WHERE topic = 'orders' AND partition = 0 AND "offset" >= 11;
SELECT string_agg("offset"::text, ' ') FROM kafka.messages WHERE topic = 'orders' AND partition = 0 AND "offset" BETWEEN 6 AND 12;
SELECT string_agg("offset"::text, ' ') FROM kafka.messages WHERE topic = 'orders' AND partition = 0 AND "timestamp" >= '2024-01-01 00:00:06';
SELECT o, (SELECT count(*) FROM kafka.messages WHERE topic = 'orders' AND partition = 0 AND "offset" = o) AS messages,
       (SELECT string_agg(coalesce(transaction_state, 'none'), ' ') FROM kafka.log WHERE topic = 'orders' AND partition = 0 AND "offset" = o) AS log
  FROM unnest('{12,11,10,9,8,7,6,5,4,1,0}'::bigint[]) AS o;
-- As PostgreSQL 15 prints plans; from 18 on rows have decimals, and buffers are counted unless told otherwise.
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) ' || query LOOP
        RETURN NEXT regexp_replace(line, '(rows=\d+)\.00', '\1');
    END LOOP;
END $$;
SELECT plan_of($$SELECT * FROM kafka.messages WHERE topic = 'orders' AND partition = 0$$);
SELECT plan_of($$SELECT * FROM kafka.log WHERE topic = 'orders' AND partition = 0$$);
DROP FUNCTION plan_of(text);

-- Transactions are looked at once something is found that they could hide.
BEGIN;
SELECT pg_stat_get_xact_numscans('kafka.transaction'::regclass) AS scans \gset
SELECT (SELECT count(*) FROM kafka.messages WHERE topic = 'orders' AND partition = 0 AND "offset" > 1000) AS after_the_end,
       (SELECT count(*) FROM kafka.messages WHERE topic = 'orders' AND partition = 0 AND "offset" BETWEEN 9 AND 10) AS markers;
SELECT pg_stat_get_xact_numscans('kafka.transaction'::regclass) - :scans AS looks;
SELECT count(*) FROM kafka.messages WHERE topic = 'orders';
SELECT pg_stat_get_xact_numscans('kafka.transaction'::regclass) - :scans AS looks;
COMMIT;

-- A query sees transactions as they are in its snapshot.
BEGIN;
DECLARE reader CURSOR FOR SELECT "offset" FROM kafka.messages WHERE topic = 'orders' AND partition = 0 AND "offset" > 8;
SELECT append_marker(0, 2, 6, true), set_transaction('second', 2, 'CompleteCommit');
FETCH ALL FROM reader;
SELECT seen();
SELECT state, partitions, groups FROM kafka.transactions WHERE transactional_id = 'second';
ROLLBACK;

-- Many that were aborted, while one was open all the time.
SELECT append(1, '{long}', 1, 0, 9) AS since \gset
SELECT count(append(1, '{ab,ab}', p, 0, 0)), count(append_marker(1, p, 0, false)), count(append(1, '{co}', p, 1, 0)), count(append_marker(1, p, 1, true))
  FROM generate_series(1000, 3499) AS p;
INSERT INTO kafka.aborted_transaction
SELECT :'orders', 1, l."offset", l.producer_id, l."offset" - 2, :since FROM kafka.log l WHERE topic = 'orders' AND partition = 1 AND control AND producer_epoch = 0;
SELECT count(*) FROM kafka.aborted_transaction WHERE partition = 1;
SELECT set_transaction('first', 1, 'Ongoing', ARRAY[:'orders']::uuid[], '{1}', ARRAY[:since]);
SELECT seen(1);
SELECT append_marker(1, 1, 0, true) IS NOT NULL AS ended, set_transaction('first', 1, 'CompleteCommit');
SELECT value_of(value), count(*) FROM kafka.messages WHERE topic = 'orders' AND partition = 1 GROUP BY 1 ORDER BY 1;
SELECT transaction_state, control, count(*) FROM kafka.log WHERE topic = 'orders' AND partition = 1 GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) FROM generate_series(1, 12500, 100) AS o, LATERAL (SELECT FROM kafka.messages WHERE topic = 'orders' AND partition = 1 AND "offset" IN (o, o + 1, o + 2, o + 3, o + 4)) AS m;

-- Producers: what is stored, and what the log says since.
INSERT INTO kafka.producer VALUES (:'orders', 0, 1, 0, -1, '{0}', '{1}', '{1}', '{1}', 1704067201000, 4102444800000),
                                  (:'orders', 0, 7, 1, -1, '{5,8}', '{7,20}', '{1,4}', '{1,1}', -1, 4102444800000),
                                  (:'orders', 0, 8, 1, -1, '{5}', '{7}', '{1}', '{1}', 5, 0);
INSERT INTO kafka.producer_snapshot VALUES (:'orders', '{13}');
SELECT * FROM kafka.producers WHERE topic = 'orders' AND partition = 0 ORDER BY producer_id;
SELECT count(*) FROM kafka.producers WHERE topic = 'orders' AND partition = 1;
SELECT count(*) FROM kafka.producers WHERE topic = 'missing';
DELETE FROM kafka.producer;
DELETE FROM kafka.producer_snapshot;

-- Partitions without producers take no memory.
SELECT kafka.create_topic('wide', 3000) AS wide \gset
INSERT INTO kafka.producer_snapshot VALUES (:'wide', array_fill(0::bigint, ARRAY[3000]));
SELECT (SELECT count(*) FROM kafka.producers WHERE topic = 'wide') AS producers,
       (SELECT sum(total_bytes) < 10000000 FROM pg_backend_memory_contexts WHERE name <> 'CacheMemoryContext') AS little_memory;
DELETE FROM kafka.producer_snapshot;
SELECT kafka.delete_topic('wide');

-- Whoever may read the views need not have rights on the tables.
CREATE ROLE regress_kafka_user;
GRANT USAGE ON SCHEMA kafka TO regress_kafka_user;
GRANT SELECT ON kafka.log, kafka.transactions, kafka.producers TO regress_kafka_user;
SET ROLE regress_kafka_user;
SELECT count(*) FROM kafka.log WHERE topic = 'orders' AND partition = 0;
SELECT count(*) FROM kafka.transactions;
SELECT count(*) FROM kafka.producers WHERE topic = 'orders' AND partition = 0;
\set VERBOSITY sqlstate
SELECT count(*) FROM kafka.messages;
SELECT count(*) FROM kafka.transaction;
\set VERBOSITY default
RESET ROLE;
REVOKE ALL ON ALL TABLES IN SCHEMA kafka FROM regress_kafka_user;
REVOKE ALL ON SCHEMA kafka FROM regress_kafka_user;
DROP ROLE regress_kafka_user;

-- Rows that the broker would never write are refused: by which constraint.
CREATE FUNCTION refused_by(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    EXECUTE change;
    RAISE 'to be taken back';
EXCEPTION WHEN check_violation OR not_null_violation OR raise_exception THEN
    GET STACKED DIAGNOSTICS name = CONSTRAINT_NAME;
    RETURN coalesce(nullif(name, ''), sqlstate);
END $$;
SELECT change, refused_by('UPDATE kafka.transaction SET ' || change || ' WHERE transactional_id = ''second''')
  FROM (VALUES ('producer_id = -1'), ('epoch = -1'), ('epoch = 32767'), ('timeout_ms = 0'), ($$state = 'PrepareCommit'$$), ('state = NULL'),
    ('topics = ''{}'''), ('partitions = ''{0,1}'''), ('partitions = ''{NULL}'''), ('first_offsets = ''{}'''), ('first_offsets = ''{NULL}'''),
    ('topics = ''{NULL}'''), ('groups = ''{NULL}'''), ('groups = NULL'), ('groups = ''{}'''),
    ('start_ms = -2'), ('start_ms = -1'), ('start_ms = 9223372036854775807'), ('update_ms = -1'), ('update_ms = 9223372036854775807')) AS v(change);
UPDATE kafka.transaction SET start_ms = 9000000000000000, update_ms = 9000000000000000 WHERE transactional_id = 'second';
SELECT started_at, updated_at FROM kafka.transactions WHERE transactional_id = 'second';
SELECT change, refused_by('UPDATE kafka.pending_offset SET ' || change) FROM (VALUES ('partition = -1'), ('number = -1'), ('number = 5 + number')) AS v(change);
SELECT change, refused_by('UPDATE kafka.aborted_transaction SET ' || change)
  FROM (VALUES ('partition = -1'), ('producer_id = -1'), ('first_offset = -1'), ('last_offset = -1'), ('last_stable_offset = -1'), ('first_offset = 0')) AS v(change);
INSERT INTO kafka.producer VALUES (:'orders', 0, 1, 0, -1, '{0}', '{1}', '{1}', '{1}', 1704067201000, 0);
INSERT INTO kafka.producer_snapshot VALUES (:'orders', '{13}');
SELECT change, refused_by('UPDATE kafka.producer SET ' || change)
  FROM (VALUES ('partition = -1'), ('producer_id = -1'), ('epoch = 32768'), ('first_sequences = ''{}'''), ('last_sequences = ''{NULL}'''), ('base_offsets = ''{1,2}'''),
    ('timestamps = ''{}'''), ($$first_sequences = '{1,2,3,4,5,6}', last_sequences = '{1,2,3,4,5,6}', base_offsets = '{1,2,3,4,5,6}', timestamps = '{1,2,3,4,5,6}'$$),
    ('epoch = 7')) AS v(change);
SELECT change, refused_by('UPDATE kafka.producer_snapshot SET ' || change) FROM (VALUES ('offsets = ''{-1}'''), ('offsets = ''{1,NULL}'''), ('offsets = NULL'), ('offsets = ''{1,2}''')) AS v(change);

-- A transaction that changes transactions cannot be prepared.
BEGIN;
DELETE FROM kafka.pending_offset;
PREPARE TRANSACTION 'kafka';

-- A foreign table may have any columns: what its rows do not tell is null, or none.
CREATE FOREIGN TABLE odd (topic text, producer_id bigint, sequence int, transaction_state text, control boolean, last_sequence int, last_timestamp timestamptz,
    transaction_start_offset bigint, last_stable_offset bigint, key bytea) SERVER pg_kafka OPTIONS (rows 'partitions');
SELECT * FROM odd WHERE topic = 'orders' LIMIT 1;
ALTER FOREIGN TABLE odd OPTIONS (SET rows 'producers');
SELECT * FROM odd WHERE topic = 'orders' LIMIT 1;
ALTER FOREIGN TABLE odd OPTIONS (SET rows 'messages');
SELECT * FROM odd WHERE topic = 'orders' LIMIT 1;
DROP FOREIGN TABLE odd;

-- A deleted topic has nothing.
SELECT kafka.delete_topic('orders');
SELECT (SELECT count(*) FROM kafka.log) AS log, (SELECT count(*) FROM kafka.producers) AS producers;
SELECT partitions FROM kafka.transactions WHERE transactional_id = 'second';
DROP TABLE :segment_table;
DELETE FROM kafka.segment;
DELETE FROM kafka.transaction;
DELETE FROM kafka.pending_offset;
DELETE FROM kafka.aborted_transaction;
DELETE FROM kafka.producer;
DELETE FROM kafka.producer_snapshot;
DROP FUNCTION refused_by, seen, value_of, set_transaction, append_marker, append, make_batch, varint;
