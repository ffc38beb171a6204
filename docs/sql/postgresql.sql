-- api_key: get
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "api_key"."id" AS "id", "api_key"."owner_id" AS "owner_id", "api_key"."name" AS "name", "api_key"."public_id" AS "public_id", "api_key"."digest" AS "digest", "api_key"."scopes" AS "scopes", "api_key"."created_at" AS "created_at", "api_key"."expires_at" AS "expires_at", "api_key"."last_used_at" AS "last_used_at", "api_key"."revoked_at" AS "revoked_at", "api_key"."version" AS "version", "api_key"."created_by" AS "created_by", "api_key"."original_expires_at" AS "original_expires_at"
FROM "api_key"
WHERE ("api_key"."owner_id" = ($2) AND "api_key"."id" = ($3) AND (SELECT v FROM named) IS NOT NULL);

-- api_key: create
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "api_key" ("id", "owner_id", "name", "public_id", "digest", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at", "version", "created_by", "original_expires_at")
SELECT $2::uuid, $3::uuid, $4::text, $5::text, $6::text, $7::text, timezone('UTC', '1970-01-01'::timestamp + $8::interval)::timestamp with time zone, timezone('UTC', '1970-01-01'::timestamp + $9::interval)::timestamp with time zone, timezone('UTC', '1970-01-01'::timestamp + $10::interval)::timestamp with time zone, timezone('UTC', '1970-01-01'::timestamp + $11::interval)::timestamp with time zone, $12::integer, $13::text, timezone('UTC', '1970-01-01'::timestamp + $14::interval)::timestamp with time zone
FROM named
RETURNING 1),
step2 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $15::uuid, 1, 0
FROM step1
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $16::uuid, $17::uuid, timezone('UTC', '1970-01-01'::timestamp + $18::interval)::timestamp with time zone, $19::text, $20::uuid, $21::bigint, $22::text, $23::text, $24::text, $25::text, "last"
FROM step2
RETURNING 1;

-- api_key: create_once
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
SELECT $2::uuid, $3::uuid, timezone('UTC', '1970-01-01'::timestamp + $4::interval)::timestamp with time zone, $5::text, $6::text, $7::text, $8::text
FROM named
WHERE set_config('lock_timeout', '250', true) IS NOT NULL
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < timezone('UTC', '1970-01-01'::timestamp + $9::interval)
RETURNING 1),
step2 AS (INSERT INTO "api_key" ("id", "owner_id", "name", "public_id", "digest", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at", "version", "created_by", "original_expires_at")
SELECT $10::uuid, $11::uuid, $12::text, $13::text, $14::text, $15::text, timezone('UTC', '1970-01-01'::timestamp + $16::interval)::timestamp with time zone, timezone('UTC', '1970-01-01'::timestamp + $17::interval)::timestamp with time zone, timezone('UTC', '1970-01-01'::timestamp + $18::interval)::timestamp with time zone, timezone('UTC', '1970-01-01'::timestamp + $19::interval)::timestamp with time zone, $20::integer, $21::text, timezone('UTC', '1970-01-01'::timestamp + $22::interval)::timestamp with time zone
FROM step1
WHERE set_config('lock_timeout', '5000', true) IS NOT NULL
RETURNING 1),
step3 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $23::uuid, 1, 0
FROM step2
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $24::uuid, $25::uuid, timezone('UTC', '1970-01-01'::timestamp + $26::interval)::timestamp with time zone, $27::text, $28::uuid, $29::bigint, $30::text, $31::text, $32::text, $33::text, "last"
FROM step3
RETURNING 1;

-- api_key: create_many
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "api_key" ("id", "owner_id", "name", "public_id", "digest", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at", "version", "created_by", "original_expires_at")
SELECT given."id", given."owner_id", given."name", given."public_id", given."digest", given."scopes", given."created_at", given."expires_at", given."last_used_at", given."revoked_at", given."version", given."created_by", given."original_expires_at"
FROM named, (SELECT "id"::uuid AS "id", "owner_id"::uuid AS "owner_id", "name"::text AS "name", "public_id"::text AS "public_id", "digest"::text AS "digest", "scopes"::text AS "scopes", "created_at"::timestamp with time zone AS "created_at", "expires_at"::timestamp with time zone AS "expires_at", "last_used_at"::timestamp with time zone AS "last_used_at", "revoked_at"::timestamp with time zone AS "revoked_at", "version"::integer AS "version", "created_by"::text AS "created_by", "original_expires_at"::timestamp with time zone AS "original_expires_at"
FROM ROWS
FROM (string_to_table($2::text, E'\x1e', E'\x1f'), string_to_table($3::text, E'\x1e', E'\x1f'), string_to_table($4::text, E'\x1e', E'\x1f'), string_to_table($5::text, E'\x1e', E'\x1f'), string_to_table($6::text, E'\x1e', E'\x1f'), string_to_table($7::text, E'\x1e', E'\x1f'), string_to_table($8::text, E'\x1e', E'\x1f'), string_to_table($9::text, E'\x1e', E'\x1f'), string_to_table($10::text, E'\x1e', E'\x1f'), string_to_table($11::text, E'\x1e', E'\x1f'), string_to_table($12::text, E'\x1e', E'\x1f'), string_to_table($13::text, E'\x1e', E'\x1f'), string_to_table($14::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "owner_id", "name", "public_id", "digest", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at", "version", "created_by", "original_expires_at", row_number)
WHERE row_number > 1) AS given
RETURNING 1),
step2 AS (SELECT count(*)
FROM step1 HAVING count(*) > 0),
step3 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $15::uuid, $16::bigint, 0
FROM step2
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last")
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
SELECT $17::uuid, timezone('UTC', '1970-01-01'::timestamp + $18::interval)::timestamp with time zone, $19::text, $20::text, $21::text, $22::text, given."id", given."entity_id", given."version", given."after", "last" - given."left"
FROM step3, (SELECT "id"::uuid AS "id", "entity_id"::uuid AS "entity_id", "version"::bigint AS "version", "after"::text AS "after", "left"::bigint AS "left"
FROM ROWS
FROM (string_to_table($23::text, E'\x1e', E'\x1f'), string_to_table($24::text, E'\x1e', E'\x1f'), string_to_table($25::text, E'\x1e', E'\x1f'), string_to_table($26::text, E'\x1e', E'\x1f'), string_to_table($27::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "entity_id", "version", "after", "left", row_number)
WHERE row_number > 1) AS given
RETURNING 1;

-- api_key: create_many_once
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
SELECT $2::uuid, $3::uuid, timezone('UTC', '1970-01-01'::timestamp + $4::interval)::timestamp with time zone, $5::text, $6::text, $7::text, $8::text
FROM named
WHERE set_config('lock_timeout', '250', true) IS NOT NULL
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < timezone('UTC', '1970-01-01'::timestamp + $9::interval)
RETURNING 1),
step2 AS (INSERT INTO "api_key" ("id", "owner_id", "name", "public_id", "digest", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at", "version", "created_by", "original_expires_at")
SELECT given."id", given."owner_id", given."name", given."public_id", given."digest", given."scopes", given."created_at", given."expires_at", given."last_used_at", given."revoked_at", given."version", given."created_by", given."original_expires_at"
FROM step1, (SELECT "id"::uuid AS "id", "owner_id"::uuid AS "owner_id", "name"::text AS "name", "public_id"::text AS "public_id", "digest"::text AS "digest", "scopes"::text AS "scopes", "created_at"::timestamp with time zone AS "created_at", "expires_at"::timestamp with time zone AS "expires_at", "last_used_at"::timestamp with time zone AS "last_used_at", "revoked_at"::timestamp with time zone AS "revoked_at", "version"::integer AS "version", "created_by"::text AS "created_by", "original_expires_at"::timestamp with time zone AS "original_expires_at"
FROM ROWS
FROM (string_to_table($10::text, E'\x1e', E'\x1f'), string_to_table($11::text, E'\x1e', E'\x1f'), string_to_table($12::text, E'\x1e', E'\x1f'), string_to_table($13::text, E'\x1e', E'\x1f'), string_to_table($14::text, E'\x1e', E'\x1f'), string_to_table($15::text, E'\x1e', E'\x1f'), string_to_table($16::text, E'\x1e', E'\x1f'), string_to_table($17::text, E'\x1e', E'\x1f'), string_to_table($18::text, E'\x1e', E'\x1f'), string_to_table($19::text, E'\x1e', E'\x1f'), string_to_table($20::text, E'\x1e', E'\x1f'), string_to_table($21::text, E'\x1e', E'\x1f'), string_to_table($22::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "owner_id", "name", "public_id", "digest", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at", "version", "created_by", "original_expires_at", row_number)
WHERE row_number > 1) AS given
WHERE set_config('lock_timeout', '5000', true) IS NOT NULL
RETURNING 1),
step3 AS (SELECT count(*)
FROM step2 HAVING count(*) > 0),
step4 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $23::uuid, $24::bigint, 0
FROM step3
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last")
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
SELECT $25::uuid, timezone('UTC', '1970-01-01'::timestamp + $26::interval)::timestamp with time zone, $27::text, $28::text, $29::text, $30::text, given."id", given."entity_id", given."version", given."after", "last" - given."left"
FROM step4, (SELECT "id"::uuid AS "id", "entity_id"::uuid AS "entity_id", "version"::bigint AS "version", "after"::text AS "after", "left"::bigint AS "left"
FROM ROWS
FROM (string_to_table($31::text, E'\x1e', E'\x1f'), string_to_table($32::text, E'\x1e', E'\x1f'), string_to_table($33::text, E'\x1e', E'\x1f'), string_to_table($34::text, E'\x1e', E'\x1f'), string_to_table($35::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "entity_id", "version", "after", "left", row_number)
WHERE row_number > 1) AS given
RETURNING 1;

-- api_key: update
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (UPDATE "api_key"
SET "name" = $2, "public_id" = $3, "digest" = $4, "scopes" = $5, "created_at" = timezone('UTC', '1970-01-01'::timestamp + $6::interval), "expires_at" = timezone('UTC', '1970-01-01'::timestamp + $7::interval), "last_used_at" = timezone('UTC', '1970-01-01'::timestamp + $8::interval), "revoked_at" = timezone('UTC', '1970-01-01'::timestamp + $9::interval), "version" = $10, "created_by" = $11, "original_expires_at" = timezone('UTC', '1970-01-01'::timestamp + $12::interval)
WHERE ("api_key"."owner_id" = ($13) AND "api_key"."id" = ($14) AND "api_key"."version" = ($15) AND (SELECT v FROM named) IS NOT NULL)
RETURNING 1),
step2 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $16::uuid, 1, 0
FROM step1
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $17::uuid, $18::uuid, timezone('UTC', '1970-01-01'::timestamp + $19::interval)::timestamp with time zone, $20::text, $21::uuid, $22::bigint, $23::text, $24::text, $25::text, $26::text, "last"
FROM step2
RETURNING 1;

-- api_key: update_untracked
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
UPDATE "api_key"
SET "name" = $2, "public_id" = $3, "digest" = $4, "scopes" = $5, "created_at" = timezone('UTC', '1970-01-01'::timestamp + $6::interval), "expires_at" = timezone('UTC', '1970-01-01'::timestamp + $7::interval), "last_used_at" = timezone('UTC', '1970-01-01'::timestamp + $8::interval), "revoked_at" = timezone('UTC', '1970-01-01'::timestamp + $9::interval), "version" = $10, "created_by" = $11, "original_expires_at" = timezone('UTC', '1970-01-01'::timestamp + $12::interval)
WHERE ("api_key"."owner_id" = ($13) AND "api_key"."id" = ($14) AND "api_key"."version" = ($15) AND (SELECT v FROM named) IS NOT NULL)
RETURNING 1;

-- api_key: delete
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (DELETE
FROM "api_key"
WHERE ("api_key"."owner_id" = ($2) AND "api_key"."id" = ($3) AND "api_key"."version" = ($4) AND (SELECT v FROM named) IS NOT NULL)
RETURNING 1),
step2 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $5::uuid, 1, 0
FROM step1
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $6::uuid, $7::uuid, timezone('UTC', '1970-01-01'::timestamp + $8::interval)::timestamp with time zone, $9::text, $10::uuid, $11::bigint, $12::text, $13::text, $14::text, $15::text, "last"
FROM step2
RETURNING 1;

-- api_key: update, scopes unchanged
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (UPDATE "api_key"
SET "name" = $2, "public_id" = $3, "digest" = $4, "created_at" = timezone('UTC', '1970-01-01'::timestamp + $5::interval), "expires_at" = timezone('UTC', '1970-01-01'::timestamp + $6::interval), "last_used_at" = timezone('UTC', '1970-01-01'::timestamp + $7::interval), "revoked_at" = timezone('UTC', '1970-01-01'::timestamp + $8::interval), "version" = $9, "created_by" = $10, "original_expires_at" = timezone('UTC', '1970-01-01'::timestamp + $11::interval)
WHERE ("api_key"."owner_id" = ($12) AND "api_key"."id" = ($13) AND "api_key"."version" = ($14) AND (SELECT v FROM named) IS NOT NULL)
RETURNING 1),
step2 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $15::uuid, 1, 0
FROM step1
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $16::uuid, $17::uuid, timezone('UTC', '1970-01-01'::timestamp + $18::interval)::timestamp with time zone, $19::text, $20::uuid, $21::bigint, $22::text, $23::text, $24::text, $25::text, "last"
FROM step2
RETURNING 1;

-- api_key: list by newest
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "api_key"."id" AS "id", "api_key"."owner_id" AS "owner_id", "api_key"."name" AS "name", "api_key"."public_id" AS "public_id", "api_key"."digest" AS "digest", "api_key"."scopes" AS "scopes", "api_key"."created_at" AS "created_at", "api_key"."expires_at" AS "expires_at", "api_key"."last_used_at" AS "last_used_at", "api_key"."revoked_at" AS "revoked_at", "api_key"."version" AS "version", "api_key"."created_by" AS "created_by", "api_key"."original_expires_at" AS "original_expires_at"
FROM "api_key"
WHERE ("api_key"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 7 DESC, 1 DESC
LIMIT 21;

-- api_key: list by newest, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "api_key"."id" AS "id", "api_key"."owner_id" AS "owner_id", "api_key"."name" AS "name", "api_key"."public_id" AS "public_id", "api_key"."digest" AS "digest", "api_key"."scopes" AS "scopes", "api_key"."created_at" AS "created_at", "api_key"."expires_at" AS "expires_at", "api_key"."last_used_at" AS "last_used_at", "api_key"."revoked_at" AS "revoked_at", "api_key"."version" AS "version", "api_key"."created_by" AS "created_by", "api_key"."original_expires_at" AS "original_expires_at"
FROM "api_key"
WHERE ("api_key"."owner_id" = ($2) AND ("api_key"."created_at", "api_key"."id") < (timezone('UTC', '1970-01-01'::timestamp + $3::interval), $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 7 DESC, 1 DESC
LIMIT 21;

-- idempotency_record: delete_old
DELETE
FROM "idempotency_record"
WHERE ("idempotency_record"."created_at" < (timezone('UTC', '1970-01-01'::timestamp + $1::interval)) AND "idempotency_record"."id" IN (SELECT U0."id" AS "id"
FROM "idempotency_record" U0
WHERE U0."created_at" < (timezone('UTC', '1970-01-01'::timestamp + $2::interval))
LIMIT 1000))
RETURNING 1;

-- idempotency_record: find
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "idempotency_record"."fingerprint" AS "fingerprint", "idempotency_record"."entity" AS "entity"
FROM "idempotency_record"
WHERE ("idempotency_record"."created_at" >= (timezone('UTC', '1970-01-01'::timestamp + $2::interval)) AND "idempotency_record"."key" = ($3) AND "idempotency_record"."operation" = ($4) AND "idempotency_record"."owner_id" = ($5) AND (SELECT v FROM named) IS NOT NULL);

-- idempotency_record: find_created
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "revision"."entity_id" AS "entity_id", "revision"."after" AS "after"
FROM "revision"
WHERE ("revision"."entity_id" = ANY ($2::text::uuid[]) AND "revision"."kind" = ($3) AND "revision"."owner_id" = ($4) AND "revision"."version" = ($5) AND (SELECT v FROM named) IS NOT NULL);

-- owner: get
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "owner"."id" AS "id", "owner"."name" AS "name", "owner"."created_at" AS "created_at", "owner"."deactivated_at" AS "deactivated_at", "owner"."version" AS "version"
FROM "owner"
WHERE ("owner"."id" = ($2) AND "owner"."id" = ($3) AND (SELECT v FROM named) IS NOT NULL);

-- owner: create
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "owner" ("id", "name", "created_at", "deactivated_at", "version")
SELECT $2::uuid, $3::text, timezone('UTC', '1970-01-01'::timestamp + $4::interval)::timestamp with time zone, timezone('UTC', '1970-01-01'::timestamp + $5::interval)::timestamp with time zone, $6::integer
FROM named
RETURNING 1),
step2 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $7::uuid, 1, 0
FROM step1
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $8::uuid, $9::uuid, timezone('UTC', '1970-01-01'::timestamp + $10::interval)::timestamp with time zone, $11::text, $12::uuid, $13::bigint, $14::text, $15::text, $16::text, $17::text, "last"
FROM step2
RETURNING 1;

-- owner: create_once
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
SELECT $2::uuid, $3::uuid, timezone('UTC', '1970-01-01'::timestamp + $4::interval)::timestamp with time zone, $5::text, $6::text, $7::text, $8::text
FROM named
WHERE set_config('lock_timeout', '250', true) IS NOT NULL
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < timezone('UTC', '1970-01-01'::timestamp + $9::interval)
RETURNING 1),
step2 AS (INSERT INTO "owner" ("id", "name", "created_at", "deactivated_at", "version")
SELECT $10::uuid, $11::text, timezone('UTC', '1970-01-01'::timestamp + $12::interval)::timestamp with time zone, timezone('UTC', '1970-01-01'::timestamp + $13::interval)::timestamp with time zone, $14::integer
FROM step1
WHERE set_config('lock_timeout', '5000', true) IS NOT NULL
RETURNING 1),
step3 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $15::uuid, 1, 0
FROM step2
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $16::uuid, $17::uuid, timezone('UTC', '1970-01-01'::timestamp + $18::interval)::timestamp with time zone, $19::text, $20::uuid, $21::bigint, $22::text, $23::text, $24::text, $25::text, "last"
FROM step3
RETURNING 1;

-- owner: create_many
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "owner" ("id", "name", "created_at", "deactivated_at", "version")
SELECT given."id", given."name", given."created_at", given."deactivated_at", given."version"
FROM named, (SELECT "id"::uuid AS "id", "name"::text AS "name", "created_at"::timestamp with time zone AS "created_at", "deactivated_at"::timestamp with time zone AS "deactivated_at", "version"::integer AS "version"
FROM ROWS
FROM (string_to_table($2::text, E'\x1e', E'\x1f'), string_to_table($3::text, E'\x1e', E'\x1f'), string_to_table($4::text, E'\x1e', E'\x1f'), string_to_table($5::text, E'\x1e', E'\x1f'), string_to_table($6::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "name", "created_at", "deactivated_at", "version", row_number)
WHERE row_number > 1) AS given
RETURNING 1),
step2 AS (SELECT count(*)
FROM step1 HAVING count(*) > 0),
step3 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $7::uuid, $8::bigint, 0
FROM step2
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last")
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
SELECT $9::uuid, timezone('UTC', '1970-01-01'::timestamp + $10::interval)::timestamp with time zone, $11::text, $12::text, $13::text, $14::text, given."id", given."entity_id", given."version", given."after", "last" - given."left"
FROM step3, (SELECT "id"::uuid AS "id", "entity_id"::uuid AS "entity_id", "version"::bigint AS "version", "after"::text AS "after", "left"::bigint AS "left"
FROM ROWS
FROM (string_to_table($15::text, E'\x1e', E'\x1f'), string_to_table($16::text, E'\x1e', E'\x1f'), string_to_table($17::text, E'\x1e', E'\x1f'), string_to_table($18::text, E'\x1e', E'\x1f'), string_to_table($19::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "entity_id", "version", "after", "left", row_number)
WHERE row_number > 1) AS given
RETURNING 1;

-- owner: create_many_once
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
SELECT $2::uuid, $3::uuid, timezone('UTC', '1970-01-01'::timestamp + $4::interval)::timestamp with time zone, $5::text, $6::text, $7::text, $8::text
FROM named
WHERE set_config('lock_timeout', '250', true) IS NOT NULL
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < timezone('UTC', '1970-01-01'::timestamp + $9::interval)
RETURNING 1),
step2 AS (INSERT INTO "owner" ("id", "name", "created_at", "deactivated_at", "version")
SELECT given."id", given."name", given."created_at", given."deactivated_at", given."version"
FROM step1, (SELECT "id"::uuid AS "id", "name"::text AS "name", "created_at"::timestamp with time zone AS "created_at", "deactivated_at"::timestamp with time zone AS "deactivated_at", "version"::integer AS "version"
FROM ROWS
FROM (string_to_table($10::text, E'\x1e', E'\x1f'), string_to_table($11::text, E'\x1e', E'\x1f'), string_to_table($12::text, E'\x1e', E'\x1f'), string_to_table($13::text, E'\x1e', E'\x1f'), string_to_table($14::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "name", "created_at", "deactivated_at", "version", row_number)
WHERE row_number > 1) AS given
WHERE set_config('lock_timeout', '5000', true) IS NOT NULL
RETURNING 1),
step3 AS (SELECT count(*)
FROM step2 HAVING count(*) > 0),
step4 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $15::uuid, $16::bigint, 0
FROM step3
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last")
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
SELECT $17::uuid, timezone('UTC', '1970-01-01'::timestamp + $18::interval)::timestamp with time zone, $19::text, $20::text, $21::text, $22::text, given."id", given."entity_id", given."version", given."after", "last" - given."left"
FROM step4, (SELECT "id"::uuid AS "id", "entity_id"::uuid AS "entity_id", "version"::bigint AS "version", "after"::text AS "after", "left"::bigint AS "left"
FROM ROWS
FROM (string_to_table($23::text, E'\x1e', E'\x1f'), string_to_table($24::text, E'\x1e', E'\x1f'), string_to_table($25::text, E'\x1e', E'\x1f'), string_to_table($26::text, E'\x1e', E'\x1f'), string_to_table($27::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "entity_id", "version", "after", "left", row_number)
WHERE row_number > 1) AS given
RETURNING 1;

-- owner: update
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (UPDATE "owner"
SET "name" = $2, "created_at" = timezone('UTC', '1970-01-01'::timestamp + $3::interval), "deactivated_at" = timezone('UTC', '1970-01-01'::timestamp + $4::interval), "version" = $5
WHERE ("owner"."id" = ($6) AND "owner"."id" = ($7) AND "owner"."version" = ($8) AND (SELECT v FROM named) IS NOT NULL)
RETURNING 1),
step2 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $9::uuid, 1, 0
FROM step1
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $10::uuid, $11::uuid, timezone('UTC', '1970-01-01'::timestamp + $12::interval)::timestamp with time zone, $13::text, $14::uuid, $15::bigint, $16::text, $17::text, $18::text, $19::text, "last"
FROM step2
RETURNING 1;

-- owner: delete
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (DELETE
FROM "owner"
WHERE ("owner"."id" = ($2) AND "owner"."id" = ($3) AND "owner"."version" = ($4) AND (SELECT v FROM named) IS NOT NULL)
RETURNING 1),
step2 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $5::uuid, 1, 0
FROM step1
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $6::uuid, $7::uuid, timezone('UTC', '1970-01-01'::timestamp + $8::interval)::timestamp with time zone, $9::text, $10::uuid, $11::bigint, $12::text, $13::text, $14::text, $15::text, "last"
FROM step2
RETURNING 1;

-- owner: list by newest
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "owner"."id" AS "id", "owner"."name" AS "name", "owner"."created_at" AS "created_at", "owner"."deactivated_at" AS "deactivated_at", "owner"."version" AS "version"
FROM "owner"
WHERE ("owner"."id" = ($2) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 3 DESC, 1 DESC
LIMIT 21;

-- owner: list by newest, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "owner"."id" AS "id", "owner"."name" AS "name", "owner"."created_at" AS "created_at", "owner"."deactivated_at" AS "deactivated_at", "owner"."version" AS "version"
FROM "owner"
WHERE ("owner"."id" = ($2) AND ("owner"."created_at", "owner"."id") < (timezone('UTC', '1970-01-01'::timestamp + $3::interval), $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 3 DESC, 1 DESC
LIMIT 21;

-- owner_directory: all
SELECT "owner"."id" AS "id", "owner"."name" AS "name", "owner"."created_at" AS "created_at", "owner"."deactivated_at" AS "deactivated_at", "owner"."version" AS "version"
FROM "owner"
ORDER BY 2 ASC;

-- owner_directory: by_id
SELECT "owner"."id" AS "id", "owner"."name" AS "name", "owner"."created_at" AS "created_at", "owner"."deactivated_at" AS "deactivated_at", "owner"."version" AS "version"
FROM "owner"
WHERE "owner"."id" = ($1);

-- owner_directory: by_name
SELECT "owner"."id" AS "id", "owner"."name" AS "name", "owner"."created_at" AS "created_at", "owner"."deactivated_at" AS "deactivated_at", "owner"."version" AS "version"
FROM "owner"
WHERE "owner"."name" = ($1);

-- owner_directory: holder
WITH named AS MATERIALIZED (SELECT set_config('goatfish.key', $1, true) AS v)
SELECT "api_key"."owner_id" AS "owner__id", "owner"."name" AS "owner__name", "owner"."created_at" AS "owner__created_at", "owner"."deactivated_at" AS "owner__deactivated_at", "owner"."version" AS "owner__version", "api_key"."id" AS "id", "api_key"."owner_id" AS "owner_id", "api_key"."name" AS "name", "api_key"."public_id" AS "public_id", "api_key"."digest" AS "digest", "api_key"."scopes" AS "scopes", "api_key"."created_at" AS "created_at", "api_key"."expires_at" AS "expires_at", "api_key"."last_used_at" AS "last_used_at", "api_key"."revoked_at" AS "revoked_at", "api_key"."version" AS "version", "api_key"."created_by" AS "created_by", "api_key"."original_expires_at" AS "original_expires_at"
FROM "api_key" INNER JOIN "owner" ON ("api_key"."owner_id" = "owner"."id")
WHERE ("api_key"."public_id" = ($2) AND (SELECT v FROM named) IS NOT NULL);

-- replica_reads: last_change
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "change_count"."last" AS "last", "change_count"."xmin"::text AS "written_by"
FROM "change_count"
WHERE ("change_count"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL))
SELECT "last", "written_by", pg_is_in_recovery()
FROM rows;

-- revision: delete
DELETE
FROM "revision"
WHERE ("revision"."owner_id" = ($1) AND "revision"."number" > ($2) AND "revision"."number" <= ($3))
RETURNING 1;

-- revision: due
SELECT "change_count"."owner_id" AS "owner_id", "change_count"."purged_through" AS "purged_through", "change_count"."last" AS "last"
FROM "change_count"
WHERE (SELECT U0."created_at" AS "created_at"
FROM "revision" U0
WHERE (U0."number" > ("change_count"."purged_through") AND U0."owner_id" = ("change_count"."owner_id"))
ORDER BY U0."number" ASC
LIMIT 1) < (timezone('UTC', '1970-01-01'::timestamp + $1::interval));

-- revision: first_young
SELECT "revision"."number" AS "number"
FROM "revision"
WHERE ("revision"."owner_id" = ($1) AND "revision"."number" > ($2) AND "revision"."created_at" >= (timezone('UTC', '1970-01-01'::timestamp + $3::interval)))
ORDER BY 1 ASC
LIMIT 1;

-- revision: mark_purged
UPDATE "change_count"
SET "purged_through" = $1
WHERE ("change_count"."owner_id" = ($2) AND "change_count"."purged_through" < ($3))
RETURNING 1;

-- revision: span
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "change_count"."purged_through" AS "purged_through", "change_count"."last" AS "last"
FROM "change_count"
WHERE ("change_count"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL);

-- revision: list by number
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "revision"."id" AS "id", "revision"."owner_id" AS "owner_id", "revision"."number" AS "number", "revision"."kind" AS "kind", "revision"."entity_id" AS "entity_id", "revision"."version" AS "version", "revision"."created_at" AS "created_at", "revision"."actor" AS "actor", "revision"."request_id" AS "request_id", "revision"."before" AS "before", "revision"."after" AS "after", "revision"."number" AS "page_value", "revision"."id" AS "page_id"
FROM "revision"
WHERE ("revision"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 12 ASC, 13 ASC
LIMIT 21)
SELECT "id", "owner_id", "number", "kind", "entity_id", "version", "created_at", "actor", "request_id", "before", "after", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("before"), 0) + coalesce(octet_length("after"), 0)) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value, page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value, page_id;

-- revision: list by number, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "revision"."id" AS "id", "revision"."owner_id" AS "owner_id", "revision"."number" AS "number", "revision"."kind" AS "kind", "revision"."entity_id" AS "entity_id", "revision"."version" AS "version", "revision"."created_at" AS "created_at", "revision"."actor" AS "actor", "revision"."request_id" AS "request_id", "revision"."before" AS "before", "revision"."after" AS "after", "revision"."number" AS "page_value", "revision"."id" AS "page_id"
FROM "revision"
WHERE ("revision"."owner_id" = ($2) AND ("revision"."number", "revision"."id") > ($3, $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 12 ASC, 13 ASC
LIMIT 21)
SELECT "id", "owner_id", "number", "kind", "entity_id", "version", "created_at", "actor", "request_id", "before", "after", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("before"), 0) + coalesce(octet_length("after"), 0)) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value, page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value, page_id;

-- revision: list by version
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "revision"."id" AS "id", "revision"."owner_id" AS "owner_id", "revision"."number" AS "number", "revision"."kind" AS "kind", "revision"."entity_id" AS "entity_id", "revision"."version" AS "version", "revision"."created_at" AS "created_at", "revision"."actor" AS "actor", "revision"."request_id" AS "request_id", "revision"."before" AS "before", "revision"."after" AS "after", "revision"."version" AS "page_value", "revision"."id" AS "page_id"
FROM "revision"
WHERE ("revision"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 12 DESC, 13 DESC
LIMIT 21)
SELECT "id", "owner_id", "number", "kind", "entity_id", "version", "created_at", "actor", "request_id", "before", "after", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("before"), 0) + coalesce(octet_length("after"), 0)) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- revision: list by version, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "revision"."id" AS "id", "revision"."owner_id" AS "owner_id", "revision"."number" AS "number", "revision"."kind" AS "kind", "revision"."entity_id" AS "entity_id", "revision"."version" AS "version", "revision"."created_at" AS "created_at", "revision"."actor" AS "actor", "revision"."request_id" AS "request_id", "revision"."before" AS "before", "revision"."after" AS "after", "revision"."version" AS "page_value", "revision"."id" AS "page_id"
FROM "revision"
WHERE ("revision"."owner_id" = ($2) AND ("revision"."version", "revision"."id") < ($3, $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 12 DESC, 13 DESC
LIMIT 21)
SELECT "id", "owner_id", "number", "kind", "entity_id", "version", "created_at", "actor", "request_id", "before", "after", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("before"), 0) + coalesce(octet_length("after"), 0)) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: get
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."id" = ($3) AND (SELECT v FROM named) IS NOT NULL);

-- run: create
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "run" ("id", "owner_id", "created_at", "simulation_id", "name", "name_folded", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "updated_at", "version")
SELECT $2::uuid, $3::uuid, timezone('UTC', '1970-01-01'::timestamp + $4::interval)::timestamp with time zone, $5::uuid, $6::text, $7::text, $8::text, $9::text, timezone('UTC', '1970-01-01'::timestamp + $10::interval)::timestamp with time zone, timezone('UTC', '1970-01-01'::timestamp + $11::interval)::timestamp with time zone, $12::text, $13::text, $14::text, $15::uuid, $16::jsonb, $17::jsonb, $18::jsonb, $19::jsonb, $20::text, timezone('UTC', '1970-01-01'::timestamp + $21::interval)::timestamp with time zone, $22::integer
FROM named
RETURNING 1),
step2 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $23::uuid, 1, 0
FROM step1
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $24::uuid, $25::uuid, timezone('UTC', '1970-01-01'::timestamp + $26::interval)::timestamp with time zone, $27::text, $28::uuid, $29::bigint, $30::text, $31::text, $32::text, $33::text, "last"
FROM step2
RETURNING 1;

-- run: create_once
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
SELECT $2::uuid, $3::uuid, timezone('UTC', '1970-01-01'::timestamp + $4::interval)::timestamp with time zone, $5::text, $6::text, $7::text, $8::text
FROM named
WHERE set_config('lock_timeout', '250', true) IS NOT NULL
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < timezone('UTC', '1970-01-01'::timestamp + $9::interval)
RETURNING 1),
step2 AS (INSERT INTO "run" ("id", "owner_id", "created_at", "simulation_id", "name", "name_folded", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "updated_at", "version")
SELECT $10::uuid, $11::uuid, timezone('UTC', '1970-01-01'::timestamp + $12::interval)::timestamp with time zone, $13::uuid, $14::text, $15::text, $16::text, $17::text, timezone('UTC', '1970-01-01'::timestamp + $18::interval)::timestamp with time zone, timezone('UTC', '1970-01-01'::timestamp + $19::interval)::timestamp with time zone, $20::text, $21::text, $22::text, $23::uuid, $24::jsonb, $25::jsonb, $26::jsonb, $27::jsonb, $28::text, timezone('UTC', '1970-01-01'::timestamp + $29::interval)::timestamp with time zone, $30::integer
FROM step1
WHERE set_config('lock_timeout', '5000', true) IS NOT NULL
RETURNING 1),
step3 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $31::uuid, 1, 0
FROM step2
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $32::uuid, $33::uuid, timezone('UTC', '1970-01-01'::timestamp + $34::interval)::timestamp with time zone, $35::text, $36::uuid, $37::bigint, $38::text, $39::text, $40::text, $41::text, "last"
FROM step3
RETURNING 1;

-- run: create_many
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "run" ("id", "owner_id", "created_at", "simulation_id", "name", "name_folded", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "updated_at", "version")
SELECT given."id", given."owner_id", given."created_at", given."simulation_id", given."name", given."name_folded", given."status", given."status_reason", given."started_at", given."finished_at", given."solver", given."solver_version", given."external_id", given."parent_id", given."labels", given."parameters", given."results", given."artifacts", given."created_by", given."updated_at", given."version"
FROM named, (SELECT "id"::uuid AS "id", "owner_id"::uuid AS "owner_id", "created_at"::timestamp with time zone AS "created_at", "simulation_id"::uuid AS "simulation_id", "name"::text AS "name", "name_folded"::text AS "name_folded", "status"::text AS "status", "status_reason"::text AS "status_reason", "started_at"::timestamp with time zone AS "started_at", "finished_at"::timestamp with time zone AS "finished_at", "solver"::text AS "solver", "solver_version"::text AS "solver_version", "external_id"::text AS "external_id", "parent_id"::uuid AS "parent_id", "labels"::jsonb AS "labels", "parameters"::jsonb AS "parameters", "results"::jsonb AS "results", "artifacts"::jsonb AS "artifacts", "created_by"::text AS "created_by", "updated_at"::timestamp with time zone AS "updated_at", "version"::integer AS "version"
FROM ROWS
FROM (string_to_table($2::text, E'\x1e', E'\x1f'), string_to_table($3::text, E'\x1e', E'\x1f'), string_to_table($4::text, E'\x1e', E'\x1f'), string_to_table($5::text, E'\x1e', E'\x1f'), string_to_table($6::text, E'\x1e', E'\x1f'), string_to_table($7::text, E'\x1e', E'\x1f'), string_to_table($8::text, E'\x1e', E'\x1f'), string_to_table($9::text, E'\x1e', E'\x1f'), string_to_table($10::text, E'\x1e', E'\x1f'), string_to_table($11::text, E'\x1e', E'\x1f'), string_to_table($12::text, E'\x1e', E'\x1f'), string_to_table($13::text, E'\x1e', E'\x1f'), string_to_table($14::text, E'\x1e', E'\x1f'), string_to_table($15::text, E'\x1e', E'\x1f'), string_to_table($16::text, E'\x1e', E'\x1f'), string_to_table($17::text, E'\x1e', E'\x1f'), string_to_table($18::text, E'\x1e', E'\x1f'), string_to_table($19::text, E'\x1e', E'\x1f'), string_to_table($20::text, E'\x1e', E'\x1f'), string_to_table($21::text, E'\x1e', E'\x1f'), string_to_table($22::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "owner_id", "created_at", "simulation_id", "name", "name_folded", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "updated_at", "version", row_number)
WHERE row_number > 1) AS given
RETURNING 1),
step2 AS (SELECT count(*)
FROM step1 HAVING count(*) > 0),
step3 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $23::uuid, $24::bigint, 0
FROM step2
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last")
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
SELECT $25::uuid, timezone('UTC', '1970-01-01'::timestamp + $26::interval)::timestamp with time zone, $27::text, $28::text, $29::text, $30::text, given."id", given."entity_id", given."version", given."after", "last" - given."left"
FROM step3, (SELECT "id"::uuid AS "id", "entity_id"::uuid AS "entity_id", "version"::bigint AS "version", "after"::text AS "after", "left"::bigint AS "left"
FROM ROWS
FROM (string_to_table($31::text, E'\x1e', E'\x1f'), string_to_table($32::text, E'\x1e', E'\x1f'), string_to_table($33::text, E'\x1e', E'\x1f'), string_to_table($34::text, E'\x1e', E'\x1f'), string_to_table($35::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "entity_id", "version", "after", "left", row_number)
WHERE row_number > 1) AS given
RETURNING 1;

-- run: create_many_once
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
SELECT $2::uuid, $3::uuid, timezone('UTC', '1970-01-01'::timestamp + $4::interval)::timestamp with time zone, $5::text, $6::text, $7::text, $8::text
FROM named
WHERE set_config('lock_timeout', '250', true) IS NOT NULL
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < timezone('UTC', '1970-01-01'::timestamp + $9::interval)
RETURNING 1),
step2 AS (INSERT INTO "run" ("id", "owner_id", "created_at", "simulation_id", "name", "name_folded", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "updated_at", "version")
SELECT given."id", given."owner_id", given."created_at", given."simulation_id", given."name", given."name_folded", given."status", given."status_reason", given."started_at", given."finished_at", given."solver", given."solver_version", given."external_id", given."parent_id", given."labels", given."parameters", given."results", given."artifacts", given."created_by", given."updated_at", given."version"
FROM step1, (SELECT "id"::uuid AS "id", "owner_id"::uuid AS "owner_id", "created_at"::timestamp with time zone AS "created_at", "simulation_id"::uuid AS "simulation_id", "name"::text AS "name", "name_folded"::text AS "name_folded", "status"::text AS "status", "status_reason"::text AS "status_reason", "started_at"::timestamp with time zone AS "started_at", "finished_at"::timestamp with time zone AS "finished_at", "solver"::text AS "solver", "solver_version"::text AS "solver_version", "external_id"::text AS "external_id", "parent_id"::uuid AS "parent_id", "labels"::jsonb AS "labels", "parameters"::jsonb AS "parameters", "results"::jsonb AS "results", "artifacts"::jsonb AS "artifacts", "created_by"::text AS "created_by", "updated_at"::timestamp with time zone AS "updated_at", "version"::integer AS "version"
FROM ROWS
FROM (string_to_table($10::text, E'\x1e', E'\x1f'), string_to_table($11::text, E'\x1e', E'\x1f'), string_to_table($12::text, E'\x1e', E'\x1f'), string_to_table($13::text, E'\x1e', E'\x1f'), string_to_table($14::text, E'\x1e', E'\x1f'), string_to_table($15::text, E'\x1e', E'\x1f'), string_to_table($16::text, E'\x1e', E'\x1f'), string_to_table($17::text, E'\x1e', E'\x1f'), string_to_table($18::text, E'\x1e', E'\x1f'), string_to_table($19::text, E'\x1e', E'\x1f'), string_to_table($20::text, E'\x1e', E'\x1f'), string_to_table($21::text, E'\x1e', E'\x1f'), string_to_table($22::text, E'\x1e', E'\x1f'), string_to_table($23::text, E'\x1e', E'\x1f'), string_to_table($24::text, E'\x1e', E'\x1f'), string_to_table($25::text, E'\x1e', E'\x1f'), string_to_table($26::text, E'\x1e', E'\x1f'), string_to_table($27::text, E'\x1e', E'\x1f'), string_to_table($28::text, E'\x1e', E'\x1f'), string_to_table($29::text, E'\x1e', E'\x1f'), string_to_table($30::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "owner_id", "created_at", "simulation_id", "name", "name_folded", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "updated_at", "version", row_number)
WHERE row_number > 1) AS given
WHERE set_config('lock_timeout', '5000', true) IS NOT NULL
RETURNING 1),
step3 AS (SELECT count(*)
FROM step2 HAVING count(*) > 0),
step4 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $31::uuid, $32::bigint, 0
FROM step3
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last")
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
SELECT $33::uuid, timezone('UTC', '1970-01-01'::timestamp + $34::interval)::timestamp with time zone, $35::text, $36::text, $37::text, $38::text, given."id", given."entity_id", given."version", given."after", "last" - given."left"
FROM step4, (SELECT "id"::uuid AS "id", "entity_id"::uuid AS "entity_id", "version"::bigint AS "version", "after"::text AS "after", "left"::bigint AS "left"
FROM ROWS
FROM (string_to_table($39::text, E'\x1e', E'\x1f'), string_to_table($40::text, E'\x1e', E'\x1f'), string_to_table($41::text, E'\x1e', E'\x1f'), string_to_table($42::text, E'\x1e', E'\x1f'), string_to_table($43::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "entity_id", "version", "after", "left", row_number)
WHERE row_number > 1) AS given
RETURNING 1;

-- run: update
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (UPDATE "run"
SET "created_at" = timezone('UTC', '1970-01-01'::timestamp + $2::interval), "simulation_id" = $3, "name" = $4, "name_folded" = $5, "status" = $6, "status_reason" = $7, "started_at" = timezone('UTC', '1970-01-01'::timestamp + $8::interval), "finished_at" = timezone('UTC', '1970-01-01'::timestamp + $9::interval), "solver" = $10, "solver_version" = $11, "external_id" = $12, "parent_id" = $13, "labels" = $14, "parameters" = $15, "results" = $16, "artifacts" = $17, "created_by" = $18, "updated_at" = timezone('UTC', '1970-01-01'::timestamp + $19::interval), "version" = $20
WHERE ("run"."owner_id" = ($21) AND "run"."id" = ($22) AND "run"."version" = ($23) AND (SELECT v FROM named) IS NOT NULL)
RETURNING 1),
step2 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $24::uuid, 1, 0
FROM step1
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $25::uuid, $26::uuid, timezone('UTC', '1970-01-01'::timestamp + $27::interval)::timestamp with time zone, $28::text, $29::uuid, $30::bigint, $31::text, $32::text, $33::text, $34::text, "last"
FROM step2
RETURNING 1;

-- run: delete
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (SELECT 1
WHERE NOT EXISTS (SELECT "run"."id" AS "id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."parent_id" = ($3) AND NOT ("run"."id" = ($4)) AND (SELECT v FROM named) IS NOT NULL))),
step2 AS (DELETE
FROM "run"
WHERE ("run"."owner_id" = ($5) AND "run"."id" = ($6) AND "run"."version" = ($7) AND (SELECT v FROM named) IS NOT NULL) AND EXISTS (SELECT
FROM step1)
RETURNING 1),
step3 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $8::uuid, 1, 0
FROM step2
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $9::uuid, $10::uuid, timezone('UTC', '1970-01-01'::timestamp + $11::interval)::timestamp with time zone, $12::text, $13::uuid, $14::bigint, $15::text, $16::text, $17::text, $18::text, "last"
FROM step3
RETURNING 1;

-- run: update, artifacts unchanged
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (UPDATE "run"
SET "created_at" = timezone('UTC', '1970-01-01'::timestamp + $2::interval), "simulation_id" = $3, "name" = $4, "name_folded" = $5, "status" = $6, "status_reason" = $7, "started_at" = timezone('UTC', '1970-01-01'::timestamp + $8::interval), "finished_at" = timezone('UTC', '1970-01-01'::timestamp + $9::interval), "solver" = $10, "solver_version" = $11, "external_id" = $12, "parent_id" = $13, "labels" = $14, "parameters" = $15, "results" = $16, "created_by" = $17, "updated_at" = timezone('UTC', '1970-01-01'::timestamp + $18::interval), "version" = $19
WHERE ("run"."owner_id" = ($20) AND "run"."id" = ($21) AND "run"."version" = ($22) AND (SELECT v FROM named) IS NOT NULL)
RETURNING 1),
step2 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $23::uuid, 1, 0
FROM step1
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $24::uuid, $25::uuid, timezone('UTC', '1970-01-01'::timestamp + $26::interval)::timestamp with time zone, $27::text, $28::uuid, $29::bigint, $30::text, $31::text, $32::text, $33::text, "last"
FROM step2
RETURNING 1;

-- run: list by created_at
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 ASC, 22 ASC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value, page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value, page_id;

-- run: list by created_at, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND ("run"."created_at", "run"."id") > (timezone('UTC', '1970-01-01'::timestamp + $3::interval), $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 ASC, 22 ASC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value, page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value, page_id;

-- run: list by -created_at
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list by -created_at, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND ("run"."created_at", "run"."id") < (timezone('UTC', '1970-01-01'::timestamp + $3::interval), $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list by updated_at
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."updated_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 ASC, 22 ASC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value, page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value, page_id;

-- run: list by updated_at, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."updated_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND ("run"."updated_at", "run"."id") > (timezone('UTC', '1970-01-01'::timestamp + $3::interval), $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 ASC, 22 ASC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value, page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value, page_id;

-- run: list by -updated_at
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."updated_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list by -updated_at, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."updated_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND ("run"."updated_at", "run"."id") < (timezone('UTC', '1970-01-01'::timestamp + $3::interval), $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list by name
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."name_folded" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."name_folded" IS NOT NULL AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 ASC, 22 ASC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value, page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value, page_id;

-- run: list by name, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."name_folded" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."name_folded" IS NOT NULL AND ("run"."name_folded", "run"."id") > ($3, $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 ASC, 22 ASC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value, page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value, page_id;

-- run: list by name, without a value
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."name_folded" IS NULL AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 ASC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_id;

-- run: list by name, without a value, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."name_folded" IS NULL AND ("run"."id", "run"."id") > ($3, $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 ASC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_id;

-- run: list by -name
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."name_folded" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."name_folded" IS NOT NULL AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list by -name, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."name_folded" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."name_folded" IS NOT NULL AND ("run"."name_folded", "run"."id") < ($3, $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list by -name, without a value
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."name_folded" IS NULL AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_id DESC;

-- run: list by -name, without a value, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."name_folded" IS NULL AND ("run"."id", "run"."id") < ($3, $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_id DESC;

-- run: list by parameters.any
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", CASE WHEN jsonb_typeof(("run"."parameters" -> $2::text -> 0)) = 'number' THEN ("run"."parameters" -> $3::text -> 0)::numeric END AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($4) AND CASE WHEN jsonb_typeof(("run"."parameters" -> $5::text -> 0)) = 'number' THEN ("run"."parameters" -> $6::text -> 0)::numeric END IS NOT NULL AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 ASC, 22 ASC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value, page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value, page_id;

-- run: list by parameters.any, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", CASE WHEN jsonb_typeof(("run"."parameters" -> $2::text -> 0)) = 'number' THEN ("run"."parameters" -> $3::text -> 0)::numeric END AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($4) AND CASE WHEN jsonb_typeof(("run"."parameters" -> $5::text -> 0)) = 'number' THEN ("run"."parameters" -> $6::text -> 0)::numeric END IS NOT NULL AND (CASE WHEN jsonb_typeof(("run"."parameters" -> $7::text -> 0)) = 'number' THEN ("run"."parameters" -> $8::text -> 0)::numeric END, "run"."id") > ($9::text::numeric, $10) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 ASC, 22 ASC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value, page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value, page_id;

-- run: list by parameters.any, without a value
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND CASE WHEN jsonb_typeof(("run"."parameters" -> $3::text -> 0)) = 'number' THEN ("run"."parameters" -> $4::text -> 0)::numeric END IS NULL AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 ASC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_id;

-- run: list by parameters.any, without a value, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND CASE WHEN jsonb_typeof(("run"."parameters" -> $3::text -> 0)) = 'number' THEN ("run"."parameters" -> $4::text -> 0)::numeric END IS NULL AND ("run"."id", "run"."id") > ($5, $6) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 ASC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_id;

-- run: list by -parameters.any
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", CASE WHEN jsonb_typeof(("run"."parameters" -> $2::text -> 0)) = 'number' THEN ("run"."parameters" -> $3::text -> 0)::numeric END AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($4) AND CASE WHEN jsonb_typeof(("run"."parameters" -> $5::text -> 0)) = 'number' THEN ("run"."parameters" -> $6::text -> 0)::numeric END IS NOT NULL AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list by -parameters.any, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", CASE WHEN jsonb_typeof(("run"."parameters" -> $2::text -> 0)) = 'number' THEN ("run"."parameters" -> $3::text -> 0)::numeric END AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($4) AND CASE WHEN jsonb_typeof(("run"."parameters" -> $5::text -> 0)) = 'number' THEN ("run"."parameters" -> $6::text -> 0)::numeric END IS NOT NULL AND (CASE WHEN jsonb_typeof(("run"."parameters" -> $7::text -> 0)) = 'number' THEN ("run"."parameters" -> $8::text -> 0)::numeric END, "run"."id") < ($9::text::numeric, $10) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list by -parameters.any, without a value
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND CASE WHEN jsonb_typeof(("run"."parameters" -> $3::text -> 0)) = 'number' THEN ("run"."parameters" -> $4::text -> 0)::numeric END IS NULL AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_id DESC;

-- run: list by -parameters.any, without a value, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND CASE WHEN jsonb_typeof(("run"."parameters" -> $3::text -> 0)) = 'number' THEN ("run"."parameters" -> $4::text -> 0)::numeric END IS NULL AND ("run"."id", "run"."id") < ($5, $6) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_id DESC;

-- run: list by results.any
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", CASE WHEN jsonb_typeof(("run"."results" -> $2::text -> 0)) = 'number' THEN ("run"."results" -> $3::text -> 0)::numeric END AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($4) AND CASE WHEN jsonb_typeof(("run"."results" -> $5::text -> 0)) = 'number' THEN ("run"."results" -> $6::text -> 0)::numeric END IS NOT NULL AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 ASC, 22 ASC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value, page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value, page_id;

-- run: list by results.any, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", CASE WHEN jsonb_typeof(("run"."results" -> $2::text -> 0)) = 'number' THEN ("run"."results" -> $3::text -> 0)::numeric END AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($4) AND CASE WHEN jsonb_typeof(("run"."results" -> $5::text -> 0)) = 'number' THEN ("run"."results" -> $6::text -> 0)::numeric END IS NOT NULL AND (CASE WHEN jsonb_typeof(("run"."results" -> $7::text -> 0)) = 'number' THEN ("run"."results" -> $8::text -> 0)::numeric END, "run"."id") > ($9::text::numeric, $10) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 ASC, 22 ASC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value, page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value, page_id;

-- run: list by results.any, without a value
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND CASE WHEN jsonb_typeof(("run"."results" -> $3::text -> 0)) = 'number' THEN ("run"."results" -> $4::text -> 0)::numeric END IS NULL AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 ASC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_id;

-- run: list by results.any, without a value, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND CASE WHEN jsonb_typeof(("run"."results" -> $3::text -> 0)) = 'number' THEN ("run"."results" -> $4::text -> 0)::numeric END IS NULL AND ("run"."id", "run"."id") > ($5, $6) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 ASC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_id ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_id;

-- run: list by -results.any
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", CASE WHEN jsonb_typeof(("run"."results" -> $2::text -> 0)) = 'number' THEN ("run"."results" -> $3::text -> 0)::numeric END AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($4) AND CASE WHEN jsonb_typeof(("run"."results" -> $5::text -> 0)) = 'number' THEN ("run"."results" -> $6::text -> 0)::numeric END IS NOT NULL AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list by -results.any, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", CASE WHEN jsonb_typeof(("run"."results" -> $2::text -> 0)) = 'number' THEN ("run"."results" -> $3::text -> 0)::numeric END AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($4) AND CASE WHEN jsonb_typeof(("run"."results" -> $5::text -> 0)) = 'number' THEN ("run"."results" -> $6::text -> 0)::numeric END IS NOT NULL AND (CASE WHEN jsonb_typeof(("run"."results" -> $7::text -> 0)) = 'number' THEN ("run"."results" -> $8::text -> 0)::numeric END, "run"."id") < ($9::text::numeric, $10) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list by -results.any, without a value
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND CASE WHEN jsonb_typeof(("run"."results" -> $3::text -> 0)) = 'number' THEN ("run"."results" -> $4::text -> 0)::numeric END IS NULL AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_id DESC;

-- run: list by -results.any, without a value, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND CASE WHEN jsonb_typeof(("run"."results" -> $3::text -> 0)) = 'number' THEN ("run"."results" -> $4::text -> 0)::numeric END IS NULL AND ("run"."id", "run"."id") < ($5, $6) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC
LIMIT 21)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_id DESC;

-- run: list where simulation_id
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."simulation_id" = ($3) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $4)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list where name
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND position($3::bytea IN convert_to("run"."name_folded", 'UTF8')) > 0 AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $4)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list where status
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."status" = ANY ($3::text::text[]) AND ($4::uuid IS NOT NULL OR (SELECT count(*)
FROM generate_series(1, 1000000000)) = 0) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $5)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list where started_from
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."started_at" >= (timezone('UTC', '1970-01-01'::timestamp + $3::interval)) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $4)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list where started_to
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."started_at" <= (timezone('UTC', '1970-01-01'::timestamp + $3::interval)) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $4)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list where finished_from
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."finished_at" >= (timezone('UTC', '1970-01-01'::timestamp + $3::interval)) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $4)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list where finished_to
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."finished_at" <= (timezone('UTC', '1970-01-01'::timestamp + $3::interval)) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $4)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list where solver
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."solver" = ($3) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $4)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list where external_id
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."external_id" = ($3) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $4)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list where parent_id
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."parent_id" = ($3) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $4)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list where label=project
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run_labels"."created_at" AS "page_value", "run_labels"."id" AS "page_id"
FROM "run" , "run_labels"
WHERE ("run"."owner_id" = ($2) AND "run_labels".owner_id = "run"."owner_id" AND "run_labels".id = "run"."id" AND "run_labels".name = $3 AND ($4::uuid IS NOT NULL OR (SELECT count(*)
FROM generate_series(1, 1000000000)) = 0) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $5)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list where label=project:wing
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run_labels"."created_at" AS "page_value", "run_labels"."id" AS "page_id"
FROM "run" , "run_labels"
WHERE ("run"."owner_id" = ($2) AND "run_labels".owner_id = "run"."owner_id" AND "run_labels".id = "run"."id" AND "run_labels".name = $3 AND "run_labels".text = $4 AND ($5::uuid IS NOT NULL OR (SELECT count(*)
FROM generate_series(1, 1000000000)) = 0) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $6)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list where where=parameters.alpha<=12
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND (jsonb_typeof(("run"."parameters" -> $3::text -> 0)) = 'number' AND ("run"."parameters" -> $4::text -> 0) <= $5::jsonb) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $6)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list where where=parameters.alpha>=12
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND (jsonb_typeof(("run"."parameters" -> $3::text -> 0)) = 'number' AND ("run"."parameters" -> $4::text -> 0) >= $5::jsonb) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $6)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list where where=parameters.alpha!=12
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND ("run"."parameters" -> $3::text -> 0) <> $4::jsonb AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $5)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list where where=parameters.alpha=12
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND ("run"."parameters" -> $3::text -> 0) = $4::jsonb AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $5)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list where where=parameters.alpha<12
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND (jsonb_typeof(("run"."parameters" -> $3::text -> 0)) = 'number' AND ("run"."parameters" -> $4::text -> 0) < $5::jsonb) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $6)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run: list where where=parameters.alpha>12
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version", "run"."created_at" AS "page_value", "run"."id" AS "page_id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND (jsonb_typeof(("run"."parameters" -> $3::text -> 0)) = 'number' AND ("run"."parameters" -> $4::text -> 0) > $5::jsonb) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 21 DESC, 22 DESC
LIMIT $6)
SELECT "id", "owner_id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at", "version", page_followed
FROM (
SELECT rows.*, sum(coalesce(octet_length("status_reason"), 0) + pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}') + pg_column_size("artifacts" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY page_value DESC, page_id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1000000 OR page_place = 1
ORDER BY page_value DESC, page_id DESC;

-- run_reports: page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."simulation_id" = ($3) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 13 DESC, 1 DESC
LIMIT $4)
SELECT "id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "created_by", "created_at", "updated_at", "labels", "parameters", "results", page_followed
FROM (
SELECT rows.*, sum(pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY created_at DESC, id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1500000 OR page_place = 1
ORDER BY created_at DESC, id DESC;

-- run_reports: members
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."simulation_id" = ($3) AND (SELECT v FROM named) IS NOT NULL))
SELECT 'labels', key, NULL::text, FALSE
FROM rows, jsonb_object_keys("labels") AS key GROUP BY key UNION ALL
SELECT 'parameters', key, min(unit), count(*) > 1
FROM (
SELECT DISTINCT key, nullif(value ->> 1, '') COLLATE "C" AS unit
FROM rows, jsonb_each("parameters") ) AS members GROUP BY key UNION ALL
SELECT 'results', key, min(unit), count(*) > 1
FROM (
SELECT DISTINCT key, nullif(value ->> 1, '') COLLATE "C" AS unit
FROM rows, jsonb_each("results") ) AS members GROUP BY key
LIMIT 10001;

-- run_reports: members, up to another
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."simulation_id" = ($3) AND ("run"."created_at", "run"."id") >= (timezone('UTC', '1970-01-01'::timestamp + $4::interval), $5) AND (SELECT v FROM named) IS NOT NULL))
SELECT 'labels', key, NULL::text, FALSE
FROM rows, jsonb_object_keys("labels") AS key GROUP BY key UNION ALL
SELECT 'parameters', key, min(unit), count(*) > 1
FROM (
SELECT DISTINCT key, nullif(value ->> 1, '') COLLATE "C" AS unit
FROM rows, jsonb_each("parameters") ) AS members GROUP BY key UNION ALL
SELECT 'results', key, min(unit), count(*) > 1
FROM (
SELECT DISTINCT key, nullif(value ->> 1, '') COLLATE "C" AS unit
FROM rows, jsonb_each("results") ) AS members GROUP BY key
LIMIT 10001;

-- run_reports: end of members
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."created_at" AS "created_at", "run"."id" AS "id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."simulation_id" = ($3) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 1 DESC, 2 DESC
LIMIT 10000)
SELECT "created_at", "id"
FROM rows
ORDER BY "created_at" DESC, "id" DESC
LIMIT 1 OFFSET 9999;

-- run_reports: page, next
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."id" AS "id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."simulation_id" = ($3) AND ("run"."created_at", "run"."id") < (timezone('UTC', '1970-01-01'::timestamp + $4::interval), $5) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 13 DESC, 1 DESC
LIMIT $6)
SELECT "id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "created_by", "created_at", "updated_at", "labels", "parameters", "results", page_followed
FROM (
SELECT rows.*, sum(pg_column_size("labels" #- '{}') + pg_column_size("parameters" #- '{}') + pg_column_size("results" #- '{}')) OVER page AS page_size, row_number() OVER page AS page_place, lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY created_at DESC, id DESC ROWS UNBOUNDED PRECEDING) ) AS measured
WHERE page_size <= 1500000 OR page_place = 1
ORDER BY created_at DESC, id DESC;

-- run_reports: members, next
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."simulation_id" = ($3) AND ("run"."created_at", "run"."id") < (timezone('UTC', '1970-01-01'::timestamp + $4::interval), $5) AND (SELECT v FROM named) IS NOT NULL))
SELECT 'labels', key, NULL::text, FALSE
FROM rows, jsonb_object_keys("labels") AS key GROUP BY key UNION ALL
SELECT 'parameters', key, min(unit), count(*) > 1
FROM (
SELECT DISTINCT key, nullif(value ->> 1, '') COLLATE "C" AS unit
FROM rows, jsonb_each("parameters") ) AS members GROUP BY key UNION ALL
SELECT 'results', key, min(unit), count(*) > 1
FROM (
SELECT DISTINCT key, nullif(value ->> 1, '') COLLATE "C" AS unit
FROM rows, jsonb_each("results") ) AS members GROUP BY key
LIMIT 10001;

-- run_reports: members, next, up to another
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."simulation_id" = ($3) AND ("run"."created_at", "run"."id") < (timezone('UTC', '1970-01-01'::timestamp + $4::interval), $5) AND ("run"."created_at", "run"."id") >= (timezone('UTC', '1970-01-01'::timestamp + $6::interval), $7) AND (SELECT v FROM named) IS NOT NULL))
SELECT 'labels', key, NULL::text, FALSE
FROM rows, jsonb_object_keys("labels") AS key GROUP BY key UNION ALL
SELECT 'parameters', key, min(unit), count(*) > 1
FROM (
SELECT DISTINCT key, nullif(value ->> 1, '') COLLATE "C" AS unit
FROM rows, jsonb_each("parameters") ) AS members GROUP BY key UNION ALL
SELECT 'results', key, min(unit), count(*) > 1
FROM (
SELECT DISTINCT key, nullif(value ->> 1, '') COLLATE "C" AS unit
FROM rows, jsonb_each("results") ) AS members GROUP BY key
LIMIT 10001;

-- run_reports: end of members, next
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v), rows AS NOT MATERIALIZED (SELECT "run"."created_at" AS "created_at", "run"."id" AS "id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."simulation_id" = ($3) AND ("run"."created_at", "run"."id") < (timezone('UTC', '1970-01-01'::timestamp + $4::interval), $5) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 1 DESC, 2 DESC
LIMIT 10000)
SELECT "created_at", "id"
FROM rows
ORDER BY "created_at" DESC, "id" DESC
LIMIT 1 OFFSET 9999;

-- simulation: get
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND "simulation"."id" = ($3) AND (SELECT v FROM named) IS NOT NULL);

-- simulation: create
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "simulation" ("id", "owner_id", "created_at", "name", "name_folded", "start_date", "end_date", "description", "labels", "updated_at", "version")
SELECT $2::uuid, $3::uuid, timezone('UTC', '1970-01-01'::timestamp + $4::interval)::timestamp with time zone, $5::text, $6::text, ('1970-01-01'::date + $7::interval)::date::date, ('1970-01-01'::date + $8::interval)::date::date, $9::text, $10::jsonb, timezone('UTC', '1970-01-01'::timestamp + $11::interval)::timestamp with time zone, $12::integer
FROM named
RETURNING 1),
step2 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $13::uuid, 1, 0
FROM step1
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $14::uuid, $15::uuid, timezone('UTC', '1970-01-01'::timestamp + $16::interval)::timestamp with time zone, $17::text, $18::uuid, $19::bigint, $20::text, $21::text, $22::text, $23::text, "last"
FROM step2
RETURNING 1;

-- simulation: create_once
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
SELECT $2::uuid, $3::uuid, timezone('UTC', '1970-01-01'::timestamp + $4::interval)::timestamp with time zone, $5::text, $6::text, $7::text, $8::text
FROM named
WHERE set_config('lock_timeout', '250', true) IS NOT NULL
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < timezone('UTC', '1970-01-01'::timestamp + $9::interval)
RETURNING 1),
step2 AS (INSERT INTO "simulation" ("id", "owner_id", "created_at", "name", "name_folded", "start_date", "end_date", "description", "labels", "updated_at", "version")
SELECT $10::uuid, $11::uuid, timezone('UTC', '1970-01-01'::timestamp + $12::interval)::timestamp with time zone, $13::text, $14::text, ('1970-01-01'::date + $15::interval)::date::date, ('1970-01-01'::date + $16::interval)::date::date, $17::text, $18::jsonb, timezone('UTC', '1970-01-01'::timestamp + $19::interval)::timestamp with time zone, $20::integer
FROM step1
WHERE set_config('lock_timeout', '5000', true) IS NOT NULL
RETURNING 1),
step3 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $21::uuid, 1, 0
FROM step2
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $22::uuid, $23::uuid, timezone('UTC', '1970-01-01'::timestamp + $24::interval)::timestamp with time zone, $25::text, $26::uuid, $27::bigint, $28::text, $29::text, $30::text, $31::text, "last"
FROM step3
RETURNING 1;

-- simulation: create_many
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "simulation" ("id", "owner_id", "created_at", "name", "name_folded", "start_date", "end_date", "description", "labels", "updated_at", "version")
SELECT given."id", given."owner_id", given."created_at", given."name", given."name_folded", given."start_date", given."end_date", given."description", given."labels", given."updated_at", given."version"
FROM named, (SELECT "id"::uuid AS "id", "owner_id"::uuid AS "owner_id", "created_at"::timestamp with time zone AS "created_at", "name"::text AS "name", "name_folded"::text AS "name_folded", "start_date"::date AS "start_date", "end_date"::date AS "end_date", "description"::text AS "description", "labels"::jsonb AS "labels", "updated_at"::timestamp with time zone AS "updated_at", "version"::integer AS "version"
FROM ROWS
FROM (string_to_table($2::text, E'\x1e', E'\x1f'), string_to_table($3::text, E'\x1e', E'\x1f'), string_to_table($4::text, E'\x1e', E'\x1f'), string_to_table($5::text, E'\x1e', E'\x1f'), string_to_table($6::text, E'\x1e', E'\x1f'), string_to_table($7::text, E'\x1e', E'\x1f'), string_to_table($8::text, E'\x1e', E'\x1f'), string_to_table($9::text, E'\x1e', E'\x1f'), string_to_table($10::text, E'\x1e', E'\x1f'), string_to_table($11::text, E'\x1e', E'\x1f'), string_to_table($12::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "owner_id", "created_at", "name", "name_folded", "start_date", "end_date", "description", "labels", "updated_at", "version", row_number)
WHERE row_number > 1) AS given
RETURNING 1),
step2 AS (SELECT count(*)
FROM step1 HAVING count(*) > 0),
step3 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $13::uuid, $14::bigint, 0
FROM step2
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last")
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
SELECT $15::uuid, timezone('UTC', '1970-01-01'::timestamp + $16::interval)::timestamp with time zone, $17::text, $18::text, $19::text, $20::text, given."id", given."entity_id", given."version", given."after", "last" - given."left"
FROM step3, (SELECT "id"::uuid AS "id", "entity_id"::uuid AS "entity_id", "version"::bigint AS "version", "after"::text AS "after", "left"::bigint AS "left"
FROM ROWS
FROM (string_to_table($21::text, E'\x1e', E'\x1f'), string_to_table($22::text, E'\x1e', E'\x1f'), string_to_table($23::text, E'\x1e', E'\x1f'), string_to_table($24::text, E'\x1e', E'\x1f'), string_to_table($25::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "entity_id", "version", "after", "left", row_number)
WHERE row_number > 1) AS given
RETURNING 1;

-- simulation: create_many_once
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
SELECT $2::uuid, $3::uuid, timezone('UTC', '1970-01-01'::timestamp + $4::interval)::timestamp with time zone, $5::text, $6::text, $7::text, $8::text
FROM named
WHERE set_config('lock_timeout', '250', true) IS NOT NULL
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < timezone('UTC', '1970-01-01'::timestamp + $9::interval)
RETURNING 1),
step2 AS (INSERT INTO "simulation" ("id", "owner_id", "created_at", "name", "name_folded", "start_date", "end_date", "description", "labels", "updated_at", "version")
SELECT given."id", given."owner_id", given."created_at", given."name", given."name_folded", given."start_date", given."end_date", given."description", given."labels", given."updated_at", given."version"
FROM step1, (SELECT "id"::uuid AS "id", "owner_id"::uuid AS "owner_id", "created_at"::timestamp with time zone AS "created_at", "name"::text AS "name", "name_folded"::text AS "name_folded", "start_date"::date AS "start_date", "end_date"::date AS "end_date", "description"::text AS "description", "labels"::jsonb AS "labels", "updated_at"::timestamp with time zone AS "updated_at", "version"::integer AS "version"
FROM ROWS
FROM (string_to_table($10::text, E'\x1e', E'\x1f'), string_to_table($11::text, E'\x1e', E'\x1f'), string_to_table($12::text, E'\x1e', E'\x1f'), string_to_table($13::text, E'\x1e', E'\x1f'), string_to_table($14::text, E'\x1e', E'\x1f'), string_to_table($15::text, E'\x1e', E'\x1f'), string_to_table($16::text, E'\x1e', E'\x1f'), string_to_table($17::text, E'\x1e', E'\x1f'), string_to_table($18::text, E'\x1e', E'\x1f'), string_to_table($19::text, E'\x1e', E'\x1f'), string_to_table($20::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "owner_id", "created_at", "name", "name_folded", "start_date", "end_date", "description", "labels", "updated_at", "version", row_number)
WHERE row_number > 1) AS given
WHERE set_config('lock_timeout', '5000', true) IS NOT NULL
RETURNING 1),
step3 AS (SELECT count(*)
FROM step2 HAVING count(*) > 0),
step4 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $21::uuid, $22::bigint, 0
FROM step3
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last")
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
SELECT $23::uuid, timezone('UTC', '1970-01-01'::timestamp + $24::interval)::timestamp with time zone, $25::text, $26::text, $27::text, $28::text, given."id", given."entity_id", given."version", given."after", "last" - given."left"
FROM step4, (SELECT "id"::uuid AS "id", "entity_id"::uuid AS "entity_id", "version"::bigint AS "version", "after"::text AS "after", "left"::bigint AS "left"
FROM ROWS
FROM (string_to_table($29::text, E'\x1e', E'\x1f'), string_to_table($30::text, E'\x1e', E'\x1f'), string_to_table($31::text, E'\x1e', E'\x1f'), string_to_table($32::text, E'\x1e', E'\x1f'), string_to_table($33::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "entity_id", "version", "after", "left", row_number)
WHERE row_number > 1) AS given
RETURNING 1;

-- simulation: update
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (UPDATE "simulation"
SET "created_at" = timezone('UTC', '1970-01-01'::timestamp + $2::interval), "name" = $3, "name_folded" = $4, "start_date" = ('1970-01-01'::date + $5::interval)::date, "end_date" = ('1970-01-01'::date + $6::interval)::date, "description" = $7, "labels" = $8, "updated_at" = timezone('UTC', '1970-01-01'::timestamp + $9::interval), "version" = $10
WHERE ("simulation"."owner_id" = ($11) AND "simulation"."id" = ($12) AND "simulation"."version" = ($13) AND (SELECT v FROM named) IS NOT NULL)
RETURNING 1),
step2 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $14::uuid, 1, 0
FROM step1
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $15::uuid, $16::uuid, timezone('UTC', '1970-01-01'::timestamp + $17::interval)::timestamp with time zone, $18::text, $19::uuid, $20::bigint, $21::text, $22::text, $23::text, $24::text, "last"
FROM step2
RETURNING 1;

-- simulation: delete
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (SELECT 1
WHERE NOT EXISTS (SELECT "run"."id" AS "id"
FROM "run"
WHERE ("run"."owner_id" = ($2) AND "run"."simulation_id" = ($3) AND (SELECT v FROM named) IS NOT NULL))),
step2 AS (DELETE
FROM "simulation"
WHERE ("simulation"."owner_id" = ($4) AND "simulation"."id" = ($5) AND "simulation"."version" = ($6) AND (SELECT v FROM named) IS NOT NULL) AND EXISTS (SELECT
FROM step1)
RETURNING 1),
step3 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $7::uuid, 1, 0
FROM step2
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last")
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $8::uuid, $9::uuid, timezone('UTC', '1970-01-01'::timestamp + $10::interval)::timestamp with time zone, $11::text, $12::uuid, $13::bigint, $14::text, $15::text, $16::text, $17::text, "last"
FROM step3
RETURNING 1;

-- simulation: list by created_at
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 8 ASC, 1 ASC
LIMIT 21;

-- simulation: list by created_at, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND ("simulation"."created_at", "simulation"."id") > (timezone('UTC', '1970-01-01'::timestamp + $3::interval), $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 8 ASC, 1 ASC
LIMIT 21;

-- simulation: list by -created_at
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 8 DESC, 1 DESC
LIMIT 21;

-- simulation: list by -created_at, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND ("simulation"."created_at", "simulation"."id") < (timezone('UTC', '1970-01-01'::timestamp + $3::interval), $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 8 DESC, 1 DESC
LIMIT 21;

-- simulation: list by name
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY "simulation"."name_folded" ASC, 1 ASC
LIMIT 21;

-- simulation: list by name, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND ("simulation"."name_folded", "simulation"."id") > ($3, $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY "simulation"."name_folded" ASC, 1 ASC
LIMIT 21;

-- simulation: list by -name
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY "simulation"."name_folded" DESC, 1 DESC
LIMIT 21;

-- simulation: list by -name, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND ("simulation"."name_folded", "simulation"."id") < ($3, $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY "simulation"."name_folded" DESC, 1 DESC
LIMIT 21;

-- simulation: list by start_date
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 4 ASC, 1 ASC
LIMIT 21;

-- simulation: list by start_date, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND ("simulation"."start_date", "simulation"."id") > (('1970-01-01'::date + $3::interval)::date, $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 4 ASC, 1 ASC
LIMIT 21;

-- simulation: list by -start_date
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 4 DESC, 1 DESC
LIMIT 21;

-- simulation: list by -start_date, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND ("simulation"."start_date", "simulation"."id") < (('1970-01-01'::date + $3::interval)::date, $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 4 DESC, 1 DESC
LIMIT 21;

-- simulation: list by end_date
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 5 ASC, 1 ASC
LIMIT 21;

-- simulation: list by end_date, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND ("simulation"."end_date", "simulation"."id") > (('1970-01-01'::date + $3::interval)::date, $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 5 ASC, 1 ASC
LIMIT 21;

-- simulation: list by -end_date
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 5 DESC, 1 DESC
LIMIT 21;

-- simulation: list by -end_date, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND ("simulation"."end_date", "simulation"."id") < (('1970-01-01'::date + $3::interval)::date, $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 5 DESC, 1 DESC
LIMIT 21;

-- simulation: list where name
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND position($3::bytea IN convert_to("simulation"."name_folded", 'UTF8')) > 0 AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 8 DESC, 1 DESC
LIMIT $4;

-- simulation: list where start_date_from
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND "simulation"."start_date" >= (('1970-01-01'::date + $3::interval)::date) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 8 DESC, 1 DESC
LIMIT $4;

-- simulation: list where start_date_to
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND "simulation"."start_date" <= (('1970-01-01'::date + $3::interval)::date) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 8 DESC, 1 DESC
LIMIT $4;

-- simulation: list where end_date_from
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND "simulation"."end_date" >= (('1970-01-01'::date + $3::interval)::date) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 8 DESC, 1 DESC
LIMIT $4;

-- simulation: list where end_date_to
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND "simulation"."end_date" <= (('1970-01-01'::date + $3::interval)::date) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 8 DESC, 1 DESC
LIMIT $4;

-- simulation: list where active_on
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = ($2) AND "simulation"."start_date" <= (('1970-01-01'::date + $3::interval)::date) AND "simulation"."end_date" >= (('1970-01-01'::date + $4::interval)::date) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 8 DESC, 1 DESC
LIMIT $5;

-- simulation: list where label=project
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation" , "simulation_labels"
WHERE ("simulation"."owner_id" = ($2) AND "simulation_labels".owner_id = "simulation"."owner_id" AND "simulation_labels".id = "simulation"."id" AND "simulation_labels".name = $3 AND ($4::uuid IS NOT NULL OR (SELECT count(*)
FROM generate_series(1, 1000000000)) = 0) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY "simulation_labels"."created_at" DESC, "simulation_labels"."id" DESC
LIMIT $5;

-- simulation: list where label=project:wing
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation" , "simulation_labels"
WHERE ("simulation"."owner_id" = ($2) AND "simulation_labels".owner_id = "simulation"."owner_id" AND "simulation_labels".id = "simulation"."id" AND "simulation_labels".name = $3 AND "simulation_labels".text = $4 AND ($5::uuid IS NOT NULL OR (SELECT count(*)
FROM generate_series(1, 1000000000)) = 0) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY "simulation_labels"."created_at" DESC, "simulation_labels"."id" DESC
LIMIT $6;

-- webhook: get
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "webhook"."id" AS "id", "webhook"."owner_id" AS "owner_id", "webhook"."url" AS "url", "webhook"."kinds" AS "kinds", "webhook"."description" AS "description", "webhook"."enabled" AS "enabled", "webhook"."disabled_reason" AS "disabled_reason", "webhook"."secret" AS "secret", "webhook"."previous_secret" AS "previous_secret", "webhook"."previous_secret_until" AS "previous_secret_until", "webhook"."created_at" AS "created_at", "webhook"."updated_at" AS "updated_at", "webhook"."version" AS "version"
FROM "webhook"
WHERE ("webhook"."owner_id" = ($2) AND "webhook"."id" = ($3) AND (SELECT v FROM named) IS NOT NULL);

-- webhook: create
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (SELECT 1
WHERE NOT EXISTS (SELECT "webhook"."id" AS "id"
FROM "webhook"
WHERE ("webhook"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL) OFFSET 99)),
step2 AS (INSERT INTO "webhook" ("id", "owner_id", "created_at", "url", "kinds", "description", "enabled", "disabled_reason", "secret", "previous_secret", "previous_secret_until", "updated_at", "version")
SELECT $3::uuid, $4::uuid, timezone('UTC', '1970-01-01'::timestamp + $5::interval)::timestamp with time zone, $6::text, $7::jsonb, $8::text, $9::boolean, $10::text, $11::text, $12::text, timezone('UTC', '1970-01-01'::timestamp + $13::interval)::timestamp with time zone, timezone('UTC', '1970-01-01'::timestamp + $14::interval)::timestamp with time zone, $15::integer
FROM step1
RETURNING 1),
step3 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $16::uuid, 1, 0
FROM step2
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last"),
step4 AS (INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $17::uuid, $18::uuid, timezone('UTC', '1970-01-01'::timestamp + $19::interval)::timestamp with time zone, $20::text, $21::uuid, $22::bigint, $23::text, $24::text, $25::text, $26::text, "last"
FROM step3
RETURNING 1)
INSERT INTO "webhook_cursor" ("id", "owner_id", "created_at", "next_attempt_at", "active", "attempts", "number")
SELECT $27::uuid, $28::uuid, timezone('UTC', '1970-01-01'::timestamp + $29::interval)::timestamp with time zone, timezone('UTC', '1970-01-01'::timestamp + $30::interval)::timestamp with time zone, $31::boolean, 0, coalesce((SELECT "last"
FROM "change_count"
WHERE "owner_id" = $32), 0)
FROM step4
ON CONFLICT ("id", "owner_id") DO UPDATE
SET "attempts" = excluded."attempts", "failing_since" = excluded."failing_since", "next_attempt_at" = excluded."next_attempt_at", "active" = excluded."active", "holder" = excluded."holder", "leased_until" = excluded."leased_until"
RETURNING 1;

-- webhook: create_once
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (SELECT 1
WHERE NOT EXISTS (SELECT "webhook"."id" AS "id"
FROM "webhook"
WHERE ("webhook"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL) OFFSET 99)),
step2 AS (INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
SELECT $3::uuid, $4::uuid, timezone('UTC', '1970-01-01'::timestamp + $5::interval)::timestamp with time zone, $6::text, $7::text, $8::text, $9::text
FROM step1
WHERE set_config('lock_timeout', '250', true) IS NOT NULL
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < timezone('UTC', '1970-01-01'::timestamp + $10::interval)
RETURNING 1),
step3 AS (INSERT INTO "webhook" ("id", "owner_id", "created_at", "url", "kinds", "description", "enabled", "disabled_reason", "secret", "previous_secret", "previous_secret_until", "updated_at", "version")
SELECT $11::uuid, $12::uuid, timezone('UTC', '1970-01-01'::timestamp + $13::interval)::timestamp with time zone, $14::text, $15::jsonb, $16::text, $17::boolean, $18::text, $19::text, $20::text, timezone('UTC', '1970-01-01'::timestamp + $21::interval)::timestamp with time zone, timezone('UTC', '1970-01-01'::timestamp + $22::interval)::timestamp with time zone, $23::integer
FROM step2
WHERE set_config('lock_timeout', '5000', true) IS NOT NULL
RETURNING 1),
step4 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $24::uuid, 1, 0
FROM step3
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last"),
step5 AS (INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $25::uuid, $26::uuid, timezone('UTC', '1970-01-01'::timestamp + $27::interval)::timestamp with time zone, $28::text, $29::uuid, $30::bigint, $31::text, $32::text, $33::text, $34::text, "last"
FROM step4
RETURNING 1)
INSERT INTO "webhook_cursor" ("id", "owner_id", "created_at", "next_attempt_at", "active", "attempts", "number")
SELECT $35::uuid, $36::uuid, timezone('UTC', '1970-01-01'::timestamp + $37::interval)::timestamp with time zone, timezone('UTC', '1970-01-01'::timestamp + $38::interval)::timestamp with time zone, $39::boolean, 0, coalesce((SELECT "last"
FROM "change_count"
WHERE "owner_id" = $40), 0)
FROM step5
ON CONFLICT ("id", "owner_id") DO UPDATE
SET "attempts" = excluded."attempts", "failing_since" = excluded."failing_since", "next_attempt_at" = excluded."next_attempt_at", "active" = excluded."active", "holder" = excluded."holder", "leased_until" = excluded."leased_until"
RETURNING 1;

-- webhook: create_many
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "webhook" ("id", "owner_id", "created_at", "url", "kinds", "description", "enabled", "disabled_reason", "secret", "previous_secret", "previous_secret_until", "updated_at", "version")
SELECT given."id", given."owner_id", given."created_at", given."url", given."kinds", given."description", given."enabled", given."disabled_reason", given."secret", given."previous_secret", given."previous_secret_until", given."updated_at", given."version"
FROM named, (SELECT "id"::uuid AS "id", "owner_id"::uuid AS "owner_id", "created_at"::timestamp with time zone AS "created_at", "url"::text AS "url", "kinds"::jsonb AS "kinds", "description"::text AS "description", "enabled"::boolean AS "enabled", "disabled_reason"::text AS "disabled_reason", "secret"::text AS "secret", "previous_secret"::text AS "previous_secret", "previous_secret_until"::timestamp with time zone AS "previous_secret_until", "updated_at"::timestamp with time zone AS "updated_at", "version"::integer AS "version"
FROM ROWS
FROM (string_to_table($2::text, E'\x1e', E'\x1f'), string_to_table($3::text, E'\x1e', E'\x1f'), string_to_table($4::text, E'\x1e', E'\x1f'), string_to_table($5::text, E'\x1e', E'\x1f'), string_to_table($6::text, E'\x1e', E'\x1f'), string_to_table($7::text, E'\x1e', E'\x1f'), string_to_table($8::text, E'\x1e', E'\x1f'), string_to_table($9::text, E'\x1e', E'\x1f'), string_to_table($10::text, E'\x1e', E'\x1f'), string_to_table($11::text, E'\x1e', E'\x1f'), string_to_table($12::text, E'\x1e', E'\x1f'), string_to_table($13::text, E'\x1e', E'\x1f'), string_to_table($14::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "owner_id", "created_at", "url", "kinds", "description", "enabled", "disabled_reason", "secret", "previous_secret", "previous_secret_until", "updated_at", "version", row_number)
WHERE row_number > 1) AS given
RETURNING 1),
step2 AS (SELECT count(*)
FROM step1 HAVING count(*) > 0),
step3 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $15::uuid, $16::bigint, 0
FROM step2
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last"),
step4 AS (INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
SELECT $17::uuid, timezone('UTC', '1970-01-01'::timestamp + $18::interval)::timestamp with time zone, $19::text, $20::text, $21::text, $22::text, given."id", given."entity_id", given."version", given."after", "last" - given."left"
FROM step3, (SELECT "id"::uuid AS "id", "entity_id"::uuid AS "entity_id", "version"::bigint AS "version", "after"::text AS "after", "left"::bigint AS "left"
FROM ROWS
FROM (string_to_table($23::text, E'\x1e', E'\x1f'), string_to_table($24::text, E'\x1e', E'\x1f'), string_to_table($25::text, E'\x1e', E'\x1f'), string_to_table($26::text, E'\x1e', E'\x1f'), string_to_table($27::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "entity_id", "version", "after", "left", row_number)
WHERE row_number > 1) AS given
RETURNING 1),
step5 AS (SELECT count(*)
FROM step4 HAVING count(*) > 0)
INSERT INTO "webhook_cursor" ("id", "owner_id", "created_at", "next_attempt_at", "active", "attempts", "number")
SELECT given."id", given."owner_id", given."created_at", given."next_attempt_at", given."active", 0, coalesce((SELECT "last"
FROM "change_count"
WHERE "owner_id" = $28), 0)
FROM step5, (SELECT "id"::uuid AS "id", "owner_id"::uuid AS "owner_id", "created_at"::timestamp with time zone AS "created_at", "next_attempt_at"::timestamp with time zone AS "next_attempt_at", "active"::boolean AS "active"
FROM ROWS
FROM (string_to_table($29::text, E'\x1e', E'\x1f'), string_to_table($30::text, E'\x1e', E'\x1f'), string_to_table($31::text, E'\x1e', E'\x1f'), string_to_table($32::text, E'\x1e', E'\x1f'), string_to_table($33::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "owner_id", "created_at", "next_attempt_at", "active", row_number)
WHERE row_number > 1) AS given
RETURNING 1;

-- webhook: create_many_once
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
SELECT $2::uuid, $3::uuid, timezone('UTC', '1970-01-01'::timestamp + $4::interval)::timestamp with time zone, $5::text, $6::text, $7::text, $8::text
FROM named
WHERE set_config('lock_timeout', '250', true) IS NOT NULL
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < timezone('UTC', '1970-01-01'::timestamp + $9::interval)
RETURNING 1),
step2 AS (INSERT INTO "webhook" ("id", "owner_id", "created_at", "url", "kinds", "description", "enabled", "disabled_reason", "secret", "previous_secret", "previous_secret_until", "updated_at", "version")
SELECT given."id", given."owner_id", given."created_at", given."url", given."kinds", given."description", given."enabled", given."disabled_reason", given."secret", given."previous_secret", given."previous_secret_until", given."updated_at", given."version"
FROM step1, (SELECT "id"::uuid AS "id", "owner_id"::uuid AS "owner_id", "created_at"::timestamp with time zone AS "created_at", "url"::text AS "url", "kinds"::jsonb AS "kinds", "description"::text AS "description", "enabled"::boolean AS "enabled", "disabled_reason"::text AS "disabled_reason", "secret"::text AS "secret", "previous_secret"::text AS "previous_secret", "previous_secret_until"::timestamp with time zone AS "previous_secret_until", "updated_at"::timestamp with time zone AS "updated_at", "version"::integer AS "version"
FROM ROWS
FROM (string_to_table($10::text, E'\x1e', E'\x1f'), string_to_table($11::text, E'\x1e', E'\x1f'), string_to_table($12::text, E'\x1e', E'\x1f'), string_to_table($13::text, E'\x1e', E'\x1f'), string_to_table($14::text, E'\x1e', E'\x1f'), string_to_table($15::text, E'\x1e', E'\x1f'), string_to_table($16::text, E'\x1e', E'\x1f'), string_to_table($17::text, E'\x1e', E'\x1f'), string_to_table($18::text, E'\x1e', E'\x1f'), string_to_table($19::text, E'\x1e', E'\x1f'), string_to_table($20::text, E'\x1e', E'\x1f'), string_to_table($21::text, E'\x1e', E'\x1f'), string_to_table($22::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "owner_id", "created_at", "url", "kinds", "description", "enabled", "disabled_reason", "secret", "previous_secret", "previous_secret_until", "updated_at", "version", row_number)
WHERE row_number > 1) AS given
WHERE set_config('lock_timeout', '5000', true) IS NOT NULL
RETURNING 1),
step3 AS (SELECT count(*)
FROM step2 HAVING count(*) > 0),
step4 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $23::uuid, $24::bigint, 0
FROM step3
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last"),
step5 AS (INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
SELECT $25::uuid, timezone('UTC', '1970-01-01'::timestamp + $26::interval)::timestamp with time zone, $27::text, $28::text, $29::text, $30::text, given."id", given."entity_id", given."version", given."after", "last" - given."left"
FROM step4, (SELECT "id"::uuid AS "id", "entity_id"::uuid AS "entity_id", "version"::bigint AS "version", "after"::text AS "after", "left"::bigint AS "left"
FROM ROWS
FROM (string_to_table($31::text, E'\x1e', E'\x1f'), string_to_table($32::text, E'\x1e', E'\x1f'), string_to_table($33::text, E'\x1e', E'\x1f'), string_to_table($34::text, E'\x1e', E'\x1f'), string_to_table($35::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "entity_id", "version", "after", "left", row_number)
WHERE row_number > 1) AS given
RETURNING 1),
step6 AS (SELECT count(*)
FROM step5 HAVING count(*) > 0)
INSERT INTO "webhook_cursor" ("id", "owner_id", "created_at", "next_attempt_at", "active", "attempts", "number")
SELECT given."id", given."owner_id", given."created_at", given."next_attempt_at", given."active", 0, coalesce((SELECT "last"
FROM "change_count"
WHERE "owner_id" = $36), 0)
FROM step6, (SELECT "id"::uuid AS "id", "owner_id"::uuid AS "owner_id", "created_at"::timestamp with time zone AS "created_at", "next_attempt_at"::timestamp with time zone AS "next_attempt_at", "active"::boolean AS "active"
FROM ROWS
FROM (string_to_table($37::text, E'\x1e', E'\x1f'), string_to_table($38::text, E'\x1e', E'\x1f'), string_to_table($39::text, E'\x1e', E'\x1f'), string_to_table($40::text, E'\x1e', E'\x1f'), string_to_table($41::text, E'\x1e', E'\x1f')) WITH ORDINALITY AS texts("id", "owner_id", "created_at", "next_attempt_at", "active", row_number)
WHERE row_number > 1) AS given
RETURNING 1;

-- webhook: update
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (UPDATE "webhook"
SET "created_at" = timezone('UTC', '1970-01-01'::timestamp + $2::interval), "url" = $3, "kinds" = $4, "description" = $5, "enabled" = $6, "disabled_reason" = $7, "secret" = $8, "previous_secret" = $9, "previous_secret_until" = timezone('UTC', '1970-01-01'::timestamp + $10::interval), "updated_at" = timezone('UTC', '1970-01-01'::timestamp + $11::interval), "version" = $12
WHERE ("webhook"."owner_id" = ($13) AND "webhook"."id" = ($14) AND "webhook"."version" = ($15) AND (SELECT v FROM named) IS NOT NULL)
RETURNING 1),
step2 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $16::uuid, 1, 0
FROM step1
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last"),
step3 AS (INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $17::uuid, $18::uuid, timezone('UTC', '1970-01-01'::timestamp + $19::interval)::timestamp with time zone, $20::text, $21::uuid, $22::bigint, $23::text, $24::text, $25::text, $26::text, "last"
FROM step2
RETURNING 1)
INSERT INTO "webhook_cursor" ("id", "owner_id", "created_at", "next_attempt_at", "active", "attempts", "number")
SELECT $27::uuid, $28::uuid, timezone('UTC', '1970-01-01'::timestamp + $29::interval)::timestamp with time zone, timezone('UTC', '1970-01-01'::timestamp + $30::interval)::timestamp with time zone, $31::boolean, 0, coalesce((SELECT "last"
FROM "change_count"
WHERE "owner_id" = $32), 0)
FROM step3
ON CONFLICT ("id", "owner_id") DO UPDATE
SET "attempts" = excluded."attempts", "failing_since" = excluded."failing_since", "next_attempt_at" = excluded."next_attempt_at", "active" = excluded."active", "holder" = excluded."holder", "leased_until" = excluded."leased_until"
RETURNING 1;

-- webhook: update_untracked
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (UPDATE "webhook"
SET "created_at" = timezone('UTC', '1970-01-01'::timestamp + $2::interval), "url" = $3, "kinds" = $4, "description" = $5, "enabled" = $6, "disabled_reason" = $7, "secret" = $8, "previous_secret" = $9, "previous_secret_until" = timezone('UTC', '1970-01-01'::timestamp + $10::interval), "updated_at" = timezone('UTC', '1970-01-01'::timestamp + $11::interval), "version" = $12
WHERE ("webhook"."owner_id" = ($13) AND "webhook"."id" = ($14) AND "webhook"."version" = ($15) AND (SELECT v FROM named) IS NOT NULL)
RETURNING 1)
INSERT INTO "webhook_cursor" ("id", "owner_id", "created_at", "next_attempt_at", "active", "attempts", "number")
SELECT $16::uuid, $17::uuid, timezone('UTC', '1970-01-01'::timestamp + $18::interval)::timestamp with time zone, timezone('UTC', '1970-01-01'::timestamp + $19::interval)::timestamp with time zone, $20::boolean, 0, coalesce((SELECT "last"
FROM "change_count"
WHERE "owner_id" = $21), 0)
FROM step1
ON CONFLICT ("id", "owner_id") DO UPDATE
SET "attempts" = excluded."attempts", "failing_since" = excluded."failing_since", "next_attempt_at" = excluded."next_attempt_at", "active" = excluded."active", "holder" = excluded."holder", "leased_until" = excluded."leased_until"
RETURNING 1;

-- webhook: delete
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v),
step1 AS (DELETE
FROM "webhook"
WHERE ("webhook"."owner_id" = ($2) AND "webhook"."id" = ($3) AND "webhook"."version" = ($4) AND (SELECT v FROM named) IS NOT NULL)
RETURNING 1),
step2 AS (INSERT INTO "change_count" ("owner_id", "last", "purged_through")
SELECT $5::uuid, 1, 0
FROM step1
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last"),
step3 AS (INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
SELECT $6::uuid, $7::uuid, timezone('UTC', '1970-01-01'::timestamp + $8::interval)::timestamp with time zone, $9::text, $10::uuid, $11::bigint, $12::text, $13::text, $14::text, $15::text, "last"
FROM step2
RETURNING 1)
DELETE
FROM "webhook_cursor"
WHERE ("webhook_cursor"."id" = ($16) AND "webhook_cursor"."owner_id" = ($17) AND (SELECT v FROM named) IS NOT NULL) AND EXISTS (SELECT
FROM step3)
RETURNING 1;

-- webhook: list by newest
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "webhook"."id" AS "id", "webhook"."owner_id" AS "owner_id", "webhook"."url" AS "url", "webhook"."kinds" AS "kinds", "webhook"."description" AS "description", "webhook"."enabled" AS "enabled", "webhook"."disabled_reason" AS "disabled_reason", "webhook"."secret" AS "secret", "webhook"."previous_secret" AS "previous_secret", "webhook"."previous_secret_until" AS "previous_secret_until", "webhook"."created_at" AS "created_at", "webhook"."updated_at" AS "updated_at", "webhook"."version" AS "version"
FROM "webhook"
WHERE ("webhook"."owner_id" = ($2) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 11 DESC, 1 DESC
LIMIT 21;

-- webhook: list by newest, next page
WITH named AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)
SELECT "webhook"."id" AS "id", "webhook"."owner_id" AS "owner_id", "webhook"."url" AS "url", "webhook"."kinds" AS "kinds", "webhook"."description" AS "description", "webhook"."enabled" AS "enabled", "webhook"."disabled_reason" AS "disabled_reason", "webhook"."secret" AS "secret", "webhook"."previous_secret" AS "previous_secret", "webhook"."previous_secret_until" AS "previous_secret_until", "webhook"."created_at" AS "created_at", "webhook"."updated_at" AS "updated_at", "webhook"."version" AS "version"
FROM "webhook"
WHERE ("webhook"."owner_id" = ($2) AND ("webhook"."created_at", "webhook"."id") < (timezone('UTC', '1970-01-01'::timestamp + $3::interval), $4) AND (SELECT v FROM named) IS NOT NULL)
ORDER BY 11 DESC, 1 DESC
LIMIT 21;
